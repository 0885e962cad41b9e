package issuance

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"sync"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
	"notary/internal/pki"
)

// throwAway is a key that no certificate contains. Its signatures in drafts stand in for the authority's signatures.
type throwAway struct {
	key         crypto.Signer
	placeholder []byte // an arbitrary signature
}

// The throw-away keys, generated on first use. One for each algorithm suffices, because the signed bytes contain
// neither the curve nor the size.
var (
	throwAwayECDSA   = newThrowAway(notary.ECDSAP256, crypto.SHA256)
	throwAwayEd25519 = newThrowAway(notary.Ed25519, 0)
	throwAwayRSA     = newThrowAway(notary.RSA2048, crypto.SHA256)
)

func newThrowAway(alg notary.KeyAlgorithm, hash crypto.Hash) func() (*throwAway, error) {
	return sync.OnceValues(func() (*throwAway, error) {
		key, err := pki.GenerateKey(alg)
		if err != nil {
			return nil, err
		}
		placeholder, err := crypto.SignMessage(key, rand.Reader, nil, hash)
		if err != nil {
			return nil, notary.InternalError("sign with a throw-away key", err)
		}
		return &throwAway{key, placeholder}, nil
	})
}

type scheme struct {
	algorithm  x509.SignatureAlgorithm
	identifier []byte      // the AlgorithmIdentifier in DER
	hash       crypto.Hash // 0 if the scheme does its own hashing
	throwAway  func() (*throwAway, error)
}

// AlgorithmIdentifiers of RFC 4055, section 5, RFC 8410, section 3, and RFC 5758, section 3.2.
var (
	identifierRSA     = []byte("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00")
	identifierEd25519 = []byte("\x30\x05\x06\x03\x2b\x65\x70")
	identifierECDSA   = map[crypto.Hash][]byte{
		crypto.SHA256: []byte("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"),
		crypto.SHA384: []byte("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"),
		crypto.SHA512: []byte("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04"),
	}
)

func schemeOf(key crypto.PublicKey) (scheme, error) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return scheme{x509.SHA256WithRSA, identifierRSA, crypto.SHA256, throwAwayRSA}, nil
	case ed25519.PublicKey:
		return scheme{x509.PureEd25519, identifierEd25519, 0, throwAwayEd25519}, nil
	case *ecdsa.PublicKey:
		algorithm, hash := x509.ECDSAWithSHA512, crypto.SHA512
		switch bits := key.Curve.Params().BitSize; {
		case bits <= 256:
			algorithm, hash = x509.ECDSAWithSHA256, crypto.SHA256
		case bits <= 384:
			algorithm, hash = x509.ECDSAWithSHA384, crypto.SHA384
		}
		return scheme{algorithm, identifierECDSA[hash], hash, throwAwayECDSA}, nil
	default:
		return scheme{}, notary.Errorf(notary.Internal, "the CA's key type is not supported")
	}
}

// makeDraft completes the template for the issuer, builds the draft, and checks that it matches the template.
func (i Issuer) makeDraft(template *x509.Certificate, csr *pki.CSR) (*x509.Certificate, scheme, error) {
	scheme, err := schemeOf(i.Signer.Public())
	if err != nil {
		return nil, scheme, err
	}
	template.SignatureAlgorithm = scheme.algorithm
	if template.AuthorityKeyId, err = issuerKeyIdentifier(i.Certificate); err != nil {
		return nil, scheme, err
	}
	if err := addNames(template, csr.Names); err != nil {
		return nil, scheme, err
	}
	if i.CRLURL != "" {
		template.CRLDistributionPoints = []string{i.CRLURL}
	}
	if i.CertificateURL != "" {
		template.IssuingCertificateURL = []string{i.CertificateURL}
	}
	if i.OCSPURL != "" {
		template.OCSPServer = []string{i.OCSPURL}
	}
	draft, err := i.draft(template, csr.PublicKey, scheme)
	if err != nil {
		return nil, scheme, err
	}
	return draft, scheme, i.checkDraft(draft, template, csr)
}

// draft builds the certificate with a placeholder for the signature.
func (i Issuer) draft(template *x509.Certificate, key crypto.PublicKey, scheme scheme) (*x509.Certificate, error) {
	throwAway, err := scheme.throwAway()
	if err != nil {
		return nil, err
	}
	tbs, err := encode(template, i.issuerName(template), key, scheme)
	if err != nil {
		return nil, err
	}
	draft, err := x509.ParseCertificate(assemble(tbs, throwAway.placeholder, scheme))
	if err != nil {
		return nil, notary.InternalError("build the certificate", err)
	}
	return draft, nil
}

// sign signs exactly the bytes that were checked. It verifies the signature, in case the signer is faulty.
func (i Issuer) sign(draft *x509.Certificate, scheme scheme) (*x509.Certificate, error) {
	signature, err := crypto.SignMessage(i.Signer, rand.Reader, draft.RawTBSCertificate, scheme.hash)
	if err != nil {
		return nil, notary.InternalError("sign the certificate", err)
	}
	err = i.Certificate.CheckSignature(draft.SignatureAlgorithm, draft.RawTBSCertificate, signature)
	if err != nil {
		return nil, notary.InternalError("verify the CA's signature", err)
	}
	certificate := *draft // all parsed fields come from the signed bytes
	certificate.Signature = signature
	certificate.Raw = assemble(draft.RawTBSCertificate, signature, scheme)
	return &certificate, nil
}

// assemble builds the certificate from its TBSCertificate and signature (RFC 5280, section 4.1).
func assemble(tbs, signature []byte, scheme scheme) []byte {
	return sequence(tbs, scheme.identifier, header(casn1.BIT_STRING, len(signature)+1), []byte{0}, signature)
}

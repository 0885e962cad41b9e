package issuance

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
	"notary/internal/pki"
)

// The throw-away keys that drafts are signed with, made at the first need. One for each
// algorithm is enough: the curve or size of the issuer's key is not in what is signed.
var (
	throwAwayECDSA   = sync.OnceValues(func() (crypto.Signer, error) { return pki.GenerateKey(notary.ECDSAP256) })
	throwAwayEd25519 = sync.OnceValues(func() (crypto.Signer, error) { return pki.GenerateKey(notary.Ed25519) })
	throwAwayRSA     = sync.OnceValues(func() (crypto.Signer, error) { return pki.GenerateKey(notary.RSA2048) })
)

// scheme is how an authority's key signs.
type scheme struct {
	algorithm x509.SignatureAlgorithm
	hash      crypto.Hash // 0 where the scheme hashes by itself
	throwAway func() (crypto.Signer, error)
}

// schemeOf fits the hash to the key.
func schemeOf(key crypto.PublicKey) (scheme, error) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return scheme{x509.SHA256WithRSA, crypto.SHA256, throwAwayRSA}, nil
	case ed25519.PublicKey:
		return scheme{x509.PureEd25519, 0, throwAwayEd25519}, nil
	case *ecdsa.PublicKey:
		switch bits := key.Curve.Params().BitSize; {
		case bits <= 256:
			return scheme{x509.ECDSAWithSHA256, crypto.SHA256, throwAwayECDSA}, nil
		case bits <= 384:
			return scheme{x509.ECDSAWithSHA384, crypto.SHA384, throwAwayECDSA}, nil
		default:
			return scheme{x509.ECDSAWithSHA512, crypto.SHA512, throwAwayECDSA}, nil
		}
	default:
		return scheme{}, notary.Errorf(notary.Internal, "the authority's key is of an unknown kind")
	}
}

// issue makes the draft, has it checked, and signs what was checked.
func (i Issuer) issue(template *x509.Certificate, csr *pki.CSR) (*x509.Certificate, error) {
	scheme, err := schemeOf(i.Signer.Public())
	if err != nil {
		return nil, err
	}
	template.SignatureAlgorithm = scheme.algorithm
	if template.AuthorityKeyId, err = issuerKeyIdentifier(i.Certificate); err != nil {
		return nil, err
	}
	if i.CRLURL != "" {
		template.CRLDistributionPoints = []string{i.CRLURL}
	}
	if i.CertificateURL != "" {
		template.IssuingCertificateURL = []string{i.CertificateURL}
	}
	throwAway, err := scheme.throwAway()
	if err != nil {
		return nil, err
	}
	draft, err := i.draft(template, csr.PublicKey, throwAway)
	if err != nil {
		return nil, err
	}
	if err := i.checkDraft(draft, template, csr); err != nil {
		return nil, err
	}
	if err := i.checkConstraints(draft, throwAway.Public()); err != nil {
		return nil, err
	}
	if err := lintCertificate(draft.Raw); err != nil {
		return nil, err
	}
	return i.sign(draft, scheme)
}

// draft makes the certificate as if the throw-away key were the issuer's.
func (i Issuer) draft(template *x509.Certificate, key crypto.PublicKey, throwAway crypto.Signer) (*x509.Certificate, error) {
	issuer := *i.Certificate
	issuer.PublicKey = throwAway.Public()
	issuer.SubjectKeyId = template.AuthorityKeyId
	der, err := x509.CreateCertificate(rand.Reader, template, &issuer, key, throwAway)
	if err != nil {
		return nil, notary.InternalError("build the certificate", err)
	}
	draft, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, notary.InternalError("build the certificate", err)
	}
	return draft, nil
}

// sign puts the issuer's signature over the very bytes that were checked, and verifies it
// before anybody sees the certificate: a broken signer must not do harm.
func (i Issuer) sign(draft *x509.Certificate, scheme scheme) (*x509.Certificate, error) {
	signature, err := crypto.SignMessage(i.Signer, rand.Reader, draft.RawTBSCertificate, scheme.hash)
	if err != nil {
		return nil, notary.InternalError("sign the certificate", err)
	}
	der, err := assemble(draft.Raw, signature)
	if err != nil {
		return nil, notary.InternalError("sign the certificate", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, notary.InternalError("sign the certificate", err)
	}
	if !bytes.Equal(certificate.RawTBSCertificate, draft.RawTBSCertificate) {
		return nil, notary.Errorf(notary.Internal, "the signed certificate is not the checked one")
	}
	err = i.Certificate.CheckSignature(certificate.SignatureAlgorithm,
		certificate.RawTBSCertificate, certificate.Signature)
	if err != nil {
		return nil, notary.InternalError("verify the authority's signature", err)
	}
	return certificate, nil
}

// assemble replaces the signature of a certificate (RFC 5280, section 4.1).
func assemble(draft, signature []byte) ([]byte, error) {
	var outer, tbs, algorithm cryptobyte.String
	in := cryptobyte.String(draft)
	if !in.ReadASN1(&outer, casn1.SEQUENCE) || !outer.ReadASN1Element(&tbs, casn1.SEQUENCE) ||
		!outer.ReadASN1Element(&algorithm, casn1.SEQUENCE) {
		return nil, errors.New("the draft is not a certificate")
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, len(draft)+len(signature)))
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature)
	})
	return b.Bytes()
}

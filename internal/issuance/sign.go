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
	"io"
	"sync"

	"golang.org/x/crypto/cryptobyte"
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
	algorithm x509.SignatureAlgorithm
	hash      crypto.Hash // 0 if the scheme does its own hashing
	throwAway func() (*throwAway, error)
}

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

// recorder is a signer that records the message and refuses to sign it.
type recorder struct {
	public crypto.PublicKey
	tbs    []byte
}

var errRecorded = errors.New("recorded instead of signed")

func (r *recorder) Public() crypto.PublicKey { return r.public }

func (r *recorder) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("only whole messages are recorded")
}

func (r *recorder) SignMessage(_ io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	r.tbs = bytes.Clone(message)
	return nil, errRecorded
}

// draft builds the certificate with a throw-away key's signature. Package x509 only encodes the to-be-signed bytes:
// signing and verifying them would cost more than everything else.
func (i Issuer) draft(template *x509.Certificate, key crypto.PublicKey, scheme scheme) (*x509.Certificate, error) {
	throwAway, err := scheme.throwAway()
	if err != nil {
		return nil, err
	}
	issuer := *i.Certificate
	issuer.SubjectKeyId = template.AuthorityKeyId
	recorder := &recorder{public: issuer.PublicKey}
	if _, err := x509.CreateCertificate(rand.Reader, template, &issuer, key, recorder); !errors.Is(err, errRecorded) {
		return nil, notary.InternalError("build the certificate", err)
	}
	der, err := assemble(recorder.tbs, throwAway.placeholder)
	if err != nil {
		return nil, notary.InternalError("build the certificate", err)
	}
	draft, err := x509.ParseCertificate(der)
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
	if certificate.Raw, err = assemble(draft.RawTBSCertificate, signature); err != nil {
		return nil, notary.InternalError("sign the certificate", err)
	}
	return &certificate, nil
}

// assemble builds the certificate from its TBSCertificate and signature (RFC 5280, section 4.1).
func assemble(tbs, signature []byte) ([]byte, error) {
	var fields, algorithm cryptobyte.String
	in := cryptobyte.String(tbs)
	if !in.ReadASN1(&fields, casn1.SEQUENCE) || !in.Empty() ||
		!fields.SkipASN1(casn1.Tag(0).ContextSpecific().Constructed()) || // the version
		!fields.SkipASN1(casn1.INTEGER) || // the serial number
		!fields.ReadASN1Element(&algorithm, casn1.SEQUENCE) {
		return nil, errors.New("malformed TBSCertificate")
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, len(tbs)+len(algorithm)+len(signature)+16))
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature)
	})
	return b.Bytes()
}

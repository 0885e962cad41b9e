package issuance

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
	"notary/internal/pki"
)

// Responder signs OCSP responses for the authority that issued its certificate (RFC 6960, section 4.2.2.2).
type Responder struct {
	Certificate *x509.Certificate
	Signer      crypto.Signer // with an ECDSA P-256 key
}

// OCSPResponse is the content of an OCSP response.
type OCSPResponse struct {
	ThisUpdate time.Time // also used as producedAt
	NextUpdate time.Time // end of the response's validity
	Certs      []OCSPStatus
	Nonce      []byte // copied from the request; nil if it had none
}

// OCSPStatus is the status of one certificate: revoked if Revocation is set, otherwise good if it is known, otherwise
// unknown.
type OCSPStatus struct {
	ID         []byte // DER CertID of the request
	Known      bool
	Revocation *notary.Revocation
}

var (
	oidOCSPBasic       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidOCSPNonce       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidECDSAWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
)

// OCSP signs a basic OCSP response (RFC 6960, section 4.2.1), verifies it, and returns its DER. Errors are Internal.
func OCSP(responder Responder, answer OCSPResponse) ([]byte, error) {
	if err := checkAnswer(responder, answer); err != nil {
		return nil, err
	}
	data, err := responseData(responder, answer)
	if err != nil {
		return nil, notary.InternalError("write the OCSP answer", err)
	}
	signature, err := crypto.SignMessage(responder.Signer, rand.Reader, data, crypto.SHA256)
	if err != nil {
		return nil, notary.InternalError("sign the OCSP answer", err)
	}
	if err := responder.Certificate.CheckSignature(x509.ECDSAWithSHA256, data, signature); err != nil {
		return nil, notary.InternalError("verify the responder's signature", err)
	}
	basic := cryptobyte.NewBuilder(make([]byte, 0, len(data)+len(signature)+len(responder.Certificate.Raw)+64))
	basic.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(data)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidECDSAWithSHA256) })
		b.AddASN1BitString(signature)
		addExplicit(b, 0, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(responder.Certificate.Raw) })
		})
	})
	der, err := basic.Bytes()
	if err == nil {
		der, err = wrapBasic(der)
	}
	if err != nil {
		return nil, notary.InternalError("write the OCSP answer", err)
	}
	return der, nil
}

func checkAnswer(responder Responder, answer OCSPResponse) error {
	c := responder.Certificate
	switch {
	case len(answer.Certs) == 0:
		return notary.Errorf(notary.Internal, "the OCSP response would be empty")
	case !answer.NextUpdate.After(answer.ThisUpdate):
		return notary.Errorf(notary.Internal, "the OCSP response would expire before it becomes valid")
	case answer.ThisUpdate.Before(c.NotBefore) || answer.NextUpdate.After(c.NotAfter):
		return notary.Errorf(notary.Internal, "the OCSP response would exceed the validity of the responder's "+
			"certificate")
	}
	for _, s := range answer.Certs {
		if s.Revocation == nil {
			continue
		}
		if _, known := notary.RevocationReasons[s.Revocation.Reason]; !known || s.Revocation.At.IsZero() {
			return notary.Errorf(notary.Internal, "the revocation at %s for %q cannot be put into an OCSP response",
				s.Revocation.At, s.Revocation.Reason)
		}
	}
	return nil
}

func responseData(responder Responder, answer OCSPResponse) ([]byte, error) {
	key, err := pki.KeyBits(responder.Certificate.RawSubjectPublicKeyInfo)
	if err != nil {
		return nil, err
	}
	keyHash := sha1.Sum(key)
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addExplicit(b, 2, func(b *cryptobyte.Builder) { b.AddASN1OctetString(keyHash[:]) })
		b.AddASN1GeneralizedTime(answer.ThisUpdate.UTC())
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, status := range answer.Certs {
				addStatus(b, status, answer)
			}
		})
		if answer.Nonce != nil {
			addExplicit(b, 1, func(b *cryptobyte.Builder) { addNonce(b, answer.Nonce) })
		}
	})
	return b.Bytes()
}

func addStatus(b *cryptobyte.Builder, status OCSPStatus, answer OCSPResponse) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(status.ID)
		switch {
		case status.Revocation != nil:
			addExplicit(b, 1, func(b *cryptobyte.Builder) { // implicitly tagged SEQUENCE: same encoding
				b.AddASN1GeneralizedTime(status.Revocation.At.UTC())
				// The reason code 0, unspecified, is omitted as in CRLs (RFC 5280, section 5.3.1).
				if code := notary.RevocationReasons[status.Revocation.Reason]; code != 0 {
					addExplicit(b, 0, func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(code)) })
				}
			})
		case status.Known:
			b.AddASN1(casn1.Tag(0).ContextSpecific(), func(*cryptobyte.Builder) {})
		default:
			b.AddASN1(casn1.Tag(2).ContextSpecific(), func(*cryptobyte.Builder) {})
		}
		b.AddASN1GeneralizedTime(answer.ThisUpdate.UTC())
		addExplicit(b, 0, func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(answer.NextUpdate.UTC()) })
	})
}

func addNonce(b *cryptobyte.Builder, nonce []byte) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidOCSPNonce)
			b.AddASN1(casn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
		})
	})
}

func wrapBasic(basic []byte) ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, len(basic)+48))
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		addExplicit(b, 0, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidOCSPBasic)
				b.AddASN1OctetString(basic)
			})
		})
	})
	return b.Bytes()
}

func addExplicit(b *cryptobyte.Builder, tag uint8, content cryptobyte.BuilderContinuation) {
	b.AddASN1(casn1.Tag(tag).ContextSpecific().Constructed(), content)
}

// OCSPError is the OCSPResponseStatus of an unsuccessful response (RFC 6960, section 4.2.1).
type OCSPError byte

// The error statuses in use.
const (
	OCSPMalformedRequest OCSPError = 1
	OCSPInternalError    OCSPError = 2
	OCSPTryLater         OCSPError = 3
	OCSPUnauthorized     OCSPError = 6 // not served by this responder (RFC 5019, section 2.2.3)
)

// DER returns the unsigned OCSP response with this status.
func (e OCSPError) DER() []byte {
	return []byte{0x30, 3, 0x0a, 1, byte(e)}
}

package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"slices"
	"time"

	"notary"
)

// OrderChain puts certificates in the order of a chain: first that of the key, and behind each
// the one that has issued it. The others are left out: a PKCS #12 file may hold any.
func OrderChain(certificates []*x509.Certificate, key crypto.PublicKey) []*x509.Certificate {
	first := slices.IndexFunc(certificates, func(c *x509.Certificate) bool { return SameKey(c.PublicKey, key) })
	if first < 0 {
		return certificates
	}
	chain := []*x509.Certificate{certificates[first]}
	for len(chain) <= MaxChain {
		last := chain[len(chain)-1]
		if bytes.Equal(last.RawIssuer, last.RawSubject) {
			break
		}
		next := issuerAmong(certificates, last)
		if next == nil {
			break
		}
		chain = append(chain, next)
	}
	return chain
}

func issuerAmong(certificates []*x509.Certificate, of *x509.Certificate) *x509.Certificate {
	for _, c := range certificates {
		if bytes.Equal(c.RawSubject, of.RawIssuer) && of.CheckSignatureFrom(c) == nil {
			return c
		}
	}
	return nil
}

// CheckAuthority checks that a chain makes the key that of an authority that can be taken over:
// all that [CheckChain] requires and, unless it is a root, a serial number that its issuer's CRL
// can list. Roots and the issuers above may have any serial number.
func CheckAuthority(chain []*x509.Certificate, key crypto.PublicKey, now time.Time) error {
	if err := CheckKey(key); err != nil {
		return notary.WithField(err, "private_key")
	}
	if len(chain) > 0 && !SameKey(chain[0].PublicKey, key) && !SameKey(chain[len(chain)-1].PublicKey, key) {
		return notary.FieldErrorf("certificate_chain", "the first certificate of the chain is for another key: "+
			"send the chain of this key, its own certificate first")
	}
	if err := CheckChain(chain, key, true, now); err != nil {
		return notary.WithField(err, "certificate_chain")
	}
	if IsSelfSigned(chain[0]) {
		return nil
	}
	if err := CheckSerial(chain[0]); err != nil {
		return notary.FieldErrorf("certificate_chain", "the authority's certificate could not be revoked: %s", err)
	}
	return nil
}

// IssuedBy says whether a certificate was issued by the authority with that certificate: its
// issuer is named there, and the signature verifies with the key. It may be one of long ago,
// by whatever rules: expired, or signed with SHA-1.
func IssuedBy(certificate, authority *x509.Certificate) bool {
	return bytes.Equal(certificate.RawIssuer, authority.RawSubject) &&
		authority.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature) == nil
}

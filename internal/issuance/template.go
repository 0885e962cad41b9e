package issuance

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"

	"notary"
	"notary/internal/pki"
)

// newTemplate creates a template from the request, without the fields that depend on the issuer or the kind of
// certificate.
func newTemplate(csr *pki.CSR, terms Terms) (*x509.Certificate, error) {
	serial, err := newSerial(terms.Rand)
	if err != nil {
		return nil, err
	}
	keyID, err := keyIdentifier(csr.RawSubjectPublicKeyInfo)
	if err != nil {
		return nil, err
	}
	if terms.Like != nil && len(terms.Like.SubjectKeyId) > 0 {
		keyID = terms.Like.SubjectKeyId
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		RawSubject:            csr.RawSubject, // as bytes, so that no attribute is lost
		Subject:               csr.Subject,
		NotBefore:             terms.Now.Add(-backdate).UTC().Truncate(time.Second),
		BasicConstraintsValid: true,
		SubjectKeyId:          keyID,
	}, nil
}

// emptySubject is a Name without attributes. It requires a critical subject alternative name extension (RFC 5280,
// section 4.2.1.6).
var emptySubject = []byte{0x30, 0}

// addNames adds the subject alternative names, if any.
func addNames(template *x509.Certificate, names notary.Names) error {
	if names.Len() == 0 {
		return nil
	}
	san, err := pki.SANExtension(names, bytes.Equal(template.RawSubject, emptySubject))
	template.ExtraExtensions = append(template.ExtraExtensions, san)
	return err
}

func fixSubject(template *x509.Certificate, profile *notary.Profile) error {
	fixed := fixedAttributes(profile)
	if len(fixed) == 0 {
		return nil
	}
	raw, err := pki.FixSubject(template.RawSubject, fixed)
	if err != nil {
		return err
	}
	var sequence pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &sequence); err != nil || len(rest) > 0 {
		return notary.InternalError("write the subject", err)
	}
	template.RawSubject, template.Subject = raw, pkix.Name{}
	template.Subject.FillFromRDNSequence(&sequence)
	return nil
}

// makeAuthority adds the basic constraints and name constraints of a CA certificate to the template. A path length of
// -1 means no limit.
func makeAuthority(template *x509.Certificate, pathLen int, constraints notary.NameConstraints) error {
	if pathLen < -1 || pathLen > pki.MaxChain {
		return notary.FieldErrorf("path_length",
			"the path length must be from 0 to %d, or omitted", pki.MaxChain)
	}
	template.IsCA = true
	template.MaxPathLen = pathLen
	template.MaxPathLenZero = pathLen == 0
	if constraints.Len() == 0 {
		return nil
	}
	extension, err := pki.ConstraintsExtension(constraints)
	template.ExtraExtensions = append(template.ExtraExtensions, extension)
	return err
}

// setValidity sets the expiry to the requested time or to a second before defaultEnd, and limits the validity to the
// issuers'. NotBefore and NotAfter are inclusive (RFC 5280, section 4.1.2.5), so 90 days end a second before the
// 91st begins.
func setValidity(template *x509.Certificate, issuers []*x509.Certificate, terms Terms, defaultEnd time.Time) error {
	template.NotAfter = defaultEnd.Add(-time.Second)
	if !terms.NotAfter.IsZero() {
		template.NotAfter = terms.NotAfter.UTC().Truncate(time.Second)
		switch {
		case !template.NotAfter.After(terms.Now):
			return notary.FieldErrorf("not_valid_after",
				"the expiry %s is not in the future", terms.NotAfter.UTC().Format(time.RFC3339))
		case template.NotAfter.Year() > 9999:
			return notary.FieldErrorf("not_valid_after", "the expiry must be before the year 10000")
		}
	}
	for _, issuer := range issuers {
		if issuer.NotBefore.After(template.NotBefore) {
			template.NotBefore = issuer.NotBefore
		}
		if issuer.NotAfter.Before(template.NotAfter) {
			template.NotAfter = issuer.NotAfter
		}
	}
	return nil
}

// CheckEnd returns an error if the profile does not allow the requested expiry. It tolerates an excess of up to a
// minute, for clock differences; the excess is truncated when the certificate is issued.
func CheckEnd(profile *notary.Profile, terms Terms) error {
	longest := profile.MaxValidity
	if terms.NotAfter.IsZero() || longest == 0 || !terms.NotAfter.After(terms.Now.Add(longest+backdate)) {
		return nil
	}
	return refused("not_valid_after", "the profile %s allows a validity of at most %s: request an expiry "+
		"before %s", profile.Name,
		notary.FormatPeriod(longest), terms.Now.Add(longest).UTC().Truncate(time.Second).Format(time.RFC3339))
}

// keyIdentifier returns the leftmost 160 bits of the SHA-256 of the key's bit string (RFC 7093, section 2, method 1).
func keyIdentifier(publicKeyInfo []byte) ([]byte, error) {
	key, err := pki.KeyBits(publicKeyInfo)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(key)
	return sum[:20], nil
}

func issuerKeyIdentifier(issuer *x509.Certificate) ([]byte, error) {
	if len(issuer.SubjectKeyId) > 0 {
		return issuer.SubjectKeyId, nil
	}
	return keyIdentifier(issuer.RawSubjectPublicKeyInfo)
}

package issuers

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

// Intact returns its arguments, or an error if [store.Store.Certificate] omitted the DER because the record is damaged.
func Intact(cert *notary.Certificate, err error) (*notary.Certificate, error) {
	if err == nil && len(cert.DER) == 0 {
		return nil, notary.InternalError("read certificate",
			fmt.Errorf("the record of certificate %d is damaged: run notary check", cert.ID))
	}
	return cert, err
}

// ParseChain parses a certificate and its issuers.
func ParseChain(c *notary.Certificate) ([]*x509.Certificate, error) {
	if _, err := Intact(c, nil); err != nil {
		return nil, err
	}
	chain := make([]*x509.Certificate, 0, 1+len(c.Issuers.DER()))
	for _, der := range c.Chain() {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, notary.InternalError("read the chain", fmt.Errorf("certificate %d: %w", c.ID, err))
		}
		chain = append(chain, cert)
	}
	return chain, nil
}

// CertificateOf returns the authority's current certificate, or nil while the authority is pending.
func CertificateOf(a *notary.Authority) (*x509.Certificate, error) {
	if a.Certificate == nil {
		return nil, nil
	}
	certificate, err := x509.ParseCertificate(a.Certificate.DER)
	if err != nil {
		return nil, notary.InternalError("read the CA's certificate", fmt.Errorf("CA %d: %w", a.ID, err))
	}
	return certificate, nil
}

// Entry returns the inventory entry for a certificate just signed by the issuer under the profile.
func (a *Issuer) Entry(issued *issuance.Issued, profile *notary.Profile) *notary.Certificate {
	entry := Entry(issued.Certificate, append([]*x509.Certificate{a.Issuer.Certificate}, a.Ancestors...))
	entry.AuthorityID, entry.Findings = a.ID, issued.Findings
	entry.Profile, entry.ProfileVersion = profile.Name, profile.Version
	return entry
}

// Entry returns the inventory entry for a certificate with its issuers.
func Entry(cert *x509.Certificate, above []*x509.Certificate) *notary.Certificate {
	entry := &notary.Certificate{
		CommonName: recordedCommonName(cert.Subject.CommonName), Names: pki.CertificateNames(cert),
		Key:            pki.KeyName(cert.PublicKey),
		KeyFingerprint: pki.CertificateKeyFingerprint(cert),
		Serial:         pki.SerialString(cert.SerialNumber), Fingerprint: pki.Fingerprint(cert.Raw),
		NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, DER: cert.Raw,
	}
	ders := make([][]byte, len(above))
	for i, issuer := range above {
		ders[i] = issuer.Raw
	}
	entry.Issuers = notary.NewIssuers(ders...)
	return entry
}

// maxCommonName is the maximum length of a recorded common name in characters. External CAs may exceed the limit of 64
// in X.520. This limit also bounds the cursors of lists sorted by common name.
const maxCommonName = 128

// recordedCommonName returns a name without unprintable characters, truncated to maxCommonName.
func recordedCommonName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > maxCommonName {
		return string(runes[:maxCommonName])
	}
	return name
}

// Certificates returns the CA certificates for an authority's key and subject. It omits other certificates for the key,
// such as one issued for a request.
func (s *Issuers) Certificates(ctx context.Context, a *notary.Authority) ([]*notary.Certificate, error) {
	own, err := CertificateOf(a)
	if err != nil {
		return nil, err
	}
	all, err := s.store.CertificatesWithKey(ctx, a.Certificate.KeyFingerprint)
	return slices.DeleteFunc(all, func(c *notary.Certificate) bool { return !IsCertificateOf(c, own) }), err
}

// IsCertificateOf reports whether c is a CA certificate with the key and subject of own.
func IsCertificateOf(c *notary.Certificate, own *x509.Certificate) bool {
	parsed, err := x509.ParseCertificate(c.DER)
	return err == nil && pki.IsAuthority(parsed) && SameHolder(parsed, own)
}

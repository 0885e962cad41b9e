// Package issuance issues certificates, CRLs and OCSP responses. Apart from the random serial number and the signature,
// the result depends only on the profile, the authority, the request and the time.
//
// [Leaf], [Root] and [Intermediate] build a draft certificate with a throw-away key's signature. They lint it, check it
// against the issuers' constraints, and only then sign exactly the same to-be-signed bytes. A certificate that breaks a
// rule is never signed: the error is Unprocessable and names the rule.
package issuance

import (
	"crypto"
	"crypto/x509"
	"io"
	"time"

	"notary"
	"notary/internal/pki"
)

// Issuer is a signing authority.
type Issuer struct {
	Certificate *x509.Certificate
	Ancestors   []*x509.Certificate // its chain, nearest first; empty for a root
	Signer      crypto.Signer

	// The HTTP URLs in the certificates that it issues (RFC 5280, sections 4.2.1.13 and 4.2.2.1). Empty ones are
	// omitted.
	CRLURL         string // of the CRL that covers them
	CertificateURL string // of the issuer's own certificate
	OCSPURL        string
}

// Terms holds the issuance parameters that come from neither the CSR nor the profile.
type Terms struct {
	Now      time.Time
	NotAfter time.Time // the last second of validity; zero for the default
	Rand     io.Reader // source of the serial number; nil for crypto/rand

	// Constraints are the name constraints of a CA certificate.
	Constraints notary.NameConstraints

	// Like is an existing certificate of the same authority, or nil. The new certificate has the same subject and key
	// identifier, so that relying parties accept either as the issuer.
	Like *x509.Certificate
}

const (
	backdate  = time.Minute // for relying parties whose clocks are slow
	rootYears = 10
)

// Issued is a signed certificate with findings, such as lint warnings, that did not prevent its issuance.
type Issued struct {
	Certificate *x509.Certificate
	Findings    []notary.Finding
}

// Leaf issues an end-entity certificate. Its validity starts a minute ago and lasts until terms.NotAfter or for the
// profile's default, limited by the validity of its issuers.
//
// The error is Invalid, with the field "not_valid_after", if NotAfter is in the past or after the year 9999, and a
// Conflict if an issuer is not currently valid. Other refusals are Unprocessable.
func Leaf(issuer Issuer, profile *notary.Profile, csr *pki.CSR, terms Terms) (*Issued, error) {
	if profile.CA {
		return nil, refused("profile", "the profile %s is for CAs: choose one for end entities", profile.Name)
	}
	return issueBy(&issuer, profile, csr, -1, terms)
}

// Intermediate issues the certificate of a subordinate authority under a CA profile. A path length of -1 selects the
// profile's. Errors are as in [Leaf]. A path length or name constraints that the profile or an issuer does not allow
// are Unprocessable.
func Intermediate(issuer Issuer, profile *notary.Profile, csr *pki.CSR, pathLen int, terms Terms) (*Issued, error) {
	if !profile.CA {
		return nil, refused("profile", "the profile %s is not for CAs: choose a CA profile, such as "+
			"intermediate", profile.Name)
	}
	return issueBy(&issuer, profile, csr, pathLen, terms)
}

// Root issues the self-signed certificate of an authority, valid for ten years by default. It uses no profile. A path
// length of -1 means no limit.
func Root(key crypto.Signer, csr *pki.CSR, pathLen int, terms Terms) (*Issued, error) {
	template, err := newTemplate(csr, terms)
	if err != nil {
		return nil, err
	}
	if err := makeAuthority(template, pathLen, terms.Constraints); err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	defaultEnd := template.NotBefore.AddDate(rootYears, 0, 0)
	if err := setValidity(template, nil, terms, defaultEnd); err != nil {
		return nil, err
	}
	self := *template
	self.PublicKey = csr.PublicKey
	issuer := Issuer{Certificate: &self, Signer: key}
	return issuer.issueRoot(template, csr)
}

// issueRoot lints a root or link certificate, checks it against the constraints, and signs it. Profiles do not apply.
func (i Issuer) issueRoot(template *x509.Certificate, csr *pki.CSR) (*Issued, error) {
	draft, scheme, err := i.makeDraft(template, csr)
	if err != nil {
		return nil, err
	}
	if err := i.checkConstraints(draft, scheme); err != nil {
		return nil, err
	}
	findings, err := lintCertificate(draft.Raw, notary.KeepWarnings)
	if err != nil {
		return nil, err
	}
	certificate, err := i.sign(draft, scheme)
	if err != nil {
		return nil, err
	}
	return &Issued{certificate, findings}, nil
}

func issueBy(issuer *Issuer, profile *notary.Profile, csr *pki.CSR, pathLen int, terms Terms) (*Issued, error) {
	a, err := newAttempt(issuer, profile, csr, pathLen, terms)
	if err != nil {
		return nil, err
	}
	return a.issue()
}

func refused(field, format string, args ...any) error {
	return notary.WithField(notary.Errorf(notary.Unprocessable, format, args...), field)
}

func (i Issuer) chain() []*x509.Certificate {
	return append([]*x509.Certificate{i.Certificate}, i.Ancestors...)
}

func (i Issuer) checkRequest(subject []byte, csr *pki.CSR, now time.Time) error {
	for _, authority := range i.chain() {
		if err := checkAuthority(authority, now); err != nil {
			return err
		}
	}
	switch {
	case !pki.SameKey(i.Signer.Public(), i.Certificate.PublicKey):
		return notary.Errorf(notary.Internal, "the CA's key does not match its certificate")
	case pki.SameName(subject, i.Certificate.RawSubject):
		return notary.Errorf(notary.Unprocessable, "the request has the subject of the CA itself: use a different subject")
	case csr.Identity.Fingerprint == pki.CertificateKeyFingerprint(i.Certificate):
		return notary.Errorf(notary.Unprocessable, "the request has the key of the CA itself: create a new key and request")
	}
	return nil
}

// checkAuthority returns an error unless the certificate allows an authority to issue now. Unknown critical extensions
// are refused because relying parties would reject them (RFC 5280, section 4.2).
func checkAuthority(c *x509.Certificate, now time.Time) error {
	switch {
	case !pki.MaySign(c):
		return notary.Errorf(notary.Unprocessable, "the certificate of the CA %s does "+
			"not permit signing certificates", nameOf(c))
	case len(c.UnhandledCriticalExtensions) > 0:
		return notary.Errorf(notary.Unprocessable, "the certificate of the CA %s has a "+
			"critical extension that is not supported (%s)", nameOf(c), c.UnhandledCriticalExtensions[0])
	case now.Before(c.NotBefore):
		return notary.Errorf(notary.Conflict, "the certificate of the CA %s is not valid "+
			"before %s", nameOf(c), c.NotBefore.UTC().Format(time.RFC3339))
	case now.After(c.NotAfter):
		return notary.Errorf(notary.Conflict, "the certificate of the CA %s expired at %s",
			nameOf(c), c.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

func nameOf(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

// Package issuance makes certificates and CRLs: a pure function of the profile, the
// authority, the request and the time, apart from the random serial number and the signer.
//
// [Leaf], [Root] and [Intermediate] all go the same way: a draft of the certificate, with the
// signature of a throw-away key, is linted and held against the constraints of its issuers,
// and only then the very same to-be-signed bytes are signed with the authority's key. A
// certificate that breaks a rule is never signed: the error is Unprocessable and says which
// rule.
package issuance

import (
	"crypto"
	"crypto/x509"
	"io"
	"time"

	"notary"
	"notary/internal/pki"
)

// Issuer is an authority that signs.
type Issuer struct {
	Certificate *x509.Certificate
	Ancestors   []*x509.Certificate // its chain, nearest first; none for a root
	Signer      crypto.Signer

	// What its certificates tell relying parties (RFC 5280, sections 4.2.1.13 and 4.2.2.1):
	// http URLs, each left out where empty.
	CRLURL         string // of the list that has their revocations
	CertificateURL string // of the issuer's own certificate
	OCSPURL        string
}

// Terms are what a certificate needs beyond the request.
type Terms struct {
	Now      time.Time
	NotAfter time.Time // the last second of validity; zero: the default of what is issued
	Rand     io.Reader // of the serial number; nil: crypto/rand

	// Constraints are the name constraints that an authority's certificate gets.
	Constraints notary.NameConstraints

	// Like is another certificate of the authority that this one is for. It gets the same key
	// identifier, so that what the authority issued is found to be issued by it, too, and must
	// get the same subject. nil: there is none.
	Like *x509.Certificate
}

const (
	backdate  = time.Minute // for relying parties whose clocks are late
	rootYears = 10
)

// Issued is a certificate that was signed, with what the lints said of it: notices and
// warnings. The findings are for people; they say nothing against the certificate.
type Issued struct {
	Certificate *x509.Certificate
	Findings    []notary.Finding
}

// Leaf issues the certificate of a machine or person. It begins a minute ago and lasts until
// the terms' NotAfter or for the profile's validity, cut to the end of its issuers.
//
// A NotAfter that is past is an Invalid error of the field "not_valid_after", an issuer that
// is not valid now a Conflict; what the profile, the issuer's constraints, the lints or our
// own checks refuse is Unprocessable.
func Leaf(issuer Issuer, profile *notary.Profile, csr *pki.CSR, terms Terms) (*Issued, error) {
	if profile.CA {
		return nil, refused("profile", "the profile %s is for authorities: choose one for machines or people", profile.Name)
	}
	return issueBy(&issuer, profile, csr, -1, terms)
}

// Intermediate issues the certificate of an authority under another one, by a profile for
// authorities. A path length of -1 is that of the profile, which may be none. Errors are those
// of [Leaf]; a path length that the issuers do not leave room for, and name constraints that
// permit more than theirs do, are Unprocessable.
func Intermediate(issuer Issuer, profile *notary.Profile, csr *pki.CSR, pathLen int, terms Terms) (*Issued, error) {
	if !profile.CA {
		return nil, refused("profile", "the profile %s is not for authorities: choose one that is, such as intermediate", profile.Name)
	}
	return issueBy(&issuer, profile, csr, pathLen, terms)
}

// Root issues the self-signed certificate of an authority, for ten years unless the terms say
// otherwise. It goes by no profile: nobody but the authority itself has a say. A path length
// of -1 is none.
func Root(key crypto.Signer, csr *pki.CSR, pathLen int, terms Terms) (*Issued, error) {
	template, err := newTemplate(csr, terms)
	if err != nil {
		return nil, err
	}
	if err := makeAuthority(template, pathLen, terms.Constraints); err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	whole := template.NotBefore.AddDate(rootYears, 0, 0)
	if err := setValidity(template, nil, terms, whole); err != nil {
		return nil, err
	}
	self := *template
	self.PublicKey = csr.PublicKey
	issuer := Issuer{Certificate: &self, Signer: key}
	return issuer.issueRoot(template, csr)
}

// issueRoot signs the certificate of a root's key, for which there is no profile: it is linted
// and held against the constraints like all others.
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

// refused is the error of what policy refuses.
func refused(field, format string, args ...any) error {
	err := notary.Errorf(notary.Unprocessable, format, args...)
	err.Field = field
	return err
}

// chain is the issuer's certificate and those above it, nearest first.
func (i Issuer) chain() []*x509.Certificate {
	return append([]*x509.Certificate{i.Certificate}, i.Ancestors...)
}

// checkRequest says whether the issuer can issue for the request, under that subject, at all.
func (i Issuer) checkRequest(subject []byte, csr *pki.CSR, now time.Time) error {
	for _, authority := range i.chain() {
		if err := checkAuthority(authority, now); err != nil {
			return err
		}
	}
	switch {
	case !pki.SameKey(i.Signer.Public(), i.Certificate.PublicKey):
		return notary.Errorf(notary.Internal, "the authority's key is not that of its certificate")
	case pki.SameName(subject, i.Certificate.RawSubject):
		return notary.Errorf(notary.Unprocessable, "the subject of the request is that of "+
			"the authority itself: a certificate needs a subject of its own")
	case csr.Identity.Fingerprint == pki.CertificateKeyFingerprint(i.Certificate):
		return notary.Errorf(notary.Unprocessable, "the key of the request is that of "+
			"the authority itself: a certificate needs a key of its own")
	}
	return nil
}

// checkAuthority says whether an authority is entitled to issue now. Critical extensions that
// we do not understand may forbid it: relying parties would refuse, too (RFC 5280, 4.2).
func checkAuthority(c *x509.Certificate, now time.Time) error {
	switch {
	case !pki.MaySign(c):
		return notary.Errorf(notary.Unprocessable, "the certificate of the authority %s does "+
			"not let it sign certificates", nameOf(c))
	case len(c.UnhandledCriticalExtensions) > 0:
		return notary.Errorf(notary.Unprocessable, "the certificate of the authority %s has a "+
			"critical extension that is not supported (%s)", nameOf(c), c.UnhandledCriticalExtensions[0])
	case now.Before(c.NotBefore):
		return notary.Errorf(notary.Conflict, "the certificate of the authority %s is not valid "+
			"before %s", nameOf(c), c.NotBefore.UTC().Format(time.RFC3339))
	case now.After(c.NotAfter):
		return notary.Errorf(notary.Conflict, "the certificate of the authority %s expired at %s",
			nameOf(c), c.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// nameOf names an authority for people.
func nameOf(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

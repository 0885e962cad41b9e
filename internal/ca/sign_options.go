package ca

import (
	"crypto/x509"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
	"notary/internal/policy"
)

// SignOptions configures [Service.Sign].
type SignOptions struct {
	AuthorityID int64 // 0 selects the former certificate's authority or, for a first certificate, the one requested

	// Profile names the profile. "" selects the former certificate's or, for a first certificate, the one requested or
	// server-client. A CA profile creates a subordinate CA.
	Profile   string
	NotAfter  time.Time // zero for the requester's wish or the profile's default; limited to the issuer's expiry
	NoRenewal bool      // fail with a Conflict error if the request already has a certificate

	// KeepFormer, for bulk calls, prefers the authority and profile of a request's former certificate to AuthorityID
	// and Profile.
	KeepFormer bool

	// Replacements for the subject and names of the CSR, subject to the same rules.
	Subject string   // in RFC 4514 notation; "" keeps the CSR's
	Names   []string // as typed by the user; nil keeps the CSR's

	// For subordinate CAs.
	PathLen     *int // nil for the profile's
	Constraints notary.NameConstraints
}

func (o SignOptions) replacement() pki.Replacement {
	return pki.Replacement{Subject: o.Subject, Names: o.Names}
}

// inherit copies to o the subject and names that replaced the CSR's in the current certificate, if o has none.
// Otherwise a renewal would silently change them.
func (o *SignOptions) inherit(req *notary.Request, csr *pki.CSR) error {
	former, err := formerReplacement(req)
	if err != nil {
		return err
	}
	if o.Names == nil && o.Subject != "" && former.Names != nil {
		implied, err := csr.Replace(pki.Replacement{Subject: former.Subject})
		if err == nil && implied.Names.String() == req.Certificate.Names.String() {
			former.Names = nil // they follow from the former subject
		}
	}
	if o.Subject == "" {
		o.Subject = former.Subject
	}
	if o.Names == nil {
		o.Names = former.Names
	}
	return nil
}

func formerReplacement(req *notary.Request) (former pki.Replacement, err error) {
	if req.Certificate == nil {
		return former, nil
	}
	for _, finding := range req.Certificate.Findings {
		switch finding.Lint {
		case pki.SubjectReplaced:
			current, err := x509.ParseCertificate(req.Certificate.DER)
			if err != nil {
				return former, notary.InternalError("read the current certificate", err)
			}
			former.Subject = pki.SubjectText(current.RawSubject)
		case pki.NamesReplaced:
			former.Names = append([]string{}, req.Certificate.Names.All()...)
		}
	}
	return former, nil
}

func (o *SignOptions) allow(caller notary.Caller, profile *notary.Profile) error {
	if profile.CA {
		if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.Resource{}); err != nil {
			return err
		}
	}
	return o.check(profile)
}

func (o *SignOptions) check(profile *notary.Profile) (err error) {
	switch {
	case profile.CA && o.Profile != profile.Name:
		return unprocessable("profile", "the previous certificate of this request is a CA certificate: to sign the request as a CA again, "+
			"specify the profile %s, the path length and the name constraints", profile.Name)
	case !profile.CA && o.PathLen != nil:
		return unprocessable("path_length", "the profile %s is not for CAs, and only CAs have a path length: choose a CA profile, "+
			"such as %s, or omit it", profile.Name, notary.IntermediateProfile)
	case !profile.CA && o.Constraints.Len() > 0:
		return unprocessable("name_constraints",
			"the profile %s is not for CAs, and only CAs have name constraints: choose a CA profile, "+
				"such as %s, or omit them", profile.Name, notary.IntermediateProfile)
	case o.PathLen != nil && (*o.PathLen < 0 || *o.PathLen > maxPathLen):
		return notary.FieldErrorf("path_length", "the path length must be from 0 to %d, or omitted", maxPathLen)
	}
	o.Constraints, err = pki.CheckNameConstraints(o.Constraints)
	return err
}

func (o *SignOptions) refuseReplacement() error {
	switch {
	case o.Subject != "":
		return notary.FieldErrorf("subject", "subject cannot be set for several requests: sign them individually")
	case o.Names != nil:
		return notary.FieldErrorf("names", "names cannot be set for several requests: sign them individually")
	}
	return nil
}

func (o *SignOptions) checkMany(profile *notary.Profile) error {
	if profile.CA {
		return unprocessable("profile", "the profile %s is for CAs: sign their requests individually", profile.Name)
	}
	return o.check(profile)
}

func unprocessable(field, format string, args ...any) error {
	return notary.WithField(notary.Errorf(notary.Unprocessable, format, args...), field)
}

func (s *Service) issue(issuer issuance.Issuer, profile *notary.Profile, csr *pki.CSR,
	o SignOptions) (*issuance.Issued, error) {
	terms := s.issuers.Terms(o.NotAfter)
	if !profile.CA {
		return issuance.Leaf(issuer, profile, csr, terms)
	}
	terms.Constraints = o.Constraints
	pathLen := -1
	if o.PathLen != nil {
		pathLen = *o.PathLen
	}
	return issuance.Intermediate(issuer, profile, csr, pathLen, terms)
}

func (g *signature) members() notary.Fields {
	all := notary.Fields{"serial_number": g.cert.Serial, "profile": g.profile.Name, "profile_version": g.profile.Version}
	if g.options.PathLen != nil {
		all["path_length"] = *g.options.PathLen
	}
	if g.options.Subject != "" {
		all["subject"] = pki.SubjectText(g.csr.RawSubject)
	}
	if g.options.Names != nil {
		all["names"] = g.csr.Names.All()
	}
	if g.decision != nil {
		all["rule_version"] = g.decision.RuleVersion
	}
	return all
}

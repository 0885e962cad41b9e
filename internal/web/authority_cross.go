package web

import (
	"notary"
	"notary/internal/ca"
	"notary/internal/policy"
	"notary/internal/web/page"
)

// crossPage is the page for cross-signing an authority. A cross-certificate gives the authority additional chains.
type crossPage struct {
	*notary.Authority
	Issuers  []page.Option
	Profiles []page.Option
	forms
}

var crossFields = formFields{"cross-sign": {"certificate_authority_id", "profile"},
	"cross-upload": {"certificate_chain"}}

func (s *site) crossPage(c *call, f page.Form) error {
	a, err := s.managedAuthority(c)
	if err != nil {
		return err
	}
	rows, err := s.authorityRows(c)
	if err != nil {
		return err
	}
	all := make([]*notary.Authority, len(rows))
	for i, row := range rows {
		all[i] = row.Authority
	}
	p := crossPage{Authority: a, Issuers: s.possibleIssuers(all, below(rows, a.ID), a.ID),
		forms: formsOf(c, f, crossFields)}
	if p.Profiles, err = s.authorityProfiles(c); err != nil {
		return err
	}
	if p.sent == "cross-sign" && len(p.Issuers) == 0 {
		p.Form = p.Form.Fields() // the form is no longer shown
	}
	return c.show("authority-cross", "Cross-sign "+a.CommonName, p)
}

func (s *site) managedAuthority(c *call) (*notary.Authority, error) {
	if err := policy.AllowRole(c.caller, policy.ManageAuthorities, policy.Resource{}); err != nil {
		return nil, err
	}
	id, err := c.id()
	if err != nil {
		return nil, err
	}
	return s.ca.Authority(c.r.Context(), c.caller, id)
}

const crossAdded = "Cross-certificate added. The current certificate has not changed; you can choose another one below."

func (s *site) crossSign(c *call, id int64) (string, error) {
	issuer, err := readAuthority(c.value("certificate_authority_id"))
	if err == nil {
		_, err = s.ca.CrossSign(c.r.Context(), c.caller, id, issuer, c.value("profile"))
	}
	return crossAdded, err
}

func (s *site) uploadCross(c *call, id int64) (string, error) {
	_, err := s.ca.UploadCross(c.r.Context(), c.caller, id, c.value("certificate_chain"))
	return crossAdded, err
}

func (s *site) useCertificate(c *call, id int64) (string, error) {
	cert, err := readID(c.value("certificate_id"))
	if err != nil {
		return "", err
	}
	return "Current certificate changed. New certificates will chain to it.",
		s.ca.UseCertificate(c.r.Context(), c.caller, id, cert)
}

type ownCertificate struct {
	*notary.Certificate
	State  string
	InUse  bool
	Issuer string
}

func (s *site) ownCertificates(c *call, id int64) (own []ownCertificate, err error) {
	all, inUse, err := s.ca.AuthorityCertificates(c.r.Context(), c.caller, id)
	for _, cert := range all {
		own = append(own, ownCertificate{cert, cert.Status(s.ca.Now()), cert.ID == inUse, s.issuerName(cert)})
	}
	return own, err
}

type rollOverPage struct {
	*notary.Authority
	Form page.Form
}

func (s *site) rollOverPage(c *call, f page.Form) error {
	a, err := s.managedAuthority(c)
	if err != nil {
		return err
	}
	return c.show("authority-rollover", "Rotate CA key: "+a.CommonName,
		rollOverPage{a, f.Fields("key_algorithm", "not_valid_after", page.FieldSure)})
}

func (rollOverPage) KeyAlgorithms() []page.Option {
	return append([]page.Option{{Label: "Same as the current key"}}, keyAlgorithms()...)
}

func (s *site) rollOver(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := c.mustBeSure(); err != nil {
		return c.again(err, s.rollOverPage)
	}
	end, err := readEnd(c.value("not_valid_after"), s.ca.Now())
	if err != nil {
		return c.again(err, s.rollOverPage)
	}
	next, err := s.ca.RollOver(c.r.Context(), c.caller, id,
		ca.RollOverOptions{KeyAlgorithm: notary.KeyAlgorithm(c.value("key_algorithm")), NotAfter: end})
	if err != nil {
		return c.again(err, s.rollOverPage)
	}
	return c.done(authorityPath(next), "CA created with a new key. "+
		"The old CA is disabled once the new one can sign; its CRL and OCSP responder stay available.")
}

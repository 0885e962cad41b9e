package web

import (
	"notary"
	"notary/internal/ca"
	"notary/internal/web/page"
)

// authorityEnd is the confirmation page for disabling, revoking or deleting an authority. Before revocation and
// deletion, it shows the impact.
type authorityEnd struct {
	*notary.Authority
	Impact       *notary.Impact
	NotRevocable string // reason why it cannot be revoked, or ""
	Form         page.Form
}

func (s *site) revokeAuthorityPage(c *call, f page.Form) error {
	return s.authorityEndPage(c, f, "authority-revoke", "Revoke ", "reason", page.FieldSure)
}

func (s *site) disableAuthorityPage(c *call, f page.Form) error {
	a, err := s.managedAuthority(c)
	if err != nil {
		return err
	}
	return c.show("authority-disable", "Disable "+a.CommonName, authorityEnd{Authority: a, Form: f})
}

func (s *site) deleteAuthorityPage(c *call, f page.Form) error {
	return s.authorityEndPage(c, f, "authority-delete", "Delete ", "force", page.FieldSure)
}

func (s *site) authorityEndPage(c *call, f page.Form, name, verb string, fields ...string) error {
	a, err := s.managedAuthority(c)
	if err != nil {
		return err
	}
	impact, err := s.ca.Impact(c.r.Context(), c.caller, a.ID)
	if err != nil {
		return err
	}
	all, err := s.ca.Authorities(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	p := authorityEnd{a, impact, whyNotRevocable(a, all), f.Fields(fields...)}
	if name == "authority-revoke" && p.NotRevocable != "" {
		p.Form = f.Fields() // the form is not shown
	}
	return c.show(name, verb+a.CommonName, p)
}

func (s *site) revokeAuthority(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := c.mustBeSure(); err != nil {
		return c.again(err, s.revokeAuthorityPage)
	}
	reason, err := notary.ParseRevocationReason(c.value("reason"))
	var done ca.Revocations
	if err == nil {
		done, err = s.ca.RevokeAuthority(c.r.Context(), c.caller, id, reason)
	}
	if err != nil {
		return c.again(err, s.revokeAuthorityPage)
	}
	return c.done(authorityPath(id), "CA revoked. "+revokedText(done)+" The issuer's next CRL will list the "+
		"revocation. If the issuer is offline, upload that CRL.")
}

func (s *site) deleteAuthority(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := c.mustBeSure(); err != nil {
		return c.again(err, s.deleteAuthorityPage)
	}
	if err := s.ca.DeleteAuthority(c.r.Context(), c.caller, id, c.value("force") == "yes"); err != nil {
		return c.again(err, s.deleteAuthorityPage)
	}
	return c.done("/authorities", "CA deleted. Its certificates stay in the inventory.")
}

func (authorityEnd) Reasons() []page.Option { return reasons() }

func whyNotRevocable(a *notary.Authority, all []*notary.Authority) string {
	if a.Certificate == nil {
		return "This CA has no certificate to revoke."
	}
	return page.Because(a.Certificate.Revocable(issuerOf(a.Certificate, all)))
}

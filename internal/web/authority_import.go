package web

import (
	"notary"
	"notary/internal/ca"
	"notary/internal/policy"
	"notary/internal/web/page"
)

type importForm struct{ Form page.Form }

func (s *site) importAuthorityPage(c *call, f page.Form) error {
	if err := policy.AllowRole(c.caller, policy.ManageAuthorities, policy.Resource{}); err != nil {
		return err
	}
	return c.show("authority-import", "Import CA", importForm{
		f.Fields("offline", "private_key", "password", "certificate_chain", "crl", "crl_number")})
}

func (s *site) importAuthority(c *call) error {
	number, err := number(c.r.PostForm, "crl_number", 0)
	if err != nil {
		return c.again(err, s.importAuthorityPage)
	}
	in := ca.Import{Offline: c.value("offline") == "yes", Key: []byte(c.r.PostForm.Get("private_key")),
		Password: c.r.PostForm.Get("password"),
		Chain:    c.value("certificate_chain"), CRLNumber: int64(number)}
	if crl := c.r.PostForm.Get("crl"); crl != "" {
		in.CRL = []byte(crl)
	}
	if len(in.Key) == 0 && !in.Offline {
		return c.again(notary.FieldErrorf("private_key", "choose the private key file, or register the CA as offline"),
			s.importAuthorityPage)
	}
	id, err := s.ca.ImportAuthority(c.r.Context(), c.caller, in)
	if err != nil {
		return c.again(err, s.importAuthorityPage)
	}
	if in.Offline {
		return c.done(authorityPath(id), "Offline CA registered. Whenever it signs a new CRL, upload it below.")
	}
	return c.done(authorityPath(id), "CA imported. You can import previously issued certificates below.")
}

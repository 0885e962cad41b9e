package web

import (
	"notary"
	"notary/internal/auth"
	"notary/internal/web/page"
)

const fieldSetupCode = "setup_code"

type startForm struct {
	Form      page.Form
	SetupCode bool // whether the form requires the setup code

	PublishWarning string
}

func (s *site) startPage(c *call, f page.Form) error {
	if s.initialized.Load() {
		c.redirect("/")
		return nil
	}
	p := startForm{f.Fields("email", "password", "password_again"), s.auth.NeedsSetupCode(), s.ca.PublishWarning()}
	if p.SetupCode {
		p.Form = f.Fields(fieldSetupCode, "email", "password", "password_again")
	}
	return c.show("start", "Welcome to Notary", p)
}

func (s *site) start(c *call) error {
	password := c.r.PostForm.Get("password")
	if password != c.r.PostForm.Get("password_again") {
		return c.again(notary.FieldErrorf("password_again", "the passwords don't match"), s.startPage)
	}
	if s.initialized.Load() { // CreateFirstAccount would ask to log in
		return c.done("/sign-in", "An account already exists. Sign in.")
	}
	first := auth.FirstAccount{
		Email: c.value("email"), Password: password, SetupCode: c.value(fieldSetupCode), Address: c.caller.Address,
		RequestID: c.caller.RequestID,
	}
	if _, err := s.auth.CreateFirstAccount(c.r.Context(), first); err != nil {
		e := c.explain(err)
		if e.Field == fieldSetupCode { // Forbidden, but the user can correct the form
			return s.startPage(c, c.failed(c.r.PostForm, e))
		}
		return c.again(e, s.startPage)
	}
	c.setFlash("Account created. Password strength: " + strength(password, c.value("email")) + ".")
	return s.signIn(c)
}

package web

import (
	"notary"
	"notary/internal/auth"
	"notary/internal/web/page"
)

type mePage struct {
	Form     page.Form
	Sessions []*notary.Session
	RoleMay  string
}

func (s *site) mePage(c *call, f page.Form) error {
	sessions, err := s.auth.Sessions(c.r.Context(), c.caller, c.token)
	if err != nil {
		return err
	}
	return c.show("me", c.caller.Principal.Name, mePage{f.Fields("old_password", "password", "password_again"), sessions,
		rolesMay[c.caller.Role]})
}

// changeMyPassword changes the caller's password. It ends all sessions and starts a new one for this browser.
func (s *site) changeMyPassword(c *call) error {
	old, password := c.r.PostForm.Get("old_password"), c.r.PostForm.Get("password")
	if password != c.r.PostForm.Get("password_again") {
		return c.again(notary.FieldErrorf("password_again", "the passwords don't match"), s.mePage)
	}
	token, _, err := s.auth.ChangeMyPasswordAndStay(c.r.Context(), c.caller, old, password, c.token)
	if err != nil {
		return c.again(err, s.mePage)
	}
	c.setCookie(sessionCookie, token, 0)
	return c.done("/me", "Password changed. Strength: "+strength(password, c.caller.Principal.Name)+
		". All other sessions have been signed out.")
}

// strength describes the strength of a password, based on the estimated number of guesses.
func strength(password, email string) string {
	switch guesses, _ := auth.Strength(password, email); {
	case guesses >= 15:
		return "very strong"
	case guesses >= 10:
		return "strong"
	default:
		return "fair"
	}
}

func (s *site) endSession(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := s.auth.EndSession(c.r.Context(), c.caller, id); err != nil {
		return err
	}
	return c.done("/me", "Session signed out.")
}

func (s *site) endOtherSessions(c *call) error {
	if err := s.auth.EndOtherSessions(c.r.Context(), c.caller, c.token); err != nil {
		return err
	}
	return c.done("/me", "All other sessions signed out.")
}

package web

import "notary"

// startForm makes the first account.
type startForm struct{ Form form }

func (s *site) startPage(c *call, f form) error {
	if s.initialized.Load() {
		c.redirect("/")
		return nil
	}
	return c.show("start", "Welcome to Notary", startForm{f})
}

// start makes the first account, an Admin, and signs it in.
func (s *site) start(c *call) error {
	password := c.r.PostForm.Get("password")
	if password != c.r.PostForm.Get("password_again") {
		return c.again(notary.FieldErrorf("password_again", "the two passwords are not the same"), s.startPage)
	}
	if s.initialized.Load() { // otherwise a signed-in Admin would make one more
		return c.done("/sign-in", "There is an account already: sign in.")
	}
	if _, err := s.auth.CreateAccount(c.r.Context(), notary.Caller{Address: c.caller.Address}, c.value("email"), password, nil); err != nil {
		return c.again(err, s.startPage)
	}
	c.setFlash("Welcome. Your password is worth " + worth(password, c.value("email")))
	return s.signIn(c)
}

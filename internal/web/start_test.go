package web_test

import (
	"testing"

	"notary"
	"notary/internal/testkit"
)

func TestTheFirstAccountIsMadeInTheBrowser(t *testing.T) {
	t.Parallel()
	b := empty(t).browse(t)
	b.open(t, "/")
	b.wantHeading(t, "Welcome to Notary")
	b.fill(t, "E-mail", "ada@example.com")
	b.fill(t, "Password", "password1234")
	b.fill(t, "The password again", "password1234")
	b.press(t, "Make the account")
	b.look(t, "start")
	b.wantText(t, "This password is among the first that are tried")

	b.fill(t, "Password", "plain violet harbour engine")
	b.fill(t, "The password again", "plain violet harbour engine")
	b.press(t, "Make the account")
	b.wantHeading(t, "Overview")
	b.wantText(t, "ada@example.com", "Your password is worth more than a thousand trillion guesses")
	b.look(t, "overview-empty")
}

func TestSigningInNeedsNoScript(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browse(t)
	b.withoutScript(t)
	b.open(t, "/accounts")
	b.wantHeading(t, "Sign in to Notary")
	b.fill(t, "E-mail", h.Caller(notary.Admin).Email)
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.wantHeading(t, "Accounts")
}

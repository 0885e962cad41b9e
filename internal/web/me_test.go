package web_test

import (
	"net/url"
	"testing"

	"notary"
	"notary/internal/testkit"
)

func TestOwnSessions(t *testing.T) {
	t.Parallel()
	h := open(t)
	elsewhere := h.as(t, notary.ReadOnly)
	b := h.browseAs(t, notary.ReadOnly)
	b.press(t, h.Caller(notary.ReadOnly).Principal.Name)
	b.wantText(t, "This session", "Go-http-client", "Sign out all other sessions")
	b.look(t, "me")
	b.click(t, `//main//button[.="Sign out"]`)
	b.wantText(t, "Session signed out.")
	elsewhere.get(t, "/").wantAt(t, "/sign-in?to=%2F")
}

func TestPasswordChangeKeepsTheSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	elsewhere, v := h.as(t, notary.ReadOnly), h.as(t, notary.ReadOnly)
	const next = "another quiet orchard lantern"
	form := url.Values{"old_password": {"wrong"}, "password": {next}, "password_again": {next}}
	v.post(t, "/me/password", form).wantStatus(t, 400).wantText(t, `id="f-old_password-error"`,
		"The old password is incorrect")
	form.Set("old_password", testkit.Password)
	v.post(t, "/me/password", form).wantAt(t, "/me").wantText(t, "Password changed. Strength: very strong.")
	v.get(t, "/me").wantAt(t, "/me")
	elsewhere.get(t, "/me").wantAt(t, "/sign-in?to=%2Fme")
}

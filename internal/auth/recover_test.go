package auth_test

import (
	"testing"

	"notary"
	"notary/internal/auth"
	"notary/internal/testkit"
)

const recoveredPassword = "orange lantern gravel window"

func recovery(t *testing.T, email string, create bool) auth.Recovery {
	t.Helper()
	hash, err := auth.NewPasswordHash(t.Context(), recoveredPassword, email)
	testkit.Check(t, err)
	return auth.Recovery{Email: email, PasswordHash: hash, Create: create}
}

// Recovery sets an Admin's password, ends its sessions and records an event.
func TestRecoverAnAdmin(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	admin := w.Admin()
	token, reader := login(t, w, admin.Principal.Name), login(t, w, w.Caller(notary.ReadOnly).Principal.Name)
	wantCaller(t, w, token, true)
	testkit.Check(t, w.Auth.Recover(t.Context(), recovery(t, " "+admin.Principal.Name, false)))
	wantCaller(t, w, token, false)
	wantCaller(t, w, reader, true)
	from := auth.Client{Address: "192.0.2.1"}
	_, err := w.Auth.Login(t.Context(), admin.Principal.Name, testkit.Password, from)
	testkit.WantKind(t, err, notary.Unauthenticated)
	_, err = w.Auth.Login(t.Context(), admin.Principal.Name, recoveredPassword, from)
	testkit.Check(t, err)
	page, err := w.CA.Events(t.Context(), admin, notary.EventQuery{Action: "account.recover", Limit: 10})
	testkit.Check(t, err)
	if len(page.Items) != 1 || page.Items[0].Object != admin.Ref() ||
		page.Items[0].Principal != notary.SystemCaller.Ref() {
		t.Errorf("the events are %+v", page.Items)
	}
}

// No one becomes an Admin while there is one.
func TestRecoverOnlyAdmins(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for _, create := range []bool{false, true} {
		for _, email := range []string{w.Caller(notary.CertificateManager).Principal.Name, "nobody@example.com"} {
			err := w.Auth.Recover(t.Context(), recovery(t, email, create))
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantText(t, err, w.Admin().Principal.Name)
		}
	}
	testkit.WantKind(t, w.Auth.Recover(t.Context(), auth.Recovery{Email: "x", Create: true}), notary.Invalid)
}

func TestRecoverWithoutAnyAdmin(t *testing.T) {
	t.Parallel()
	w := testkit.Empty(t)
	testkit.WantKind(t, w.Auth.Recover(t.Context(), recovery(t, "me@example.com", false)), notary.Invalid)
	testkit.Check(t, w.Auth.Recover(t.Context(), recovery(t, "me@example.com", true)))
	_, err := w.Auth.Login(t.Context(), "me@example.com", recoveredPassword, auth.Client{Address: "192.0.2.1"})
	testkit.Check(t, err)
	if !w.Auth.Initialized() {
		t.Error("the service does not know of its first account")
	}
}

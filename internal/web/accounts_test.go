package web_test

import (
	"net/url"
	"testing"

	"notary"
	"notary/internal/testkit"
)

func TestAccountLifecycle(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.Admin)
	b.press(t, "Accounts")
	b.look(t, "accounts")
	b.press(t, "New account")
	b.fill(t, "Email", "bob@example.com")
	b.fill(t, "Password", testkit.Password)
	b.look(t, "account-new")
	b.press(t, "Create account")
	b.wantHeading(t, "bob@example.com")
	b.wantText(t, "Account created.", "Certificate Requestor")
	b.look(t, "account")
	b.fill(t, "Role", "1")
	b.press(t, "Change role")
	b.wantText(t, "Role changed to Certificate Manager.")
	b.tick(t, "Delete bob@example.com")
	b.press(t, "Delete account")
	b.wantHeading(t, "Accounts")
	b.wantText(t, "Account deleted.")
}

func TestAccountFieldErrors(t *testing.T) {
	t.Parallel()
	h := open(t)
	admin := h.as(t, notary.Admin)
	admin.post(t, "/accounts/new", url.Values{"email": {"no address"}, "role_id": {"1"}, "password": {testkit.Password}}).
		wantStatus(t, 400).wantText(t, `id="f-email-error"`, "Invalid email address", `value="no address"`,
		`value="1" selected`)
	admin.post(t, "/accounts/new", url.Values{"email": {h.Admin().Principal.Name}, "role_id": {"1"},
		"password": {testkit.Password}}).
		wantStatus(t, 409).wantText(t, "An account with this email already exists")
	admin.post(t, "/accounts/1/role", url.Values{"role_id": {"3"}}).wantStatus(t, 409).wantText(t,
		"This is the last Admin")
	admin.post(t, "/accounts/2/delete", nil).wantStatus(t, 400).wantText(t, "Tick this box to confirm")
	admin.get(t, "/accounts/99").wantStatus(t, 404)
	admin.get(t, "/accounts/01").wantStatus(t, 404)
}

func TestAccountsAreForAdmins(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, role := range []notary.Role{notary.CertificateManager, notary.CertificateRequestor, notary.ReadOnly} {
		v := h.as(t, role)
		for path, object := range map[string]string{"/accounts": "", "/accounts/new": "", "/accounts/1": " (account 1)"} {
			v.get(t, path).wantStatus(t, 403).wantText(t, "The role "+role.String()+" does not have permission to manage "+
				"accounts"+object+", which requires the role Admin: ask an Admin.")
		}
		v.post(t, "/accounts/1/delete", url.Values{"sure": {"yes"}}).wantStatus(t, 403)
	}
}

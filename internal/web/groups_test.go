package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"notary"
	"notary/internal/testkit"
)

func TestGroupsAndGrants(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	admin, member := h.as(t, notary.Admin), h.Caller(notary.CertificateRequestor)
	admin.get(t, "/groups").wantStatus(t, 200).wantText(t, "No groups yet.")
	admin.post(t, "/groups", url.Values{"name": {"Web Team"}}).wantStatus(t, 400).wantText(t, `id="f-name-error"`,
		`value="Web Team"`)
	admin.post(t, "/groups", url.Values{"name": {"web-team"}}).wantStatus(t, 200).wantAt(t, "/groups/1").wantText(t,
		"Group created.", "No members yet.")
	admin.post(t, "/groups/1/members", url.Values{"email": {"nobody@example.com"}}).wantStatus(t, 400).wantText(t,
		"No account has this email address")
	admin.post(t, "/groups/1/members", url.Values{"email": {member.Principal.Name}}).wantStatus(t, 200).wantText(t,
		"Account added", member.Principal.Name)

	grant := url.Values{"group": {"1"}, "actions": {"request.sign"}, "certificate_authority_ids": {"1"},
		"profiles": {"server-client"},
		"names":    {"dns:team.example.com"}, "owner_account_ids": {member.Principal.Name}, "owner_group_ids": {"1"}}
	admin.get(t, "/grants/new").wantStatus(t, 200).wantText(t, "Group web-team", `value="request.sign"`)
	for field, test := range map[string]struct{ value, want string }{
		"certificate_authority_ids": {"99", "There is no certificate authority 99"},
		"profiles":                  {"none", "There is no profile none"},
		"owner_account_ids":         {"nobody@example.com", "No account has this email address"},
		"names":                     {"dns:*", "cannot be listed here"}, "actions": {"account.manage", "cannot be granted"},
	} {
		wrong := url.Values{}
		for name, values := range grant {
			wrong[name] = values
		}
		wrong.Set(field, test.value)
		admin.post(t, "/grants/new", wrong).wantStatus(t, 400).wantText(t, test.want, fmt.Sprintf(`id="f-%s-error"`, field))
	}
	admin.post(t, "/grants/new", grant).wantStatus(t, 200).wantAt(t, "/grants").
		wantText(t, "Grant created.", "group 1", "request.sign", "CA 1", "profile server-client", "dns:team.example.com",
			fmt.Sprintf("owner account %d", member.Principal.ID), "owner group 1")
	admin.get(t, "/groups/1").wantText(t, `href="/grants?to=group+1"`)
	admin.get(t, "/grants?to=group+1").wantText(t, "request.sign", "dns:team.example.com")
	admin.get(t, "/grants?to=account+1").wantText(t, "No grants")

	admin.post(t, "/grants/1/delete", nil).wantStatus(t, 200).wantText(t, "Grant deleted.", "No grants")
	admin.post(t, "/groups/1/members/remove", url.Values{"account": {fmt.Sprint(member.Principal.ID)}}).wantText(t,
		"Account removed", "No members yet.")
	admin.post(t, "/groups/1/delete", nil).wantStatus(t, 400).wantText(t, "Tick this box to confirm")
	admin.post(t, "/groups/1/delete", url.Values{"sure": {"yes"}}).wantStatus(t, 200).wantAt(t, "/groups").wantText(t,
		"No groups yet.")
}

func TestGroupsAndGrantsAreForAdmins(t *testing.T) {
	t.Parallel()
	h := open(t)
	id, err := h.Auth.CreateGroup(t.Context(), h.Admin(), "web-team")
	testkit.Check(t, err)
	for _, role := range []notary.Role{notary.CertificateManager, notary.CertificateRequestor, notary.ReadOnly} {
		v := h.as(t, role)
		for _, path := range []string{"/groups", fmt.Sprintf("/groups/%d", id), "/grants", "/grants/new"} {
			v.get(t, path).wantStatus(t, 403).wantText(t, "does not have permission to manage accounts")
		}
		v.post(t, "/groups", url.Values{"name": {"mine"}}).wantStatus(t, 403)
		v.post(t, "/grants/new", url.Values{"group": {"1"}, "actions": {"request.sign"}}).wantStatus(t, 403)
		v.post(t, "/groups/1/delete", url.Values{"sure": {"yes"}}).wantStatus(t, 403)
		v.post(t, "/groups/1/members", url.Values{"email": {h.Caller(role).Principal.Name}}).wantStatus(t, 403)
	}
}

func TestGroupsAndGrantsInABrowser(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	b := h.browseAs(t, notary.Admin)
	b.press(t, "Accounts")
	b.press(t, "Groups and grants")
	b.fill(t, "Group name", "web-team")
	b.press(t, "Create group")
	b.wantHeading(t, "web-team")
	b.fill(t, "Account email", h.Caller(notary.CertificateRequestor).Principal.Name)
	b.press(t, "Add member")
	b.look(t, "group")
	b.open(t, "/groups")
	b.look(t, "groups")
	b.press(t, "Grants")
	b.press(t, "New grant")
	b.fill(t, "Account email", h.Caller(notary.CertificateRequestor).Principal.Name)
	b.tick(t, "Sign requests")
	b.fill(t, "Subject alternative names", "dns:team.example.com")
	b.look(t, "grant-new")
	b.press(t, "Create grant")
	b.wantText(t, "Grant created.", "dns:team.example.com")
	b.look(t, "grants")
	b.open(t, "/events")
	b.look(t, "events-of-grants")
}

func TestPagesOfferWhatGrantsAllow(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	me := h.Caller(notary.CertificateRequestor)
	v := h.as(t, notary.CertificateRequestor)
	inside, outside := h.submit(t, me, "a.team.example.com"), h.submit(t, me, "a.example.com")
	v.get(t, "/requests").wantStatus(t, 200).wantText(t, "Certificate Managers approve requests.")
	_, err := h.Auth.CreateGrant(t.Context(), h.Admin(), &notary.Grant{PrincipalID: me.Principal.ID,
		GrantTerms: notary.GrantTerms{
			Actions: []string{"request.sign", "request.revoke", "certificate.revoke"},
			Names:   notary.NameLists{DNS: []string{"team.example.com"}}}})
	testkit.Check(t, err)

	v.get(t, "/requests").wantStatus(t, 200).wantText(t, `name="do" value="sign"`)
	path := fmt.Sprintf("/requests/%d", inside)
	page := v.get(t, path).wantStatus(t, 200).wantText(t, path+"/sign", fmt.Sprintf(`<option value="%d"`, root))
	for _, hidden := range []string{path + "/reject", path + "/delete", path + "/upload",
		"a Certificate Manager decides on it"} {
		if strings.Contains(page.body, hidden) {
			t.Errorf("the page of a request within the grant shows %s", hidden)
		}
	}
	other := fmt.Sprintf("/requests/%d", outside)
	if page = v.get(t, other).wantStatus(t, 200); strings.Contains(page.body, other+"/sign") {
		t.Error("the page of a request outside of the grant offers to sign it")
	}
	sign := url.Values{"certificate_authority_id": {fmt.Sprint(root)}, "profile": {notary.DefaultProfile}}
	v.post(t, path+"/sign", sign).wantStatus(t, 200).wantAt(t, path).wantText(t, path+"/revoke")
	if page = v.get(t, path); strings.Contains(page.body, string(notary.KeyCompromise)) {
		t.Error("the page offers a reason that a grant does not give")
	}
	v.post(t, other+"/sign", sign).wantStatus(t, 403)
}

// A member of a group chooses whom a request belongs to. The others see it and whose it is.
func TestRequestsOfAGroup(t *testing.T) {
	t.Parallel()
	h := open(t)
	me := h.Caller(notary.CertificateRequestor)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	v := h.as(t, notary.CertificateRequestor)
	if page := v.post(t, "/requests/new/check", url.Values{"csr": {csr}}).wantStatus(t, 200); strings.Contains(page.body,
		`name="owner"`) {
		t.Error("there is a choice of one owner")
	}
	group, err := h.Auth.CreateGroup(t.Context(), h.Admin(), "web-team")
	testkit.Check(t, err)
	other := h.NewCaller(t, h.Admin(), notary.CertificateRequestor)
	testkit.Check(t, h.Auth.ChangeMembers(t.Context(), h.Admin(), group, []int64{me.Principal.ID, other.Principal.ID},
		nil))
	v.post(t, "/requests/new/check", url.Values{"csr": {csr}}).wantStatus(t, 200).wantText(t, `name="owner"`,
		"Group web-team")
	v.post(t, "/requests/new", url.Values{"csr": {csr}, "owner": {fmt.Sprint(group)}}).wantStatus(t, 200).wantText(t,
		"group <bdi>web-team</bdi>")
	theirs := h.visit(t)
	theirs.signIn(t, other.Principal.Name)
	theirs.get(t, "/requests").wantStatus(t, 200).wantText(t, "a.example.com", me.Principal.Name)
}

// A request's page offers a transfer to owners with groups and to accounts with permission. Who no longer sees it
// afterwards gets the list.
func TestTransferRequest(t *testing.T) {
	t.Parallel()
	h := open(t)
	me, other := h.Caller(notary.CertificateRequestor), h.NewCaller(t, h.Admin(), notary.CertificateRequestor)
	path := fmt.Sprintf("/requests/%d", h.Request(t, me))
	mine, manager := h.as(t, notary.CertificateRequestor), h.as(t, notary.CertificateManager)
	mine.get(t, path).wantStatus(t, 200).wantNoText(t, "Transfer to another owner")
	group, err := h.Auth.CreateGroup(t.Context(), h.Admin(), "web-team")
	testkit.Check(t, err)
	testkit.Check(t, h.Auth.ChangeMembers(t.Context(), h.Admin(), group, []int64{me.Principal.ID}, nil))
	mine.get(t, path).wantStatus(t, 200).wantText(t, "Transfer to another owner", "Certificate Managers approve requests.")
	mine.post(t, path+"/transfer", url.Values{"owner": {other.Principal.Name}}).wantStatus(t, 403)
	mine.post(t, path+"/transfer", url.Values{"owner": {" web-team"}}).wantStatus(t, 200).wantAt(t, path).
		wantText(t, "and its certificates now belong to web-team.", "group <bdi>web-team</bdi>", "Transferred")
	manager.post(t, path+"/transfer", url.Values{"owner": {""}}).wantStatus(t, 400).
		wantText(t, "Enter the email address of an account or the name of a group", `id="f-owner-error"`)
	manager.post(t, path+"/transfer", url.Values{"owner": {"nobody@example.com"}}).wantStatus(t, 400).
		wantText(t, "There is no account", `value="nobody@example.com"`)
	manager.post(t, path+"/transfer", url.Values{"owner": {other.Principal.Name}}).wantStatus(t, 200).wantAt(t,
		path).wantText(t, other.Principal.Name)
	mine.get(t, path).wantStatus(t, 404)
	mine.post(t, path+"/transfer", url.Values{"owner": {"web-team"}}).wantStatus(t, 404)

	for _, actions := range [][]string{{"request.view"}, {"request.transfer"}} {
		terms := notary.GrantTerms{Actions: actions}
		if actions[0] == "request.view" {
			terms.Owners = []int64{other.Principal.ID}
		}
		_, err := h.Auth.CreateGrant(t.Context(), h.Admin(), &notary.Grant{PrincipalID: me.Principal.ID, GrantTerms: terms})
		testkit.Check(t, err)
	}
	third := h.NewCaller(t, h.Admin(), notary.CertificateRequestor)
	mine.post(t, path+"/transfer", url.Values{"owner": {third.Principal.Name}}).wantStatus(t, 200).wantAt(t, "/requests").
		wantText(t, "now belong to "+third.Principal.Name)
}

// The page of a certificate offers a transfer only if it has no request.
func TestTransferCertificate(t *testing.T) {
	t.Parallel()
	h := open(t)
	me := h.Caller(notary.CertificateRequestor)
	of := h.Signed(t, me, h.Root(t, notary.ECDSAP256))
	r, err := h.CA.Request(t.Context(), me, of)
	testkit.Check(t, err)
	path := certificatePath(r.Certificate.ID)
	mine, manager := h.as(t, notary.CertificateRequestor), h.as(t, notary.CertificateManager)
	manager.get(t, path).wantStatus(t, 200).wantNoText(t, "Transfer to another owner")
	manager.post(t, path+"/transfer", url.Values{"owner": {me.Principal.Name}}).wantStatus(t, 409).
		wantText(t, "transfer the request")
	testkit.Check(t, h.CA.Delete(t.Context(), h.Admin(), of))
	manager.get(t, path).wantStatus(t, 200).wantText(t, "Transfer to another owner")
	mine.get(t, path).wantStatus(t, 200).wantNoText(t, "Transfer to another owner")
	group, err := h.Auth.CreateGroup(t.Context(), h.Admin(), "web-team")
	testkit.Check(t, err)
	manager.post(t, path+"/transfer", url.Values{"owner": {""}}).wantStatus(t, 400).wantText(t, `id="f-owner-error"`)
	manager.post(t, path+"/transfer", url.Values{"owner": {"web-team"}}).wantStatus(t, 200).wantAt(t, path).
		wantText(t, "now belongs to web-team.", fmt.Sprintf("group <bdi>%d</bdi>", group))
	mine.get(t, path).wantStatus(t, 404)
	testkit.Check(t, h.Auth.ChangeMembers(t.Context(), h.Admin(), group, []int64{me.Principal.ID}, nil))
	mine.get(t, path).wantStatus(t, 200).wantNoText(t, "Transfer to another owner")
}

package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

// The owner of a request is the account that submits it, or a group that it names.
func TestOwnerOfARequest(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	me := h.NewCaller(t, h.Admin(), notary.CertificateRequestor)
	c := h.login(t, me)
	group, err := h.Auth.CreateGroup(t.Context(), h.Admin(), "web-team")
	testkit.Check(t, err)
	testkit.Check(t, h.Auth.ChangeMembers(t.Context(), h.Admin(), group, []int64{me.Principal.ID}, nil))
	csr := func() string { return testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com") }

	account, err := c.Me(t.Context())
	testkit.Check(t, err)
	if len(account.Groups) != 1 || account.Groups[0].ID != group || account.Groups[0].Name != "web-team" {
		t.Errorf("the groups of the account: %+v", account.Groups)
	}
	for want, owner := range map[api.Owner]*api.Owner{
		{Kind: "account", ID: me.Principal.ID}: nil,
		{Kind: "group", ID: group}:             {Kind: "group", ID: group},
	} {
		id, err := c.CreateCertificateRequest(t.Context(), api.CreateCertificateRequest{CSR: csr(), Owner: owner})
		testkit.Check(t, err)
		got, err := c.CertificateRequest(t.Context(), id)
		testkit.Check(t, err)
		if got.Owner != want {
			t.Errorf("the owner is %+v, want %+v", got.Owner, want)
		}
	}
	issued, err := h.as(t, notary.Admin).IssueCertificate(t.Context(), api.IssueCertificate{CSR: csr(), CertificateAuthorityID: api.ID(root),
		Owner: &api.Owner{Kind: "group", ID: group}}, 0, "")
	testkit.Check(t, err)
	cert, err := c.Certificate(t.Context(), issued.ID)
	testkit.Check(t, err)
	if cert.Owner == nil || *cert.Owner != (api.Owner{Kind: "group", ID: group}) {
		t.Errorf("the owner of the certificate is %+v", cert.Owner)
	}
	const path = "/api/v1/certificate_requests"
	for _, test := range []struct {
		owner  api.Owner
		status int
		code   string
	}{
		{api.Owner{Kind: "group", ID: group + 1}, 403, "forbidden"},
		{api.Owner{Kind: "account", ID: h.Admin().Principal.ID}, 400, "invalid"},
		{api.Owner{Kind: "robot", ID: 1}, 400, "invalid"},
		{api.Owner{Kind: "group"}, 400, "invalid"},
	} {
		call(t, c, "POST", path, api.CreateCertificateRequest{CSR: csr(), Owner: &test.owner}).wantRefusal(t, test.status, test.code)
	}
	call(t, h.as(t, notary.Admin), "DELETE", fmt.Sprintf("/api/v1/groups/%d", group), nil).wantRefusal(t, 409, "conflict")
}

// Lists, streams and exports over the API show what a grant covers.
func TestListsThatAGrantWidens(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	me := h.NewCaller(t, h.Admin(), notary.CertificateRequestor)
	c := h.login(t, me)
	for i, name := range []string{"a.team.example.com", "b.example.com"} {
		id, err := h.CA.Submit(t.Context(), h.Admin(), testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), name))
		testkit.Check(t, err)
		call(t, h.as(t, notary.Admin), "POST", fmt.Sprintf("/api/v1/certificate_requests/%d/sign", id),
			api.SignCertificateRequest{CertificateAuthorityID: api.ID(root)}).wantStatus(t, 202)
		if i == 0 {
			_, err = h.Auth.CreateGrant(t.Context(), h.Admin(), &notary.Grant{PrincipalID: me.Principal.ID, GrantTerms: notary.GrantTerms{
				Actions: []string{"request.view"}, Names: notary.NameLists{DNS: []string{"team.example.com"}}}})
			testkit.Check(t, err)
		}
	}
	for _, path := range []string{"certificate_requests", "certificate_requests?limit=10", "certificate_requests?sort=common_name",
		"certificate_requests?q=example", "certificates", "certificates?limit=10", "certificates/export", "certificates/export?format=jsonl"} {
		body := string(call(t, c, "GET", "/api/v1/"+path, nil).wantStatus(t, 200).Body)
		if !strings.Contains(body, "a.team.example.com") || strings.Contains(body, "b.example.com") {
			t.Errorf("%s: %.400s", path, body)
		}
	}
	call(t, c, "GET", "/api/v1/summary", nil).wantRefusal(t, 403, "forbidden")
	call(t, c, "GET", "/api/v1/certificate_authorities/1/impact", nil).wantRefusal(t, 403, "forbidden")
}

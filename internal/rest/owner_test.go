package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/ca"
	"notary/internal/testkit"
)

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
	issued, err := h.as(t, notary.Admin).IssueCertificate(t.Context(),
		api.IssueCertificate{CSR: csr(), CertificateAuthorityID: api.ID(root),
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
		call(t, c, "POST", path, api.CreateCertificateRequest{CSR: csr(), Owner: &test.owner}).wantRefusal(t, test.status,
			test.code)
	}
	call(t, h.as(t, notary.Admin), "DELETE", fmt.Sprintf("/api/v1/groups/%d", group), nil).wantRefusal(t, 409, "conflict")
}

func TestTransferOfARequest(t *testing.T) {
	t.Parallel()
	h := open(t)
	me, other := h.NewCaller(t, h.Admin(), notary.CertificateRequestor),
		h.NewCaller(t, h.Admin(), notary.CertificateRequestor)
	group, err := h.Auth.CreateGroup(t.Context(), h.Admin(), "web-team")
	testkit.Check(t, err)
	testkit.Check(t, h.Auth.ChangeMembers(t.Context(), h.Admin(), group, []int64{me.Principal.ID}, nil))
	id := h.Request(t, me)
	path := fmt.Sprintf("/api/v1/certificate_requests/%d", id)
	mine, admin := h.login(t, me), h.as(t, notary.Admin)
	for _, test := range []struct {
		body   any
		status int
		field  string
	}{
		{api.NewOwner{Kind: "group", ID: group, Name: "web-team"}, 400, "owner"},
		{api.NewOwner{Kind: "group"}, 400, "owner"},
		{api.NewOwner{Kind: "robot", ID: 1}, 400, "kind"},
		{map[string]any{"kind": "group", "id": -1}, 400, "id"},
		{map[string]any{"kind": "group", "id": fmt.Sprint(group)}, 400, "id"},
		{api.NewOwner{Kind: "account", ID: missingID}, 400, "owner"},
		{api.NewOwner{Kind: "account", Name: strings.Repeat("x", 301)}, 400, "name"},
		{api.NewOwner{Kind: "account", ID: me.Principal.ID}, 409, "owner"},
	} {
		code := map[int]string{400: "invalid", 409: "conflict"}[test.status]
		if got := call(t, admin, "PUT", path+"/owner", test.body).wantRefusal(t, test.status, code); got.Field != test.field {
			t.Errorf("%+v: the field is %q, want %q", test.body, got.Field, test.field)
		}
	}
	testkit.Check(t, mine.TransferCertificateRequest(t.Context(), id,
		api.NewOwner{Kind: "group", Name: "web-team"}))
	got, err := mine.CertificateRequest(t.Context(), id)
	testkit.Check(t, err)
	if got.Owner != (api.Owner{Kind: "group", ID: group}) || got.Email != me.Principal.Name {
		t.Errorf("the owner is %+v, the email address %s", got.Owner, got.Email)
	}
	testkit.Check(t, admin.TransferCertificateRequest(t.Context(), id,
		api.NewOwner{Kind: "account", Name: strings.ToUpper(other.Principal.Name)}))
	call(t, mine, "GET", path, nil).wantRefusal(t, 404, "not_found")
	got, err = h.login(t, other).CertificateRequest(t.Context(), id)
	testkit.Check(t, err)
	if got.Owner != (api.Owner{Kind: "account", ID: other.Principal.ID}) || got.Email != other.Principal.Name {
		t.Errorf("the owner is %+v, the email address %s", got.Owner, got.Email)
	}
	history, err := h.as(t, notary.CertificateManager).RequestHistory(t.Context(), id)
	testkit.Check(t, err)
	if want := fmt.Sprintf("owner: group %d (web-team) → account %d (%s)", group, other.Principal.ID,
		other.Principal.Name); !strings.Contains(history[0].Text, want) {
		t.Errorf("the event is %q, want %q in it", history[0].Text, want)
	}
}

// The filter by owner finds what the caller sees of an account's or group's objects. An invisible owner does not
// exist.
func TestFilterByOwner(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	me, mate := h.NewCaller(t, h.Admin(), notary.CertificateRequestor),
		h.NewCaller(t, h.Admin(), notary.CertificateRequestor)
	var groups [2]int64
	for i, name := range []string{"web-team", "db-team"} {
		var err error
		groups[i], err = h.Auth.CreateGroup(t.Context(), h.Admin(), name)
		testkit.Check(t, err)
		testkit.Check(t, h.Auth.ChangeMembers(t.Context(), h.Admin(), groups[i], []int64{mate.Principal.ID}, nil))
	}
	var ids []int64 // mine, of the web team, of the database team, of the mate
	for i, group := range []int64{0, groups[0], groups[1], 0} {
		caller := me
		if i == 3 {
			caller = mate
		}
		id := h.Request(t, caller)
		testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: root}))
		if group != 0 {
			testkit.Check(t, h.CA.Transfer(t.Context(), h.Admin(), id, ca.NewOwner{Kind: "group", ID: group}))
		}
		ids = append(ids, id)
	}
	of := func(of ...int) (want []int64) {
		for _, i := range of {
			want = append(want, ids[i])
		}
		return want
	}
	byID := func(id int64) string { return fmt.Sprintf("group:%d", id) }
	for who, test := range map[*client.Client]map[string][]int64{
		h.as(t, notary.ReadOnly): {me.Principal.Name: of(0), strings.ToUpper(mate.Principal.Name): of(3), "web-team": of(1),
			"Web-Team":      of(1),
			byID(groups[1]): of(2), byID(9999): nil, "none": nil, "group:x": nil, "account:1": nil},
		h.login(t, me): {me.Principal.Name: of(0), mate.Principal.Name: nil, "web-team": nil, byID(groups[0]): nil,
			"none": nil},
		h.login(t, mate): {me.Principal.Name: nil, mate.Principal.Name: of(3), "web-team": of(1), byID(groups[1]): of(2),
			"none": nil},
	} {
		for owner, want := range test {
			for path, field := range map[string]string{requestsPath: "id", certificatesPath: "certificate_request_id"} {
				for _, query := range []string{q("owner", owner), q("owner", owner) + "&sort=-not_after&limit=1",
					q("owner", owner) + "&sort=common_name&" + q("expires_after", "2020-01-01T00:00:00Z")} {
					if diff := cmp.Diff(want, idsOf(t, who, path, query, field)); diff != "" {
						t.Errorf("%s?%s (-want +got):\n%s", path, query, diff)
					}
				}
			}
		}
	}
	matched := call(t, h.as(t, notary.Admin), "POST", requestsPath+"/count",
		map[string]any{"filter": map[string]any{"owner": "web-team"}})
	if !strings.Contains(string(matched.wantStatus(t, 200).Body), `"count":1`) {
		t.Errorf("the count is %s", matched.Body)
	}
}

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
			_, err = h.Auth.CreateGrant(t.Context(), h.Admin(), &notary.Grant{PrincipalID: me.Principal.ID,
				GrantTerms: notary.GrantTerms{
					Actions: []string{"request.view"}, Names: notary.NameLists{DNS: []string{"team.example.com"}}}})
			testkit.Check(t, err)
		}
	}
	for _, path := range []string{"certificate_requests", "certificate_requests?limit=10",
		"certificate_requests?sort=common_name",
		"certificate_requests?q=example", "certificates", "certificates?limit=10", "certificates/export",
		"certificates/export?format=jsonl"} {
		body := string(call(t, c, "GET", "/api/v1/"+path, nil).wantStatus(t, 200).Body)
		if !strings.Contains(body, "a.team.example.com") || strings.Contains(body, "b.example.com") {
			t.Errorf("%s: %.400s", path, body)
		}
	}
	call(t, c, "GET", "/api/v1/summary", nil).wantRefusal(t, 403, "forbidden")
	call(t, c, "GET", "/api/v1/certificate_authorities/1/impact", nil).wantRefusal(t, 403, "forbidden")
}

package auth_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/testkit"
)

func signing(account, group int64) *notary.Grant {
	return &notary.Grant{PrincipalID: account, GroupID: group,
		GrantTerms: notary.GrantTerms{Actions: []string{"request.sign"}}}
}

func TestGroupAndGrantEvents(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	admin, member := w.Admin(), w.Caller(notary.ReadOnly)
	events := w.EventsOf(t, func() {
		group, err := w.Auth.CreateGroup(t.Context(), admin, "web-team")
		testkit.Check(t, err)
		testkit.Check(t, w.Auth.ChangeMembers(t.Context(), admin, group, []int64{member.Principal.ID}, nil))
		grant, err := w.Auth.CreateGrant(t.Context(), admin, signing(0, group))
		testkit.Check(t, err)
		got, err := w.Auth.Grant(t.Context(), admin, grant)
		testkit.Check(t, err)
		want := &notary.Grant{ID: grant, GroupID: group, CreatedAt: w.Clock.Now(),
			GrantTerms: signing(0, group).GrantTerms}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the grant (-want +got):\n%s", diff)
		}
		_, members, err := w.Auth.Group(t.Context(), admin, group)
		testkit.Check(t, err)
		if len(members) != 1 || members[0].ID != member.Principal.ID {
			t.Errorf("the members are %v", members)
		}
		testkit.Check(t, w.Auth.DeleteGrant(t.Context(), admin, grant))
		testkit.Check(t, w.Auth.ChangeMembers(t.Context(), admin, group, nil, []int64{member.Principal.ID}))
		testkit.Check(t, w.Auth.DeleteGroup(t.Context(), admin, group))
	})
	want := []string{"group.create", "group.add_member", "grant.create", "grant.delete", "group.remove_member",
		"group.delete"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("the events (-want +got):\n%s", diff)
	}
	page, err := w.CA.Events(t.Context(), w.Caller(notary.CertificateManager), notary.EventQuery{Limit: 100})
	testkit.Check(t, err)
	for _, e := range page.Items {
		if e.Object.Kind == "group" || e.Object.Kind == "grant" {
			t.Errorf("a Certificate Manager sees %s", e.Action)
		}
	}
	for _, kind := range []string{"group", "grant"} {
		_, err = w.CA.Events(t.Context(), w.Caller(notary.ReadOnly), notary.EventQuery{Limit: 100, Kind: kind})
		testkit.WantKind(t, err, notary.Forbidden)
	}
}

func TestDeletionRemovesGrants(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	admin := w.Admin()
	gone := w.NewCaller(t, admin, notary.Admin)
	group, err := w.Auth.CreateGroup(t.Context(), admin, "team")
	testkit.Check(t, err)
	other, err := w.Auth.CreateGroup(t.Context(), admin, "others")
	testkit.Check(t, err)
	for _, g := range []*notary.Grant{signing(gone.Principal.ID, 0), signing(0, group), signing(0, other),
		signing(admin.Principal.ID, 0)} {
		_, err := w.Auth.CreateGrant(t.Context(), admin, g)
		testkit.Check(t, err)
	}
	for _, id := range []int64{group, other} {
		testkit.Check(t, w.Auth.ChangeMembers(t.Context(), admin, id, []int64{gone.Principal.ID, admin.Principal.ID}, nil))
	}
	testkit.Check(t, w.Auth.DeleteAccount(t.Context(), admin, gone.Principal.ID))
	testkit.Check(t, w.Auth.DeleteGroup(t.Context(), admin, group))
	all, err := w.Auth.Grants(t.Context(), admin)
	testkit.Check(t, err)
	if len(all) != 2 || all[0].GroupID != other || all[1].PrincipalID != admin.Principal.ID {
		t.Errorf("the grants left are %+v", all)
	}
	_, members, err := w.Auth.Group(t.Context(), admin, other)
	testkit.Check(t, err)
	if len(members) != 1 || members[0].ID != admin.Principal.ID {
		t.Errorf("the members left are %+v", members)
	}
	of, err := w.Store.GrantsOf(t.Context(), gone.Principal.ID)
	testkit.Check(t, err)
	if len(of) != 0 {
		t.Errorf("the deleted account has the grants %+v", of)
	}
	// A refused deletion of the last Admin keeps its grants.
	testkit.WantKind(t, w.Auth.DeleteAccount(t.Context(), admin, admin.Principal.ID), notary.Conflict)
	of, err = w.Store.GrantsOf(t.Context(), admin.Principal.ID)
	testkit.Check(t, err)
	if len(of) != 2 {
		t.Errorf("after the refusal the last Admin has the grants %+v", of)
	}
}

// A group cannot be deleted while another principal's grant is limited to its requests: after a restore, a new group
// could get the same ID, and the grant would cover its requests.
func TestGroupsThatLimitGrantsAreKept(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	admin := w.Admin()
	team, err := w.Auth.CreateGroup(t.Context(), admin, "team")
	testkit.Check(t, err)
	other, err := w.Auth.CreateGroup(t.Context(), admin, "others")
	testkit.Check(t, err)
	limited := func(g *notary.Grant, groups ...int64) int64 {
		t.Helper()
		g.OwnerGroups = groups
		id, err := w.Auth.CreateGrant(t.Context(), admin, g)
		testkit.Check(t, err)
		return id
	}
	limited(signing(0, team), team) // it is deleted with the group
	kept := limited(signing(0, other), other, team)
	err = w.Auth.DeleteGroup(t.Context(), admin, team)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, fmt.Sprintf("grant %d is limited to requests of group %d: delete that grant first", kept,
		team))
	g, err := w.Auth.Grant(t.Context(), admin, kept)
	testkit.Check(t, err)
	if diff := cmp.Diff([]int64{other, team}, g.OwnerGroups); diff != "" {
		t.Errorf("after the refusal the grant is limited to (-want +got):\n%s", diff)
	}
	testkit.Check(t, w.Auth.DeleteGrant(t.Context(), admin, kept))
	testkit.Check(t, w.Auth.DeleteGroup(t.Context(), admin, team))
	all, err := w.Auth.Grants(t.Context(), admin)
	testkit.Check(t, err)
	if len(all) != 0 {
		t.Errorf("the grants left are %+v", all)
	}
}

func TestGrantsRequireExistingObjects(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	to := w.Caller(notary.ReadOnly).Principal.ID
	for name, test := range map[string]struct {
		change func(*notary.Grant)
		kind   notary.Kind
		field  string
	}{
		"nobody":               {func(g *notary.Grant) { g.PrincipalID = 0 }, notary.Invalid, "grantee"},
		"an account and group": {func(g *notary.Grant) { g.GroupID = 1 }, notary.Invalid, "grantee"},
		"a missing account":    {func(g *notary.Grant) { g.PrincipalID = 99 }, notary.NotFound, "grantee"},
		"a missing group":      {func(g *notary.Grant) { g.PrincipalID, g.GroupID = 0, 99 }, notary.NotFound, "grantee"},
		"no action":            {func(g *notary.Grant) { g.Actions = nil }, notary.Invalid, "actions"},
		"all accounts":         {func(g *notary.Grant) { g.Actions = []string{"account.manage"} }, notary.Invalid, "actions"},
		"a missing authority": {func(g *notary.Grant) { g.Authorities = []int64{99} }, notary.NotFound,
			"certificate_authority_ids"},
		"a missing profile": {func(g *notary.Grant) { g.Profiles = []string{"none"} }, notary.Invalid, "profiles"},
		"a missing owner":   {func(g *notary.Grant) { g.Owners = []int64{99} }, notary.NotFound, "owner_account_ids"},
		"a missing owners":  {func(g *notary.Grant) { g.OwnerGroups = []int64{99} }, notary.NotFound, "owner_group_ids"},
		"a wrong name":      {func(g *notary.Grant) { g.Names.DNS = []string{"*"} }, notary.Invalid, "names.dns"},
	} {
		g := signing(to, 0)
		test.change(g)
		_, err := w.Auth.CreateGrant(t.Context(), w.Admin(), g)
		var e *notary.Error
		if !errors.As(err, &e) || e.Kind != test.kind || e.Field != test.field {
			t.Errorf("%s: %v, want %s of %s", name, err, test.kind, test.field)
		}
	}
	for _, name := range []string{"", "Web", "a b", "a\n", "x/../y", "-a"} {
		_, err := w.Auth.CreateGroup(t.Context(), w.Admin(), name)
		testkit.WantKind(t, err, notary.Invalid)
	}
	group, err := w.Auth.CreateGroup(t.Context(), w.Admin(), "web")
	testkit.Check(t, err)
	_, err = w.Auth.CreateGroup(t.Context(), w.Admin(), "web")
	testkit.WantKind(t, err, notary.Conflict)
	change := func(add, remove []int64) error {
		return w.Auth.ChangeMembers(t.Context(), w.Admin(), group, add, remove)
	}
	testkit.WantKind(t, change([]int64{to, 99}, nil), notary.NotFound)
	testkit.WantKind(t, change(nil, []int64{to}), notary.NotFound) // nothing was changed
	testkit.Check(t, change([]int64{to}, nil))
	testkit.WantKind(t, change([]int64{to}, nil), notary.Conflict)
	testkit.WantKind(t, change(nil, nil), notary.Invalid)
}

// A grant that this version cannot read grants nothing, rather than everything.
func TestUnreadableTermsGrantNothing(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	to := w.Caller(notary.ReadOnly).Principal.ID
	id, err := w.Auth.CreateGrant(t.Context(), w.Admin(), signing(to, 0))
	testkit.Check(t, err)
	for _, terms := range []string{`{"actions":["request.sign"],"networks":["10.0.0.0/8"]}`,
		`{"actions":["request.sign"],"authorities":"3"}`, `null`, ``, `[]`} {
		w.Exec(t, `UPDATE access_grant SET terms = $1 WHERE id = $2`, terms, id)
		of, err := w.Store.GrantsOf(t.Context(), to)
		testkit.Check(t, err)
		if len(of) != 0 {
			t.Errorf("%q gives %+v", terms, of[0])
		}
	}
	testkit.Check(t, w.Auth.DeleteGrant(t.Context(), w.Admin(), id))
}

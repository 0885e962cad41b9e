package ca_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/store"
	"notary/internal/testkit"
)

func newTeam(t *testing.T, w *testkit.World, name string, members ...notary.Caller) int64 {
	t.Helper()
	id, err := w.Auth.CreateGroup(t.Context(), w.Admin(), name)
	testkit.Check(t, err)
	for _, m := range members {
		testkit.Check(t, w.Auth.ChangeMembers(t.Context(), w.Admin(), id, []int64{m.Principal.ID}, nil))
	}
	return id
}

func submitFor(t *testing.T, w *testkit.World, caller notary.Caller, group int64, names ...string) int64 {
	t.Helper()
	id, err := w.CA.SubmitWith(t.Context(), caller, testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), names...),
		ca.SubmitOptions{OwnerGroupID: group})
	testkit.Check(t, err)
	return id
}

func seenBy(t *testing.T, w *testkit.World, caller notary.Caller) (requests, certificates []int64) {
	t.Helper()
	for _, sort := range []notary.Sort{notary.ByID, notary.ByCommonName, notary.ByNotAfterDown} {
		page, err := w.CA.Requests(t.Context(), caller, notary.Query{Sort: sort, Limit: 100})
		testkit.Check(t, err)
		var ids []int64
		for _, r := range page.Items {
			ids = append(ids, r.ID)
		}
		if ids = sorted(ids); requests != nil && !cmp.Equal(ids, requests) {
			t.Errorf("by %s there are %v, not %v", sort, ids, requests)
		}
		requests = ids
	}
	testkit.Check(t, w.CA.EachCertificate(t.Context(), caller, notary.Filter{}, func(c *notary.Certificate) error {
		certificates = append(certificates, c.ID)
		return nil
	}))
	return requests, certificates
}

// What belongs to a group is every member's, but not that of the account that submitted it and has left.
func TestGroupsOwnRequests(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob, eve := newRequestor(t, w), newRequestor(t, w), newRequestor(t, w)
	team := newTeam(t, w, "team", ann, bob)
	id, alone := submitFor(t, w, ann, team, "a.team.example.com"), submitAs(t, w, ann, "ann.example.com")
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root}))
	cert := request(t, w, id).Certificate
	if r := request(t, w, id); r.OwnerGroupID != team || r.RequesterID != ann.Principal.ID || cert.OwnerGroupID != team {
		t.Errorf("the owners of request and certificate: %+v, %+v", r, cert)
	}
	want := func(caller notary.Caller, requests, certificates []int64) {
		t.Helper()
		gotRequests, gotCertificates := seenBy(t, w, caller)
		if diff := cmp.Diff([][]int64{requests, certificates}, [][]int64{gotRequests, gotCertificates}); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		kind := map[bool]notary.Kind{true: notary.NotFound}[certificates == nil]
		testkit.WantKind(t, second(w.CA.Request(t.Context(), caller, id)), kind)
		testkit.WantKind(t, second(w.CA.History(t.Context(), caller, id)), kind)
		testkit.WantKind(t, second(w.CA.RequestCertificate(t.Context(), caller, id)), kind)
		testkit.WantKind(t, second(w.CA.Certificate(t.Context(), caller, cert.ID)), kind)
	}
	want(ann, []int64{id, alone}, []int64{cert.ID})
	want(bob, []int64{id}, []int64{cert.ID})
	want(eve, nil, nil)
	testkit.Check(t, w.Auth.ChangeMembers(t.Context(), w.Admin(), team, []int64{eve.Principal.ID},
		[]int64{ann.Principal.ID}))
	want(ann, []int64{alone}, nil)
	want(eve, []int64{id}, []int64{cert.ID})
	// A certificate stays its owner's when the request is deleted.
	testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), id))
	testkit.Check(t, second(w.CA.Certificate(t.Context(), bob, cert.ID)))
	testkit.WantKind(t, second(w.CA.Certificate(t.Context(), ann, cert.ID)), notary.NotFound)
	// The ID of a deleted group could be that of another group after a restore.
	testkit.WantKind(t, w.Auth.DeleteGroup(t.Context(), w.Admin(), team), notary.Conflict)
	testkit.Check(t, second(w.CA.Certificate(t.Context(), bob, cert.ID)))
	testkit.Check(t, w.Auth.DeleteGroup(t.Context(), w.Admin(), newTeam(t, w, "empty", bob)))
}

// An account that left a group gets nothing of it by repeating its calls.
func TestIssueAfterLeavingTheGroup(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann := newRequestor(t, w)
	team := newTeam(t, w, "team", ann)
	grantTo(t, w, ann, notary.GrantTerms{Actions: []string{"request.sign"}})
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	issue := func(key string, group int64) error {
		return second(w.CA.Issue(t.Context(), ann, csr, ca.IssueOptions{SignOptions: ca.SignOptions{AuthorityID: root},
			OwnerGroupID: group, Key: key, Digest: "digest"}))
	}
	testkit.Check(t, issue("first", team))
	testkit.Check(t, issue("first", team))
	testkit.WantField(t, issue("second", newTeam(t, w, "other", ann)), "owner")
	testkit.Check(t, w.Auth.ChangeMembers(t.Context(), w.Admin(), team, nil, []int64{ann.Principal.ID}))
	testkit.WantKind(t, issue("first", team), notary.NotFound)
	err := issue("third", 0)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "create a new key and CSR")
}

// Nothing is signed for a group that the caller cannot submit for.
func TestOwnerIsCheckedBeforeSigning(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	ann := newRequestor(t, w)
	grantTo(t, w, ann, notary.GrantTerms{Actions: []string{"request.sign"}})
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	_, err := w.CA.Issue(t.Context(), ann, csr, ca.IssueOptions{SignOptions: ca.SignOptions{AuthorityID: 99},
		OwnerGroupID: newTeam(t, w, "other")})
	testkit.WantKind(t, err, notary.Forbidden)
	testkit.WantField(t, err, "owner")
}

func TestUploadOfACertificateOfOthers(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, eve := newRequestor(t, w), newRequestor(t, w)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	id, err := w.CA.Submit(t.Context(), ann, csr)
	testkit.Check(t, err)
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root}))
	cert, err := w.CA.RequestCertificate(t.Context(), ann, id)
	testkit.Check(t, err)
	grantTo(t, w, eve, notary.GrantTerms{Actions: []string{"request.upload"}})
	copied, err := w.CA.Submit(t.Context(), eve, csr)
	testkit.Check(t, err)
	upload := func() error { return second(w.CA.Upload(t.Context(), eve, copied, cert.ChainPEM())) }
	testkit.WantText(t, upload(), "already in the inventory")
	testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), id))
	testkit.WantText(t, upload(), "already in the inventory")
	testkit.WantKind(t, second(w.CA.Certificate(t.Context(), eve, cert.ID)), notary.NotFound)
}

func TestMembersDecideByGrant(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	team, other := newTeam(t, w, "team", ann, bob), newTeam(t, w, "other", bob)
	id, outside := submitFor(t, w, ann, team, "a.team.example.com"), submitFor(t, w, bob, other, "b.team.example.com")
	mine := submitAs(t, w, bob, "c.team.example.com")
	grantTo(t, w, bob, notary.GrantTerms{Actions: []string{"request.sign"}, OwnerGroups: []int64{team}})
	testkit.Check(t, w.CA.Sign(t.Context(), bob, id, ca.SignOptions{AuthorityID: root}))
	testkit.Check(t, w.CA.Sign(t.Context(), bob, mine, ca.SignOptions{AuthorityID: root})) // bob is a member
	err := w.CA.Sign(t.Context(), bob, outside, ca.SignOptions{AuthorityID: root})
	testkit.WantKind(t, err, notary.Forbidden)
	testkit.WantText(t, err, "is limited to other owners", fmt.Sprintf("owner group %d", other))
	grantTo(t, w, ann, notary.GrantTerms{Actions: []string{"request.sign"}, Owners: []int64{ann.Principal.ID}})
	testkit.WantKind(t, w.CA.Sign(t.Context(), ann, id, ca.SignOptions{}), notary.Forbidden) // it is the group's
}

func TestWhoSubmitsForAGroup(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann := newRequestor(t, w)
	team, other := newTeam(t, w, "team", ann), newTeam(t, w, "other")
	for name, test := range map[string]struct {
		caller notary.Caller
		group  int64
		want   notary.Kind
	}{
		"a member":                         {ann, team, ""},
		"another group":                    {ann, other, notary.Forbidden},
		"no group":                         {ann, nothing, notary.Forbidden},
		"a Certificate Manager":            {w.Caller(notary.CertificateManager), other, ""},
		"a Certificate Manager, no group":  {w.Caller(notary.CertificateManager), nothing, notary.Invalid},
		"who may not create any request":   {w.Caller(notary.ReadOnly), team, notary.Forbidden},
		"an Admin for a group of somebody": {w.Admin(), team, ""},
	} {
		csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
		id, err := w.CA.SubmitWith(t.Context(), test.caller, csr, ca.SubmitOptions{OwnerGroupID: test.group})
		if notary.KindOf(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if err == nil && request(t, w, id).OwnerGroupID != test.group {
			t.Errorf("%s: the owner is %d", name, request(t, w, id).OwnerGroupID)
		}
	}
	grantTo(t, w, ann, notary.GrantTerms{Actions: []string{"request.sign"}})
	issue := func(group int64) (*ca.Issued, error) {
		csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
		return w.CA.Issue(t.Context(), ann, csr, ca.IssueOptions{SignOptions: ca.SignOptions{AuthorityID: root},
			OwnerGroupID: group})
	}
	issued, err := issue(team)
	testkit.Check(t, err)
	if r := request(t, w, issued.RequestID); r.OwnerGroupID != team || r.Certificate.OwnerGroupID != team {
		t.Errorf("issued: %+v", r)
	}
	testkit.WantKind(t, second(issue(other)), notary.Forbidden)
}

// What an earlier version records belongs to the account.
func TestOwnersOfEarlierVersions(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	newTeam(t, w, "team", ann, bob)
	id := w.Signed(t, ann, root)
	r := request(t, w, id)
	if r.OwnerGroupID != 0 || r.Certificate.OwnerGroupID != 0 {
		t.Errorf("%+v", r)
	}
	requests, certificates := seenBy(t, w, ann)
	if !cmp.Equal(requests, []int64{id}) || !cmp.Equal(certificates, []int64{r.Certificate.ID}) {
		t.Errorf("the owner sees %v and %v", requests, certificates)
	}
	if requests, certificates = seenBy(t, w, bob); requests != nil || certificates != nil {
		t.Errorf("another member sees %v and %v", requests, certificates)
	}
}

func TestRequestActions(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	me := newRequestor(t, w)
	id := submitAs(t, w, me, "a.team.example.com")
	actions := func(caller notary.Caller, id int64) (names []string) {
		t.Helper()
		all, err := w.CA.RequestActions(t.Context(), caller, request(t, w, id))
		testkit.Check(t, err)
		for _, action := range []string{"request.sign", "request.upload", "request.reject", "request.revoke",
			"request.remove_certificate",
			"request.reopen", "request.delete", "request.transfer"} {
			for a, may := range all {
				if string(a) == action && may {
					names = append(names, action)
				}
			}
		}
		return names
	}
	want := func(got []string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	want(actions(me, id))
	if n := len(actions(w.Admin(), id)); n != 8 {
		t.Errorf("an Admin has %d actions", n)
	}
	signers, err := w.CA.Signers(t.Context(), me)
	testkit.Check(t, err)
	if len(signers) != 0 {
		t.Errorf("%d signers without a grant", len(signers))
	}
	w.Root(t, notary.ECDSAP256)
	grantTo(t, w, me, teamTerms(root))
	grantTo(t, w, me, notary.GrantTerms{Actions: []string{"request.delete", "certificate.revoke"},
		Owners: []int64{me.Principal.ID}})
	want(actions(me, id), "request.sign", "request.delete")
	want(actions(me, submitAs(t, w, me, "a.example.com")), "request.delete")
	want(actions(me, submitAs(t, w, w.Admin(), "b.team.example.com")))
	if signers, err = w.CA.Signers(t.Context(), me); err != nil || len(signers) != 1 || signers[0].ID != root {
		t.Errorf("the signers are %+v (%v)", signers, err)
	}
	testkit.Check(t, w.CA.Sign(t.Context(), me, id, ca.SignOptions{AuthorityID: root}))
	may, err := w.CA.MayRevoke(t.Context(), me, request(t, w, id).Certificate)
	testkit.Check(t, err)
	if !may {
		t.Error("it may not revoke its own certificate")
	}
}

type counted struct {
	*store.Store
	grants, groups map[int64]int
}

func (c counted) GrantsOf(ctx context.Context, accountID int64) ([]*notary.Grant, error) {
	c.grants[accountID]++
	return c.Store.GrantsOf(ctx, accountID)
}

func (c counted) GroupsOf(ctx context.Context, accountID int64) ([]int64, error) {
	c.groups[accountID]++
	return c.Store.GroupsOf(ctx, accountID)
}

// A page reads the grants once, however many actions it may offer.
func TestRequestActionsReadGrantsOnce(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	newTeam(t, w, "team", ann)
	id := w.Signed(t, bob, root)
	grantTo(t, w, ann, notary.GrantTerms{Actions: []string{"request.view", "request.revoke", "request.reject"},
		Owners: []int64{bob.Principal.ID}})
	c := counted{w.Store, map[int64]int{}, map[int64]int{}}
	all, err := ca.ActionsOn(t.Context(), c, ann, request(t, w, id))
	testkit.Check(t, err)
	if !all["request.revoke"] || !all["request.reject"] || all["request.delete"] {
		t.Errorf("the actions are %v", all)
	}
	for account, n := range c.grants {
		if n != 1 || account != ann.Principal.ID {
			t.Errorf("the grants of account %d were read %d times", account, n)
		}
	}
	for account, n := range c.groups {
		if n != 1 {
			t.Errorf("the groups of account %d were read %d times", account, n)
		}
	}
}

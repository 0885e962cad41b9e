package ca_test

import (
	"errors"
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// A CSR of a group's request is a renewal of that request for every member, with or without the owner, and another
// request for everyone else.
func TestIssueOfAGroupsCSR(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob, eve := newRequestor(t, w), newRequestor(t, w), newRequestor(t, w)
	team, others := newTeam(t, w, "team", ann, bob), newTeam(t, w, "others", bob, eve)
	for _, caller := range []notary.Caller{ann, bob, eve} {
		grantTo(t, w, caller, notary.GrantTerms{Actions: []string{"request.sign"}})
	}
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	issue := func(caller notary.Caller, group int64) (*ca.Issued, error) {
		return w.CA.Issue(t.Context(), caller, csr, ca.IssueOptions{SignOptions: ca.SignOptions{AuthorityID: root},
			OwnerGroupID: group})
	}
	first, err := issue(ann, team)
	testkit.Check(t, err)
	for name, call := range map[string]struct {
		caller notary.Caller
		group  int64
	}{
		"the submitter": {ann, team}, "the submitter, without an owner": {ann, 0}, "another member": {bob, team},
		"another member, without an owner": {bob, 0}, "an Admin": {w.Admin(), team},
	} {
		again, err := issue(call.caller, call.group)
		testkit.Check(t, err)
		if again.RequestID != first.RequestID || again.Certificate.ID == first.Certificate.ID ||
			again.Certificate.OwnerGroupID != team || again.Certificate.RequesterID != ann.Principal.ID {
			t.Errorf("%s gets certificate %+v of request %d, want a renewal of %d", name, again.Certificate, again.RequestID,
				first.RequestID)
		}
	}
	_, err = issue(bob, others)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "owner")
	testkit.WantKind(t, second(issue(eve, team)), notary.Forbidden)
	own, err := issue(eve, 0)
	testkit.Check(t, err)
	if own.RequestID == first.RequestID {
		t.Error("somebody outside the group renews its request")
	}

	// A second submission, too, is one of the same request.
	_, err = w.CA.SubmitWith(t.Context(), bob, csr, ca.SubmitOptions{OwnerGroupID: team})
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "csr")
	testkit.WantText(t, err, "certificate request 1")

	// After a transfer to a group of others, the submitter cannot see the request any more.
	testkit.Check(t, w.CA.Transfer(t.Context(), w.Admin(), first.RequestID, toGroup(others)))
	_, err = issue(ann, 0)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "csr")
	testkit.WantText(t, err, "now has another owner")
	again, err := issue(bob, others)
	testkit.Check(t, err)
	if again.RequestID != first.RequestID {
		t.Errorf("a member of the new owner gets request %d", again.RequestID)
	}
}

// A member without permission to sign waits for the group's request.
func TestIssueOfAGroupsPendingCSR(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	team := newTeam(t, w, "team", ann, bob)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	id, err := w.CA.SubmitWith(t.Context(), ann, csr, ca.SubmitOptions{OwnerGroupID: team})
	testkit.Check(t, err)
	for _, want := range []notary.RequestStatus{notary.Outstanding, notary.Active} {
		issued, err := w.CA.Issue(t.Context(), bob, csr, ca.IssueOptions{OwnerGroupID: team})
		testkit.Check(t, err)
		if issued.RequestID != id || issued.Status != want || (issued.Certificate != nil) != (want == notary.Active) {
			t.Errorf("got %+v, want request %d, %s", issued, id, want)
		}
		if want == notary.Outstanding {
			testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root}))
		}
	}
}

// Members who issue the same CSR at once get one request.
func TestConcurrentIssuesOfAGroup(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	members := make([]notary.Caller, 8)
	for i := range members {
		members[i] = newRequestor(t, w)
		grantTo(t, w, members[i], notary.GrantTerms{Actions: []string{"request.sign"}})
	}
	team := newTeam(t, w, "team", members...)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	for _, err := range testkit.Race(len(members), func(i int) error {
		issued, err := w.CA.Issue(t.Context(), members[i], csr, ca.IssueOptions{
			SignOptions: ca.SignOptions{AuthorityID: root}, OwnerGroupID: team})
		if err == nil && issued.RequestID != 1 {
			err = errors.New("another request")
		}
		if notary.KindOf(err) == notary.Conflict { // another renewal won
			err = nil
		}
		return err
	}) {
		testkit.Check(t, err)
	}
	if requests, _ := seenBy(t, w, w.Admin()); len(requests) != 1 {
		t.Errorf("there are the requests %v", requests)
	}
}

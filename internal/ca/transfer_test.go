package ca_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/policy"
	"notary/internal/store"
	"notary/internal/testkit"
)

func toGroup(id int64) ca.NewOwner          { return ca.NewOwner{Kind: "group", ID: id} }
func toAccount(c notary.Caller) ca.NewOwner { return ca.NewOwner{Kind: "account", ID: c.Principal.ID} }

func wantOwner(t *testing.T, w *testkit.World, id int64, want notary.Owner) {
	t.Helper()
	if got := request(t, w, id).Owner(); got != want {
		t.Errorf("request %d belongs to %+v, want %+v", id, got, want)
	}
	all, err := w.Store.CertificatesOfRequest(t.Context(), id)
	testkit.Check(t, err)
	for _, cert := range all {
		got := (&notary.Request{RequesterID: cert.RequesterID, OwnerGroupID: cert.OwnerGroupID}).Owner()
		if got != want || cert.Email != request(t, w, id).Email {
			t.Errorf("certificate %d belongs to %+v (%s), want %+v", cert.ID, got, cert.Email, want)
		}
	}
}

// A transfer moves a request and all its certificates, revoked ones included.
func TestTransfer(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob, eve := newRequestor(t, w), newRequestor(t, w), newRequestor(t, w)
	team, other := newTeam(t, w, "team", bob), newTeam(t, w, "other", eve)
	id := w.Signed(t, ann, root)
	first := request(t, w, id).Certificate.ID
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{}))
	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), first, notary.Superseded))
	second := request(t, w, id).Certificate.ID
	sees := func(caller notary.Caller, want bool) {
		t.Helper()
		requests, certificates := seenBy(t, w, caller)
		if !want && len(requests)+len(certificates) > 0 {
			t.Errorf("%s sees the requests %v and the certificates %v", caller.Principal.Name, requests, certificates)
		}
		if want && !cmp.Equal(certificates, []int64{first, second}) {
			t.Errorf("%s sees the certificates %v", caller.Principal.Name, certificates)
		}
	}
	for _, step := range []struct {
		to            ca.NewOwner
		want          notary.Owner
		former, after notary.Caller
		text          string
	}{
		{toGroup(team), notary.Owner{GroupID: team}, ann, bob, fmt.Sprintf("owner: account %d (%s) → group %d (team)",
			ann.Principal.ID, ann.Principal.Name, team)},
		{toGroup(other), notary.Owner{GroupID: other}, bob, eve, fmt.Sprintf("owner: group %d (team) → group %d (other)",
			team, other)},
		{ca.OwnerNamed(" Team "), notary.Owner{}, bob, eve, ""},
		{toAccount(bob), notary.Owner{AccountID: bob.Principal.ID}, eve, bob,
			fmt.Sprintf("owner: group %d (other) → account %d (%s)", other, bob.Principal.ID, bob.Principal.Name)},
		{ca.OwnerNamed(ann.Principal.Name), notary.Owner{AccountID: ann.Principal.ID}, bob, ann,
			fmt.Sprintf("owner: account %d (%s) → account %d (%s)", bob.Principal.ID, bob.Principal.Name, ann.Principal.ID,
				ann.Principal.Name)},
	} {
		before := w.Events(t)
		err := w.CA.Transfer(t.Context(), w.Caller(notary.CertificateManager), id, step.to)
		events := w.Events(t)[len(before):]
		if step.text == "" {
			testkit.WantField(t, err, "owner")
			if len(events) != 0 {
				t.Errorf("a refused transfer recorded %v", events)
			}
			continue
		}
		testkit.Check(t, err)
		wantOwner(t, w, id, step.want)
		sees(step.former, false)
		sees(step.after, true)
		if len(events) != 1 || events[0].Action != "request.transfer" || events[0].Details() != step.text {
			t.Errorf("the events are %+v, want %s", events, step.text)
		}
	}
}

func TestTransferIsOvertaken(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	id := submitAs(t, w, ann, "a.example.com")
	s := interrupted(t, w, func() { testkit.Check(t, w.CA.Transfer(t.Context(), w.Admin(), id, toAccount(bob))) })
	testkit.WantKind(t, s.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root}), notary.Conflict)
	wantOwner(t, w, id, notary.Owner{AccountID: bob.Principal.ID})
	if r := request(t, w, id); r.Status != notary.Outstanding {
		t.Errorf("the request is %s", r.Status)
	}
	read, err := w.Store.Request(t.Context(), id)
	testkit.Check(t, err)
	testkit.Check(t, w.CA.Transfer(t.Context(), w.Admin(), id, toAccount(ann)))
	for name, change := range map[string]func(*store.Tx) error{
		"transfer": func(tx *store.Tx) error { return tx.Transfer(t.Context(), read, nil, 1) },
		"reject":   func(tx *store.Tx) error { return tx.Transition(read, notary.Rejected, 0) },
		"delete":   func(tx *store.Tx) error { return tx.DeleteRequest(read) },
	} {
		if err := w.Store.Write(t.Context(), change); notary.KindOf(err) != notary.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Concurrent transfers of one request follow each other, and the last event names the owner.
func TestConcurrentTransfers(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	id := w.Signed(t, ann, root)
	groups := []int64{newTeam(t, w, "one"), newTeam(t, w, "two"), newTeam(t, w, "three"), newTeam(t, w, "four")}
	var wait sync.WaitGroup
	for i, group := range groups {
		wait.Go(func() {
			if i%2 == 0 {
				if err := w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{}); err != nil &&
					notary.KindOf(err) != notary.Conflict {
					t.Error(err)
				}
			}
			if err := w.CA.Transfer(t.Context(), w.Admin(), id, toGroup(group)); err != nil &&
				notary.KindOf(err) != notary.Conflict {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	testkit.Check(t, w.CA.Transfer(t.Context(), w.Admin(), id, toAccount(bob)))
	owner := any(nil)
	for _, e := range w.Events(t) {
		if e.Action == "request.transfer" {
			if owner != nil && !cmp.Equal(e.Before["owner"], owner) {
				t.Errorf("a transfer from %v follows one to %v", e.Before["owner"], owner)
			}
			owner = e.After["owner"]
		}
	}
	wantOwner(t, w, id, notary.Owner{AccountID: bob.Principal.ID})
}

func TestWhoTransfers(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob, eve := newRequestor(t, w), newRequestor(t, w), newRequestor(t, w)
	team, both, others := newTeam(t, w, "team", ann, bob), newTeam(t, w, "both", ann), newTeam(t, w, "others", eve)
	reader := w.NewCaller(t, w.Admin(), notary.ReadOnly)
	testkit.Check(t, w.Auth.ChangeMembers(t.Context(), w.Admin(), both, []int64{reader.Principal.ID}, nil))
	testkit.Check(t, w.Auth.ChangeMembers(t.Context(), w.Admin(), team, []int64{reader.Principal.ID}, nil))
	for name, test := range map[string]struct {
		caller notary.Caller
		of     int64 // group; 0 for ann
		to     ca.NewOwner
		want   notary.Kind
		field  string
	}{
		"the owner to its group":           {ann, 0, toGroup(team), "", ""},
		"the owner to its group by name":   {ann, 0, ca.OwnerNamed("both"), "", ""},
		"a member to another group":        {ann, team, toGroup(both), "", ""},
		"a member to itself":               {ann, team, toAccount(ann), notary.Forbidden, ""},
		"a member to a group of others":    {bob, team, toGroup(both), notary.Forbidden, ""},
		"the owner to a group of others":   {ann, 0, toGroup(others), notary.Forbidden, ""},
		"the owner to no group":            {ann, 0, toGroup(nothing), notary.Forbidden, ""},
		"the owner to others by name":      {ann, 0, ca.OwnerNamed("others"), notary.Forbidden, ""},
		"the owner to no group by name":    {ann, 0, ca.OwnerNamed("none"), notary.Forbidden, ""},
		"the owner to an account":          {ann, 0, toAccount(bob), notary.Forbidden, ""},
		"the owner to an account by name":  {ann, 0, ca.OwnerNamed(bob.Principal.Name), notary.Forbidden, ""},
		"the owner to no account by name":  {ann, 0, ca.OwnerNamed("none@example.com"), notary.Forbidden, ""},
		"somebody else":                    {eve, 0, toGroup(others), notary.NotFound, ""},
		"somebody else by name":            {eve, team, ca.OwnerNamed("others"), notary.NotFound, ""},
		"Read Only, a member of both":      {reader, team, toGroup(both), notary.Forbidden, ""},
		"a Certificate Manager":            {w.Caller(notary.CertificateManager), team, toAccount(eve), "", ""},
		"to an account that cannot submit": {w.Admin(), team, toAccount(reader), notary.Invalid, "owner"},
		"to a missing account": {w.Admin(), team, ca.NewOwner{Kind: "account", ID: nothing}, notary.Invalid,
			"owner"},
		"to a missing group":           {w.Admin(), 0, toGroup(nothing), notary.Invalid, "owner"},
		"to a missing account by name": {w.Admin(), 0, ca.OwnerNamed("none@example.com"), notary.Invalid, "owner"},
		"to the present owner":         {w.Admin(), team, toGroup(team), notary.Conflict, "owner"},
		"to the present account":       {w.Admin(), 0, toAccount(ann), notary.Conflict, "owner"},
		"to the program":               {w.Admin(), 0, ca.NewOwner{Kind: "system", ID: 1}, notary.Invalid, "kind"},
		"to nobody":                    {w.Admin(), 0, ca.NewOwner{Kind: "group"}, notary.Invalid, "owner"},
		"by ID and name": {w.Admin(), 0, ca.NewOwner{Kind: "group", ID: team, Name: "both"}, notary.Invalid,
			"owner"},
	} {
		id := submitFor(t, w, ann, test.of, "a.example.com")
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root}))
		before := request(t, w, id).Owner()
		err := w.CA.Transfer(t.Context(), test.caller, id, test.to)
		if notary.KindOf(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if test.field != "" {
			testkit.WantField(t, err, test.field)
		}
		if after := request(t, w, id).Owner(); (after == before) != (test.want != "") {
			t.Errorf("%s: the owner is %+v, it was %+v", name, after, before)
		}
	}
}

// A grant covers a transfer only if the request and all its certificates are within its limits with either owner.
func TestTransferByGrant(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob, eve := newRequestor(t, w), newRequestor(t, w), newRequestor(t, w)
	team, other := newTeam(t, w, "team", bob), newTeam(t, w, "other")
	grantTo(t, w, eve, notary.GrantTerms{Actions: []string{"request.view"}})
	grantTo(t, w, eve, notary.GrantTerms{Actions: []string{"request.transfer"}, OwnerGroups: []int64{team},
		Names: notary.NameLists{DNS: []string{"team.example.com"}}, Owners: []int64{ann.Principal.ID}})
	for name, test := range map[string]struct {
		submitter notary.Caller
		host      string
		to        ca.NewOwner
		want      notary.Kind
	}{
		"within the limits":    {ann, "a.team.example.com", toGroup(team), ""},
		"by name":              {ann, "a.team.example.com", ca.OwnerNamed("team"), ""},
		"to a member":          {ann, "a.team.example.com", toAccount(bob), ""},
		"another name":         {ann, "a.example.com", toGroup(team), notary.Forbidden},
		"from another owner":   {w.Admin(), "a.team.example.com", toGroup(team), notary.Forbidden},
		"to another group":     {ann, "a.team.example.com", toGroup(other), notary.Forbidden},
		"to a missing group":   {ann, "a.team.example.com", toGroup(nothing), notary.Forbidden},
		"to another account":   {ann, "a.team.example.com", toAccount(eve), notary.Forbidden},
		"to a missing account": {ann, "a.team.example.com", ca.NewOwner{Kind: "account", ID: nothing}, notary.Forbidden},
	} {
		id := submitAs(t, w, test.submitter, test.host)
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root}))
		if err := w.CA.Transfer(t.Context(), eve, id, test.to); notary.KindOf(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	// An earlier certificate with another name is not within the limits.
	id := submitAs(t, w, ann, "b.team.example.com")
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root,
		Names: []string{"b.example.com"}}))
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root,
		Names: []string{"b.team.example.com"}}))
	testkit.WantKind(t, w.CA.Transfer(t.Context(), eve, id, toGroup(team)), notary.Forbidden)
}

// An account can submit a CSR once. So a request cannot be transferred to an account that has submitted its CSR.
func TestTransferToAnAccountWithTheCSR(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	team := newTeam(t, w, "team", bob)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	id, err := w.CA.Submit(t.Context(), ann, csr)
	testkit.Check(t, err)
	testkit.Check(t, second(w.CA.Submit(t.Context(), bob, csr)))
	err = w.CA.Transfer(t.Context(), w.Admin(), id, toAccount(bob))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, bob.Principal.Name+" has already submitted this CSR")
	testkit.Check(t, w.CA.Transfer(t.Context(), w.Admin(), id, toGroup(team)))
	wantOwner(t, w, id, notary.Owner{GroupID: team})
	again, err := w.CA.Submit(t.Context(), w.Admin(), csr)
	testkit.Check(t, err)
	err = w.CA.Transfer(t.Context(), w.Admin(), again, toGroup(team))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, fmt.Sprintf("certificate request %d of the group has the same CSR", id))
}

// The former owner's repeated call does not show the request, and the new owner's is a renewal.
func TestIssueAfterATransfer(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	for _, caller := range []notary.Caller{ann, bob} {
		grantTo(t, w, caller, notary.GrantTerms{Actions: []string{"request.sign"}})
	}
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	issue := func(caller notary.Caller, key string) (*ca.Issued, error) {
		return w.CA.Issue(t.Context(), caller, csr, ca.IssueOptions{SignOptions: ca.SignOptions{AuthorityID: root}, Key: key,
			Digest: "d"})
	}
	issued, err := issue(ann, "key")
	testkit.Check(t, err)
	testkit.Check(t, w.CA.Transfer(t.Context(), w.Admin(), issued.RequestID, toAccount(bob)))
	testkit.WantKind(t, second(issue(ann, "key")), notary.NotFound)
	renewed, err := issue(bob, "")
	testkit.Check(t, err)
	if renewed.RequestID != issued.RequestID || renewed.Certificate.RequesterID != bob.Principal.ID {
		t.Errorf("the new owner's certificate is %+v of request %d", renewed.Certificate, renewed.RequestID)
	}
	again, err := issue(ann, "other")
	testkit.Check(t, err)
	if again.RequestID == issued.RequestID {
		t.Error("the former owner renews the request")
	}
}

// After a transfer, certificates are replaced by those of the new owner.
func TestReplacementsAfterATransfer(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	signed := func(caller notary.Caller) int64 {
		id := submitAs(t, w, caller, "a.example.com")
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root}))
		return id
	}
	current := func() (ids []int64) {
		testkit.Check(t, w.CA.EachRequest(t.Context(), w.Admin(), notary.Filter{Expiring: notary.MaxWindow},
			func(r *notary.Request) error {
				ids = append(ids, r.ID)
				return nil
			}))
		return ids
	}
	first, last := signed(ann), signed(ann)
	want := func(ids ...int64) {
		t.Helper()
		if diff := cmp.Diff(ids, current()); diff != "" {
			t.Errorf("the requests with a current certificate (-want +got):\n%s", diff)
		}
	}
	want(last)
	testkit.Check(t, w.CA.Transfer(t.Context(), w.Admin(), last, toAccount(bob)))
	want(first, last)
	testkit.Check(t, w.CA.Transfer(t.Context(), w.Admin(), first, toAccount(bob)))
	want(last)
}

func TestTransferIsOffered(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	offered := func(caller notary.Caller, id int64) bool {
		t.Helper()
		all, err := w.CA.RequestActions(t.Context(), caller, request(t, w, id))
		testkit.Check(t, err)
		return all[policy.TransferRequest]
	}
	id := submitAs(t, w, ann, "a.example.com")
	if offered(ann, id) || offered(bob, id) || !offered(w.Caller(notary.CertificateManager), id) {
		t.Error("without groups, others than a Certificate Manager transfer")
	}
	team := newTeam(t, w, "team", ann, bob)
	if !offered(ann, id) || offered(bob, id) {
		t.Error("the owner does not transfer to its group, or another member does")
	}
	testkit.Check(t, w.CA.Transfer(t.Context(), ann, id, toGroup(team)))
	if offered(ann, id) || offered(bob, id) {
		t.Error("there is no other group to transfer to")
	}
}

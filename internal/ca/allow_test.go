package ca_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/policy"
	"notary/internal/testkit"
)

func grantTo(t *testing.T, w *testkit.World, caller notary.Caller, terms notary.GrantTerms) int64 {
	t.Helper()
	id, err := w.Auth.CreateGrant(t.Context(), w.Admin(), &notary.Grant{PrincipalID: caller.Principal.ID,
		GrantTerms: terms})
	testkit.Check(t, err)
	return id
}

func newRequestor(t *testing.T, w *testkit.World) notary.Caller {
	t.Helper()
	return w.NewCaller(t, w.Admin(), notary.CertificateRequestor)
}

func submitAs(t *testing.T, w *testkit.World, caller notary.Caller, names ...string) int64 {
	t.Helper()
	id, err := w.CA.Submit(t.Context(), caller, testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), names...))
	testkit.Check(t, err)
	return id
}

func teamTerms(authority int64) notary.GrantTerms {
	return notary.GrantTerms{Actions: []string{string(policy.SignRequest)}, Authorities: []int64{authority},
		Profiles: []string{notary.DefaultProfile}, Names: notary.NameLists{DNS: []string{"team.example.com"}}}
}

func TestSignByGrant(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, other := w.Root(t, notary.ECDSAP256), w.Root(t, notary.ECDSAP256)
	me := newRequestor(t, w)
	grantTo(t, w, me, teamTerms(root))
	for name, test := range map[string]struct {
		names   []string
		options ca.SignOptions
		want    string // in the error; "" for success
	}{
		"within every limit": {[]string{"a.team.example.com"}, ca.SignOptions{AuthorityID: root}, ""},
		"a wildcard":         {[]string{"*.team.example.com"}, ca.SignOptions{AuthorityID: root}, ""},
		"another name": {[]string{"a.example.com"}, ca.SignOptions{AuthorityID: root},
			"does not allow the name a.example.com"},
		"one name of two": {[]string{"a.team.example.com", "b.example.com"}, ca.SignOptions{AuthorityID: root},
			"b.example.com"},
		"an address, too": {[]string{"a.team.example.com", "10.0.0.7"}, ca.SignOptions{AuthorityID: root},
			"10.0.0.7"},
		"another authority": {[]string{"a.team.example.com"}, ca.SignOptions{AuthorityID: other},
			"covers certificate authority 2"},
		"a missing authority": {[]string{"a.team.example.com"}, ca.SignOptions{AuthorityID: nothing},
			"covers certificate authority"},
		"another profile": {[]string{"a.team.example.com"}, ca.SignOptions{AuthorityID: root, Profile: "server"},
			"covers profile server"},
		"a profile for CAs": {[]string{"a.team.example.com"},
			ca.SignOptions{AuthorityID: root, Profile: notary.IntermediateProfile}, "covers profile intermediate"},
		"names that are replaced": {[]string{"a.team.example.com"},
			ca.SignOptions{AuthorityID: root, Names: []string{"evil.example"}}, "evil.example"},
		"a subject that is": {[]string{"a.team.example.com"},
			ca.SignOptions{AuthorityID: root, Subject: "CN=cluster-admin"}, "cluster-admin"},
		"two common names": {[]string{"a.team.example.com"},
			ca.SignOptions{AuthorityID: root, Subject: "CN=a.team.example.com,CN=root"}, "root"},
		"replaced within the team": {[]string{"a.team.example.com"},
			ca.SignOptions{AuthorityID: root, Names: []string{"b.team.example.com"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			id := submitAs(t, w, me, test.names...)
			err := w.CA.Sign(t.Context(), me, id, test.options)
			if test.want == "" {
				testkit.Check(t, err)
				wantStatus(t, w, id, notary.Active)
				testkit.Check(t, w.CA.Sign(t.Context(), me, id, ca.SignOptions{})) // a renewal
				return
			}
			testkit.WantKind(t, err, notary.Forbidden)
			testkit.WantText(t, err, "permission to sign certificate requests", test.want, "ask an Admin")
			wantStatus(t, w, id, notary.Outstanding)
		})
	}
	for name, id := range map[string]int64{"another's request": submitAs(t, w, w.Admin(), "b.team.example.com"),
		"a missing request": nothing} {
		t.Run(name, func(t *testing.T) {
			testkit.WantKind(t, w.CA.Sign(t.Context(), me, id, ca.SignOptions{AuthorityID: root}), notary.NotFound)
		})
	}
}

// An unlimited grant does not extend to CAs, compromised keys, or objects that its holder cannot see.
func TestUnlimitedGrantExclusions(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	reader := w.NewCaller(t, w.Admin(), notary.ReadOnly) // sees everything
	grantTo(t, w, reader, notary.GrantTerms{Actions: policy.Actions(true)})
	forbidden := func(err error) { t.Helper(); testkit.WantKind(t, err, notary.Forbidden) }

	forbidden(w.CA.Sign(t.Context(), reader, w.Request(t, w.Admin()),
		ca.SignOptions{AuthorityID: root, Profile: notary.IntermediateProfile}))
	sub := w.Request(t, w.Admin())
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), sub, ca.SignOptions{AuthorityID: root,
		Profile: notary.IntermediateProfile}))
	subCert := request(t, w, sub).Certificate.ID
	forbidden(w.RevokeRequest(t.Context(), reader, sub, notary.Superseded))
	forbidden(w.RevokeCertificate(t.Context(), reader, subCert, notary.Superseded))
	below := w.Intermediate(t, root, notary.ECDSAP256)
	forbidden(w.RevokeCertificate(t.Context(), reader, authority(t, w, below).Certificate.ID, notary.Superseded))
	forbidden(w.RevokeAuthority(t.Context(), reader, below, notary.Superseded))
	forbidden(w.CA.SignAuthority(t.Context(), reader, w.Pending(t), root))

	leaf := w.Signed(t, w.Admin(), root)
	forbidden(w.RevokeRequest(t.Context(), reader, leaf, notary.KeyCompromise))
	forbidden(w.RevokeCertificate(t.Context(), reader, request(t, w, leaf).Certificate.ID, notary.KeyCompromise))
	testkit.Check(t, w.RevokeRequest(t.Context(), reader, leaf, notary.Superseded))

	forbidden(second(w.Auth.CreateGrant(t.Context(), reader, &notary.Grant{PrincipalID: reader.Principal.ID,
		GrantTerms: teamTerms(root)})))
	forbidden(w.Auth.ChangeRole(t.Context(), reader, reader.Principal.ID, notary.Admin))
	forbidden(second(w.CA.CreateProfile(t.Context(), reader, "mine", notary.Rules{})))
}

func TestDecideByGrant(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, other := w.Root(t, notary.ECDSAP256), w.Root(t, notary.ECDSAP256)
	me := newRequestor(t, w)
	grantTo(t, w, me, notary.GrantTerms{Actions: []string{"request.revoke", "certificate.revoke", "request.delete"},
		Authorities: []int64{root}})
	mine, elsewhere := w.Signed(t, me, root), w.Signed(t, me, other)
	theirs := w.Signed(t, w.Admin(), root)

	testkit.WantKind(t, w.RevokeRequest(t.Context(), me, theirs, notary.Superseded), notary.NotFound)
	testkit.WantKind(t, w.RevokeCertificate(t.Context(), me, request(t, w, theirs).Certificate.ID, notary.Superseded),
		notary.NotFound)
	testkit.WantKind(t, w.CA.Delete(t.Context(), me, theirs), notary.NotFound)
	testkit.WantKind(t, w.RevokeRequest(t.Context(), me, elsewhere, notary.Superseded), notary.Forbidden)
	testkit.WantKind(t, w.RevokeCertificate(t.Context(), me, request(t, w, elsewhere).Certificate.ID, notary.Superseded),
		notary.Forbidden)
	testkit.WantKind(t, w.CA.Reject(t.Context(), me, w.Request(t, me), ""), notary.Forbidden)
	testkit.WantKind(t, w.CA.Reopen(t.Context(), me, mine), notary.Forbidden)

	// Renewed by another authority, it has a certificate outside of the grant.
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), elsewhere, ca.SignOptions{AuthorityID: root}))
	testkit.WantKind(t, w.RevokeRequest(t.Context(), me, elsewhere, notary.Superseded), notary.Forbidden)
	testkit.Check(t, w.RevokeRequest(t.Context(), me, mine, notary.Superseded))
	testkit.Check(t, w.RevokeCertificate(t.Context(), me, request(t, w, elsewhere).Certificate.ID, notary.Superseded))
}

// Issue signs what a grant covers. Other requests are pending approval, as they are without a grant.
func TestIssueByGrant(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	me := newRequestor(t, w)
	grantTo(t, w, me, teamTerms(root))
	for name, want := range map[string]notary.RequestStatus{"a.team.example.com": notary.Active,
		"a.example.com": notary.Outstanding} {
		csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), name)
		for range 2 { // the second call is a renewal, or still pending
			issued, err := w.CA.Issue(t.Context(), me, csr, ca.IssueOptions{SignOptions: ca.SignOptions{AuthorityID: root}})
			testkit.Check(t, err)
			if issued.Status != want || (issued.Certificate != nil) != (want == notary.Active) {
				t.Errorf("%s: %+v", name, issued)
			}
		}
	}
}

// A change prepared under a grant is not committed if the grant, the membership or the group was deleted meanwhile.
func TestGrantsAreCheckedInTheTransaction(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, w *testkit.World, me notary.Caller, group, grant int64){
		"grant": func(t *testing.T, w *testkit.World, _ notary.Caller, _, grant int64) {
			testkit.Check(t, w.Auth.DeleteGrant(t.Context(), w.Admin(), grant))
		},
		"membership": func(t *testing.T, w *testkit.World, me notary.Caller, group, _ int64) {
			testkit.Check(t, w.Auth.ChangeMembers(t.Context(), w.Admin(), group, nil, []int64{me.Principal.ID}))
		},
		"group": func(t *testing.T, w *testkit.World, _ notary.Caller, group, _ int64) {
			testkit.Check(t, w.Auth.DeleteGroup(t.Context(), w.Admin(), group))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			root := w.Root(t, notary.ECDSAP256)
			me := newRequestor(t, w)
			group, err := w.Auth.CreateGroup(t.Context(), w.Admin(), "team")
			testkit.Check(t, err)
			testkit.Check(t, w.Auth.ChangeMembers(t.Context(), w.Admin(), group, []int64{me.Principal.ID}, nil))
			grant, err := w.Auth.CreateGrant(t.Context(), w.Admin(), &notary.Grant{GroupID: group, GrantTerms: teamTerms(root)})
			testkit.Check(t, err)
			first, second := submitAs(t, w, me, "a.team.example.com"), submitAs(t, w, me, "b.team.example.com")
			testkit.Check(t, w.CA.Sign(t.Context(), me, first, ca.SignOptions{AuthorityID: root}))

			ended := false
			node, err := testkit.OpenNode(t.Context(), w.Store, w.Keys,
				testkit.NodeOptions{Now: w.Clock.Now, MayIssue: func() error { // after the first check
					if !ended {
						ended = true
						end(t, w, me, group, grant)
					}
					return nil
				}})
			testkit.Check(t, err)
			testkit.WantKind(t, node.CA.Sign(t.Context(), me, second, ca.SignOptions{AuthorityID: root}), notary.Forbidden)
			wantStatus(t, w, second, notary.Outstanding)
			if !ended {
				t.Error("it was refused before the signature")
			}
		})
	}
}

// Grants do not change what lists, counts and previews show.
func TestGrantsDoNotExtendVisibility(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	me := newRequestor(t, w)
	mine, theirs := w.Signed(t, me, root), w.Signed(t, w.Admin(), root)
	grantTo(t, w, me, notary.GrantTerms{Actions: slices.DeleteFunc(policy.Actions(true),
		func(action string) bool { return action == string(policy.ViewRequests) })})

	var seen []int64
	testkit.Check(t, w.CA.EachRequest(t.Context(), me, notary.Filter{}, func(r *notary.Request) error {
		seen = append(seen, r.ID)
		return nil
	}))
	page, err := w.CA.Requests(t.Context(), me, notary.Query{Sort: notary.ByID, Limit: 10})
	testkit.Check(t, err)
	for _, r := range page.Items {
		seen = append(seen, r.ID)
	}
	if diff := cmp.Diff([]int64{mine, mine}, seen); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	certificates := 0
	testkit.Check(t, w.CA.EachCertificate(t.Context(), me, notary.Filter{},
		func(*notary.Certificate) error { certificates++; return nil }))
	selected, err := w.CA.Select(t.Context(), me, notary.Filter{Status: notary.Active})
	testkit.Check(t, err)
	chosen, err := w.CA.SelectCertificates(t.Context(), me, notary.Filter{AuthorityID: root})
	testkit.Check(t, err)
	if certificates != 1 || selected.Count != 1 || chosen.Count != 1 {
		t.Errorf("%d certificates, %d and %d selected: want one each", certificates, selected.Count, chosen.Count)
	}
	groups, _, err := w.CA.SignPlan(t.Context(), me, ca.Many{IDs: []int64{theirs}}, ca.SignOptions{AuthorityID: root})
	testkit.Check(t, err)
	if len(groups) != 0 {
		t.Errorf("the plan tells of another's request: %+v", groups)
	}
	testkit.Check(t, w.CA.RevokeMany(t.Context(), me, ca.Many{IDs: []int64{theirs, mine}},
		ca.RevokeOptions{Reason: notary.Superseded},
		func(o ca.Outcome) error {
			want := map[int64]notary.Kind{theirs: notary.NotFound}[o.ID]
			if notary.KindOf(o.Err) != want {
				t.Errorf("%d: %v", o.ID, o.Err)
			}
			return nil
		}))
	for name, err := range map[string]error{"the summary": second(w.CA.Summary(t.Context(), me)),
		"the authorities": second(w.CA.Authorities(t.Context(), me)),
		"the events":      second(w.CA.Events(t.Context(), me, notary.EventQuery{Limit: 1}))} {
		if notary.KindOf(err) != notary.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	me := newRequestor(t, w)
	grant := grantTo(t, w, me, teamTerms(root))
	ask := func(by notary.Caller, q ca.Question) ca.Answer {
		t.Helper()
		all, err := w.CA.Explain(t.Context(), by, q)
		testkit.Check(t, err)
		if len(all) != 1 || all[0].Action != q.Action {
			t.Fatalf("%+v", all)
		}
		return all[0]
	}
	q := ca.Question{Action: "request.sign", AuthorityID: root, Profile: notary.DefaultProfile,
		Names: []string{"a.team.example.com"}}
	if a := ask(me, q); !a.Allowed || a.Grant == nil || a.Grant.ID != grant {
		t.Errorf("%+v", a)
	}
	q.AccountID = me.Principal.ID
	if a := ask(w.Admin(), q); !a.Allowed || a.Grant == nil {
		t.Errorf("asked by an Admin: %+v", a)
	}
	q.Names = append(q.Names, "b.example.com")
	if a := ask(me, q); a.Allowed || a.Reason == "" {
		t.Errorf("%+v", a)
	}
	q.AccountID = w.Admin().Principal.ID
	testkit.WantKind(t, second(w.CA.Explain(t.Context(), me, q)), notary.Forbidden)
	testkit.WantKind(t, second(w.CA.Explain(t.Context(), w.Admin(),
		ca.Question{Action: "request.sign", AccountID: nothing})), notary.NotFound)
	testkit.WantKind(t, second(w.CA.Explain(t.Context(), me, ca.Question{Action: "request.steal"})), notary.Invalid)
	testkit.WantKind(t, second(w.CA.Explain(t.Context(), me, ca.Question{Action: "request.sign",
		Names: []string{"a b"}})), notary.Invalid)

	// A grant applies only to objects that the account can see: as their owner, through a group or by another grant.
	q = ca.Question{Action: "request.sign", AuthorityID: root, Profile: notary.DefaultProfile,
		Names: []string{"a.team.example.com"}, OwnerGroupID: newTeam(t, w, "team", me)}
	if a := ask(me, q); !a.Allowed || a.Grant.ID != grant {
		t.Errorf("an object of its group: %+v", a)
	}
	limited := grantTo(t, w, me, notary.GrantTerms{Actions: []string{"request.reject"},
		OwnerGroups: []int64{q.OwnerGroupID}})
	if a := ask(me, ca.Question{Action: "request.reject", OwnerGroupID: q.OwnerGroupID}); !a.Allowed ||
		a.Grant.ID != limited {
		t.Errorf("a grant limited to the group: %+v", a)
	}
	q.OwnerGroupID = newTeam(t, w, "others")
	if a := ask(me, q); a.Allowed || a.Grant != nil || !strings.Contains(a.Reason, "cannot see the object") {
		t.Errorf("an object of another group: %+v", a)
	}
	if a := ask(me, ca.Question{Action: "request.reject", OwnerGroupID: q.OwnerGroupID}); a.Allowed {
		t.Errorf("a grant limited to another group: %+v", a)
	}
	q.OwnerGroupID, q.OwnerID = 0, w.Admin().Principal.ID
	if a := ask(me, q); a.Allowed {
		t.Errorf("an object of another account: %+v", a)
	}
	grantTo(t, w, me, notary.GrantTerms{Actions: []string{"request.view"}, Owners: []int64{q.OwnerID}})
	if a := ask(me, q); !a.Allowed {
		t.Errorf("an object of another account that it can see: %+v", a)
	}
	q.OwnerGroupID = 1
	testkit.WantField(t, second(w.CA.Explain(t.Context(), me, q)), "owner_group_id")
	all, err := w.CA.Explain(t.Context(), me, ca.Question{})
	testkit.Check(t, err)
	if len(all) != len(policy.Actions(false)) {
		t.Errorf("%d answers", len(all))
	}
}

package ca_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// A trial returns every verdict for a CSR, and which of the latest requests a change would affect.
func TestTryProfile(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	constrained := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1,
		Constraints: notary.NameConstraints{Permitted: notary.Subtrees{DNS: []string{"example.com", "example.net"}}}})
	key := testkit.Key(t, notary.ECDSAP256)
	var requests []int64
	for _, name := range []string{"a.example.com", "b.example.com", "c.example.net", "d.example.org"} {
		requests = append(requests, requestFor(t, w, testkit.Key(t, notary.ECDSAP256), name))
	}
	onlyListed := func(r *notary.Rules, entries ...string) {
		r.Names.DNS = notary.NameRule{Allow: notary.AllowListed, Listed: entries}
	}
	id := newProfile(t, w, "web", func(r *notary.Rules) { onlyListed(r, "example.com") })
	wider := rulesOf(t, "server", func(r *notary.Rules) { onlyListed(r, "a.example.com", "example.net", "example.org") })
	events := len(w.Events(t))

	try := func(o ca.TryOptions) *notary.ProfileTrial {
		t.Helper()
		trial, err := w.CA.TryProfile(t.Context(), w.Caller(notary.ReadOnly), id, o)
		testkit.Check(t, err)
		return trial
	}
	ids := func(tried []notary.TriedRequest) (ids []int64) {
		for _, r := range tried {
			if r.Reason == "" || r.CommonName == "" || len(r.Names.DNS) != 1 {
				t.Errorf("of request %d it says %+v", r.ID, r)
			}
			ids = append(ids, r.ID)
		}
		return ids
	}
	for _, tt := range []struct {
		name             string
		o                ca.TryOptions
		looked           int
		refused, allowed []int64
	}{
		{"unchanged", ca.TryOptions{Last: 100}, 4, []int64{requests[3], requests[2]}, nil},
		{"the last two", ca.TryOptions{Last: 2}, 2, []int64{requests[3], requests[2]}, nil},
		{"changed", ca.TryOptions{Last: 100, Rules: &wider}, 4, []int64{requests[1]}, []int64{requests[3], requests[2]}},
		{"changed, for an authority", ca.TryOptions{Last: 100, Rules: &wider, AuthorityID: constrained}, 4,
			[]int64{requests[1]}, []int64{requests[2]}},
	} {
		trial := try(tt.o)
		if diff := cmp.Diff([][]int64{tt.refused, tt.allowed}, [][]int64{ids(trial.Refused),
			ids(trial.Allowed)}); diff != "" || trial.Looked != tt.looked {
			t.Errorf("%s: looked at %d; refused and allowed (-want +got):\n%s", tt.name, trial.Looked, diff)
		}
	}

	csr := testkit.CSR(t, key, "x.example.org")
	failing := func(trial *notary.ProfileTrial) (rules []string) {
		for _, v := range trial.Trial.Verdicts {
			if !v.OK {
				rules = append(rules, v.Rule)
			}
		}
		return rules
	}
	for _, tt := range []struct {
		o    ca.TryOptions
		want []string
	}{
		{ca.TryOptions{CSR: csr}, []string{"dns_names"}},
		{ca.TryOptions{CSR: csr, Rules: &wider}, nil},
		{ca.TryOptions{CSR: csr, Rules: &wider, AuthorityID: constrained}, []string{"constraints"}},
		{ca.TryOptions{CSR: testkit.CSR(t, key, "a.example.com"), AuthorityID: constrained}, nil},
	} {
		if diff := cmp.Diff(tt.want, failing(try(tt.o))); diff != "" {
			t.Errorf("what does not hold (-want +got):\n%s", diff)
		}
	}
	if after := len(w.Events(t)); after != events {
		t.Errorf("%d events were written", after-events)
	}
	sum, err := w.CA.Summary(t.Context(), w.Admin())
	testkit.Check(t, err)
	if sum.Certificates != 1 { // the root's
		t.Errorf("there are %d certificates", sum.Certificates)
	}
}

func TestTryProfileKnowsCompromisedKeys(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	key := testkit.Key(t, notary.ECDSAP256)
	id := requestFor(t, w, key, "a.example.com")
	testkit.Check(t, sign(t, w, id, w.Root(t, notary.ECDSAP256)))
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise))
	trial, err := w.CA.TryProfile(t.Context(), w.Admin(), profileByName(t, w, "server").ID,
		ca.TryOptions{CSR: testkit.CSR(t, key, "b.example.com")})
	testkit.Check(t, err)
	if trial.Trial.OK() || !strings.Contains(trial.Trial.Reason(), "keyCompromise") {
		t.Errorf("the verdicts are %+v", trial.Trial.Verdicts)
	}
}

func TestTryProfileErrors(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	id := profileByName(t, w, "server").ID
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	contradictory := rulesOf(t, "server", func(r *notary.Rules) { r.Keys.Allowed = nil })
	for _, tt := range []struct {
		o     ca.TryOptions
		kind  notary.Kind
		field string
	}{
		{ca.TryOptions{}, notary.Invalid, "csr"},
		{ca.TryOptions{CSR: "nonsense"}, notary.Invalid, "csr"},
		{ca.TryOptions{Last: -1}, notary.Invalid, "last"},
		{ca.TryOptions{Last: 1001}, notary.Invalid, "last"},
		{ca.TryOptions{CSR: csr, Rules: &contradictory}, notary.Invalid, "profile.keys.allowed"},
		{ca.TryOptions{CSR: csr, AuthorityID: nothing}, notary.NotFound, "certificate_authority_id"},
		{ca.TryOptions{CSR: csr, AuthorityID: w.Pending(t)}, notary.Conflict, ""},
	} {
		_, err := w.CA.TryProfile(t.Context(), w.Admin(), id, tt.o)
		testkit.WantKind(t, err, tt.kind)
		testkit.WantField(t, err, tt.field)
	}
}

package ca_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

func submitWith(t *testing.T, w *testkit.World, caller notary.Caller, a ca.Annotation) int64 {
	t.Helper()
	id, err := w.CA.SubmitWith(t.Context(), caller, testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com"),
		ca.SubmitOptions{Annotation: a})
	testkit.Check(t, err)
	return id
}

func labelled(t *testing.T, w *testkit.World, labels ...string) (requests, certificates []int64) {
	t.Helper()
	f := notary.Filter{Labels: labels}
	testkit.Check(t, w.CA.EachRequest(t.Context(), w.Admin(), f, func(r *notary.Request) error {
		requests = append(requests, r.ID)
		return nil
	}))
	testkit.Check(t, w.CA.EachCertificate(t.Context(), w.Admin(), f, func(c *notary.Certificate) error {
		certificates = append(certificates, c.ID)
		return nil
	}))
	return requests, certificates
}

func wantLabelled(t *testing.T, w *testkit.World, wantRequests, wantCertificates []int64, labels ...string) {
	t.Helper()
	requests, certificates := labelled(t, w, labels...)
	if !cmp.Equal(requests, wantRequests) || !cmp.Equal(certificates, wantCertificates) {
		t.Errorf("%q finds the requests %v and the certificates %v, want %v and %v", labels, requests, certificates,
			wantRequests, wantCertificates)
	}
}

func change(changes ...string) ca.Change {
	c := ca.Change{Labels: map[string]*string{}}
	for _, text := range changes {
		key, value, found := strings.Cut(text, "=")
		c.Labels[strings.TrimSuffix(key, "-")] = nil
		if found {
			c.Labels[key] = &value
		}
	}
	return c
}

// Labels find a request and all its certificates, also renewals and after the request is deleted.
func TestLabels(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	w.Signed(t, w.Admin(), root) // without labels
	id := submitWith(t, w, w.Admin(), ca.Annotation{Labels: notary.Labels{"team": "Payments", "env": "prod"}})
	testkit.Check(t, sign(t, w, id, root))
	first := request(t, w, id).Certificate.ID
	wantLabelled(t, w, []int64{id}, []int64{first}, "team:payments")

	testkit.Check(t, w.CA.Annotate(t.Context(), w.Admin(), id, change("team=web", "tier=1", "env-")))
	testkit.Check(t, sign(t, w, id, root))
	second := request(t, w, id).Certificate.ID
	both := []int64{first, second}
	wantLabelled(t, w, []int64{id}, both, "team:web")
	wantLabelled(t, w, []int64{id}, both, "team")
	wantLabelled(t, w, []int64{id}, both, "team", "tier:1")
	for _, none := range []string{"team:payments", "env", "env:prod", "team:we", "web", "tea", "team:%"} {
		wantLabelled(t, w, nil, nil, none)
	}
	wantLabelled(t, w, nil, nil, "team:web", "tier:2")
	want := notary.Labels{"team": "web", "tier": "1"}
	if r := request(t, w, id); !cmp.Equal(r.Labels, want) || !cmp.Equal(r.Certificate.Labels, want) {
		t.Errorf("the request has %v, its certificate %v, want %v", r.Labels, r.Certificate.Labels, want)
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))

	testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), id))
	wantLabelled(t, w, nil, both, "team:web")
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

// A word with a colon, or after label=, searches for a label.
func TestSearchForALabel(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	w.Request(t, w.Admin())
	id := submitWith(t, w, w.Admin(), ca.Annotation{Labels: notary.Labels{"team": "Payments", "of": "data science"}})
	for query, want := range map[string][]int64{"team:payments": {id}, "TEAM=Payments": {id},
		"label=team:payments": {id}, "label=TEAM=Payments": {id}, "label=team": {id}, "a.example label=team:payments": {id},
		"label=team:web": nil, "label=team:payments nowhere": nil, `label=team:"data science"`: nil,
		`label=of:"Data Science" label=team:payments`: {id}, "label=of:Data": nil, "labels": nil,
		"a.example team=payments": {id}, "team:web": nil, "team:": nil, "payments": nil} {
		var f notary.Filter
		testkit.Check(t, ca.ReadSearch(&f, query))
		page, err := w.CA.Requests(t.Context(), w.Admin(), notary.Query{Sort: notary.ByID, Limit: 10, Filter: f})
		testkit.Check(t, err)
		var got []int64
		for _, r := range page.Items {
			got = append(got, r.ID)
		}
		if !cmp.Equal(got, want) {
			t.Errorf("%q finds %v, want %v", query, got, want)
		}
	}
	for _, query := range []string{"label=", "a.example label=team:", "label=Not/a$label", `label="team:payments`} {
		var e *notary.Error
		if err := ca.ReadSearch(&notary.Filter{}, query); !errors.As(err, &e) || e.Field != "q" {
			t.Errorf("%q: %v", query, err)
		}
	}
}

// A change keeps what it does not mention, and its event has what it changed.
func TestAnnotate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	id := submitWith(t, w, w.Admin(), ca.Annotation{Note: "for the shop", Labels: notary.Labels{"a": "1", "b": "2"}})
	c := change("a=one", "c=3", "b-", "d-")
	testkit.Check(t, w.CA.Annotate(t.Context(), w.Admin(), id, c))
	r := request(t, w, id)
	if r.Note != "for the shop" || !cmp.Equal(r.Labels, notary.Labels{"a": "one", "c": "3"}) {
		t.Errorf("note %q, labels %v", r.Note, r.Labels)
	}
	note := " two\r\nlines "
	testkit.Check(t, w.CA.Annotate(t.Context(), w.Admin(), id, ca.Change{Note: &note}))
	if r := request(t, w, id); r.Note != "two\nlines" || len(r.Labels) != 2 {
		t.Errorf("note %q, labels %v", r.Note, r.Labels)
	}
	testkit.Check(t, w.CA.Annotate(t.Context(), w.Admin(), id, change("a=one"))) // no change, no event

	history, err := w.CA.History(t.Context(), w.Admin(), id)
	testkit.Check(t, err)
	var got []string
	for _, e := range history {
		got = append(got, e.Sentence())
	}
	want := []string{
		"Labels or note changed: certificate request 1 (a.example.com); note: for the shop → two\nlines",
		"Labels or note changed: certificate request 1 (a.example.com); labels: a=1 b=2 → a=one c=3",
		"Submitted: certificate request 1 (a.example.com); key: ECDSA P-256, labels: a=1 b=2, note: for the shop, " +
			"status: Outstanding",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	empty := ""
	testkit.Check(t, w.CA.Annotate(t.Context(), w.Admin(), id, ca.Change{Note: &empty, Labels: change("a-", "c-").Labels}))
	if r := request(t, w, id); r.Note != "" || len(r.Labels) != 0 {
		t.Errorf("note %q, labels %v", r.Note, r.Labels)
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

func TestBadLabels(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	id := w.Request(t, w.Admin())
	many := notary.Labels{}
	for i := range 1000 {
		many[fmt.Sprintf("k%d", i)] = "v"
	}
	for name, bad := range map[string]struct {
		labels notary.Labels
		says   string
	}{
		"a long value":        {notary.Labels{"a": strings.Repeat("x", 10_000)}, "shorten"},
		"a value too long":    {notary.Labels{"a": strings.Repeat("ü", 256)}, "more than 255"},
		"control characters":  {notary.Labels{"a": "b\x00c"}, "unprintable"},
		"a line end":          {notary.Labels{"a": "b\nc"}, "unprintable"},
		"an override":         {notary.Labels{"a": "b\u202ec"}, "unprintable"},
		"broken UTF-8":        {notary.Labels{"a": "b\xff"}, "unprintable"},
		"a thousand":          {many, "1000 labels"},
		"no key":              {notary.Labels{"": "b"}, "key"},
		"an upper-case key":   {notary.Labels{"Team": "b"}, "key"},
		"a digit first":       {notary.Labels{"1a": "b"}, "key"},
		"a separator":         {notary.Labels{"a:b": "c"}, "key"},
		"a long key":          {notary.Labels{strings.Repeat("k", 64): "c"}, "key"},
		"a line end in a key": {notary.Labels{"a\n": "c"}, "key"},
		"a blank value":       {notary.Labels{"a": "  "}, "no value"},
	} {
		check := func(call string, err error) {
			t.Helper()
			if notary.KindOf(err) != notary.Invalid || !strings.Contains(err.Error(), bad.says) {
				t.Fatalf("%s, %s: %v", name, call, err)
			}
			testkit.WantField(t, err, "labels")
		}
		csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "b.example.com")
		_, err := w.CA.SubmitWith(t.Context(), w.Admin(), csr, ca.SubmitOptions{Annotation: ca.Annotation{
			Labels: bad.labels}})
		check("submit", err)
		_, err = w.CA.Issue(t.Context(), w.Admin(), csr, ca.IssueOptions{Labels: bad.labels})
		check("issue", err)
		c := ca.Change{Labels: map[string]*string{}}
		for key, value := range bad.labels {
			c.Labels[key] = &value
		}
		check("annotate", w.CA.Annotate(t.Context(), w.Admin(), id, c))
	}
	most := notary.Labels{}
	for i := range notary.MaxLabels {
		most[fmt.Sprintf("k%02d%s", i, strings.Repeat("x", notary.MaxLabelKey-3))] = strings.Repeat("ẞ", notary.MaxLabelValue)
	}
	submitWith(t, w, w.Admin(), ca.Annotation{Labels: most})
	testkit.WantKind(t, w.CA.Annotate(t.Context(), w.Admin(), 2, change("k=33")), notary.Invalid)
	long := strings.Repeat("n", 1001)
	testkit.WantKind(t, w.CA.Annotate(t.Context(), w.Admin(), id, ca.Change{Note: &long}), notary.Invalid)
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

// The owner, the members of its group, and callers with the permission can annotate it. Others do not see it.
func TestWhoMayAnnotate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	ann, bob, eve := newRequestor(t, w), newRequestor(t, w), newRequestor(t, w)
	team := newTeam(t, w, "team", bob)
	own := w.Request(t, ann)
	shared := submitFor(t, w, w.Admin(), team, "b.example.com")
	for _, test := range []struct {
		caller notary.Caller
		id     int64
		want   notary.Kind
	}{
		{ann, own, ""}, {bob, own, notary.NotFound}, {eve, own, notary.NotFound},
		{bob, shared, ""}, {ann, shared, notary.NotFound},
		{w.Caller(notary.CertificateManager), own, ""}, {w.Caller(notary.ReadOnly), own, notary.Forbidden},
	} {
		err := w.CA.Annotate(t.Context(), test.caller, test.id, change("by="+test.caller.Principal.Name))
		if notary.KindOf(err) != test.want {
			t.Errorf("%s on request %d: %v, want %q", test.caller.Principal.Name, test.id, err, test.want)
		}
	}
	grantTo(t, w, eve, notary.GrantTerms{Actions: []string{"request.view", "request.annotate"}})
	testkit.Check(t, w.CA.Annotate(t.Context(), eve, own, change("by=eve")))
}

// Concurrent changes of different labels are all kept, and a certificate signed meanwhile has them too.
func TestAnnotateRaces(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := w.Request(t, w.Admin())
	kinds := testkit.Kinds(testkit.Race(8, func(i int) error {
		if i == 7 {
			return w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root})
		}
		return w.CA.Annotate(t.Context(), w.Admin(), id, change(fmt.Sprintf("k%d=v", i)))
	}))
	if kinds[""]+kinds[notary.Conflict] != 8 || kinds[notary.Conflict] > 1 {
		t.Errorf("outcomes %v", kinds) // only the signature may conflict
	}
	if r := request(t, w, id); len(r.Labels) != 7 {
		t.Errorf("labels %v", r.Labels)
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

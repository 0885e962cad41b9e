package main

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/pki"
	"notary/internal/store"
	"notary/internal/testkit"
)

func made(n int, from ...sample) []store.Life {
	if from == nil {
		from = []sample{{weight: 1, csr: "csr", key: "ECDSA P-256", authority: 7,
			der: []byte("the DER of a certificate")}}
	}
	l := newLives(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), from)
	all := make([]store.Life, n)
	for i := range all {
		all[i] = l.next()
	}
	return all
}

func TestLivesAreTheSameInEveryRun(t *testing.T) {
	t.Parallel()
	if d := cmp.Diff(made(200), made(200)); d != "" {
		t.Error(d)
	}
}

func TestLivesAreDistributedAsInAnOrganisation(t *testing.T) {
	t.Parallel()
	const n = 20_000
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	owners, shares := map[int64]string{}, map[string]int{}
	for _, life := range made(n) {
		r := life.Request
		shares[string(r.Status)]++
		if known := owners[r.RequesterID]; known != "" && known != r.Email {
			t.Fatalf("owner %d is %s and %s", r.RequesterID, known, r.Email)
		}
		owners[r.RequesterID] = r.Email
		if r.Status == notary.Active && life.Certificates[len(life.Certificates)-1].NotAfter.Before(now) {
			shares["expired"]++
		}
		if len(life.Certificates) > 1 {
			shares["renewed"]++
		}
	}
	for name, percent := range map[string]int{"Outstanding": 3, "Rejected": 4, "Revoked": 8, "Active": 85,
		"expired": 15} {
		if got := 100 * float64(shares[name]) / n; got < float64(percent)-1 || got > float64(percent)+1 {
			t.Errorf("%.1f %% are %s, want about %d", got, name, percent)
		}
	}
	if shares["renewed"] < n/10 || len(owners) < 1000 || len(owners) > 2000 {
		t.Errorf("%d were renewed, there are %d owners", shares["renewed"], len(owners))
	}
}

func TestLivesAreConsistent(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for _, life := range made(5000) {
		checkLife(t, life, now)
		fingerprints := []string{life.Request.Fingerprint}
		for _, c := range life.Certificates {
			fingerprints = append(fingerprints, c.Fingerprint, c.Serial)
		}
		for _, f := range fingerprints {
			if seen[f] {
				t.Fatalf("%s is repeated", f)
			}
			seen[f] = true
		}
	}
}

func checkLife(t *testing.T, life store.Life, now time.Time) {
	t.Helper()
	r := life.Request
	names, err := pki.ParseNames(slices.Concat(r.Names.DNS, r.Names.IP, r.Names.Email))
	if d := cmp.Diff(r.Names, names); err != nil || d != "" {
		t.Errorf("the names are not in comparable form: %v %s", err, d)
	}
	at := r.CreatedAt
	for _, e := range life.Events {
		if e.At.Before(at) || e.At.After(now) {
			t.Errorf("%s at %v, after %v and before %v?", e.Action, e.At, at, now)
		}
		at = e.At
	}
	if !r.UpdatedAt.Equal(at) || life.Events[0].Action != "request.create" {
		t.Errorf("changed at %v, the last event is at %v, the first is %s", r.UpdatedAt, at, life.Events[0].Action)
	}
	for i, c := range life.Certificates {
		last := i == len(life.Certificates)-1
		if revoked := c.Revocation != nil; revoked != (last && r.Status == notary.Revoked) {
			t.Errorf("certificate %d of a request that is %s: revoked is %v", i, r.Status, revoked)
		}
		if c.AuthorityID == 0 || !c.NotBefore.Before(c.NotAfter) {
			t.Errorf("authority %d, valid from %v to %v", c.AuthorityID, c.NotBefore, c.NotAfter)
		}
		if v := c.Revocation; v != nil && (v.Serial != c.Serial || v.At.Before(c.NotBefore) || v.At.After(now)) {
			t.Errorf("revocation %+v of the certificate %s", v, c.Serial)
		}
	}
	if has := len(life.Certificates) > 0; has != (r.Status == notary.Active || r.Status == notary.Revoked) {
		t.Errorf("a request that is %s has %d certificates", r.Status, len(life.Certificates))
	}
}

// The World checks its database at the end.
func TestDatabaseOfLivesIsConsistent(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	id := w.Signed(t, w.Admin(), w.Root(t, notary.ECDSAP256))
	r, err := w.Store.Request(t.Context(), id)
	testkit.Check(t, err)
	testkit.Check(t, w.Store.Fill(t.Context(), slices.Values(made(500, newSample(r, 1)))))
	sum, err := w.Store.Summary(t.Context(), time.Now())
	testkit.Check(t, err)
	total := int64(0)
	for _, n := range sum.Requests {
		total += n
	}
	if total != 501 {
		t.Errorf("there are %d requests, want 501", total)
	}
}

func TestDomainOf(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"web-1.eu-west.prod.payments.example.com": "payments.example.com",
		"api.search.fjord.example":                "search.fjord.example",
		"*.us-east.dev.ads.example.org":           "ads.example.org",
		"10.0.0.7":                                "",
		"ada.0@example.com":                       "",
	} {
		if got := domainOf(host); got != want {
			t.Errorf("domainOf(%q) = %q, want %q", host, got, want)
		}
	}
}

package issuers_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/issuers"
	"notary/internal/testkit"
)

// The verdict on a chain is cached until one of its certificates expires.
func TestVerdictsAreCached(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now()).Intermediate(t, notary.ECDSAP256)
	key := testkit.Key(t, notary.ECDSAP256)
	id := testkit.RequestFor(t, w, key, "www.example.com")
	leaf := o.Issue(t, key.Public())
	certificate, err := w.CA.Upload(t.Context(), w.Admin(), id,
		testkit.PEM(append([]*x509.Certificate{leaf}, o.Authorities()...)...))
	testkit.Check(t, err)
	checks := issuers.CountChainChecks(w.Issuers)
	problem := func() string {
		chains, _, err := w.CA.Chains(t.Context(), w.Admin(), certificate)
		testkit.Check(t, err)
		if len(chains) != 1 {
			t.Fatalf("there are %d chains", len(chains))
		}
		return chains[0].Problem
	}
	for range 3 {
		if got := problem(); got != "" {
			t.Errorf("its problem is %q", got)
		}
	}
	w.Clock.Advance(leaf.NotAfter.Sub(w.Clock.Now()))
	if got := problem(); got != "" || checks.Load() != 1 {
		t.Errorf("in its last second the problem is %q, after %d checks; want none, after one", got, checks.Load())
	}
	w.Clock.Advance(time.Second)
	for range 2 {
		if got := problem(); !strings.Contains(got, "expired") || checks.Load() != 2 {
			t.Errorf("after its end the problem is %q, after %d checks", got, checks.Load())
		}
	}
}

package ca_test

import (
	"crypto/x509/pkix"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/testkit"
)

// Name constraints are stored with the authority for all its certificates, and apply at any depth.
func TestNameConstraints(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	constraints := func(domains ...string) notary.NameConstraints {
		return notary.NameConstraints{Permitted: notary.Subtrees{DNS: domains}}
	}
	root := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1,
		Constraints: constraints("Example.com", "example.com")})
	middle := w.Intermediate(t, root, notary.ECDSAP256)
	lower := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1, Constraints: constraints("a.example.com")})
	for range 2 { // the second time is a renewal
		testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), lower, middle))
		for id, want := range map[int64]notary.NameConstraints{root: constraints("example.com"), middle: {},
			lower: constraints("a.example.com")} {
			a := authority(t, w, id)
			got, err := pki.CertificateConstraints(parsed(t, a.Certificate))
			testkit.Check(t, err)
			if diff := cmp.Diff([2]notary.NameConstraints{want, want},
				[2]notary.NameConstraints{a.Constraints, got}); diff != "" {
				t.Errorf("constraints of authority %d and of its certificate (-want +got):\n%s", id, diff)
			}
		}
	}

	for _, tt := range []struct {
		name    string
		issuer  int64
		allowed bool
	}{
		{"b.example.com", middle, true}, {"b.example.net", middle, false}, {"x.a.example.com", lower, true},
		{"b.example.com", lower, false}, {"example.net", root, false},
	} {
		err := sign(t, w, requestFor(t, w, testkit.Key(t, notary.ECDSAP256), tt.name), tt.issuer)
		if tt.allowed {
			testkit.Check(t, err)
			continue
		}
		testkit.WantKind(t, err, notary.Unprocessable)
		testkit.WantText(t, err, tt.name, "name constraints")
	}

	wide := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1, Constraints: constraints("example.net")})
	err := w.CA.SignAuthority(t.Context(), w.Admin(), wide, middle)
	testkit.WantKind(t, err, notary.Unprocessable)
	testkit.WantText(t, err, "example.net", "wider")
	wantAuthority(t, w, wide, notary.AuthorityPending)

	named := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1, DNSNames: []string{"ca.example.net"}})
	testkit.WantKind(t, w.CA.SignAuthority(t.Context(), w.Admin(), named, middle), notary.Unprocessable)

	_, err = w.CA.CreateAuthority(t.Context(), w.Admin(), ca.AuthorityOptions{Subject: pkix.Name{CommonName: "Bad"},
		PathLen:     -1,
		Constraints: constraints("*.example.com")})
	testkit.WantKind(t, err, notary.Invalid)
	testkit.WantField(t, err, "name_constraints.permitted.dns")
}

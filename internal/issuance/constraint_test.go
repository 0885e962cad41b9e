package issuance_test

import (
	"crypto/x509"
	"encoding/base64"
	"net"
	"testing"

	"notary"
	"notary/internal/issuance"
)

func base64Of(der []byte) string { return base64.StdEncoding.EncodeToString(der) }

func TestPathLength(t *testing.T) {
	t.Parallel()
	csr := func(t *testing.T) issuance.Issuer { return newRoot(t, notary.ECDSAP256, 0) }
	tests := []struct {
		name    string
		issuer  func(*testing.T) issuance.Issuer
		pathLen int
		words   string // "": allowed
	}{
		{"none, below a root without limit", func(t *testing.T) issuance.Issuer { return newRoot(t, notary.ECDSAP256, -1) }, -1, ""},
		{"five, below a root without limit", func(t *testing.T) issuance.Issuer { return newRoot(t, notary.ECDSAP256, -1) }, 5, ""},
		{"below a limit of zero", csr, -1, "Test Root allows 0 further authorities under it, and this needs 1"},
		{"below a limit of one", func(t *testing.T) issuance.Issuer { return newRoot(t, notary.ECDSAP256, 1) }, 0, ""},
		{"more than what is left", func(t *testing.T) issuance.Issuer { return newRoot(t, notary.ECDSAP256, 1) }, 1, "Test Root allows 1"},
		{"the ancestor's limit counts", func(t *testing.T) issuance.Issuer {
			return under(t, newRoot(t, notary.ECDSAP256, 1), "Middle", -1)
		}, -1, "Test Root allows 1 further authorities under it, and this needs 2"},
		{"the ancestor's limit leaves room", func(t *testing.T) issuance.Issuer {
			return under(t, newRoot(t, notary.ECDSAP256, 2), "Middle", -1)
		}, 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := issuance.Intermediate(test.issuer(t), intermediate(), newCSR(t, newKey(t), title("Below")), test.pathLen, terms)
			if test.words == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, notary.Unprocessable, test.words)
		})
	}
	root := newRoot(t, notary.ECDSAP256, 0)
	verify(t, issueLeaf(t, root, leafCSR(t, "a.example.com"), terms), root, x509.ExtKeyUsageServerAuth)
}

func TestNameConstraints(t *testing.T) {
	t.Parallel()
	_, tens, err := net.ParseCIDR("10.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	constrained := outside(t, func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical = true
		c.PermittedDNSDomains = []string{"example.com"}
		c.ExcludedDNSDomains = []string{"secret.example.com"}
		c.PermittedIPRanges = []*net.IPNet{tens}
		c.PermittedEmailAddresses = []string{"example.com"}
		c.ExcludedURIDomains = []string{"bad.example.org"}
	})
	below := under(t, constrained, "Unconstrained Middle", -1)
	tests := []struct {
		name  string
		names []string
		words []string // nil: allowed
	}{
		{"permitted", []string{"a.example.com", "10.1.2.3", "me@example.com", "spiffe://good.example.org/x"}, nil},
		{"DNS not permitted", []string{"a.example.com", "a.example.net"}, []string{"a.example.net", "Outside Authority"}},
		{"DNS excluded", []string{"a.secret.example.com"}, []string{"a.secret.example.com"}},
		{"wildcard that reaches too far", []string{"*.example.net"}, []string{"example.net"}},
		{"IP not permitted", []string{"192.0.2.1"}, []string{"192.0.2.1"}},
		{"IPv6 not permitted", []string{"2001:db8::1"}, []string{"2001:db8::1"}},
		{"e-mail not permitted", []string{"me@example.net"}, []string{"me@example.net"}},
		{"URI excluded", []string{"spiffe://bad.example.org/x"}, []string{"bad.example.org"}},
	}
	for _, test := range tests {
		for level, issuer := range map[string]issuance.Issuer{"issuer": constrained, "ancestor": below} {
			t.Run(test.name+" by the "+level, func(t *testing.T) {
				t.Parallel()
				leaf, err := issuance.Leaf(issuer, profile(t, ""), leafCSR(t, test.names...), terms)
				if test.words != nil {
					wantError(t, err, notary.Unprocessable, test.words...)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				verify(t, leaf.Certificate, issuer, x509.ExtKeyUsageServerAuth)
			})
		}
	}
}

// Name constraints hold whatever the key of the authority.
func TestNameConstraintsForEveryKey(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		constrained := outsideWith(t, authorityKey(alg), func(c *x509.Certificate) {
			c.PermittedDNSDomains = []string{"example.com"}
		})
		signer := &countingSigner{Signer: constrained.Signer}
		constrained.Signer = signer
		_, err := issuance.Leaf(constrained, profile(t, ""), leafCSR(t, "a.example.net"), terms)
		wantError(t, err, notary.Unprocessable, "a.example.net")
		if signer.calls > 0 {
			t.Errorf("%s: it was signed before it was refused", alg)
		}
		leaf := issueLeaf(t, constrained, leafCSR(t, "a.example.com"), terms)
		verify(t, leaf, constrained, x509.ExtKeyUsageServerAuth)
		wantReadBack(t, leaf)
	}
}

// A name constraint binds authorities' names as well.
func TestNameConstraintsOfIntermediate(t *testing.T) {
	t.Parallel()
	constrained := outside(t, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.com"} })
	_, err := issuance.Intermediate(constrained, intermediate(), newCSR(t, newKey(t), title("Below"), "ca.example.net"), -1, terms)
	wantError(t, err, notary.Unprocessable, "ca.example.net")
}

func TestPurposesOfTheAuthority(t *testing.T) {
	t.Parallel()
	serverOnly := outside(t, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	csr := leafCSR(t, "a.example.com")
	if _, err := issuance.Leaf(serverOnly, profile(t, "server"), csr, terms); err != nil {
		t.Error(err)
	}
	_, err := issuance.Leaf(serverOnly, profile(t, "server-client"), csr, terms)
	wantError(t, err, notary.Unprocessable, "choose another profile")
	anything := outside(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} })
	if _, err := issuance.Leaf(anything, profile(t, ""), csr, terms); err != nil {
		t.Error(err)
	}
}

func TestAuthorityThatMayNotSign(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, words string
		edit        func(*x509.Certificate)
	}{
		{"not a CA", "does not let it sign certificates", func(c *x509.Certificate) { c.IsCA = false }},
		{"without keyCertSign", "does not let it sign certificates", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }},
		{"unknown critical extension", "critical extension", func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, criticalExtension)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bad := outside(t, test.edit)
			_, err := issuance.Leaf(bad, profile(t, ""), leafCSR(t, "a.example.com"), terms)
			wantError(t, err, notary.Unprocessable, test.words)
			good := newRoot(t, notary.ECDSAP256, -1)
			good.Ancestors = []*x509.Certificate{bad.Certificate}
			_, err = issuance.Leaf(good, profile(t, ""), leafCSR(t, "a.example.com"), terms)
			wantError(t, err, notary.Unprocessable, test.words)
		})
	}
}

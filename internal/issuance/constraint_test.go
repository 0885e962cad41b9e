package issuance_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

func base64Of(der []byte) string { return base64.StdEncoding.EncodeToString(der) }

func TestPathLength(t *testing.T) {
	t.Parallel()
	root := func(limit int) func(*testing.T) issuance.Issuer {
		return func(t *testing.T) issuance.Issuer { return newRoot(t, notary.ECDSAP256, limit) }
	}
	middle := func(limit int) func(*testing.T) issuance.Issuer {
		return func(t *testing.T) issuance.Issuer { return under(t, newRoot(t, notary.ECDSAP256, limit), "Middle", -1) }
	}
	tests := []struct {
		name    string
		issuer  func(*testing.T) issuance.Issuer
		pathLen int
		words   string // "" if allowed
	}{
		{"none, below a root without limit", root(-1), -1, ""},
		{"five, below a root without limit", root(-1), 5, ""},
		{"below a limit of zero", root(0), -1, "Test Root allows 0 subordinate CAs, but this certificate requires 1"},
		{"below a limit of one", root(1), 0, ""},
		{"more than what is left", root(1), 1, "Test Root allows 1"},
		{"the ancestor's limit counts", middle(1), -1, "Test Root allows 1 subordinate CAs, but this certificate requires 2"},
		{"the ancestor's limit leaves room", middle(2), 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := issuance.Intermediate(test.issuer(t), intermediate(), newCSR(t, newKey(t), title("Below")), test.pathLen,
				terms)
			if test.words == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, notary.Unprocessable, test.words)
		})
	}
	narrow := root(0)(t)
	verify(t, issueLeaf(t, narrow, leafCSR(t, "a.example.com"), terms), narrow, x509.ExtKeyUsageServerAuth)
}

// Constraints apply at any depth. Permitted names are covered by nameCases.
func TestNameConstraints(t *testing.T) {
	t.Parallel()
	constrained := outside(t, func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical = true
		c.PermittedDNSDomains = []string{"example.com"}
		c.ExcludedURIDomains = []string{"bad.example.org"}
	})
	below := under(t, constrained, "Unconstrained Middle", -1)
	tests := []struct {
		name  string
		names []string
		words []string // nil if allowed
	}{
		{"permitted", []string{"a.example.com", "spiffe://good.example.org/x"}, nil},
		{"DNS not permitted", []string{"a.example.com", "a.example.net"}, []string{"a.example.net", "Outside Authority"}},
		{"URI excluded", []string{"spiffe://bad.example.org/x"}, []string{"bad.example.org", "Outside Authority"}},
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

func TestNameConstraintsOfIntermediate(t *testing.T) {
	t.Parallel()
	constrained := outside(t, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.com"} })
	_, err := issuance.Intermediate(constrained, intermediate(), newCSR(t, newKey(t), title("Below"), "ca.example.net"),
		-1, terms)
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
		{"not a CA", "does not permit signing certificates", func(c *x509.Certificate) { c.IsCA = false }},
		{"without keyCertSign", "does not permit signing certificates",
			func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }},
		{"a key usage of nothing", "does not permit signing certificates", func(c *x509.Certificate) {
			c.KeyUsage = 0
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true,
				Value: []byte{3, 1, 0}}}
		}},
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

// They also apply to an authority's common name if programs treat it as a DNS name, as Java does with every single
// word.
func TestNameConstraintsOfACommonName(t *testing.T) {
	t.Parallel()
	constrained := outside(t, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.com"} })
	for _, name := range []string{"Below", "ca_1.example.net"} {
		_, err := issuance.Intermediate(constrained, intermediate(), newCSR(t, newKey(t), title(name)), -1, terms)
		wantError(t, err, notary.Unprocessable, "Outside Authority", "the common name \""+name+"\", which people and "+
			"some programs treat as a host name", "common name with a space")
	}
	under(t, constrained, "Authority Below", -1)
	if _, err := issuance.Intermediate(constrained, intermediate(),
		newCSR(t, newKey(t), title("Below"), "ca.example.com"), -1, terms); err != nil {
		t.Error(err)
	}
}

func TestSubtreesOfAnIntermediate(t *testing.T) {
	t.Parallel()
	upper := newRootWith(t, notary.NameConstraints{
		Permitted: notary.Subtrees{DNS: []string{"example.com"}, IP: []string{"10.0.0.0/8"},
			Email: []string{"example.com", ".mail.example.com", "me@example.net"}, URI: []string{".example.com"}},
		Excluded: notary.Subtrees{DNS: []string{"secret.example.com"}, IP: []string{"10.9.0.0/16"}},
	})
	below := under(t, upper, "Unconstrained Middle", -1)
	permitted := func(s notary.Subtrees) notary.NameConstraints { return notary.NameConstraints{Permitted: s} }
	for name, c := range map[string]struct {
		asked notary.NameConstraints
		words []string // nil if allowed
	}{
		"none of its own": {notary.NameConstraints{}, nil},
		"the same domain": {permitted(notary.Subtrees{DNS: []string{"example.com"}}), nil},
		"a domain below":  {permitted(notary.Subtrees{DNS: []string{"a.example.com"}}), nil},
		"another domain": {permitted(notary.Subtrees{DNS: []string{"example.net"}}),
			[]string{"DNS", "example.net", "wider", "Constrained Root"}},
		"the domain above": {permitted(notary.Subtrees{DNS: []string{"com"}}), []string{`"com"`, "wider"}},
		"one good domain, one bad": {permitted(notary.Subtrees{DNS: []string{"a.example.com", "example.org"}}),
			[]string{"example.org"}},
		"an excluded domain": {permitted(notary.Subtrees{DNS: []string{"secret.example.com"}}),
			[]string{"secret.example.com", "excludes"}},
		"a domain below an excluded one": {permitted(notary.Subtrees{DNS: []string{"a.secret.example.com"}}),
			[]string{"lies within", "excludes"}},
		"a smaller prefix": {permitted(notary.Subtrees{IP: []string{"10.1.0.0/16"}}), nil},
		"a larger prefix": {permitted(notary.Subtrees{IP: []string{"10.0.0.0/7"}}),
			[]string{"10.0.0.0/7", "wider"}},
		"IPv6": {permitted(notary.Subtrees{IP: []string{"2001:db8::/32"}}),
			[]string{"2001:db8::/32"}},
		"an excluded prefix":    {permitted(notary.Subtrees{IP: []string{"10.9.1.0/24"}}), []string{"10.9.0.0/16"}},
		"a mailbox at the host": {permitted(notary.Subtrees{Email: []string{"a@example.com"}}), nil},
		"a host below a domain": {permitted(notary.Subtrees{Email: []string{"a.mail.example.com"}}), nil},
		"hosts below a host": {permitted(notary.Subtrees{Email: []string{".example.com"}}),
			[]string{".example.com", "wider"}},
		"the host of a mailbox": {permitted(notary.Subtrees{Email: []string{"example.net"}}),
			[]string{"example.net"}},
		"a host of URIs below": {permitted(notary.Subtrees{URI: []string{"a.example.com"}}), nil},
		"the host of URIs that is above": {permitted(notary.Subtrees{URI: []string{"example.com"}}),
			[]string{"URI", "example.com"}},
		"exclusions of whatever there is": {notary.NameConstraints{Excluded: notary.Subtrees{DNS: []string{"com"}}}, nil},
	} {
		for level, issuer := range map[string]issuance.Issuer{"issuer": upper, "ancestor": below} {
			t.Run(name+", by the "+level, func(t *testing.T) {
				t.Parallel()
				csr := newCSR(t, newKey(t), title("Authority Below"))
				issued, err := issuance.Intermediate(issuer, intermediate(), csr, -1,
					issuance.Terms{Now: now, Constraints: c.asked})
				if c.words != nil {
					wantError(t, err, notary.Unprocessable, c.words...)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				got, err := pki.CertificateConstraints(issued.Certificate)
				if diff := cmp.Diff(c.asked, got); diff != "" || err != nil {
					t.Errorf("constraints (-want +got) %v:\n%s", err, diff)
				}
			})
		}
	}
}

func newRootWith(t *testing.T, constraints notary.NameConstraints) issuance.Issuer {
	t.Helper()
	key := newKey(t)
	root, err := issuance.Root(key, newCSR(t, key, title("Constrained Root")), -1,
		issuance.Terms{Now: now, Constraints: constraints})
	if err != nil {
		t.Fatal(err)
	}
	return issuance.Issuer{Certificate: root.Certificate, Signer: key}
}

// An authority whose constraints verifiers disagree on signs nothing, even if they are not critical and some
// ignore them.
func TestConstraintsThatAreNotSupported(t *testing.T) {
	t.Parallel()
	for name, value := range map[string][]byte{
		"directory names": constraintsExtension(t, []string{"dirName:Example"}, nil).Value,
		"a maximum": {0x30, 0x11, 0xa0, 0x0f, 0x30, 0x0d, 0x82, 0x08, 'a', '.', 'e', 'x', 'a', 'm', 'p', 'l',
			0x81, 0x01, 0x01},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			odd := outside(t, func(c *x509.Certificate) {
				c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Value: value}}
			})
			_, err := issuance.Leaf(odd, profile(t, ""), leafCSR(t, "a.exampl"), terms)
			wantError(t, err, notary.Unprocessable, "Outside Authority cannot sign", "name constraints")
		})
	}
}

package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"notary/internal/pki"
	"notary/internal/testkit"
)

// Certification paths modelled on NIST's PKITS, sections 4.6, 4.7 and 4.13. They are generated at each run and
// also verified by OpenSSL.

type pathCase struct {
	what    string
	links   []edit // from the root down to the leaf
	we      bool
	openssl bool
	words   string // of our error
	differs string // why the verdicts differ
}

type edit func(*x509.Certificate)

func plain(*x509.Certificate) {}

func all(edits ...edit) edit {
	return func(c *x509.Certificate) {
		for _, e := range edits {
			e(c)
		}
	}
}

func pathLen(n int) edit {
	return func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = n, n == 0 }
}

// selfIssued sets the subject of a certificate to that of its issuer, the link at this place.
func selfIssued(place int) edit {
	return func(c *x509.Certificate) { c.Subject.CommonName = linkName(place) }
}

func linkName(place int) string { return fmt.Sprintf("Link %d", place) }

func usage(u x509.KeyUsage) edit { return func(c *x509.Certificate) { c.KeyUsage = u } }

func with(critical bool, value []byte, oid ...int) edit {
	return func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, extension(critical, value, oid...))
	}
}

// basicConstraints encodes the extension by hand, in forms that package x509 would not produce.
func basicConstraints(critical bool, value ...byte) edit { return with(critical, value, 2, 5, 29, 19) }

func keyUsage(critical bool, bits ...byte) edit {
	return all(usage(0), with(critical, bits, 2, 5, 29, 15))
}

// subtrees encodes name constraints with one subtree; tag 0xa0 permits it, 0xa1 excludes it.
func subtrees(critical bool, tag byte, subtree ...byte) edit {
	list := append([]byte{0x30, byte(len(subtree))}, subtree...)
	list = append([]byte{tag, byte(len(list))}, list...)
	return with(critical, append([]byte{0x30, byte(len(list))}, list...), 2, 5, 29, 30)
}

func dnsName(text string) []byte { return append([]byte{0x82, byte(len(text))}, text...) }

func directoryName(t *testing.T, organization string) []byte {
	t.Helper()
	der := marshal(t, pkix.Name{Organization: []string{organization}}.ToRDNSequence())
	return append([]byte{0xa4, byte(len(der))}, der...)
}

func permitted(dns ...string) edit {
	return func(c *x509.Certificate) { c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = dns, true }
}

func excluded(dns ...string) edit {
	return func(c *x509.Certificate) { c.ExcludedDNSDomains, c.PermittedDNSDomainsCritical = dns, true }
}

func named(dns ...string) edit { return func(c *x509.Certificate) { c.DNSNames = dns } }

func mailed(addresses ...string) edit {
	return func(c *x509.Certificate) { c.DNSNames, c.EmailAddresses = nil, addresses }
}

func located(t *testing.T, text string) edit {
	t.Helper()
	uri, err := url.Parse(text)
	testkit.Check(t, err)
	return func(c *x509.Certificate) { c.DNSNames, c.URIs = nil, []*url.URL{uri} }
}

func addressed(text string) edit {
	return func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, []net.IP{net.ParseIP(text)} }
}

func mailInSubject(address string) edit {
	return func(c *x509.Certificate) {
		c.DNSNames = nil
		c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1},
			Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(address)}}}
	}
}

func mailPermitted(subtree string) edit {
	return func(c *x509.Certificate) {
		c.PermittedEmailAddresses, c.PermittedDNSDomainsCritical = []string{subtree}, true
	}
}

func mailExcluded(subtree string) edit {
	return func(c *x509.Certificate) {
		c.ExcludedEmailAddresses, c.PermittedDNSDomainsCritical = []string{subtree}, true
	}
}

func uriPermitted(subtree string) edit {
	return func(c *x509.Certificate) {
		c.PermittedURIDomains, c.PermittedDNSDomainsCritical = []string{subtree}, true
	}
}

func ipPermitted(t *testing.T, prefix string) edit {
	t.Helper()
	_, network, err := net.ParseCIDR(prefix)
	testkit.Check(t, err)
	return func(c *x509.Certificate) {
		c.PermittedIPRanges, c.PermittedDNSDomainsCritical = []*net.IPNet{network}, true
	}
}

func makePath(t *testing.T, links []edit) (chain []*x509.Certificate, leaf authority) {
	t.Helper()
	var issuer *authority
	for i, link := range links {
		made := issue(t, issuer, linkName(i), i < len(links)-1, func(c *x509.Certificate) {
			if issuer != nil { // package x509 sets none if the names are the same
				c.AuthorityKeyId = issuer.certificate.SubjectKeyId
			}
			link(c)
		})
		chain = append([]*x509.Certificate{made.certificate}, chain...)
		issuer = &made
	}
	return chain, *issuer
}

func opensslAcceptsPath(t *testing.T, chain []*x509.Certificate) (says string, accepted bool) {
	t.Helper()
	folder := t.TempDir()
	last := len(chain) - 1
	testkit.Check(t, os.WriteFile(filepath.Join(folder, "leaf.pem"), []byte(testkit.PEM(chain[0])), 0o600))
	testkit.Check(t, os.WriteFile(filepath.Join(folder, "between.pem"), []byte(testkit.PEM(chain[1:last]...)), 0o600))
	testkit.Check(t, os.WriteFile(filepath.Join(folder, "root.pem"), []byte(testkit.PEM(chain[last])), 0o600))
	args := []string{"verify", "-no_check_time", "-CAfile", "root.pem"}
	if last > 1 {
		args = append(args, "-untrusted", "between.pem")
	}
	command := exec.Command("openssl", append(args, "leaf.pem")...)
	command.Dir = folder
	out, err := command.CombinedOutput()
	return string(out), err == nil
}

// We refuse every faulty path, and all that OpenSSL refuses; the table says why we refuse more.
func TestPathsAgreeWithOpenSSL(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	cases := append(basicConstraintsCases(), keyUsageCases()...)
	for _, c := range append(cases, nameConstraintsCases(t)...) {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			chain, leaf := makePath(t, c.links)
			err := pki.CheckChain(chain, leaf.key.Public(), false, now)
			if (err == nil) != c.we {
				t.Errorf("our verdict is %v", err)
			} else if err != nil {
				wantInvalid(t, err, "", c.words)
			}
			if says, accepted := opensslAcceptsPath(t, chain); accepted != c.openssl {
				t.Errorf("OpenSSL's verdict is %v: %s", accepted, says)
			}
			if c.we && !c.openssl {
				t.Error("we accept what OpenSSL does not")
			}
			if (c.we != c.openssl) != (c.differs != "") {
				t.Error("a difference must be explained, and nothing else")
			}
		})
	}
}

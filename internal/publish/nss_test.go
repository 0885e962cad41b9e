package publish_test

import (
	"fmt"
	"os"
	"testing"

	"notary"
	"notary/internal/testkit"
)

// NSS accepts issued certificates, and rejects them after it has imported a CRL that lists them.
func TestInteropNSS(t *testing.T) {
	for _, tool := range []string{"certutil", "crlutil"} {
		testkit.Require(t, tool)
	}
	for _, alg := range []notary.KeyAlgorithm{notary.RSA2048, notary.ECDSAP256, notary.ECDSAP384} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			s := serveKeeping(t)
			issuer := s.Intermediate(t, s.Intermediate(t, s.Root(t, alg), alg), alg)
			id := s.issue(t, issuer, testkit.Key(t, alg), "www.example.com")
			p := s.present(t, id)
			db := newNSS(t, p)
			for _, usage := range []string{"V", "C"} { // SSL server and client
				if says, ok := db.verify(t, usage); !ok {
					t.Errorf("not accepted for the usage %s: %s", usage, says)
				}
			}
			s.revoke(t, id, p)
			s.fetchLists(t, p)
			for i, list := range p.lists {
				name := p.path(fmt.Sprintf("list%d.crl", i))
				testkit.Check(t, os.WriteFile(name, list.Raw, 0o600))
				db.must(t, "crlutil", "-I", "-i", name)
			}
			for _, usage := range []string{"V", "C"} {
				if says, ok := db.verify(t, usage); ok {
					t.Errorf("accepted for the usage %s although revoked: %s", usage, says)
				}
			}
		})
	}
}

type nss struct{ dir string }

func newNSS(t *testing.T, p *presented) nss {
	t.Helper()
	db := nss{t.TempDir()}
	db.must(t, "certutil", "-N", "--empty-password")
	db.must(t, "certutil", "-A", "-n", "root", "-t", "CT,,", "-a", "-i", p.path("root.pem"))
	for i, c := range p.chain[:len(p.chain)-1] {
		name := fmt.Sprintf("intermediate%d", i)
		p.write(t, name, testkit.PEM(c))
		db.must(t, "certutil", "-A", "-n", name, "-t", ",,", "-a", "-i", p.path(name))
	}
	db.must(t, "certutil", "-A", "-n", "leaf", "-t", ",,", "-a", "-i", p.path("leaf.pem"))
	return db
}

func (db nss) must(t *testing.T, tool string, args ...string) {
	t.Helper()
	if says, ok := run(t, tool, append(args, "-d", "sql:"+db.dir)...); !ok {
		t.Fatal(says)
	}
}

func (db nss) verify(t *testing.T, usage string) (says string, ok bool) {
	return run(t, "certutil", "-V", "-e", "-n", "leaf", "-u", usage, "-d", "sql:"+db.dir)
}

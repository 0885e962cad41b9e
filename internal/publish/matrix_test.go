package publish_test

import (
	"crypto"
	"fmt"
	"testing"

	"notary"
	"notary/internal/testkit"
)

var (
	authorityKeys = []notary.KeyAlgorithm{notary.RSA2048, notary.RSA4096, notary.ECDSAP256, notary.ECDSAP384,
		notary.Ed25519}
	requestKeys = []notary.KeyAlgorithm{notary.RSA2048, notary.ECDSAP256, notary.ECDSAP384, notary.Ed25519}
)

// OpenSSL, GnuTLS, Go and Java accept issued certificates, and reject them after revocation, by CRL and OCSP.
func TestInteropAcceptAndRefuse(t *testing.T) {
	for _, tool := range []string{"openssl", "certtool", "ocsptool"} {
		testkit.Require(t, tool)
	}
	everybody := withJava(testkit.NewJava(t))
	keys := map[notary.KeyAlgorithm]crypto.Signer{}
	for _, alg := range requestKeys {
		keys[alg] = testkit.Key(t, alg)
	}
	for _, alg := range authorityKeys {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			s := serveKeeping(t)
			issuer := s.Root(t, alg)
			for depth := range 3 {
				if depth > 0 {
					issuer = s.Intermediate(t, issuer, alg)
				}
				for _, key := range requestKeys {
					s.issueAndRevoke(t, everybody, issuer, depth, keys[key], key)
				}
			}
		})
	}
}

func (s *served) issueAndRevoke(t *testing.T, by relying, issuer int64, depth int, key crypto.Signer,
	alg notary.KeyAlgorithm) {
	t.Helper()
	id := s.issue(t, issuer, key, fmt.Sprintf("www%d.example.com", depth), "10.0.0.7")
	p := s.present(t, id)
	if len(p.chain) != depth+1 {
		t.Fatalf("the chain has %d issuers, want %d", len(p.chain), depth+1)
	}
	where := func(who string) string { return who + ", " + string(alg) + " under " + p.chain[0].Subject.CommonName }
	s.fetchLists(t, p)
	for _, who := range by.reliers {
		for _, use := range purposes {
			for _, withLists := range []bool{false, true} {
				if says, accepted := who.verify(t, p, use, withLists); !accepted {
					t.Errorf("%s: not accepted for %s: %s", where(who.name), use.name, says)
				}
			}
		}
	}
	for _, who := range by.askers {
		if says, status := who.ask(t, p); status != "good" {
			t.Errorf("%s: %s, want good: %s", where(who.name), status, says)
		}
	}
	s.revoke(t, id, p)
	s.fetchLists(t, p)
	for _, who := range by.reliers {
		for _, use := range purposes {
			if says, accepted := who.verify(t, p, use, true); accepted {
				t.Errorf("%s: accepted for %s although revoked: %s", where(who.name), use.name, says)
			}
		}
	}
	for _, who := range by.askers {
		if says, status := who.ask(t, p); status != "revoked" {
			t.Errorf("%s: %s, want revoked: %s", where(who.name), status, says)
		}
	}
}

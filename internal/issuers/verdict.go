package issuers

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"time"

	"notary/internal/pki"
)

const maxVerdicts = 1000

// verdicts caches the results of [pki.CheckChain], which verifies every signature and compares every name.
type verdicts struct {
	check func(chain []*x509.Certificate, key crypto.PublicKey, wantCA bool, now time.Time) error

	mu    sync.Mutex
	known map[[sha256.Size]byte]verdict
}

// verdict is a cached result. It applies as long as no certificate in the chain expires or becomes valid.
type verdict struct {
	problem     string // "" for a valid chain
	from, until time.Time
}

func newVerdicts() *verdicts {
	return &verdicts{check: pki.CheckChain, known: map[[sha256.Size]byte]verdict{}}
}

// problem returns why relying parties would reject a chain, or "" if they would accept it.
func (v *verdicts) problem(chain []*x509.Certificate, now time.Time) string {
	key := chainHash(chain)
	v.mu.Lock()
	known, ok := v.known[key]
	v.mu.Unlock()
	if ok && !now.Before(known.from) && now.Before(known.until) {
		return known.problem
	}
	known = verdict{}
	if err := v.check(chain, chain[0].PublicKey, pki.IsAuthority(chain[0]), now); err != nil {
		known.problem = err.Error()
	}
	known.from, known.until = unchanged(chain, now)
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) >= maxVerdicts {
		clear(v.known)
	}
	v.known[key] = known
	return known.problem
}

func chainHash(chain []*x509.Certificate) [sha256.Size]byte {
	hash := sha256.New()
	for _, c := range chain {
		hash.Write(c.Raw) // DER is self-delimiting
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

// unchanged returns a period around now, ending within a year, in which no certificate in the chain expires or becomes
// valid.
func unchanged(chain []*x509.Certificate, now time.Time) (from, until time.Time) {
	until = now.AddDate(1, 0, 0)
	for _, c := range chain {
		for _, change := range []time.Time{c.NotBefore, c.NotAfter.Add(time.Nanosecond)} { // NotAfter is inclusive
			switch {
			case change.After(now) && change.Before(until):
				until = change
			case !change.After(now) && change.After(from):
				from = change
			}
		}
	}
	return from, until
}

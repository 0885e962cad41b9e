package issuers

import (
	"crypto"
	"crypto/x509"
	"sync/atomic"
	"time"
)

func CountChainChecks(s *Issuers) *atomic.Int64 {
	var count atomic.Int64
	check := s.verdicts.check
	s.verdicts.check = func(chain []*x509.Certificate, key crypto.PublicKey, wantCA bool, now time.Time) error {
		count.Add(1)
		return check(chain, key, wantCA, now)
	}
	return &count
}

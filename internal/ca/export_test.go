package ca

import (
	"context"
	"crypto"
	"crypto/x509"
	"sync/atomic"
	"time"
)

// SetMaxMatches makes the most requests that a filter of a bulk action may match small, until
// the function that it gives is called.
func SetMaxMatches(n int) (restore func()) {
	was := maxMatches
	maxMatches = n
	return func() { maxMatches = was }
}

// SetMaxImpact makes the most certificates that are read for an impact small, until the
// function that it gives is called.
func SetMaxImpact(all, ofOne int) (restore func()) {
	wasAll, wasOne := maxImpact, maxImpactOfOne
	maxImpact, maxImpactOfOne = all, ofOne
	return func() { maxImpact, maxImpactOfOne = wasAll, wasOne }
}

// KeepOnce does what [Service.KeepCRLs] does again and again.
func KeepOnce(ctx context.Context, s *Service) error {
	due, err := s.dueCRLs(ctx, 0)
	for _, key := range due {
		s.keepCRL(ctx, key)
	}
	return err
}

// ShardsFor is over how many lists so many certificates are spread.
func ShardsFor(certificates int64) int { return shardsFor(certificates) }

// CountAgain lets the next signature count the certificates that were issued.
func CountAgain(s *Service) {
	s.shards.mu.Lock()
	defer s.shards.mu.Unlock()
	clear(s.shards.about)
}

// CountChainChecks counts the checks of chains from now on.
func CountChainChecks(s *Service) *atomic.Int64 {
	var count atomic.Int64
	check := s.verdicts.check
	s.verdicts.check = func(chain []*x509.Certificate, key crypto.PublicKey, wantCA bool, now time.Time) error {
		count.Add(1)
		return check(chain, key, wantCA, now)
	}
	return &count
}

package ca

import (
	"context"
	"crypto/x509"
	"sync"
	"time"

	"notary"
	"notary/internal/pki"
)

// blockedCache caches the certificates with blocked keys for the overview. It is refreshed when the counts of requests,
// certificates or revocations change, when the blocklist was searched again, and after expiryCacheTTL.
type blockedCache struct {
	mu    sync.Mutex
	sum   notary.Summary // when found was read
	at    time.Time
	known *blockedInForce
	found []*notary.Certificate
}

// get returns the first valid certificates with blocked or compromised keys, at most one more than the overview shows.
func (b *blockedCache) get(ctx context.Context, s *Service,
	sum notary.Summary) (found []*notary.Certificate, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, known := s.now(), s.blocked.Load()
	if !b.at.IsZero() && now.Sub(b.at).Abs() < expiryCacheTTL && b.known == known && sameCounts(b.sum, sum) {
		return b.found, nil
	}
	if found, err = s.blockedCertificates(ctx, notary.OverviewLength+1); err == nil {
		b.sum, b.at, b.known, b.found = sum, now, known, found
	}
	return found, err
}

// blockedInForce holds the certificates that were valid when a blocklist was loaded and have keys on it. Such keys are
// not certified afterwards.
type blockedInForce struct {
	list *pki.Blocklist
	ids  []int64 // at most maxBlockedInForce
}

const (
	maxBlockedInForce = 1000 // certificates kept in memory
	blockedStep       = 500  // certificates read by one query
)

// FindBlockedKeys finds valid certificates with blocked or compromised keys and logs their number. It is called after
// the blocklist is loaded. It compares the key of every valid certificate with the list, because the list may contain
// fingerprints in another form than the recorded ones.
func (s *Service) FindBlockedKeys(ctx context.Context) error {
	list := s.blocklist.Load()
	var ids []int64
	if list.Len() > 0 {
		var err error
		if ids, err = s.findBlocked(ctx, list); err != nil {
			return err
		}
	}
	s.blocked.Store(&blockedInForce{list, ids})
	found, err := s.blockedCertificates(ctx, maxBlockedInForce)
	if err != nil || len(found) == 0 {
		return err
	}
	var first []int64
	for _, c := range found[:min(len(found), notary.OverviewLength)] {
		first = append(first, c.ID)
	}
	s.log.Warn("valid certificates have blocked or compromised keys: replace and revoke them",
		"certificates", len(found), "first", first)
	return nil
}

func (s *Service) findBlocked(ctx context.Context, list *pki.Blocklist) (ids []int64, err error) {
	for last := int64(0); len(ids) < maxBlockedInForce; {
		step, err := s.store.KeysInForce(ctx, s.now(), last, blockedStep)
		if err != nil || len(step) == 0 {
			return ids, err
		}
		for _, c := range step {
			parsed, err := x509.ParseCertificate(c.DER)
			if err == nil && list.Contains(parsed.PublicKey) { // damaged records are reported elsewhere
				ids = append(ids, c.ID)
			}
		}
		last = step[len(step)-1].ID
	}
	return ids[:maxBlockedInForce], nil
}

// blockedCertificates returns up to limit valid certificates with blocked or compromised keys, ordered by ID. Blocked
// keys are those found by the last [Service.FindBlockedKeys].
func (s *Service) blockedCertificates(ctx context.Context, limit int) ([]*notary.Certificate, error) {
	ids, err := s.store.CompromisedInUse(ctx, s.now(), limit)
	if err != nil {
		return nil, err
	}
	if known := s.blocked.Load(); known != nil && known.list == s.blocklist.Load() {
		ids = append(ids, known.ids...)
	}
	found, err := s.store.CertificatesInForce(ctx, s.now(), ids)
	return found[:min(len(found), limit)], err
}

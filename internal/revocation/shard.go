package revocation

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/issuers"
	"notary/internal/store"
)

const (
	// If an authority's settings do not specify the number of shards, there is one for every shardSize certificates, up to
	// maxOwnShards.
	shardSize    = 10_000
	maxOwnShards = 128
)

// shards caches the data that [Service.ChooseShard] and [Service.RecordURL] need. The number of shards may change at
// any time, because each certificate records its own shard.
type shards struct {
	mu    sync.Mutex
	named map[store.ListKey]string // the last URL known to be recorded
	about map[int64]*issuedCount   // by authority
}

// issuedCount is the approximate number of certificates that an authority has issued.
type issuedCount struct {
	n    int64
	at   time.Time
	uses int // number of uses since the count was read
}

const (
	countEvery = time.Minute
	countAfter = 100 // uses
)

func shardsFor(certificates int64) int {
	return int(min(1+certificates/shardSize, maxOwnShards))
}

// ChooseShard chooses the CRL for a new certificate. It returns the issuer with the URL of that CRL, and the shard (0
// for the full CRL).
func (s *Service) ChooseShard(ctx context.Context, a *issuers.Issuer) (issuer issuance.Issuer, shard int, err error) {
	issuer = a.Issuer
	if issuer.CRLURL == "" {
		return issuer, 0, nil
	}
	n := a.Publication.Shards
	if n == 0 {
		issued, err := s.issuedAbout(ctx, a.ID)
		if err != nil {
			return issuer, 0, err
		}
		n = shardsFor(issued)
	}
	if n > 1 {
		shard = 1 + rand.IntN(n)
		issuer.CRLURL = s.issuers.CRLURL(a.ID, shard)
	}
	return issuer, shard, nil
}

func (s *Service) issuedAbout(ctx context.Context, authorityID int64) (int64, error) {
	now := s.now()
	s.shards.mu.Lock()
	count := s.shards.about[authorityID]
	if count != nil && now.Sub(count.at).Abs() < countEvery && count.uses < countAfter {
		count.uses++
		s.shards.mu.Unlock()
		return count.n, nil
	}
	s.shards.mu.Unlock()
	n, err := s.store.IssuedCount(ctx, authorityID)
	if err != nil {
		return 0, err
	}
	s.shards.mu.Lock()
	defer s.shards.mu.Unlock()
	if s.shards.about == nil {
		s.shards.about = map[int64]*issuedCount{}
	}
	s.shards.about[authorityID] = &issuedCount{n: n, at: now}
	return n, nil
}

// RecordURL records the URL of the partitioned CRL that a certificate names, in the certificate's transaction. The CRL
// must name the same URL.
func (s *Service) RecordURL(tx *store.Tx, cert *notary.Certificate, url string) error {
	if cert.Shard == 0 || s.shards.recorded(keyOf(cert), url) {
		return nil
	}
	return tx.AddShardURL(cert.AuthorityID, cert.Shard, url)
}

func keyOf(cert *notary.Certificate) store.ListKey {
	return store.ListKey{AuthorityID: cert.AuthorityID, Shard: cert.Shard}
}

func (s *shards) recorded(key store.ListKey, url string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.named[key] == url
}

// Recorded records that the transaction of [Service.RecordURL] was committed.
func (s *Service) Recorded(cert *notary.Certificate, url string) {
	if cert.Shard == 0 {
		return
	}
	s.shards.mu.Lock()
	defer s.shards.mu.Unlock()
	if s.shards.named == nil {
		s.shards.named = map[store.ListKey]string{}
	}
	s.shards.named[keyOf(cert)] = url
}

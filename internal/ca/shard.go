package ca

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/store"
)

const (
	// shardSize is how many certificates of an authority make it worth another shard, where
	// it has no number of its own, and maxOwnShards how many it then has at the most.
	shardSize    = 10_000
	maxOwnShards = 128
)

// shards chooses which list a new certificate names. The number of lists may change at any
// time: each certificate says itself on which one it would be.
type shards struct {
	mu    sync.Mutex
	named map[store.ListKey]string // the URL that is known to be recorded
	about map[int64]*issuedCount   // by authority
}

// issuedCount is about how many certificates an authority has issued. It is counted again from
// time to time: the number of lists is no matter of one more or less.
type issuedCount struct {
	n     int64
	at    time.Time
	asked int // since then
}

const (
	countEvery = time.Minute
	countAfter = 100 // certificates
)

// shardsFor is over how many lists so many certificates are spread.
func shardsFor(certificates int64) int {
	return int(min(1+certificates/shardSize, maxOwnShards))
}

// chooseList gives the issuer of a new certificate with the URL of the list that it shall
// name, and that list's shard. One alone is that of all.
func (s *Service) chooseList(ctx context.Context, a *openedAuthority) (issuer issuance.Issuer, shard int, err error) {
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
		issuer.CRLURL = s.urls.crl(a.ID, shard)
	}
	return issuer, shard, nil
}

func (s *Service) issuedAbout(ctx context.Context, authorityID int64) (int64, error) {
	now := s.now()
	s.shards.mu.Lock()
	count := s.shards.about[authorityID]
	if count != nil && now.Sub(count.at).Abs() < countEvery && count.asked < countAfter {
		count.asked++
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

// recordURL records, in the transaction of a certificate that names the shard's list, where
// that is: the list must say so itself. What is known to be recorded is not written again.
func (s *Service) recordURL(tx *store.Tx, cert *notary.Certificate, url string) error {
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

// committed tells that the transaction which recorded the URL is durable.
func (s *shards) committed(cert *notary.Certificate, url string) {
	if cert.Shard == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.named == nil {
		s.named = map[store.ListKey]string{}
	}
	s.named[keyOf(cert)] = url
}

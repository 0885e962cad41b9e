// Package issuers keeps authorities (with their keys open), profiles and active rules in memory.
//
// Callers share the returned values and must not change them. A transaction that changes an authority, a profile or the
// active rules invalidates the cache on every node ([store.Store.OnChange], [Issuers.Follow]). The transaction that
// records a signature checks the authority and profile again ([store.Tx.RequireUsable]).
package issuers

import (
	"context"
	"errors"
	"io"
	"time"

	"notary"
	"notary/internal/damage"
	"notary/internal/issuance"
	"notary/internal/keystore"
	"notary/internal/store"
)

// Issuers provides the authorities and profiles of a database. It is safe for concurrent use.
type Issuers struct {
	store   *store.Store
	keys    keystore.Keys
	damages *damage.Records
	now     func() time.Time
	rand    io.Reader
	urls    urls

	authorities *cache
	profiles    *profileCache
	rules       *ruleCache
	verdicts    *verdicts
}

// Options configures [New]. The zero value is suitable for production.
type Options struct {
	Now  func() time.Time // default: time.Now
	Rand io.Reader        // for serial numbers; default: crypto/rand

	// PublishURL is the base of the CRL and AIA URLs in certificates, without a trailing slash; "" omits them.
	PublishURL string
}

// New returns the issuers of a database. It adds missing built-in profiles to the database.
func New(ctx context.Context, st *store.Store, keys keystore.Keys, damages *damage.Records,
	o Options) (*Issuers, error) {
	s := &Issuers{store: st, keys: keys, damages: damages, now: o.Now, rand: o.Rand, urls: urls{o.PublishURL},
		profiles: newProfileCache(st), rules: &ruleCache{store: st}, verdicts: newVerdicts()}
	if s.now == nil {
		s.now = time.Now
	}
	s.authorities = newCache(s.openAuthority, s.now)
	st.OnChange(s.invalidate)
	return s, s.seedProfiles(ctx)
}

// OpenAll opens the key of every authority. It ignores authorities whose record is damaged.
func (s *Issuers) OpenAll(ctx context.Context) error {
	all, err := s.store.Authorities(ctx)
	if err != nil {
		return err
	}
	for _, a := range all {
		if _, err := s.Get(ctx, a.ID); err != nil && !errors.Is(err, ErrDamaged) {
			return err
		}
	}
	return nil
}

// Follow invalidates the cache whenever another node on the same database changes an authority, a profile or the active
// rules, until ctx is done.
func (s *Issuers) Follow(ctx context.Context) { s.store.Watch(ctx, s.invalidate) }

// invalidate drops the cached values of a topic. It runs after each commit that changes them, on any node.
func (s *Issuers) invalidate(topic string) {
	switch topic {
	case store.Authorities:
		s.authorities.changed()
	case store.Profiles:
		s.profiles.changed()
	case store.Rules:
		s.rules.changed()
	}
}

// Forget drops a deleted authority and its key from the cache.
func (s *Issuers) Forget(id int64) { s.authorities.forget(id) }

// ForgetProfiles drops all cached profiles. Callers use it if a cached profile may be outdated.
func (s *Issuers) ForgetProfiles() { s.profiles.changed() }

// Damages returns the damaged records found so far.
func (s *Issuers) Damages() *damage.Records { return s.damages }

// Now returns the time used for issuance and for the status of authorities.
func (s *Issuers) Now() time.Time { return s.now() }

// Terms returns the terms for issuing a certificate that expires at notAfter, or at the default time if notAfter is
// zero.
func (s *Issuers) Terms(notAfter time.Time) issuance.Terms {
	return issuance.Terms{Now: s.now(), NotAfter: notAfter, Rand: s.rand}
}

// Get returns an authority, from the cache if possible.
func (s *Issuers) Get(ctx context.Context, id int64) (*Issuer, error) {
	return s.authorities.get(ctx, id)
}

// Certificate returns the authority's current certificate with its chain, or a [notary.Conflict] error while the
// authority is pending. No permission is required.
func (s *Issuers) Certificate(ctx context.Context, id int64) (*notary.Certificate, error) {
	a, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if a.Authority.Certificate == nil {
		return nil, notary.Errorf(notary.Conflict, "CA %d has no certificate yet", id)
	}
	return a.Authority.Certificate, nil
}

// Package issuers keeps authorities ready to sign, with their keys open, and profiles in memory.
//
// What it returns is shared between callers, who must not change it. A transaction that changes an authority or a
// profile drops what is in memory on every node ([store.Store.OnChange], [Issuers.Follow]); nobody has to say so.
// What a signature rests on is checked once more in the transaction that records it ([Issuers.RequireUsable]).
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

// Issuers are the authorities and profiles of a database. They are safe for concurrent use.
type Issuers struct {
	store   *store.Store
	keys    keystore.Keys
	damages *damage.Records
	now     func() time.Time
	rand    io.Reader
	urls    urls

	authorities *cache
	profiles    *profileCache
	verdicts    *verdicts
}

// Options are the options of [New]; the zero value is for production.
type Options struct {
	Now  func() time.Time // time.Now without it
	Rand io.Reader        // for serial numbers; crypto/rand without it

	// PublishURL is where what certificates name is published, without a slash at its end;
	// without it they name nothing.
	PublishURL string
}

// New returns the issuers of a database, in which it records the built-in profiles that are missing.
func New(ctx context.Context, st *store.Store, keys keystore.Keys, damages *damage.Records,
	o Options) (*Issuers, error) {
	s := &Issuers{store: st, keys: keys, damages: damages, now: o.Now, rand: o.Rand, urls: urls{o.PublishURL},
		profiles: newProfileCache(st), verdicts: newVerdicts()}
	if s.now == nil {
		s.now = time.Now
	}
	s.authorities = newCache(s.openAuthority, s.now)
	st.OnChange(s.invalidate)
	return s, s.seedProfiles(ctx)
}

// OpenAll opens the key of every authority. One whose certificate or CSR cannot be read does not keep the others from
// working.
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

// Follow drops cached authorities and profiles whenever another node on the same database changes one, until ctx
// ends.
func (s *Issuers) Follow(ctx context.Context) { s.store.Watch(ctx, s.invalidate) }

// invalidate drops what is cached of a topic. It runs after each commit that changes it, on this node or another.
func (s *Issuers) invalidate(topic string) {
	switch topic {
	case store.Authorities:
		s.authorities.changed()
	case store.Profiles:
		s.profiles.changed()
	}
}

// Forget drops a deleted authority with its key.
func (s *Issuers) Forget(id int64) { s.authorities.forget(id) }

// ForgetProfiles drops cached profiles, one of which has turned out to be an old version.
func (s *Issuers) ForgetProfiles() { s.profiles.changed() }

// Damages returns the damaged records that were found.
func (s *Issuers) Damages() *damage.Records { return s.damages }

// Now returns the time by which certificates are issued and the status of an authority is determined.
func (s *Issuers) Now() time.Time { return s.now() }

// Terms returns the terms of a certificate that ends at notAfter, which is zero for the default.
func (s *Issuers) Terms(notAfter time.Time) issuance.Terms {
	return issuance.Terms{Now: s.now(), NotAfter: notAfter, Rand: s.rand}
}

// Get returns an authority, from memory if it is there.
func (s *Issuers) Get(ctx context.Context, id int64) (*Issuer, error) {
	return s.authorities.get(ctx, id)
}

// Certificate returns the certificate in use of an authority, with its chain. It needs no caller: relying parties may
// ask. While the authority is pending that is a [notary.Conflict].
func (s *Issuers) Certificate(ctx context.Context, id int64) (*notary.Certificate, error) {
	a, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if a.Authority.Certificate == nil {
		return nil, notary.Errorf(notary.Conflict, "the certificate authority %d has no certificate yet", id)
	}
	return a.Authority.Certificate, nil
}

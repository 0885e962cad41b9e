// Package ca is the use cases: submit, sign, upload, reject, revoke, and the life of the
// authorities themselves.
//
// Every method of [Service] that changes something is built alike. It first asks whether the
// [notary.Caller] may; does what takes time (checking, signing) outside the transaction; and
// then writes the change and its event in one transaction, in which the state that the
// decision rests on is checked once more. It returns after the commit is durable.
package ca

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"notary"
	"notary/internal/keystore"
	"notary/internal/pki"
	"notary/internal/store"
	"notary/internal/store/archive"
)

// Service is the use cases on one database. It is safe for concurrent use.
type Service struct {
	store *store.Store
	keys  keystore.Keys
	now   func() time.Time
	rand  io.Reader
	log   *slog.Logger
	urls  urls

	mayIssue  func() error
	blocklist atomic.Pointer[pki.Blocklist]
	blocked   atomic.Pointer[blockedInForce]

	authorities *cache
	profiles    *profileCache
	lists       crlLists
	shards      shards
	responders  responders
	answers     *answerCache
	verdicts    *verdicts
	expiries    expiries
	inUse       blockedCache
	damages     *damages
	checking    sync.Mutex // guards checked
	checked     archive.CheckStep
}

// Options are what a Service may be told; the zero value is for production.
type Options struct {
	Now  func() time.Time // time.Now without it
	Rand io.Reader        // for serial numbers; crypto/rand without it
	Log  *slog.Logger     // slog.Default without it

	// MayIssue, if set, returns why no certificate may be issued at present. OCSP responder
	// certificates and CRLs do not depend on it.
	MayIssue func() error

	// PublishURL is where what certificates name is published, without a slash at its end;
	// without it they name nothing.
	PublishURL string
}

// New creates the use cases, upgrades what earlier versions recorded, and opens the key of every
// authority, so that a wrong key file or passphrase is seen at the start and not at the first
// signature.
func New(ctx context.Context, st *store.Store, keys keystore.Keys, o Options) (*Service, error) {
	s := &Service{store: st, keys: keys, now: o.Now, rand: o.Rand, log: o.Log, urls: urls{o.PublishURL}}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.damages = newDamages(s.log)
	st.OnDamage(s.damages.report)
	if s.mayIssue = o.MayIssue; s.mayIssue == nil {
		s.mayIssue = func() error { return nil }
	}
	s.authorities = newCache(s.openAuthority, s.now)
	s.profiles = newProfileCache(st)
	st.OnChange(s.invalidate)
	s.answers, s.verdicts = newAnswerCache(), newVerdicts()
	lists, err := st.ListStates(ctx)
	if err != nil {
		return nil, err
	}
	s.lists.inherit(lists)
	if err := s.seedProfiles(ctx); err != nil {
		return nil, err
	}
	if st.Shared() {
		if err := s.agreeOnSecret(ctx); err != nil {
			return nil, err
		}
	}
	if err := s.upgradeKeyFingerprints(ctx); err != nil {
		return nil, err
	}
	if err := s.recordHeldKeys(ctx); err != nil {
		return nil, err
	}
	if err := s.upgradeReplaced(ctx); err != nil {
		return nil, err
	}
	if err := s.upgradeContents(ctx); err != nil {
		return nil, err
	}
	return s, s.openAuthorities(ctx)
}

// openAuthorities opens the key of every authority. One whose certificate or CSR cannot be read
// does not keep the others from working.
func (s *Service) openAuthorities(ctx context.Context) error {
	all, err := s.store.Authorities(ctx)
	if err != nil {
		return err
	}
	for _, a := range all {
		if _, err := s.authorities.get(ctx, a.ID); err != nil && !errors.Is(err, errDamaged) {
			return err
		}
	}
	return nil
}

// Summary counts requests, certificates and what expires.
func (s *Service) Summary(ctx context.Context, caller notary.Caller) (notary.Summary, error) {
	if err := caller.Require(notary.ReadRequests); err != nil {
		return notary.Summary{}, err
	}
	return s.Counts(ctx)
}

// Counts is Summary for the program itself.
func (s *Service) Counts(ctx context.Context) (notary.Summary, error) {
	sum, err := s.store.Summary(ctx, s.now())
	sum.Damaged = s.damages.count()
	return sum, err
}

// FollowOtherNodes drops cached authorities and profiles whenever another node on the same database changes one,
// until ctx ends.
func (s *Service) FollowOtherNodes(ctx context.Context) { s.store.Watch(ctx, s.invalidate) }

// invalidate drops what is cached of a topic. It runs after each commit that changes it, on this node or another.
func (s *Service) invalidate(topic string) {
	switch topic {
	case store.Authorities:
		s.authorities.changed()
	case store.Profiles:
		s.profiles.changed()
	}
}

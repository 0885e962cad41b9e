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
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"notary"
	"notary/internal/damage"
	"notary/internal/issuers"
	"notary/internal/keystore"
	"notary/internal/pki"
	"notary/internal/revocation"
	"notary/internal/store"
	"notary/internal/store/archive"
)

// Service is the use cases on one database. It is safe for concurrent use.
type Service struct {
	store      *store.Store
	keys       keystore.Keys
	issuers    *issuers.Issuers
	revocation *revocation.Service
	damages    *damage.Records
	now        func() time.Time
	log        *slog.Logger

	mayIssue  func() error
	blocklist atomic.Pointer[pki.Blocklist]
	blocked   atomic.Pointer[blockedInForce]

	expiries expiries
	inUse    blockedCache
	checking sync.Mutex // guards checked
	checked  archive.CheckStep
}

// Options are the options of [New]; the zero value is for production.
type Options struct {
	Log *slog.Logger // slog.Default without it

	// MayIssue, if set, returns why no certificate may be issued at present. OCSP responder
	// certificates and CRLs do not depend on it.
	MayIssue func() error

	// PaceChecks makes [Service.CheckRecords] take at most a tenth of one processor, for a server under load.
	PaceChecks bool
}

// New creates the use cases, upgrades what earlier versions recorded, and opens the key of every
// authority, so that a wrong key file or passphrase is seen at the start and not at the first
// signature.
func New(ctx context.Context, st *store.Store, keys keystore.Keys, all *issuers.Issuers, rev *revocation.Service,
	o Options) (*Service, error) {
	s := &Service{store: st, keys: keys, issuers: all, revocation: rev, damages: all.Damages(), now: all.Now, log: o.Log}
	s.checked.Paced = o.PaceChecks
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.mayIssue = o.MayIssue; s.mayIssue == nil {
		s.mayIssue = func() error { return nil }
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
	if err := s.upgradeEvents(ctx); err != nil {
		return nil, err
	}
	if err := s.upgradeContents(ctx); err != nil {
		return nil, err
	}
	return s, s.issuers.OpenAll(ctx)
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
	sum.Damaged = s.damages.Count()
	return sum, err
}

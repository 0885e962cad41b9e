// Package ca implements the use cases: submitting, signing, rejecting and revoking certificate requests, recording
// external certificates, and managing authorities, profiles and rules.
//
// Every method of [Service] that changes something checks the permissions of the [notary.Caller], does slow work
// (checks, signatures), and then writes the change and its event in one transaction, in which it checks the state
// again. It returns after the commit is durable.
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
	"notary/internal/policy"
	"notary/internal/revocation"
	"notary/internal/store"
	"notary/internal/store/archive"
)

// Service implements the use cases on a database. It is safe for concurrent use.
type Service struct {
	store      *store.Store
	keys       keystore.Keys
	issuers    *issuers.Issuers
	revocation *revocation.Service
	damages    *damage.Records
	now        func() time.Time
	log        *slog.Logger

	limits    limits
	mayIssue  func() error
	blocklist atomic.Pointer[pki.Blocklist]
	blocked   atomic.Pointer[blockedInForce]

	expiries expiries
	listed   listed
	quotas   quotas
	trials   trials
	inUse    blockedCache
	checking sync.Mutex // guards checked
	checked  archive.CheckStep
}

type limits struct {
	matches     int // requests or certificates that the filter of a bulk call may match
	impact      int // certificates read for an impact analysis, in total
	impactOfOne int // certificates read for one authority

	trialTime time.Duration // of a test of rules
}

var productionLimits = limits{matches: 100_000, impact: 20_000, impactOfOne: 10_000, trialTime: trialTime}

// Options configures [New]. Every field is optional.
type Options struct {
	Log *slog.Logger // default: slog.Default()

	// MayIssue, if set, returns an error while no certificates may be issued. It does not apply to OCSP responder
	// certificates.
	MayIssue func() error

	// PaceChecks limits [Service.CheckRecords] to a tenth of one processor, for a server under load.
	PaceChecks bool
}

// New creates the service, upgrades records of earlier versions, and opens every authority's key to detect a wrong
// key file or passphrase.
func New(ctx context.Context, st *store.Store, keys keystore.Keys, all *issuers.Issuers, rev *revocation.Service,
	o Options) (*Service, error) {
	s := &Service{store: st, keys: keys, issuers: all, revocation: rev, damages: all.Damages(), now: all.Now, log: o.Log,
		limits: productionLimits}
	s.checked.Paced = o.PaceChecks
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.mayIssue = o.MayIssue; s.mayIssue == nil {
		s.mayIssue = func() error { return nil }
	}
	if st.Shared() {
		if err := keystore.Agree(ctx, keys, st); err != nil {
			return nil, err
		}
		if err := st.AgreeOnCursors(ctx); err != nil {
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

// Summary returns counts of requests, certificates and upcoming expiries.
func (s *Service) Summary(ctx context.Context, caller notary.Caller) (notary.Summary, error) {
	if err := policy.AllowRole(caller, policy.ViewRequests, policy.Resource{}); err != nil {
		return notary.Summary{}, err
	}
	return s.Counts(ctx)
}

// Counts is like [Service.Summary] without authorization, for the program itself.
func (s *Service) Counts(ctx context.Context) (notary.Summary, error) {
	sum, err := s.store.Summary(ctx, s.now())
	sum.Damaged = s.damages.Count()
	return sum, err
}

// Package revocation publishes what was revoked: CRLs, full and partitioned (shards), and OCSP responses with the
// responders that sign them.
//
// Revocations are recorded by package ca. [Service.Revoked] tells which authorities have new ones; everything else
// follows the counts in the database, so that nodes need not tell each other.
package revocation

import (
	"context"
	"log/slog"
	"time"

	"notary/internal/damage"
	"notary/internal/issuers"
	"notary/internal/keystore"
	"notary/internal/store"
)

// Service publishes the revocations of one database. It is safe for concurrent use.
type Service struct {
	store   *store.Store
	keys    keystore.Keys
	issuers *issuers.Issuers
	damages *damage.Records
	now     func() time.Time
	log     *slog.Logger

	lists      crlLists
	shards     shards
	responders responders
	answers    *answerCache
}

// New returns the service of a database. CRLs that are recorded may be older than what was published before a restore.
func New(ctx context.Context, st *store.Store, keys keystore.Keys, all *issuers.Issuers,
	log *slog.Logger) (*Service, error) {
	s := &Service{store: st, keys: keys, issuers: all, damages: all.Damages(), now: all.Now, log: log,
		answers: newAnswerCache()}
	lists, err := st.ListStates(ctx)
	if err != nil {
		return nil, err
	}
	s.lists.inherit(lists)
	return s, nil
}

// Revoked tells of revocations of these authorities at this node, whatever became of them: OCSP responses from before
// are no longer served. It is called after the commit and before that is acknowledged.
func (s *Service) Revoked(authorityIDs []int64) { s.answers.revoked(authorityIDs) }

// Forget drops the CRLs and the responder of a deleted authority.
func (s *Service) Forget(authorityID int64) {
	s.ForgetCRLs(authorityID)
	s.responders.forget(authorityID)
}

// ForgetCRLs drops the CRLs of an authority that was imported again: its next ones are newer than those in memory.
func (s *Service) ForgetCRLs(authorityID int64) { s.lists.forget(authorityID) }

// Findings returns how many lint findings each authority's CRLs have that this node built last.
func (s *Service) Findings() map[int64]int64 { return s.lists.findings() }

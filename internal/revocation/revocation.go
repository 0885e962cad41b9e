// Package revocation publishes revocations as full CRLs, partitioned CRLs (shards) and OCSP responses. It also manages
// the responders that sign the responses.
//
// Package ca records revocations and reports them with [Service.Revoked]. Other nodes detect them from counts in the
// database.
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

// Service publishes the revocations of a database. It is safe for concurrent use.
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
	answers    *responseCache
}

// New returns a service for a database. Stored CRLs may be older than those published before a restore, so the service
// publishes them only if no new ones can be built.
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

// Revoked records that this node has committed or attempted revocations of certificates issued by the given
// authorities, so that older OCSP responses are no longer served. Call it after the commit and before acknowledging the
// change.
func (s *Service) Revoked(authorityIDs []int64) { s.answers.revoked(authorityIDs) }

// Forget drops the CRLs and the responder of a deleted authority from memory.
func (s *Service) Forget(authorityID int64) {
	s.ForgetCRLs(authorityID)
	s.responders.forget(authorityID)
}

// ForgetCRLs drops the CRLs of an authority from memory, for use when the authority is imported again.
func (s *Service) ForgetCRLs(authorityID int64) { s.lists.forget(authorityID) }

// Findings returns the number of lint findings in the CRLs last built by this node, by authority.
func (s *Service) Findings() map[int64]int64 { return s.lists.findings() }

package ca

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/store"
)

const (
	// crlValidity is how long a CRL may be relied on, from thisUpdate to nextUpdate.
	crlValidity = 48 * time.Hour
	// crlRefresh is the age at which a CRL is made anew by the clock.
	crlRefresh = 12 * time.Hour
)

// crlBuilders lets one CRL of an authority be built at a time, and keeps the newest.
type crlBuilders struct {
	mu  sync.Mutex
	one map[int64]*crlBuilder
}

type crlBuilder struct {
	mu     sync.Mutex // held while building
	newest *notary.CRL
}

func (b *crlBuilders) of(authorityID int64) *crlBuilder {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.one == nil {
		b.one = map[int64]*crlBuilder{}
	}
	if b.one[authorityID] == nil {
		b.one[authorityID] = &crlBuilder{}
	}
	return b.one[authorityID]
}

// CRL is the authority's list with every revocation that was acknowledged before the call.
// It is built only if the newest one is no longer true or grows old. It needs no caller:
// whoever relies on a certificate may ask.
func (s *Service) CRL(ctx context.Context, authorityID int64) (*notary.CRL, error) {
	return s.crl(ctx, authorityID, crlValidity/2)
}

// PublishedCRL is the authority's list of all (shard 0), or of a shard, as it is published.
func (s *Service) PublishedCRL(ctx context.Context, authorityID int64, shard int) (*notary.CRL, error) {
	if shard != 0 {
		return nil, notary.Errorf(notary.NotFound, "the certificate authority %d has no such list", authorityID)
	}
	return s.CRL(ctx, authorityID)
}

// crl is the authority's list, not older than maxAge.
func (s *Service) crl(ctx context.Context, authorityID int64, maxAge time.Duration) (*notary.CRL, error) {
	a, err := s.authorities.get(ctx, authorityID)
	if err != nil {
		return nil, err
	}
	if a.Issuer.Certificate == nil {
		return nil, notary.Errorf(notary.Conflict, "the certificate authority %d has no certificate yet, so it has no CRL", authorityID)
	}
	// Asked before the list is looked at: what another node has made since then is newer.
	count, err := s.store.RevocationCount(ctx, authorityID, 0)
	if err != nil {
		return nil, err
	}
	number, err := s.store.CRLNumber(ctx, authorityID, 0)
	if err != nil {
		return nil, err
	}
	builder := s.crls.of(authorityID)
	builder.mu.Lock()
	defer builder.mu.Unlock()
	if builder.newest == nil || builder.newest.Number < number {
		if builder.newest, err = s.store.CRL(ctx, authorityID, 0); err != nil {
			return nil, err
		}
	}
	newest := builder.newest
	if newest != nil && newest.Revocations >= count && fresh(newest, s.now(), maxAge) {
		return newest, nil
	}
	crl, err := s.buildCRL(ctx, a)
	if err == nil {
		builder.newest = crl
		return crl, nil
	}
	if newest != nil && newest.Revocations >= count && fresh(newest, s.now(), crlValidity) {
		s.log.WarnContext(ctx, "the CRL could not be made anew, the last one still holds",
			"authority", authorityID, "error", err)
		return newest, nil
	}
	return nil, err
}

// fresh says whether a list is not older than maxAge, nor from the future: after the clock
// was set back, nobody would accept that yet.
func fresh(crl *notary.CRL, now time.Time, maxAge time.Duration) bool {
	return now.Sub(crl.ThisUpdate) < maxAge && !crl.ThisUpdate.After(now)
}

// buildCRL signs a new list under the next number. Where another node has been quicker with a
// list that knows more, it begins again.
func (s *Service) buildCRL(ctx context.Context, a *openedAuthority) (crl *notary.CRL, err error) {
	const attempts = 5
	for range attempts {
		if crl, err = s.buildOneCRL(ctx, a); notary.KindOf(err) != notary.Conflict {
			return crl, err
		}
	}
	return nil, err
}

func (s *Service) buildOneCRL(ctx context.Context, a *openedAuthority) (*notary.CRL, error) {
	var revocations []notary.Revocation
	known, err := s.store.EachRevocation(ctx, a.ID, 0, time.Time{}, func(v notary.Revocation) error {
		revocations = append(revocations, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	now := s.now().Truncate(time.Second)
	crl := &notary.CRL{AuthorityID: a.ID, ThisUpdate: now, NextUpdate: now.Add(crlValidity), Revocations: known}
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		crl.Number, err = tx.NextCRLNumber(a.ID, 0, crl.Revocations)
		return err
	})
	if err != nil {
		return nil, err
	}
	crl.DER, err = issuance.CRL(a.Issuer, issuance.List{Number: crl.Number, ThisUpdate: crl.ThisUpdate,
		NextUpdate: crl.NextUpdate, Revocations: revocations})
	if err != nil {
		return nil, err
	}
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SaveCRL(crl); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(notary.SystemCaller, "authority.crl", a.ID,
			fmt.Sprintf("number %d, %d entries", crl.Number, len(revocations))))
	})
	return crl, err
}

// RefreshCRLs makes anew the CRLs that have grown old, long before anybody would miss them.
// It is called by the clock.
func (s *Service) RefreshCRLs(ctx context.Context) error {
	all, err := s.store.Authorities(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range all {
		if status := a.Status(s.now()); status == notary.AuthorityPending || status == notary.AuthorityExpired {
			continue
		}
		if _, err := s.crl(ctx, a.ID, crlRefresh); err != nil {
			errs = append(errs, fmt.Errorf("CRL of authority %d: %w", a.ID, err))
		}
	}
	return errors.Join(errs...)
}

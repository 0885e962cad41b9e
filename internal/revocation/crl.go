package revocation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/issuers"
	"notary/internal/store"
)

const (
	// CRLValidity is the period from the signing of a CRL to its nextUpdate.
	CRLValidity = 48 * time.Hour
	// crlBackdate is the time by which thisUpdate is backdated, as notBefore is, because relying parties with slow clocks
	// reject a CRL that is a second early. No entry may be later than thisUpdate, so a revocation of the last minute is
	// listed with the time of thisUpdate.
	crlBackdate = time.Minute
	// crlRefresh is the age at which [Service.RefreshCRLs] regenerates a CRL.
	crlRefresh = 12 * time.Hour
)

// CRL returns the authority's full CRL with every revocation acknowledged before the call. It regenerates the CRL only
// if the CRL is outdated or half of its validity has passed. An expired authority has only its last CRL, and an offline
// authority the last one uploaded.
func (s *Service) CRL(ctx context.Context, authorityID int64) (*notary.CRL, error) {
	return s.crl(ctx, store.ListKey{AuthorityID: authorityID}, CRLValidity/2)
}

// crl returns a CRL younger than maxAge with every revocation so far and all distribution points that certificates name
// for it. If building one fails, crl returns the last CRL if that is valid and has all revocations. An expired or
// offline authority has only its last CRL.
func (s *Service) crl(ctx context.Context, key store.ListKey, maxAge time.Duration) (*notary.CRL, error) {
	a, err := s.issuers.Certified(ctx, key.AuthorityID)
	if err != nil {
		return nil, err
	}
	urls, err := s.listURLs(ctx, key)
	if err != nil {
		return nil, err
	}
	// Read the count before the CRL: a CRL that another node builds in between has at least this count.
	count, err := s.store.RevocationCount(ctx, key.AuthorityID, key.Shard)
	if err != nil {
		return nil, err
	}
	list := s.lists.of(key)
	list.mu.Lock()
	defer list.mu.Unlock()
	if err := s.loadNewer(ctx, key, list); err != nil {
		return nil, err
	}
	newest := list.newest.Load()
	if a.Offline {
		return uploadedCRL(a, list)
	}
	if a.Expired(s.now()) {
		return lastCRL(a, list)
	}
	holds := newest != nil && newest.Revocations >= count && fresh(newest, s.now(), CRLValidity)
	if holds && list.current(newest) && fresh(newest, s.now(), maxAge) && names(newest, urls) {
		return newest, nil
	}
	crl, err := s.buildCRL(ctx, a, key, list, count)
	list.fallback.Store(err != nil && ctx.Err() == nil)
	if err != nil && holds {
		s.log.WarnContext(ctx, "could not regenerate the CRL; the last one is still valid",
			"authority", key.AuthorityID, "shard", key.Shard, "error", err)
		return newest, nil
	}
	return crl, err
}

// lastCRL returns the last CRL of an expired authority: relying parties would not accept a newer one.
func lastCRL(a *issuers.Issuer, list *crlList) (*notary.CRL, error) {
	newest := list.newest.Load()
	if newest == nil {
		return nil, notary.Errorf(notary.Conflict, "CA %d expired at %s: it issues no new CRL, "+
			"and has no earlier one", a.ID, a.Issuer.Certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	list.fallback.Store(true)
	last := *newest
	last.Final = true
	return &last, nil
}

// uploadedCRL returns the last CRL that was uploaded for an offline authority, even if it has expired.
func uploadedCRL(a *issuers.Issuer, list *crlList) (*notary.CRL, error) {
	newest := list.newest.Load()
	if newest == nil {
		return nil, notary.Errorf(notary.Conflict, "the key of CA %d is offline, and no CRL has been "+
			"uploaded for it yet", a.ID)
	}
	list.fallback.Store(true)
	return newest, nil
}

// listURLs returns the distribution points that certificates name for a partitioned CRL. It returns a [notary.NotFound]
// error if there are none, and nil for the full CRL.
func (s *Service) listURLs(ctx context.Context, key store.ListKey) ([]string, error) {
	if key.Shard == 0 {
		return nil, nil
	}
	all, err := s.store.ShardURLs(ctx, key.AuthorityID)
	if err == nil && len(all[key.Shard]) == 0 {
		return nil, notary.Errorf(notary.NotFound, "CA %d has no partitioned CRL %d",
			key.AuthorityID, key.Shard)
	}
	return all[key.Shard], err
}

func names(crl *notary.CRL, urls []string) bool {
	if len(urls) == 0 {
		return true
	}
	named := issuance.ListURLs(crl.DER)
	return !slices.ContainsFunc(urls, func(url string) bool { return !slices.Contains(named, url) })
}

// fresh reports whether a CRL is younger than maxAge. A CRL from the future is not fresh: the clock was set back.
func fresh(crl *notary.CRL, now time.Time, maxAge time.Duration) bool {
	return now.Sub(crl.ThisUpdate) < maxAge && !crl.ThisUpdate.After(now)
}

// buildCRL signs a new CRL with the next number and at least count revocations. If another node is faster and its CRL
// has at least count revocations, buildCRL returns that CRL. Otherwise it tries again.
func (s *Service) buildCRL(ctx context.Context, a *issuers.Issuer, key store.ListKey, list *crlList,
	count int64) (*notary.CRL, error) {
	const attempts = 5
	var lost error
	for range attempts {
		crl, err := s.buildOneCRL(ctx, a, key, list, count)
		if err == nil {
			list.newest.Store(crl)
			return crl, nil
		}
		if notary.KindOf(err) != notary.Conflict {
			return nil, err
		}
		lost = err
		before := list.newest.Load()
		if err := s.loadNewer(ctx, key, list); err != nil {
			return nil, err
		}
		if newest := list.newest.Load(); newest != before && newest.Revocations >= count && list.current(newest) {
			return newest, nil
		}
	}
	return nil, lost
}

const entrySize = 50 // octets, estimated

func (s *Service) buildOneCRL(ctx context.Context, a *issuers.Issuer, key store.ListKey, published *crlList,
	count int64) (*notary.CRL, error) {
	now, previous, above := s.now().UTC().Truncate(time.Second), published.newest.Load(), published.inherited.Load()
	// Expired certificates that the previous CRL still listed can be omitted: see [store.Store.EachRevocation]. Ignore a
	// CRL from the future: certificates that it treated as expired may still be valid.
	var last time.Time
	octets := count * entrySize
	if previous != nil && !previous.ThisUpdate.After(now) {
		last = previous.ThisUpdate
		octets = int64(len(previous.DER)) + max(0, count-previous.Revocations)*entrySize
	}
	urls, err := s.listURLs(ctx, key)
	if err != nil {
		return nil, err
	}
	if own := s.issuers.CRLURL(key.AuthorityID, key.Shard); key.Shard > 0 && own != "" && !slices.Contains(urls, own) {
		urls = append(urls, own) // because new certificates name it
	}
	gather := func(seen map[string]bool) (gathered, error) {
		return s.gatherCRL(ctx, a, key, entriesFor{now: now, last: last, octets: int(octets), seen: seen})
	}
	list, err := gather(nil)
	if err != nil {
		return nil, err
	}
	crl := &notary.CRL{AuthorityID: key.AuthorityID, Shard: key.Shard, ThisUpdate: now,
		NextUpdate:  now.Add(CRLValidity),
		Revocations: list.known}
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		crl.Number, err = tx.NextCRLNumber(key.AuthorityID, key.Shard, list.known, above)
		return err
	})
	if err != nil {
		return nil, err
	}
	terms := issuance.CRLTerms{Number: crl.Number, URLs: urls,
		ThisUpdate: list.thisUpdate, NextUpdate: crl.NextUpdate}
	crl.DER, err = list.Sign(terms)
	if errors.Is(err, issuance.ErrDuplicateSerial) {
		if list, err = gather(map[string]bool{}); err == nil {
			crl.Revocations, terms.ThisUpdate = list.known, list.thisUpdate
			crl.DER, err = list.Sign(terms)
		}
	}
	if err != nil {
		return nil, err
	}
	s.lintCRL(ctx, key, published, list.CRL)
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SaveCRL(crl); err != nil {
			return err
		}
		issued := notary.Fields{"crl_number": crl.Number, "crl_entries": list.Len()}
		if key.Shard > 0 {
			issued["shard"] = key.Shard
		}
		return tx.Event(notary.EventBy(notary.SystemCaller, "authority.crl", a.Ref()).Set(issued))
	})
	return crl, err
}

type entriesFor struct {
	now, last time.Time
	octets    int             // expected size
	seen      map[string]bool // serial numbers listed so far, to skip duplicates; nil to keep duplicates
}

type gathered struct {
	*issuance.CRL
	known      int64     // number of revocations, including those not listed
	thisUpdate time.Time // not earlier than any entry
}

// dated returns the revocation with the time to list. It limits this time to the backdated thisUpdate, because a
// revocation may be from the last minute or from a node whose clock is ahead. An imported revocation keeps its time (at
// most now) and moves thisUpdate forward if necessary.
func (g *gathered) dated(v notary.Revocation, now time.Time) notary.Revocation {
	if v.Imported {
		if v.At.After(now) {
			v.At = now
		}
		if v.At.After(g.thisUpdate) {
			g.thisUpdate = v.At
		}
	} else if limit := now.Add(-crlBackdate); v.At.After(limit) {
		v.At = limit
	}
	return v
}

func (s *Service) gatherCRL(ctx context.Context, a *issuers.Issuer, key store.ListKey,
	o entriesFor) (g gathered, err error) {
	g.thisUpdate = o.now.Add(-crlBackdate)
	if g.CRL, err = issuance.NewCRL(a.Issuer, o.octets); err != nil {
		return g, err
	}
	g.known, err = s.store.EachRevocation(ctx, key.AuthorityID, key.Shard, o.last, func(v notary.Revocation) error {
		serial := strings.TrimLeft(v.Serial, "0")
		if o.seen[serial] {
			s.damages.Found("authority", a.ID, fmt.Errorf("it has several revocations with the serial number %s",
				v.Serial))
			return nil
		}
		if o.seen != nil {
			o.seen[serial] = true
		}
		if err := g.Add(g.dated(v, o.now)); err != nil {
			s.damages.Found("authority", a.ID, err)
		}
		return nil
	})
	return g, err
}

// RefreshCRLs regenerates CRLs long before they expire: all full CRLs and the partitioned CRLs requested so far. It
// skips authorities that are pending, offline or expired.
func (s *Service) RefreshCRLs(ctx context.Context) error {
	all, err := s.store.Authorities(ctx)
	if err != nil {
		return err
	}
	states, err := s.store.ListStates(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range all {
		if a.Status(s.now()) == notary.AuthorityPending || a.Offline {
			continue
		}
		states[store.ListKey{AuthorityID: a.ID}] = store.ListState{}
	}
	for _, key := range sortedKeys(states) {
		a, err := s.issuers.Get(ctx, key.AuthorityID)
		if err == nil && (a.Offline || a.Expired(s.now())) {
			continue
		}
		if err == nil {
			_, err = s.crl(ctx, key, crlRefresh)
		}
		if err != nil && !errors.Is(err, issuers.ErrDamaged) {
			errs = append(errs, fmt.Errorf("CRL of CA %d, shard %d: %w", key.AuthorityID, key.Shard, err))
		}
	}
	return errors.Join(errs...)
}

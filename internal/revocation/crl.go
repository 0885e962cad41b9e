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
	// CRLValidity is the time from thisUpdate to nextUpdate.
	CRLValidity = 48 * time.Hour
	// crlBackdate is for relying parties whose clocks are slow: many reject a CRL that is from the future by a
	// second. Certificates are backdated by as much. No entry may be later than thisUpdate, so a revocation of the
	// last minute is listed with that time.
	crlBackdate = time.Minute
	// crlRefresh is the age at which a CRL is regenerated periodically.
	crlRefresh = 12 * time.Hour
)

// CRL returns the authority's full CRL with every revocation that was acknowledged before the call. It is regenerated
// only if the newest one is outdated or grows old. It needs no caller: relying parties may ask.
func (s *Service) CRL(ctx context.Context, authorityID int64) (*notary.CRL, error) {
	return s.crl(ctx, store.ListKey{AuthorityID: authorityID}, CRLValidity/2)
}

// crl returns a CRL with every revocation so far, not older than maxAge, that names all the distribution points by
// which certificates name it.
func (s *Service) crl(ctx context.Context, key store.ListKey, maxAge time.Duration) (*notary.CRL, error) {
	a, err := s.issuers.Certified(ctx, key.AuthorityID)
	if err != nil {
		return nil, err
	}
	urls, err := s.listURLs(ctx, key)
	if err != nil {
		return nil, err
	}
	// Asked before the list is looked at: what another node has made since then is newer.
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
		s.log.WarnContext(ctx, "the CRL could not be made anew, the last one still holds",
			"authority", key.AuthorityID, "shard", key.Shard, "error", err)
		return newest, nil
	}
	return crl, err
}

// lastCRL returns the last CRL of an expired authority, whose certificate relying parties no longer accept
// for a newer one.
func lastCRL(a *issuers.Issuer, list *crlList) (*notary.CRL, error) {
	newest := list.newest.Load()
	if newest == nil {
		return nil, notary.Errorf(notary.Conflict, "the certificate authority %d expired at %s: it issues no new CRL, "+
			"and has no earlier one", a.ID, a.Issuer.Certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	list.fallback.Store(true)
	last := *newest
	last.Final = true
	return &last, nil
}

// listURLs returns the distribution points by which certificates name the CRL of a shard. A shard that none names
// does not exist. The full CRL needs none.
func (s *Service) listURLs(ctx context.Context, key store.ListKey) ([]string, error) {
	if key.Shard == 0 {
		return nil, nil
	}
	all, err := s.store.ShardURLs(ctx, key.AuthorityID)
	if err == nil && len(all[key.Shard]) == 0 {
		return nil, notary.Errorf(notary.NotFound, "the certificate authority %d has no list of a shard %d",
			key.AuthorityID, key.Shard)
	}
	return all[key.Shard], err
}

// names reports whether a CRL covers certificates with any of these distribution points.
func names(crl *notary.CRL, urls []string) bool {
	if len(urls) == 0 {
		return true
	}
	named := issuance.ListURLs(crl.DER)
	return !slices.ContainsFunc(urls, func(url string) bool { return !slices.Contains(named, url) })
}

// fresh reports whether a CRL is neither older than maxAge nor from the future: after the clock was set back, relying
// parties would not accept it yet.
func fresh(crl *notary.CRL, now time.Time, maxAge time.Duration) bool {
	return now.Sub(crl.ThisUpdate) < maxAge && !crl.ThisUpdate.After(now)
}

// buildCRL signs a new CRL, of at least count revocations, with the next number. If another node was faster, its CRL
// is used if it knows as many revocations; otherwise buildCRL starts again.
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

// entrySize is more than most entries take, in octets.
const entrySize = 50

func (s *Service) buildOneCRL(ctx context.Context, a *issuers.Issuer, key store.ListKey, published *crlList,
	count int64) (*notary.CRL, error) {
	now, previous, above := s.now().UTC().Truncate(time.Second), published.newest.Load(), published.inherited.Load()
	// What the last list still had although it had expired need not be on this one; a list
	// from the future tells nothing.
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
		urls = append(urls, own) // the next certificate will name it
	}
	gather := func(seen map[string]bool) (gathered, error) {
		return s.gatherCRL(ctx, a, key, entriesFor{now: now, last: last, octets: int(octets), seen: seen})
	}
	list, err := gather(nil)
	if err != nil {
		return nil, err
	}
	crl := &notary.CRL{AuthorityID: key.AuthorityID, Shard: key.Shard, ThisUpdate: now, NextUpdate: now.Add(CRLValidity),
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

// entriesFor selects the entries of a list.
type entriesFor struct {
	now, last time.Time
	octets    int             // that they are expected to take
	seen      map[string]bool // serial numbers, to leave out duplicates; nil to look for none
}

// gathered is a CRL with its entries.
type gathered struct {
	*issuance.CRL
	known      int64     // revocations, those included that are not listed
	thisUpdate time.Time // not before the time of any entry
}

// dated returns the revocation with the time that the CRL lists. If it was recorded in the last minute, or
// by a node whose clock is ahead, that is thisUpdate. An imported revocation keeps its time unless that is
// in the future, and thisUpdate is moved to it.
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

// gatherCRL starts a CRL with the known revocations. Those that cannot be listed are skipped and reported.
func (s *Service) gatherCRL(ctx context.Context, a *issuers.Issuer, key store.ListKey,
	o entriesFor) (g gathered, err error) {
	g.thisUpdate = o.now.Add(-crlBackdate)
	if g.CRL, err = issuance.NewCRL(a.Issuer, o.octets); err != nil {
		return g, err
	}
	g.known, err = s.store.EachRevocation(ctx, key.AuthorityID, key.Shard, o.last, func(v notary.Revocation) error {
		serial := strings.TrimLeft(v.Serial, "0")
		if o.seen[serial] {
			s.damages.Found("authority", a.ID, fmt.Errorf("it has several revocations of the serial number %s", v.Serial))
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

// RefreshCRLs regenerates the CRLs that have grown old, long before they expire: the full CRL of every authority, and
// those of its shards that were requested before. It runs periodically.
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
		if a.Status(s.now()) == notary.AuthorityPending {
			continue
		}
		states[store.ListKey{AuthorityID: a.ID}] = store.ListState{}
	}
	for _, key := range sortedKeys(states) {
		a, err := s.issuers.Get(ctx, key.AuthorityID)
		if err == nil && a.Expired(s.now()) {
			continue
		}
		if err == nil {
			_, err = s.crl(ctx, key, crlRefresh)
		}
		if err != nil && !errors.Is(err, issuers.ErrDamaged) {
			errs = append(errs, fmt.Errorf("CRL of authority %d, shard %d: %w", key.AuthorityID, key.Shard, err))
		}
	}
	return errors.Join(errs...)
}

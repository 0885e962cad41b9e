package ca

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

// maxFirstExpiring is the maximum number of certificates searched for the earliest expiry when a CA has too many to
// read all.
const maxFirstExpiring = 1000

const maxRequesters = 10

// Impact returns what depends on an authority: see [notary.Impact]. It reads a limited number of certificates.
func (s *Service) Impact(ctx context.Context, caller notary.Caller, id int64) (*notary.Impact, error) {
	if err := policy.AllowRole(caller, policy.ViewAuthorities, policy.On("certificate authority", id)); err != nil {
		return nil, err
	}
	if _, err := s.store.Authority(ctx, id); err != nil {
		return nil, err
	}
	certified, err := s.store.CertifiedAuthorities(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	c := impactCounter{store: s.store, now: now, left: s.limits.impact, leftOfOne: s.limits.impactOfOne,
		own:    map[int64]bool{},
		emails: map[string]int64{}, months: map[time.Time]int64{}}
	for _, one := range certified {
		c.own[one.CertificateID] = true
	}
	live := slices.DeleteFunc(certified, func(one store.Certified) bool { return one.Revoked || one.NotAfter.Before(now) })
	if _, c.impact.AtLeast, err = c.count(ctx, id); err != nil {
		return nil, err
	}
	for _, below := range subordinates(live, id) {
		if below.Certificates, below.AtLeast, err = c.count(ctx, below.ID); err != nil {
			return nil, err
		}
		c.impact.AtLeast = c.impact.AtLeast || below.AtLeast
		c.impact.Authorities = append(c.impact.Authorities, below)
	}
	return c.sum(), nil
}

func subordinates(live []store.Certified, id int64) []notary.SubordinateImpact {
	found := map[int64]*notary.SubordinateImpact{}
	reached := map[int64]bool{id: true}
	for again := true; again; {
		again = false
		for _, one := range live {
			if one.AuthorityID == id || !reached[one.IssuerID] || one.IssuerID == one.AuthorityID {
				continue
			}
			below := found[one.AuthorityID]
			if below == nil {
				below = &notary.SubordinateImpact{ID: one.AuthorityID, CommonName: one.CommonName, Deleted: one.Deleted}
				found[one.AuthorityID], reached[one.AuthorityID], again = below, true, true
			}
			if one.NotAfter.After(below.NotAfter) {
				below.NotAfter = one.NotAfter
			}
		}
	}
	trusted := trustedWithout(live, id)
	all := make([]notary.SubordinateImpact, 0, len(found))
	for _, key := range slices.Sorted(maps.Keys(found)) {
		found[key].Elsewhere = trusted[key]
		all = append(all, *found[key])
	}
	return all
}

// trustedWithout returns the authorities that have a chain without the given authority: roots, CAs signed by an
// external CA, and the subordinates of both.
func trustedWithout(live []store.Certified, id int64) map[int64]bool {
	trusted := map[int64]bool{}
	for again := true; again; {
		again = false
		for _, one := range live {
			if one.AuthorityID == id || trusted[one.AuthorityID] || one.IssuerID == id {
				continue
			}
			if one.IssuerID == 0 || one.IssuerID == one.AuthorityID || trusted[one.IssuerID] {
				trusted[one.AuthorityID], again = true, true
			}
		}
	}
	return trusted
}

type impactCounter struct {
	store     *store.Store
	now       time.Time
	left      int            // certificates that may still be read
	leftOfOne int            // limit for each authority
	own       map[int64]bool // certificates of authorities
	emails    map[string]int64
	months    map[time.Time]int64
	impact    notary.Impact
}

// count adds the valid end-entity certificates that an authority has issued to the impact, and returns their number. If
// atLeast is true, this number is a lower bound.
func (c *impactCounter) count(ctx context.Context, id int64) (n int64, atLeast bool, err error) {
	most := min(c.left, c.leftOfOne)
	issued, err := c.store.LastIssued(ctx, id, c.now, most+1)
	if err != nil {
		return 0, false, err
	}
	if atLeast = len(issued) > most; atLeast {
		issued = issued[:most]
	}
	c.left -= len(issued)
	for _, one := range issued {
		if !c.counts(one) {
			continue
		}
		n++
		c.emails[one.Email]++
		c.months[monthOf(one.NotAfter)]++
		c.extend(one.NotAfter)
	}
	c.impact.Certificates += n
	if !atLeast {
		return n, false, nil
	}
	first, err := c.store.FirstIssued(ctx, id, c.now, maxFirstExpiring)
	if i := slices.IndexFunc(first, c.counts); i >= 0 {
		c.extend(first[i].NotAfter)
	}
	return n, true, err
}

// counts reports whether a certificate is unrevoked and belongs to neither an authority nor an OCSP responder.
func (c *impactCounter) counts(one store.Issued) bool {
	return !one.Revoked && !one.Responder && !c.own[one.ID]
}

func (c *impactCounter) extend(notAfter time.Time) {
	if c.impact.First.IsZero() || notAfter.Before(c.impact.First) {
		c.impact.First = notAfter
	}
	if notAfter.After(c.impact.Last) {
		c.impact.Last = notAfter
	}
}

func monthOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func (c *impactCounter) sum() *notary.Impact {
	for email, n := range c.emails {
		c.impact.Requesters = append(c.impact.Requesters, notary.RequesterImpact{Email: email, Certificates: n})
	}
	slices.SortFunc(c.impact.Requesters, func(a, b notary.RequesterImpact) int {
		return cmp.Or(cmp.Compare(b.Certificates, a.Certificates), cmp.Compare(a.Email, b.Email))
	})
	if len(c.impact.Requesters) > maxRequesters {
		for _, other := range c.impact.Requesters[maxRequesters:] {
			c.impact.Others += other.Certificates
		}
		c.impact.Requesters = c.impact.Requesters[:maxRequesters]
	}
	for _, month := range slices.SortedFunc(maps.Keys(c.months), time.Time.Compare) {
		c.impact.Months = append(c.impact.Months, notary.MonthImpact{Month: month, Certificates: c.months[month]})
	}
	return &c.impact
}

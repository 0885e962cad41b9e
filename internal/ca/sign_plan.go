package ca

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"notary"
	"notary/internal/policy"
)

// SignGroup describes requests that [Service.SignMany] would treat in the same way.
type SignGroup struct {
	Count    int64
	Issuance notary.Issuance // the authority and profile that would sign them
	Former   notary.Issuance // the authority and profile of their former certificates; zero if they have none
	Renewal  bool            // whether they have a current certificate
	Refusal  string          // why they would not be signed; "" if they would be
}

// SignPlan groups the selected requests by what [Service.SignMany] would do with them, largest group first. It does not
// predict what only signing can determine, such as whether the profile allows the names. It ignores m.Expected and
// m.Digest. digest is the filter's [Selection] digest, or "" for IDs.
func (s *Service) SignPlan(ctx context.Context, caller notary.Caller, m Many,
	o SignOptions) (all []SignGroup, digest string, err error) {
	if err := s.attempt(ctx, caller, policy.Resource{}, policy.SignRequest); err != nil {
		return nil, "", err
	}
	if err := s.checkBulkOptions(ctx, caller, o); err != nil {
		return nil, "", err
	}
	requests, digest, err := s.requestsOf(ctx, caller, m)
	if err != nil {
		return nil, "", err
	}
	all, err = s.planAll(ctx, requests, o)
	return all, digest, err
}

func (s *Service) planAll(ctx context.Context, requests []*notary.Request, o SignOptions) ([]SignGroup, error) {
	var without []int64
	for _, r := range requests {
		if r.Certificate == nil {
			without = append(without, r.ID)
		}
	}
	former, err := s.store.LatestIssuances(ctx, without)
	if err != nil {
		return nil, err
	}
	groups := map[SignGroup]int64{}
	refusals := map[SignGroup]string{} // by group without refusal
	for _, r := range requests {
		if r.Certificate != nil {
			former[r.ID] = r.Certificate.Issuance()
		}
		groups[s.planOne(ctx, r, former[r.ID], o, refusals)]++
	}
	return sortedGroups(groups), nil
}

func (s *Service) planOne(ctx context.Context, r *notary.Request, former notary.Issuance, o SignOptions,
	refusals map[SignGroup]string) SignGroup {
	if _, err := r.Status.Next(notary.Sign); err != nil {
		return SignGroup{Refusal: err.Error()}
	}
	g := SignGroup{Former: former, Issuance: o.choose(former, r.Wishes), Renewal: r.Certificate != nil}
	if g.Renewal && o.NoRenewal {
		g.Refusal = errRenewal.Error()
		return g
	}
	refusal, known := refusals[g]
	if !known {
		_, err := s.profileFor(ctx, g.Issuance.Profile, former)
		if err == nil {
			_, err = s.issuerFor(ctx, g.Issuance.AuthorityID, former)
		}
		if err != nil {
			refusal = err.Error()
		}
		refusals[g] = refusal
	}
	g.Refusal = refusal
	return g
}

func sortedGroups(groups map[SignGroup]int64) []SignGroup {
	sorted := slices.Collect(maps.Keys(groups))
	for i := range sorted {
		sorted[i].Count = groups[sorted[i]]
	}
	slices.SortFunc(sorted, func(a, b SignGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Issuance.AuthorityID, b.Issuance.AuthorityID),
			cmp.Compare(a.Issuance.Profile, b.Issuance.Profile), cmp.Compare(a.Former.Profile, b.Former.Profile),
			cmp.Compare(a.Refusal, b.Refusal))
	})
	return sorted
}

// requestsOf returns the selected requests, with only the fields that a plan needs, and the digest of the filter's
// [Selection].
func (s *Service) requestsOf(ctx context.Context, caller notary.Caller,
	m Many) (all []*notary.Request, digest string, err error) {
	add := func(r *notary.Request) {
		slim := &notary.Request{ID: r.ID, Status: r.Status, Wishes: r.Wishes}
		if c := r.Certificate; c != nil {
			slim.Certificate = &notary.Certificate{AuthorityID: c.AuthorityID, Profile: c.Profile}
		}
		all = append(all, slim)
	}
	if m.Filter != nil && m.IDs == nil {
		matched, err := s.EachMatching(ctx, caller, *m.Filter, add)
		return all, matched.Digest, err
	}
	m.Expected, m.Digest = nil, ""
	ids, err := s.selectedIDs(ctx, caller, m, s.requestSelection(policy.SignRequest))
	if err != nil {
		return nil, "", err
	}
	for _, id := range ids {
		switch r, err := s.request(ctx, caller, id); {
		case notary.KindOf(err) == notary.NotFound:
		case err != nil:
			return nil, "", err
		default:
			add(r)
		}
	}
	return all, "", nil
}

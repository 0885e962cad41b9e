package ca

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"notary"
	"notary/internal/policy"
)

// viewer determines what a caller sees: everything if its role or an unlimited grant includes [policy.ViewRequests].
// Other callers see what they or their groups own, and what their grants of this action cover. A grant covers a request
// only if the caller sees every certificate issued for it, because the request's history lists them.
//
// A token sees what its creator owns, within the token's limits on names and owners.
type viewer struct {
	caller notary.Caller
	all    bool
	member []int64           // IDs of the caller's groups
	grants []*notary.Grant   // of policy.ViewRequests
	groups map[int64][]int64 // by owner account; filled on demand
}

type viewReader interface {
	grantReader
	CertificateOutlines(ctx context.Context, requestIDs []int64) (map[int64][]*notary.Certificate, error)
}

func viewerOf(ctx context.Context, known viewReader, caller notary.Caller) (*viewer, error) {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{}); err != nil {
		return nil, err
	}
	v := &viewer{caller: caller, groups: map[int64][]int64{}}
	if v.all = policy.May(caller, policy.ViewRequests); v.all {
		return v, nil
	}
	grants, err := grantsOf(ctx, known, caller)
	if err != nil {
		return nil, err
	}
	v.grants = policy.Having(grants, policy.ViewRequests)
	v.all = slices.ContainsFunc(v.grants, policy.IsUnlimited)
	v.member, err = known.GroupsOf(ctx, caller.Account().ID)
	return v, err
}

// narrow restricts a filter to what the viewer sees, as far as a query can; [viewer.requests] and [viewer.certificates]
// check the rest. It reports whether anything can match. An owner that does not exist cannot be distinguished from one
// without visible objects.
func (v *viewer) narrow(ctx context.Context, known ownerReader, f *notary.Filter) (bool, error) {
	if ok, err := resolveOwner(ctx, known, f); !ok || err != nil {
		return false, err
	}
	account := v.caller.Account()
	switch {
	case v.all:
	case len(v.grants)+len(v.member) == 0:
		if f.Email != "" && f.Email != account.Name || f.OwnerEmail != "" && f.OwnerEmail != account.Name ||
			f.OwnerGroup != 0 {
			return false, nil
		}
		f.Email, f.Owner = account.Name, account.ID
	default:
		f.Scope = &notary.Scope{AccountID: account.ID, Email: account.Name, Groups: v.member}
		for _, g := range v.grants {
			f.Scope.Grants = append(f.Scope.Grants, g.GrantTerms)
		}
	}
	return true, nil
}

type ownerReader interface {
	Groups(ctx context.Context) ([]*notary.Group, error)
}

func resolveOwner(ctx context.Context, known ownerReader, f *notary.Filter) (bool, error) {
	if f.OwnedBy == "" {
		return true, nil
	}
	if strings.Contains(f.OwnedBy, "@") {
		f.OwnerEmail = f.OwnedBy
		return true, nil
	}
	groups, err := known.Groups(ctx)
	for _, g := range groups {
		if g.Name == f.OwnedBy || f.OwnedBy == fmt.Sprintf("group:%d", g.ID) {
			f.OwnerGroup = g.ID
		}
	}
	return f.OwnerGroup != 0, err
}

// owns reports whether the object belongs to the caller's account or one of its groups and, for a token, is within its
// limits.
func (v *viewer) owns(ctx context.Context, known grantReader, r policy.Resource) (_ bool, err error) {
	if r.OwnerGroupID != 0 && !slices.Contains(v.member, r.OwnerGroupID) ||
		r.OwnerGroupID == 0 && (!v.caller.Known() || r.OwnerID != v.caller.Account().ID) {
		return false, nil
	}
	if v.caller.Token != nil {
		if r.OwnerGroups, err = v.groupsOf(ctx, known, r.OwnerID); err != nil {
			return false, err
		}
	}
	return policy.TokenSees(v.caller, r), nil
}

// submitted reports whether an object belongs to the caller itself, so that no query is needed to decide that it is
// visible.
func submitted(caller notary.Caller, requesterID, ownerGroupID int64) bool {
	return caller.Known() && requesterID == caller.Principal.ID && ownerGroupID == 0
}

func (v *viewer) covers(ctx context.Context, known grantReader, r policy.Resource) (_ bool, err error) {
	if len(v.grants) == 0 {
		return false, nil
	}
	if policy.LimitsOwnerGroups(v.grants) {
		if r.OwnerGroups, err = v.groupsOf(ctx, known, r.OwnerID); err != nil {
			return false, err
		}
	}
	return policy.Covers(v.grants, policy.ViewRequests, r), nil
}

func (v *viewer) groupsOf(ctx context.Context, known grantReader, ownerID int64) (groups []int64, err error) {
	groups, looked := v.groups[ownerID]
	if !looked && ownerID != 0 {
		if groups, err = known.GroupsOf(ctx, ownerID); err != nil {
			return nil, err
		}
		v.groups[ownerID] = groups
	}
	return groups, nil
}

func (v *viewer) certificates(ctx context.Context, known viewReader,
	all []*notary.Certificate) (seen []*notary.Certificate, err error) {
	if v.all {
		return all, nil
	}
	for _, cert := range all {
		r := certificateResource(cert)
		sees, err := v.owns(ctx, known, r)
		if !sees && err == nil {
			sees, err = v.covers(ctx, known, r)
		}
		if err != nil {
			return nil, err
		}
		if sees {
			seen = append(seen, cert)
		}
	}
	return seen, nil
}

func (v *viewer) requests(ctx context.Context, known viewReader,
	all []*notary.Request) (seen []*notary.Request, err error) {
	if v.all {
		return all, nil
	}
	own := make([]bool, len(all))
	var others []int64 // covered with their current certificates; older ones are checked below
	for i, req := range all {
		r := requestResource(req)
		if own[i], err = v.owns(ctx, known, r); err != nil {
			return nil, err
		}
		if own[i] {
			continue
		}
		covered, err := v.covers(ctx, known, r)
		if err != nil {
			return nil, err
		}
		if covered {
			others = append(others, req.ID)
		}
	}
	covered, err := v.withCertificates(ctx, known, others)
	if err != nil {
		return nil, err
	}
	for i, req := range all {
		if own[i] || covered[req.ID] {
			seen = append(seen, req)
		}
	}
	return seen, nil
}

// withCertificates reports for each request whether the viewer sees every certificate issued for it.
func (v *viewer) withCertificates(ctx context.Context, known viewReader, requestIDs []int64) (map[int64]bool, error) {
	if len(requestIDs) == 0 {
		return nil, nil
	}
	issued, err := known.CertificateOutlines(ctx, requestIDs)
	if err != nil {
		return nil, err
	}
	covered := map[int64]bool{}
	for _, id := range requestIDs {
		seen, err := v.certificates(ctx, known, issued[id])
		if err != nil {
			return nil, err
		}
		covered[id] = len(seen) == len(issued[id])
	}
	return covered, nil
}

// sees returns a NotFound error if the caller may not see the request.
func sees(ctx context.Context, known viewReader, caller notary.Caller, req *notary.Request) error {
	if submitted(caller, req.RequesterID, req.OwnerGroupID) {
		return nil
	}
	v, err := viewerOf(ctx, known, caller)
	if err != nil {
		return err
	}
	if seen, err := v.requests(ctx, known, []*notary.Request{req}); err != nil || len(seen) > 0 {
		return err
	}
	return noRequest(req.ID)
}

// seesCertificate is like [sees] for a certificate.
func seesCertificate(ctx context.Context, known viewReader, caller notary.Caller, cert *notary.Certificate) error {
	if submitted(caller, cert.RequesterID, cert.OwnerGroupID) {
		return nil
	}
	v, err := viewerOf(ctx, known, caller)
	if err != nil {
		return err
	}
	if seen, err := v.certificates(ctx, known, []*notary.Certificate{cert}); err != nil || len(seen) > 0 {
		return err
	}
	return noCertificate(cert.ID)
}

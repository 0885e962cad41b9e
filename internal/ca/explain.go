package ca

import (
	"context"
	"slices"

	"notary"
	"notary/internal/pki"
	"notary/internal/policy"
)

// Question asks whether an account may perform an action on an object. Unless noted otherwise, zero fields are
// unspecified.
type Question struct {
	Action      string // such as "request.sign"; "" for every action
	AccountID   int64  // 0 for the caller
	AuthorityID int64
	Profile     string
	Names       []string // as typed by the user
	OwnerID     int64    // account that owns the request; 0 for the account in question, unless a group owns it

	OwnerGroupID int64 // group that owns the request; 0 if an account owns it
}

// Answer is the decision on an action.
type Answer struct {
	Action string
	policy.Decision
}

// Explain answers a question for each of its actions, with the reason. Questions about another account require
// permission to manage accounts.
func (s *Service) Explain(ctx context.Context, caller notary.Caller, q Question) (all []Answer, err error) {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{}); err != nil {
		return nil, err
	}
	of, accountID := caller, caller.Account().ID
	if q.AccountID != 0 && q.AccountID != accountID {
		if err := policy.AllowRole(caller, policy.ManageAccounts, policy.On("account", q.AccountID)); err != nil {
			return nil, err
		}
		account, err := s.store.Account(ctx, q.AccountID)
		if err != nil {
			return nil, notary.WithField(err, "account_id")
		}
		of, accountID = account.Caller(), account.ID
	}
	actions := []string{q.Action}
	if q.Action == "" {
		actions = policy.Actions(false)
	} else if !policy.Action(q.Action).Valid() {
		return nil, notary.FieldErrorf("action", "%.40q is not an action: use one such as request.sign", q.Action)
	}
	r, err := s.describe(ctx, q, accountID)
	if err != nil {
		return nil, err
	}
	grants, err := grantsOf(ctx, s.store, of)
	if err != nil {
		return nil, err
	}
	member, err := s.store.GroupsOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	owned := r.OwnerID == accountID || slices.Contains(member, r.OwnerGroupID)
	for _, action := range actions {
		d := policy.DecideFor(of, grants, policy.Action(action), r)
		if d.Allowed && of.Token != nil && policy.Action(action) == policy.CreateRequest {
			d = policy.DecideCreate(of, r)
		}
		if !owned && (d.Grant != nil || d.Allowed && of.Token != nil && slices.Contains(policy.Actions(true), action)) {
			d = requireVisible(d, policy.DecideFor(of, grants, policy.ViewRequests, r))
		}
		all = append(all, Answer{action, d})
	}
	return all, nil
}

// requireVisible returns d, the decision of a grant, or a refusal if the account cannot see the object: grants apply
// only to visible objects.
func requireVisible(d, view policy.Decision) policy.Decision {
	if view.Allowed {
		return d
	}
	return policy.Decision{Reason: d.Reason + ", but the account cannot see the object: " + view.Reason}
}

func (s *Service) describe(ctx context.Context, q Question, accountID int64) (r policy.Resource, err error) {
	if q.OwnerID != 0 && q.OwnerGroupID != 0 {
		return r, notary.FieldErrorf("owner_group_id", "set owner_id or owner_group_id, not both")
	}
	r = policy.Resource{AuthorityID: q.AuthorityID, Profile: q.Profile}
	if r.Names, err = pki.ParseNames(q.Names); err != nil {
		return r, notary.WithField(err, "name")
	}
	if r.OwnerGroupID = q.OwnerGroupID; r.OwnerGroupID != 0 {
		return r, nil
	}
	if r.OwnerID = q.OwnerID; r.OwnerID == 0 {
		r.OwnerID = accountID
	}
	r.OwnerGroups, err = s.store.GroupsOf(ctx, r.OwnerID)
	return r, err
}

package ca

import (
	"context"

	"notary"
	"notary/internal/policy"
)

// The functions in this file report which actions a caller may perform before the details are known, for example to
// show a button. Every use case authorizes the call again.

var requestActions = []policy.Action{policy.SignRequest, policy.UploadCertificate, policy.RejectRequest,
	policy.RevokeRequest, policy.RemoveCertificate, policy.ReopenRequest, policy.DeleteRequest,
	policy.TransferRequest, policy.AnnotateRequest}

// RequestActions reports for each action on a request whether the caller has permission for it. It does not check
// whether the request's status allows the action.
func (s *Service) RequestActions(ctx context.Context, caller notary.Caller,
	req *notary.Request) (map[policy.Action]bool, error) {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{}); err != nil {
		return nil, err
	}
	return actionsOn(ctx, s.store, caller, req)
}

// actionsOn is like [Service.RequestActions] without authorization. It reads the grants and groups of an account only
// once.
func actionsOn(ctx context.Context, known revokeReader, caller notary.Caller,
	req *notary.Request) (map[policy.Action]bool, error) {
	all, once := map[policy.Action]bool{}, &readOnce{revokeReader: known}
	for _, action := range requestActions {
		var err error
		switch action {
		case policy.SignRequest:
			err = allowToSign(ctx, once, caller, req)
		case policy.RevokeRequest:
			err = allowRevoke(ctx, once, caller, req)
		case policy.TransferRequest:
			err = allowSomeTransfer(ctx, once, caller, req)
		case policy.AnnotateRequest:
			err = allowAnnotate(ctx, once, caller, req)
		default:
			err = allowRequest(ctx, once, caller, action, req)
		}
		if all[action], err = permitted(err); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// readOnce caches the grants and groups of accounts during a series of checks.
type readOnce struct {
	revokeReader
	grants map[int64][]*notary.Grant
	groups map[int64][]int64
}

func (r *readOnce) GrantsOf(ctx context.Context, accountID int64) ([]*notary.Grant, error) {
	return remembered(&r.grants, accountID, func() ([]*notary.Grant, error) {
		return r.revokeReader.GrantsOf(ctx, accountID)
	})
}

func (r *readOnce) GroupsOf(ctx context.Context, accountID int64) ([]int64, error) {
	return remembered(&r.groups, accountID, func() ([]int64, error) { return r.revokeReader.GroupsOf(ctx, accountID) })
}

func remembered[T any](values *map[int64]T, id int64, read func() (T, error)) (T, error) {
	if value, ok := (*values)[id]; ok {
		return value, nil
	}
	value, err := read()
	if err == nil {
		if *values == nil {
			*values = map[int64]T{}
		}
		(*values)[id] = value
	}
	return value, err
}

// permitted converts the result of a permission check: it reports whether err is nil. Forbidden and NotFound errors
// become false, and other errors are returned.
func permitted(err error) (bool, error) {
	if kind := notary.KindOf(err); kind == notary.Forbidden || kind == notary.NotFound {
		return false, nil
	}
	return err == nil, err
}

// allowToSign returns an error unless the caller may sign the request with at least one authority and profile.
func allowToSign(ctx context.Context, known viewReader, caller notary.Caller, req *notary.Request) error {
	if policy.May(caller, policy.SignRequest) {
		return nil
	}
	if err := sees(ctx, known, caller, req); err != nil {
		return err
	}
	grants, err := grantsOf(ctx, known, caller)
	if err != nil {
		return err
	}
	r := submittedResource(req)
	if r.OwnerGroups, err = known.GroupsOf(ctx, r.OwnerID); err != nil {
		return err
	}
	if !policy.Possible(grants, policy.SignRequest, r) {
		return policy.AllowRole(caller, policy.SignRequest, r)
	}
	if req.Certificate == nil {
		return nil
	}
	return allowCertificate(ctx, known, caller, policy.SignRequest, req.Certificate)
}

// MayRevoke reports whether the caller may revoke a certificate.
func (s *Service) MayRevoke(ctx context.Context, caller notary.Caller, cert *notary.Certificate) (bool, error) {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{}); err != nil {
		return false, err
	}
	return permitted(allowCertificate(ctx, s.store, caller, policy.RevokeCertificate, cert))
}

// MayDecide reports whether the caller's role or grants include at least one bulk action on requests.
func (s *Service) MayDecide(ctx context.Context, caller notary.Caller) (bool, error) {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{}); err != nil {
		return false, err
	}
	return permitted(s.attempt(ctx, caller, policy.Resource{}, bulkActions...))
}

// SeesOthers reports whether the caller may see requests and certificates that it did not submit.
func (s *Service) SeesOthers(ctx context.Context, caller notary.Caller) (bool, error) {
	v, err := viewerOf(ctx, s.store, caller)
	if err != nil {
		return false, err
	}
	return v.all || len(v.grants)+len(v.member) > 0, nil
}

// Signers returns the authorities with which the caller may sign requests, ordered by ID.
func (s *Service) Signers(ctx context.Context, caller notary.Caller) (signers []*notary.Authority, err error) {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{}); err != nil {
		return nil, err
	}
	may := policy.May(caller, policy.SignRequest)
	grants, err := grantsOf(ctx, s.store, caller)
	if err != nil || !may && !policy.Has(grants, policy.SignRequest) {
		return nil, err
	}
	all, err := s.store.Authorities(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if may || policy.Reaches(grants, policy.SignRequest, a.ID, "") {
			signers = append(signers, a)
		}
	}
	return signers, nil
}

package rest

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

// handleBulk registers a call on many objects that streams the outcomes. start validates the body and returns the
// objects and the action.
func handleBulk[In any](r *routes, o operation, start func(*In) (ca.Many, bulkAction, error)) {
	op := o.describe()
	op.Responses = answers[[]api.Outcome](r, o.status)
	register(r, op, func(ctx context.Context, caller notary.Caller, in *struct{ Body In }) (*huma.StreamResponse, error) {
		many, act, err := start(&in.Body)
		if err != nil {
			return nil, err
		}
		many.Stop = r.stopping
		f := listForm()
		f.live = true
		return r.stream(f, func(emit func(any) error) error {
			return act(ctx, caller, many, func(o ca.Outcome) error { return emit(r.outcome(ctx, o)) })
		}), nil
	})
}

type bulkAction func(context.Context, notary.Caller, ca.Many, func(ca.Outcome) error) error

func bulkSelection(in api.Bulk) (ca.Many, error) {
	many := ca.Many{IDs: in.IDs, Expected: in.Expected, Digest: in.Selection}
	if in.Filter == nil {
		return many, nil
	}
	f, err := requestFilter(*in.Filter)
	many.Filter = &f
	return many, err
}

func (r *routes) outcome(ctx context.Context, o ca.Outcome) api.Outcome {
	if o.Err == nil {
		out := api.Outcome{ID: o.ID, Status: api.Success, NotRevoked: notRevokedToAPI(o.Revocations.NotRevoked)}
		if len(o.Revocations.Revoked) > 0 {
			out.Revoked = revokedToAPI(o.Revocations.Revoked)
		}
		return out
	}
	why := r.failure(ctx, o.Err).body
	return api.Outcome{ID: o.ID, Status: api.Failed, Error: why.Error, Code: why.Code, Field: why.Field,
		RequestID: why.RequestID}
}

func (r *routes) signMany(in *api.BulkSign) (ca.Many, bulkAction, error) {
	options, err := signOptions(in.SignCertificateRequest)
	if err != nil {
		return ca.Many{}, nil, err
	}
	m, err := bulkSelection(in.Bulk)
	return m, func(ctx context.Context, caller notary.Caller, m ca.Many, fn func(ca.Outcome) error) error {
		return r.ca.SignMany(ctx, caller, m, options, fn)
	}, err
}

func (r *routes) previewSign(ctx context.Context, caller notary.Caller,
	in *struct{ Body api.BulkSign }) (*answer[api.SignPreview], error) {
	options, err := signOptions(in.Body.SignCertificateRequest)
	if err != nil {
		return nil, err
	}
	m, err := bulkSelection(in.Body.Bulk)
	if err != nil {
		return nil, err
	}
	groups, digest, err := r.ca.SignPlan(ctx, caller, m, options)
	if err != nil {
		return nil, err
	}
	out := api.SignPreview{Selection: digest, Groups: []api.SignGroup{}}
	for _, g := range groups {
		out.Count += g.Count
		out.Groups = append(out.Groups, api.SignGroup{Count: g.Count,
			CertificateAuthorityID: optional(g.Issuance.AuthorityID),
			Profile:                g.Issuance.Profile, Renewal: g.Renewal,
			FormerCertificateAuthorityID: optional(g.Former.AuthorityID),
			FormerProfile:                g.Former.Profile, Error: g.Refusal})
	}
	return result(out), nil
}

func (r *routes) revokeMany(in *api.BulkRevoke) (ca.Many, bulkAction, error) {
	options, err := revokeOptions(&in.RevokeCertificateRequest)
	if err != nil {
		return ca.Many{}, nil, err
	}
	m, err := bulkSelection(in.Bulk)
	return m, func(ctx context.Context, caller notary.Caller, m ca.Many, fn func(ca.Outcome) error) error {
		return r.ca.RevokeMany(ctx, caller, m, options, fn)
	}, err
}

func (r *routes) revokeManyCertificates(in *api.BulkRevokeCertificates) (ca.Many, bulkAction, error) {
	reason, err := notary.ParseRevocationReason(in.Reason)
	if err != nil {
		return ca.Many{}, nil, err
	}
	m := ca.Many{IDs: in.IDs, Expected: in.Expected, Digest: in.Selection}
	if in.Filter != nil {
		f, err := certificateFilter(*in.Filter)
		if err != nil {
			return ca.Many{}, nil, err
		}
		m.Filter = &f
	}
	return m, func(ctx context.Context, caller notary.Caller, m ca.Many, fn func(ca.Outcome) error) error {
		return r.ca.RevokeManyCertificates(ctx, caller, m, reason, fn)
	}, nil
}

func (r *routes) rejectMany(in *api.BulkReject) (ca.Many, bulkAction, error) {
	m, err := bulkSelection(in.Bulk)
	return m, func(ctx context.Context, caller notary.Caller, m ca.Many, fn func(ca.Outcome) error) error {
		return r.ca.RejectMany(ctx, caller, m, in.Reason, fn)
	}, err
}

func (r *routes) deleteMany(in *api.Bulk) (ca.Many, bulkAction, error) {
	m, err := bulkSelection(*in)
	return m, r.ca.DeleteMany, err
}

package rest

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

// handleBulk adds a call on many requests, which answers what became of each while the work
// goes on. start says what is to be done, once the body is found to be in order.
func handleBulk[In any](r *routes, o operation, start func(*In) (api.Bulk, bulkAction, error)) {
	op := o.describe()
	op.Responses = answers[[]api.Outcome](r, o.status)
	register(r, op, func(ctx context.Context, caller notary.Caller, in *struct{ Body In }) (*huma.StreamResponse, error) {
		body, act, err := start(&in.Body)
		if err != nil {
			return nil, err
		}
		many, err := r.many(body)
		if err != nil {
			return nil, err
		}
		f := listForm()
		f.live = true
		return r.stream(f, func(emit func(any) error) error {
			return act(ctx, caller, many, func(o ca.Outcome) error { return emit(r.outcome(ctx, o)) })
		}), nil
	})
}

// bulkAction does something to many requests.
type bulkAction func(context.Context, notary.Caller, ca.Many, func(ca.Outcome) error) error

func (r *routes) many(in api.Bulk) (ca.Many, error) {
	many := ca.Many{IDs: in.IDs, Expected: in.Expected, Stop: r.stopping}
	if in.Filter == nil {
		return many, nil
	}
	f, err := requestFilter(*in.Filter)
	many.Filter = &f
	return many, err
}

func (r *routes) outcome(ctx context.Context, o ca.Outcome) api.Outcome {
	if o.Err == nil {
		return api.Outcome{ID: o.ID, Status: api.Success}
	}
	why := r.failure(ctx, o.Err).body
	return api.Outcome{ID: o.ID, Status: api.Failed, Error: why.Error, Code: why.Code, Field: why.Field, RequestID: why.RequestID}
}

func (r *routes) signMany(in *api.BulkSign) (api.Bulk, bulkAction, error) {
	options, err := signOptions(in.SignCertificateRequest)
	return in.Bulk, func(ctx context.Context, caller notary.Caller, m ca.Many, fn func(ca.Outcome) error) error {
		return r.ca.SignMany(ctx, caller, m, options, fn)
	}, err
}

func (r *routes) revokeMany(in *api.BulkRevoke) (api.Bulk, bulkAction, error) {
	reason, err := notary.ParseRevocationReason(in.Reason)
	return in.Bulk, func(ctx context.Context, caller notary.Caller, m ca.Many, fn func(ca.Outcome) error) error {
		return r.ca.RevokeMany(ctx, caller, m, reason, fn)
	}, err
}

func (r *routes) rejectMany(in *api.BulkReject) (api.Bulk, bulkAction, error) {
	return in.Bulk, func(ctx context.Context, caller notary.Caller, m ca.Many, fn func(ca.Outcome) error) error {
		return r.ca.RejectMany(ctx, caller, m, in.Reason, fn)
	}, nil
}

func (r *routes) deleteMany(in *api.Bulk) (api.Bulk, bulkAction, error) {
	return *in, r.ca.DeleteMany, nil
}

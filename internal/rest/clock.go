package rest

import (
	"context"

	"notary"
	"notary/api"
)

func (r *routes) serverClock() {
	handle(r, operation{id: "getClock", method: "GET", path: "/api/v1/clock", status: 200, needs: notary.ConfirmClock,
		summary: "Get the server's clock", doc: "Returns the time and, after a clock change, why issuance is stopped."},
		r.getClock)
	handle(r, operation{id: "confirmClock", method: "POST", path: "/api/v1/clock/confirm", status: 202,
		needs:  notary.ConfirmClock,
		errors: []int{409}, summary: "Confirm the server's clock", doc: "Resumes issuance after a clock change."},
		r.confirmClock)
}

func (r *routes) getClock(ctx context.Context, caller notary.Caller, _ *none) (*answer[api.Clock], error) {
	state, err := r.clock.State(ctx, caller)
	if err != nil {
		return nil, err
	}
	out := api.Clock{Time: state.Time, Stopped: state.Stopped}
	if !state.DatabaseTime.IsZero() {
		out.DatabaseTime = &state.DatabaseTime
	}
	return result(out), nil
}

func (r *routes) confirmClock(ctx context.Context, caller notary.Caller, _ *none) (*message, error) {
	return done(r.clock.Confirm(ctx, caller))
}

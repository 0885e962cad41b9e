package rest

import (
	"context"
	"time"

	"notary"
	"notary/api"
	"notary/internal/auth"
)

func (r *routes) sessions() {
	handle(r, operation{id: loginOperation, method: "POST", path: "/login", status: 200, access: open,
		errors:  []int{401, 429},
		summary: "Log in", doc: "Returns a bearer token that is valid for 24 hours."}, r.login)
	handle(r, operation{id: "logout", method: "POST", path: "/logout", status: 200, summary: "Log out",
		doc: "Invalidates the token immediately."}, r.logout)
	handle(r, operation{id: "listSessions", method: "GET", path: "/api/v1/sessions", status: 200,
		summary: "List your own sessions", doc: "Tokens and browser sessions, the newest first."}, r.listSessions)
	handle(r, operation{id: "endOtherSessions", method: "DELETE", path: "/api/v1/sessions", status: 202,
		summary: "End your other sessions", doc: "Ends all sessions of the account except that of the call."},
		r.endOtherSessions)
	handle(r, operation{id: "endSession", method: "DELETE", path: "/api/v1/sessions/{id}", status: 202,
		summary: "End one of your own sessions", doc: "Invalidates its token or browser session immediately."}, r.endSession)
	handle(r, operation{id: "getStatus", method: "GET", path: Probes[0], status: 200, access: open,
		summary: "Get the server's status", doc: "Does not query the database and is exempt from limits."}, r.status)
	handle(r, operation{id: "getReadiness", method: "GET", path: Probes[1], status: 200, access: open,
		summary: "Check that the database answers", doc: "Returns 503 within two seconds if the database does not answer."},
		r.readiness)
}

// loginOperation is the ID of the operation whose failures package auth records itself.
const loginOperation = "login"

type loginInput struct {
	UserAgent string `header:"User-Agent" hidden:"true"`
	Body      api.Login
}

func (r *routes) login(ctx context.Context, caller notary.Caller, in *loginInput) (*answer[api.Token], error) {
	email, err := emailOf(in.Body.Email, in.Body.Username, in.Body.Password)
	if err != nil {
		return nil, err
	}
	token, err := r.auth.Login(ctx, email, in.Body.Password, auth.Client{Address: caller.Address,
		RequestID: caller.RequestID, UserAgent: in.UserAgent})
	return result(api.Token{Token: token}), err
}

// WithBearer is the input of a call that uses the token itself. It is exported because huma reads only exported fields.
type WithBearer struct {
	Authorization string `header:"Authorization" hidden:"true"`
}

func (in WithBearer) token() string { return bearerToken(in.Authorization) }

func (r *routes) logout(ctx context.Context, caller notary.Caller, in *struct{ WithBearer }) (*message, error) {
	return done(r.auth.Logout(ctx, caller, in.token()))
}

func (r *routes) listSessions(ctx context.Context, caller notary.Caller,
	in *struct{ WithBearer }) (*answer[[]api.Session], error) {
	all, err := r.auth.Sessions(ctx, caller, in.token())
	if err != nil {
		return nil, err
	}
	out := make([]api.Session, len(all))
	for i, s := range all {
		out[i] = api.Session{ID: s.ID, Browser: s.Browser, Address: s.Address, UserAgent: s.UserAgent, CreatedAt: s.CreatedAt,
			LastSeenAt: s.LastSeenAt, ExpiresAt: s.ExpiresAt, Current: s.Current}
	}
	return result(out), nil
}

func (r *routes) endSession(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.auth.EndSession(ctx, caller, in.ID))
}

func (r *routes) endOtherSessions(ctx context.Context, caller notary.Caller,
	in *struct{ WithBearer }) (*message, error) {
	return done(r.auth.EndOtherSessions(ctx, caller, in.token()))
}

func (r *routes) status(context.Context, notary.Caller, *none) (*answer[api.Status], error) {
	return result(api.Status{Initialized: r.auth.Initialized(), Version: r.version}), nil
}

// readyTimeout is the time limit for the database, so that the response is sent within the documented two seconds.
const readyTimeout = 1500 * time.Millisecond

func (r *routes) readiness(ctx context.Context, _ notary.Caller, _ *none) (*answer[api.Ready], error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return result(api.Ready{Ready: true}), r.ready(ctx)
}

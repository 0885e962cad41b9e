package rest

import (
	"context"

	"notary"
	"notary/api"
)

func (r *routes) sessions() {
	handle(r, operation{method: "POST", path: "/login", status: 200, access: open, summary: "Get a token for an e-mail and a password"}, r.login)
	handle(r, operation{method: "POST", path: "/logout", status: 200, summary: "End the token at once"}, r.logout)
	handle(r, operation{method: "GET", path: "/status", status: 200, access: open, summary: "Whether there is an account, and the version"}, r.status)
}

func (r *routes) login(ctx context.Context, caller notary.Caller, in *struct{ Body api.Login }) (*answer[api.Token], error) {
	token, err := r.auth.Login(ctx, in.Body.Email, in.Body.Password, caller.Address)
	return result(api.Token{Token: token}), err
}

func (r *routes) logout(ctx context.Context, caller notary.Caller, in *struct {
	Authorization string `header:"Authorization" hidden:"true"`
}) (*message, error) {
	return done(r.auth.Logout(ctx, caller, bearerToken(in.Authorization)))
}

func (r *routes) status(ctx context.Context, _ notary.Caller, _ *none) (*answer[api.Status], error) {
	initialized, err := r.auth.HasAccounts(ctx)
	return result(api.Status{Initialized: initialized, Version: r.version}), err
}

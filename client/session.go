package client

import (
	"context"
	"fmt"
	"net/http"

	"notary/api"
)

// Login logs in and returns a token for [Client.WithToken]. After too many attempts, it returns a [notary.RateLimited]
// error.
func (c *Client) Login(ctx context.Context, login api.Login) (string, error) {
	token, err := call[api.Token](ctx, c.WithToken(""), http.MethodPost, "/login", login)
	return token.Token, err
}

// Logout ends the session of the client's token.
func (c *Client) Logout(ctx context.Context) error {
	return act(ctx, c, http.MethodPost, "/logout", nil)
}

// Sessions returns the caller's own sessions.
func (c *Client) Sessions(ctx context.Context) ([]api.Session, error) {
	return call[[]api.Session](ctx, c, http.MethodGet, prefix+"/sessions", nil)
}

// EndSession ends one of the caller's own sessions.
func (c *Client) EndSession(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, fmt.Sprintf("%s/sessions/%d", prefix, id), nil)
}

// EndOtherSessions ends all sessions of the caller except the session of the client's token.
func (c *Client) EndOtherSessions(ctx context.Context) error {
	return act(ctx, c, http.MethodDelete, prefix+"/sessions", nil)
}

// Status returns the server's status. It needs no token.
func (c *Client) Status(ctx context.Context) (api.Status, error) {
	return call[api.Status](ctx, c, http.MethodGet, "/status", nil)
}

// Ready returns nil if the server's database is available, and otherwise a [notary.Unavailable] error. It needs no
// token.
func (c *Client) Ready(ctx context.Context) error {
	_, err := call[api.Ready](ctx, c, http.MethodGet, "/status/ready", nil)
	return err
}

// OpenAPI returns the OpenAPI description in JSON.
func (c *Client) OpenAPI(ctx context.Context) ([]byte, error) {
	return fetch(ctx, c, prefix+"/openapi.json", "application/json")
}

package client

import (
	"context"
	"fmt"
	"net/http"

	"notary/api"
)

// Overview returns the content of the overview page.
func (c *Client) Overview(ctx context.Context) (api.Overview, error) {
	return call[api.Overview](ctx, c, http.MethodGet, prefix+"/overview", nil)
}

// AuthorityState returns the health of an authority.
func (c *Client) AuthorityState(ctx context.Context, id int64) (api.AuthorityState, error) {
	return call[api.AuthorityState](ctx, c, http.MethodGet, fmt.Sprintf("%s/certificate_authorities/%d/state", prefix,
		id), nil)
}

// Settings returns the server's settings. The values of secrets are omitted.
func (c *Client) Settings(ctx context.Context) ([]api.Setting, error) {
	return call[[]api.Setting](ctx, c, http.MethodGet, prefix+"/settings", nil)
}

// Clock returns the time of the server's clock and, if the clock has stopped issuance, the reason.
func (c *Client) Clock(ctx context.Context) (api.Clock, error) {
	return call[api.Clock](ctx, c, http.MethodGet, prefix+"/clock", nil)
}

// ConfirmClock confirms that the server's clock is right. Issuance then continues.
func (c *Client) ConfirmClock(ctx context.Context) error {
	return act(ctx, c, http.MethodPost, prefix+"/clock/confirm", nil)
}

// Inspect describes PEM or DER input and reports problems with it.
func (c *Client) Inspect(ctx context.Context, body api.Inspect) (api.Inspection, error) {
	return call[api.Inspection](ctx, c, http.MethodPost, prefix+"/inspect", body)
}

// Summary returns counts of requests and certificates.
func (c *Client) Summary(ctx context.Context) (api.Summary, error) {
	return call[api.Summary](ctx, c, http.MethodGet, prefix+"/summary", nil)
}

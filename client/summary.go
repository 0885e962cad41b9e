package client

import (
	"context"
	"net/http"

	"notary/api"
)

// Summary counts what there is.
func (c *Client) Summary(ctx context.Context) (api.Summary, error) {
	return call[api.Summary](ctx, c, http.MethodGet, prefix+"/summary", nil)
}

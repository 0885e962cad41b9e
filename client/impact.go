package client

import (
	"context"
	"net/http"

	"notary/api"
)

// AuthorityImpact returns what depends on an authority.
func (c *Client) AuthorityImpact(ctx context.Context, id int64) (api.AuthorityImpact, error) {
	return call[api.AuthorityImpact](ctx, c, http.MethodGet, certificateAuthority(id, "/impact"), nil)
}

package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"notary/api"
)

const certificates = prefix + "/certificates"

// Certificates are the inventory, read while it comes: the memory needed does not grow with
// it. An error is the last that it yields.
func (c *Client) Certificates(ctx context.Context) iter.Seq2[api.Certificate, error] {
	return list[api.Certificate](ctx, c, certificates)
}

// Certificate is one of the inventory.
func (c *Client) Certificate(ctx context.Context, id int64) (api.Certificate, error) {
	return call[api.Certificate](ctx, c, http.MethodGet, fmt.Sprintf("%s/%d", certificates, id), nil)
}

// RevokeInventoryCertificate revokes any certificate of the inventory. Without a reason no
// body is sent.
func (c *Client) RevokeInventoryCertificate(ctx context.Context, id int64, body api.Revoke) error {
	return act(ctx, c, http.MethodPost, fmt.Sprintf("%s/%d/revoke", certificates, id), unlessEmpty(body))
}

package client

import (
	"context"
	"fmt"
	"net/http"

	"notary/api"
)

// AuthorityCertificates are all certificates of an authority's key.
func (c *Client) AuthorityCertificates(ctx context.Context, id int64) ([]api.AuthorityCertificate, error) {
	return call[[]api.AuthorityCertificate](ctx, c, http.MethodGet, certificateAuthority(id, "/certificates"), nil)
}

// UseAuthorityCertificate chooses which of them is in use.
func (c *Client) UseAuthorityCertificate(ctx context.Context, id int64, body api.UseAuthorityCertificate) error {
	return act(ctx, c, http.MethodPut, certificateAuthority(id, "/certificate"), body)
}

// CrossSignCertificateAuthority has another authority sign a further certificate for one, and
// gives the certificate's id.
func (c *Client) CrossSignCertificateAuthority(ctx context.Context, id int64, body api.CrossSignCertificateAuthority) (int64, error) {
	return create(ctx, c, certificateAuthority(id, "/cross_sign"), body)
}

// RollOverCertificateAuthority makes the authority's successor and gives that one's id.
// Without options no body is sent.
func (c *Client) RollOverCertificateAuthority(ctx context.Context, id int64, body api.RollOverCertificateAuthority) (int64, error) {
	return create(ctx, c, certificateAuthority(id, "/roll_over"), unlessEmpty(body))
}

// CertificateChains are the ways from a certificate to its trust anchors.
func (c *Client) CertificateChains(ctx context.Context, id int64) (api.CertificateChains, error) {
	return call[api.CertificateChains](ctx, c, http.MethodGet, fmt.Sprintf("%s/%d/chains", certificates, id), nil)
}

package client

import (
	"context"
	"fmt"
	"net/http"

	"notary/api"
)

// AuthorityCertificates returns all certificates for an authority's key.
func (c *Client) AuthorityCertificates(ctx context.Context, id int64) ([]api.AuthorityCertificate, error) {
	return call[[]api.AuthorityCertificate](ctx, c, http.MethodGet, certificateAuthority(id, "/certificates"), nil)
}

// UseAuthorityCertificate selects the current certificate of an authority.
func (c *Client) UseAuthorityCertificate(ctx context.Context, id int64, body api.UseAuthorityCertificate) error {
	return act(ctx, c, http.MethodPut, certificateAuthority(id, "/certificate"), body)
}

// CrossSignCertificateAuthority cross-signs an authority: another authority issues an additional certificate for its
// key. It returns the ID of the certificate.
func (c *Client) CrossSignCertificateAuthority(ctx context.Context, id int64,
	body api.CrossSignCertificateAuthority) (int64, error) {
	return create(ctx, c, certificateAuthority(id, "/cross_sign"), body)
}

// RollOverCertificateAuthority creates an authority's successor and returns the successor's ID. If no field is set, no
// body is sent.
func (c *Client) RollOverCertificateAuthority(ctx context.Context, id int64,
	body api.RollOverCertificateAuthority) (int64, error) {
	return create(ctx, c, certificateAuthority(id, "/roll_over"), unlessEmpty(body))
}

// CertificateChains returns the chains from a certificate to its trust anchors.
func (c *Client) CertificateChains(ctx context.Context, id int64) (api.CertificateChains, error) {
	return call[api.CertificateChains](ctx, c, http.MethodGet, fmt.Sprintf("%s/%d/chains", certificates, id), nil)
}

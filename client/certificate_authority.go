package client

import (
	"context"
	"fmt"
	"net/http"

	"notary/api"
)

const certificateAuthorities = prefix + "/certificate_authorities"

func certificateAuthority(id int64, rest string) string {
	return fmt.Sprintf("%s/%d%s", certificateAuthorities, id, rest)
}

// CertificateAuthorities are all that the server has.
func (c *Client) CertificateAuthorities(ctx context.Context) ([]api.CertificateAuthority, error) {
	return call[[]api.CertificateAuthority](ctx, c, http.MethodGet, certificateAuthorities, nil)
}

// CertificateAuthority is one of them.
func (c *Client) CertificateAuthority(ctx context.Context, id int64) (api.CertificateAuthority, error) {
	return call[api.CertificateAuthority](ctx, c, http.MethodGet, certificateAuthority(id, ""), nil)
}

// CreateCertificateAuthority makes one and gives its id.
func (c *Client) CreateCertificateAuthority(ctx context.Context, body api.CreateCertificateAuthority) (int64, error) {
	return create(ctx, c, certificateAuthorities, body)
}

// ImportCertificateAuthority takes over an authority that was kept elsewhere and gives its id.
func (c *Client) ImportCertificateAuthority(ctx context.Context, body api.ImportCertificateAuthority) (int64, error) {
	return create(ctx, c, certificateAuthorities+"/import", body)
}

// ImportCertificates records at most 1000 certificates that the authority issued before.
func (c *Client) ImportCertificates(ctx context.Context, id int64, body api.ImportCertificates) (api.ImportedCertificates, error) {
	return call[api.ImportedCertificates](ctx, c, http.MethodPost, certificateAuthority(id, "/issued"), body)
}

// UpdateCertificateAuthority enables or disables it.
func (c *Client) UpdateCertificateAuthority(ctx context.Context, id int64, body api.UpdateCertificateAuthority) error {
	return act(ctx, c, http.MethodPut, certificateAuthority(id, ""), body)
}

// ChangeAuthoritySettings changes what its certificates name from then on.
func (c *Client) ChangeAuthoritySettings(ctx context.Context, id int64, body api.ChangeAuthoritySettings) error {
	return act(ctx, c, http.MethodPut, certificateAuthority(id, "/settings"), body)
}

// DeleteCertificateAuthority is refused while something that it issued is still valid,
// unless it is forced.
func (c *Client) DeleteCertificateAuthority(ctx context.Context, id int64, force bool) error {
	query := ""
	if force {
		query = "?force=true"
	}
	return act(ctx, c, http.MethodDelete, certificateAuthority(id, query), nil)
}

// SignCertificateAuthority has an authority signed by another one, for the first time or as a
// renewal.
func (c *Client) SignCertificateAuthority(ctx context.Context, id int64, body api.SignCertificateAuthority) error {
	return act(ctx, c, http.MethodPost, certificateAuthority(id, "/sign"), body)
}

// UploadAuthorityCertificate gives an authority the certificate that was signed elsewhere.
func (c *Client) UploadAuthorityCertificate(ctx context.Context, id int64, body api.UploadAuthorityCertificate) error {
	return act(ctx, c, http.MethodPost, certificateAuthority(id, "/certificate"), body)
}

// RevokeCertificateAuthority revokes the authority's own certificates and disables it.
// Without a reason no body is sent.
func (c *Client) RevokeCertificateAuthority(ctx context.Context, id int64, body api.Revoke) (api.Revocations, error) {
	return call[api.Revocations](ctx, c, http.MethodPost, certificateAuthority(id, "/revoke"), unlessEmpty(body))
}

// CRL is the authority's certificate revocation list in DER (RFC 5280, section 5). It needs
// no token.
func (c *Client) CRL(ctx context.Context, id int64) ([]byte, error) {
	return fetch(ctx, c, certificateAuthority(id, "/crl"), "application/pkix-crl")
}

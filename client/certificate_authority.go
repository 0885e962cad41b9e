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

// CertificateAuthorities returns all authorities.
func (c *Client) CertificateAuthorities(ctx context.Context) ([]api.CertificateAuthority, error) {
	return call[[]api.CertificateAuthority](ctx, c, http.MethodGet, certificateAuthorities, nil)
}

// CertificateAuthority returns an authority.
func (c *Client) CertificateAuthority(ctx context.Context, id int64) (api.CertificateAuthority, error) {
	return call[api.CertificateAuthority](ctx, c, http.MethodGet, certificateAuthority(id, ""), nil)
}

// CreateCertificateAuthority creates an authority and returns its ID.
func (c *Client) CreateCertificateAuthority(ctx context.Context, body api.CreateCertificateAuthority) (int64, error) {
	return create(ctx, c, certificateAuthorities, body)
}

// ImportCertificateAuthority imports an existing authority, or registers an offline one, and returns its ID.
func (c *Client) ImportCertificateAuthority(ctx context.Context, body api.ImportCertificateAuthority) (int64, error) {
	return create(ctx, c, certificateAuthorities+"/import", body)
}

// ImportCertificates records up to 1000 certificates that an authority issued before it was imported.
func (c *Client) ImportCertificates(ctx context.Context, id int64,
	body api.ImportCertificates) (api.ImportedCertificates, error) {
	return call[api.ImportedCertificates](ctx, c, http.MethodPost, certificateAuthority(id, "/issued"), body)
}

// UpdateCertificateAuthority enables or disables an authority.
func (c *Client) UpdateCertificateAuthority(ctx context.Context, id int64, body api.UpdateCertificateAuthority) error {
	return act(ctx, c, http.MethodPut, certificateAuthority(id, ""), body)
}

// ChangeAuthoritySettings changes the settings of an authority, which apply to the certificates that it issues later.
func (c *Client) ChangeAuthoritySettings(ctx context.Context, id int64, body api.ChangeAuthoritySettings) error {
	return act(ctx, c, http.MethodPut, certificateAuthority(id, "/settings"), body)
}

// DeleteCertificateAuthority deletes an authority. Without force, it fails while certificates that the authority issued
// are valid.
func (c *Client) DeleteCertificateAuthority(ctx context.Context, id int64, force bool) error {
	query := ""
	if force {
		query = "?force=true"
	}
	return act(ctx, c, http.MethodDelete, certificateAuthority(id, query), nil)
}

// SignCertificateAuthority signs or renews an authority's certificate with another authority.
func (c *Client) SignCertificateAuthority(ctx context.Context, id int64, body api.SignCertificateAuthority) error {
	return act(ctx, c, http.MethodPost, certificateAuthority(id, "/sign"), body)
}

// UploadAuthorityCertificate uploads the certificate that an external CA issued for an authority.
func (c *Client) UploadAuthorityCertificate(ctx context.Context, id int64, body api.UploadAuthorityCertificate) error {
	return act(ctx, c, http.MethodPost, certificateAuthority(id, "/certificate"), body)
}

// RevokeCertificateAuthority revokes an authority's own certificates and disables the authority. If no field is set, no
// body is sent.
func (c *Client) RevokeCertificateAuthority(ctx context.Context, id int64, body api.Revoke) (api.Revocations, error) {
	return call[api.Revocations](ctx, c, http.MethodPost, certificateAuthority(id, "/revoke"), unlessEmpty(body))
}

// ExportUnsignedCRL returns the next CRL of an offline authority, to be signed where its key is kept.
func (c *Client) ExportUnsignedCRL(ctx context.Context, id int64, body api.ExportUnsignedCRL) (api.UnsignedCRL, error) {
	return call[api.UnsignedCRL](ctx, c, http.MethodPost, certificateAuthority(id, "/unsigned_crl"), body)
}

// UploadCRL publishes a CRL that an offline authority has signed.
func (c *Client) UploadCRL(ctx context.Context, id int64, body api.UploadCRL) (api.UploadedCRL, error) {
	return call[api.UploadedCRL](ctx, c, http.MethodPost, certificateAuthority(id, "/crl"), body)
}

// CRL returns an authority's CRL in DER (RFC 5280, section 5). It needs no token.
func (c *Client) CRL(ctx context.Context, id int64) ([]byte, error) {
	return fetch(ctx, c, certificateAuthority(id, "/crl"), "application/pkix-crl")
}

package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"notary/api"
)

const certificateRequests = prefix + "/certificate_requests"

func certificateRequest(id int64, rest string) string {
	return fmt.Sprintf("%s/%d%s", certificateRequests, id, rest)
}

// CertificateRequests streams all requests that the caller may see, in constant memory. An error is yielded last.
func (c *Client) CertificateRequests(ctx context.Context) iter.Seq2[api.CertificateRequest, error] {
	return list[api.CertificateRequest](ctx, c, certificateRequests)
}

// CertificateRequestsPage returns a page of matching requests. Pass its Next as After to get the next page.
func (c *Client) CertificateRequestsPage(ctx context.Context,
	query api.RequestQuery) (api.Page[api.CertificateRequest], error) {
	return page[api.CertificateRequest](ctx, c, certificateRequests, query.Paging, query.RequestFilter)
}

// FindCertificateRequests yields all matching requests, fetching pages of query.Limit as needed. An error is yielded
// last.
func (c *Client) FindCertificateRequests(ctx context.Context, query api.RequestQuery) iter.Seq2[api.CertificateRequest,
	error] {
	return pages[api.CertificateRequest](ctx, c, certificateRequests, query.Paging, query.RequestFilter)
}

// CertificatesOfRequest returns all certificates ever issued or uploaded for a request.
func (c *Client) CertificatesOfRequest(ctx context.Context, id int64) ([]api.Certificate, error) {
	return call[[]api.Certificate](ctx, c, http.MethodGet, certificateRequest(id, "/certificates"), nil)
}

// CheckCertificateRequest checks a CSR against a profile. The server records nothing.
func (c *Client) CheckCertificateRequest(ctx context.Context,
	body api.CheckCertificateRequest) (api.RequestCheck, error) {
	return call[api.RequestCheck](ctx, c, http.MethodPost, certificateRequests+"/check", body)
}

// CertificateRequest returns a request.
func (c *Client) CertificateRequest(ctx context.Context, id int64) (api.CertificateRequest, error) {
	return call[api.CertificateRequest](ctx, c, http.MethodGet, certificateRequest(id, ""), nil)
}

// CreateCertificateRequest submits a CSR and returns the request's ID.
func (c *Client) CreateCertificateRequest(ctx context.Context, body api.CreateCertificateRequest) (int64, error) {
	return create(ctx, c, certificateRequests, body)
}

// DeleteCertificateRequest deletes a request. Its certificates stay in the inventory.
func (c *Client) DeleteCertificateRequest(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, certificateRequest(id, ""), nil)
}

// SignCertificateRequest signs a request with an authority held by the server.
func (c *Client) SignCertificateRequest(ctx context.Context, id int64, body api.SignCertificateRequest) error {
	return act(ctx, c, http.MethodPost, certificateRequest(id, "/sign"), body)
}

// UploadCertificate uploads the certificate that an external CA issued for a request, and returns its ID.
func (c *Client) UploadCertificate(ctx context.Context, id int64, body api.UploadCertificate) (int64, error) {
	return create(ctx, c, certificateRequest(id, "/certificate"), body)
}

// RequestCertificate returns the current certificate of a request.
func (c *Client) RequestCertificate(ctx context.Context, id int64) (api.Certificate, error) {
	return call[api.Certificate](ctx, c, http.MethodGet, certificateRequest(id, "/certificate"), nil)
}

// RemoveCertificate removes the current certificate from a request and makes the request outstanding again. The
// certificate stays in the inventory.
func (c *Client) RemoveCertificate(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, certificateRequest(id, "/certificate"), nil)
}

// RejectCertificateRequest rejects a request that has never had a certificate. If no field is set, no body is sent.
func (c *Client) RejectCertificateRequest(ctx context.Context, id int64, body api.Reject) error {
	return act(ctx, c, http.MethodPost, certificateRequest(id, "/reject"), unlessEmpty(body))
}

// RevokeCertificate revokes every valid certificate of a request or, with OnlyCurrent, only the current one. If no
// field is set, no body is sent.
func (c *Client) RevokeCertificate(ctx context.Context, id int64,
	body api.RevokeCertificateRequest) (api.Revocations, error) {
	return call[api.Revocations](ctx, c, http.MethodPost, certificateRequest(id, "/certificate/revoke"), unlessEmpty(body))
}

// ReopenCertificateRequest makes a rejected or revoked request outstanding again.
func (c *Client) ReopenCertificateRequest(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodPost, certificateRequest(id, "/reopen"), nil)
}

// TransferCertificateRequest transfers a request, with all its certificates, to another owner.
func (c *Client) TransferCertificateRequest(ctx context.Context, id int64, to api.NewOwner) error {
	return act(ctx, c, http.MethodPut, certificateRequest(id, "/owner"), to)
}

// ChangeCertificateRequest changes the note and labels of a request.
func (c *Client) ChangeCertificateRequest(ctx context.Context, id int64, body api.ChangeCertificateRequest) error {
	return act(ctx, c, http.MethodPatch, certificateRequest(id, ""), body)
}

// unlessEmpty returns body, or nil if none of its fields is set.
func unlessEmpty[T comparable](body T) any {
	var empty T
	if body == empty {
		return nil
	}
	return body
}

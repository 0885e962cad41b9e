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

// CertificateRequests are all that the caller may see, read while they come: the memory
// needed does not grow with them. An error is the last that it yields.
func (c *Client) CertificateRequests(ctx context.Context) iter.Seq2[api.CertificateRequest, error] {
	return list[api.CertificateRequest](ctx, c, certificateRequests)
}

// CertificateRequestsPage is a page of those that the query asks for. The next follows with
// its Next as After.
func (c *Client) CertificateRequestsPage(ctx context.Context, query api.RequestQuery) (api.Page[api.CertificateRequest], error) {
	return page[api.CertificateRequest](ctx, c, certificateRequests, query.Paging, query.RequestFilter)
}

// FindCertificateRequests are those that the query asks for, read page by page; its Limit is
// the size of a page. An error is the last that it yields.
func (c *Client) FindCertificateRequests(ctx context.Context, query api.RequestQuery) iter.Seq2[api.CertificateRequest, error] {
	return pages[api.CertificateRequest](ctx, c, certificateRequests, query.Paging, query.RequestFilter)
}

// CertificatesOfRequest are all that were ever issued or uploaded for a request.
func (c *Client) CertificatesOfRequest(ctx context.Context, id int64) ([]api.Certificate, error) {
	return call[[]api.Certificate](ctx, c, http.MethodGet, certificateRequest(id, "/certificates"), nil)
}

// CheckCertificateRequest asks what a profile would say of a signing request.
func (c *Client) CheckCertificateRequest(ctx context.Context, body api.CheckCertificateRequest) (api.RequestCheck, error) {
	return call[api.RequestCheck](ctx, c, http.MethodPost, certificateRequests+"/check", body)
}

// CertificateRequest is one of them.
func (c *Client) CertificateRequest(ctx context.Context, id int64) (api.CertificateRequest, error) {
	return call[api.CertificateRequest](ctx, c, http.MethodGet, certificateRequest(id, ""), nil)
}

// CreateCertificateRequest submits a CSR and gives the id of the request.
func (c *Client) CreateCertificateRequest(ctx context.Context, body api.CreateCertificateRequest) (int64, error) {
	return create(ctx, c, certificateRequests, body)
}

// DeleteCertificateRequest leaves the certificates that were issued for it in the inventory.
func (c *Client) DeleteCertificateRequest(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, certificateRequest(id, ""), nil)
}

// SignCertificateRequest has it signed by an authority of the server.
func (c *Client) SignCertificateRequest(ctx context.Context, id int64, body api.SignCertificateRequest) error {
	return act(ctx, c, http.MethodPost, certificateRequest(id, "/sign"), body)
}

// UploadCertificate gives it a certificate signed elsewhere, and gives that one's id in the
// inventory.
func (c *Client) UploadCertificate(ctx context.Context, id int64, body api.UploadCertificate) (int64, error) {
	return create(ctx, c, certificateRequest(id, "/certificate"), body)
}

// RequestCertificate is the certificate in use of a request.
func (c *Client) RequestCertificate(ctx context.Context, id int64) (api.Certificate, error) {
	return call[api.Certificate](ctx, c, http.MethodGet, certificateRequest(id, "/certificate"), nil)
}

// RemoveCertificate makes it outstanding again.
func (c *Client) RemoveCertificate(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, certificateRequest(id, "/certificate"), nil)
}

// RejectCertificateRequest is for requests that never had a certificate. Without a reason no
// body is sent.
func (c *Client) RejectCertificateRequest(ctx context.Context, id int64, body api.Reject) error {
	return act(ctx, c, http.MethodPost, certificateRequest(id, "/reject"), unlessEmpty(body))
}

// RevokeCertificate revokes every valid certificate of a request or, with OnlyCurrent, the current one alone.
// If no field is set, no body is sent.
func (c *Client) RevokeCertificate(ctx context.Context, id int64, body api.RevokeCertificateRequest) (api.Revocations, error) {
	return call[api.Revocations](ctx, c, http.MethodPost, certificateRequest(id, "/certificate/revoke"), unlessEmpty(body))
}

// ReopenCertificateRequest makes a rejected or revoked one outstanding again.
func (c *Client) ReopenCertificateRequest(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodPost, certificateRequest(id, "/reopen"), nil)
}

// unlessEmpty leaves out a body of which every field is optional and none is given.
func unlessEmpty[T comparable](body T) any {
	var empty T
	if body == empty {
		return nil
	}
	return body
}

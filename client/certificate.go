package client

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"notary/api"
)

const certificates = prefix + "/certificates"

// Certificates streams all certificates that the caller may see, in constant memory. An error is yielded last.
func (c *Client) Certificates(ctx context.Context) iter.Seq2[api.Certificate, error] {
	return list[api.Certificate](ctx, c, certificates)
}

// CertificatesPage returns a page of matching certificates. Pass its Next as After to get the next page.
func (c *Client) CertificatesPage(ctx context.Context, query api.CertificateQuery) (api.Page[api.Certificate], error) {
	return page[api.Certificate](ctx, c, certificates, query.Paging, query.CertificateFilter)
}

// FindCertificates yields all matching certificates, fetching pages of query.Limit as needed. An error is yielded last.
func (c *Client) FindCertificates(ctx context.Context, query api.CertificateQuery) iter.Seq2[api.Certificate, error] {
	return pages[api.Certificate](ctx, c, certificates, query.Paging, query.CertificateFilter)
}

// ExportCertificates returns all matching certificates in the format "csv" or "jsonl". Reading an incomplete export
// returns an error. The caller must close the reader.
func (c *Client) ExportCertificates(ctx context.Context, format string,
	filter api.CertificateFilter) (io.ReadCloser, error) {
	parameters := values(filter)
	parameters.Set("format", format)
	body, err := c.open(ctx, http.MethodGet, certificates+"/export?"+parameters.Encode(), nil)
	if err != nil {
		return nil, err
	}
	return &exportReader{c, body}, nil
}

type exportReader struct {
	c *Client
	io.ReadCloser
}

func (e *exportReader) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = e.c.brokenList(fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err))
	}
	return n, err
}

// IssueCertificate submits a CSR and signs it. If the caller may not sign, it waits up to wait (at most a minute) for
// approval; the Status is Outstanding if the request is still pending. Repeating a call within a day with the same body
// and key, unless key is "", returns the result of the first call.
func (c *Client) IssueCertificate(ctx context.Context, body api.IssueCertificate, wait time.Duration,
	key string) (api.Issued, error) {
	path := certificates
	if wait > 0 {
		path += "?wait=" + url.QueryEscape(wait.String())
	}
	header := http.Header{}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	answer, err := answeredTo[api.Result[api.Issued]](ctx, c, http.MethodPost, path, body, header)
	return answer.Result, err
}

// TransferCertificate transfers a certificate that has no request, such as an imported one, to another owner.
func (c *Client) TransferCertificate(ctx context.Context, id int64, to api.NewOwner) error {
	return act(ctx, c, http.MethodPut, fmt.Sprintf("%s/%d/owner", certificates, id), to)
}

// Certificate returns a certificate of the inventory.
func (c *Client) Certificate(ctx context.Context, id int64) (api.Certificate, error) {
	return call[api.Certificate](ctx, c, http.MethodGet, fmt.Sprintf("%s/%d", certificates, id), nil)
}

// RevokeInventoryCertificate revokes a certificate of the inventory. If no field is set, no body is sent.
func (c *Client) RevokeInventoryCertificate(ctx context.Context, id int64, body api.Revoke) (api.Revocations, error) {
	return call[api.Revocations](ctx, c, http.MethodPost, fmt.Sprintf("%s/%d/revoke", certificates, id), unlessEmpty(body))
}

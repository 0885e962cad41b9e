package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"notary"
	"notary/api"
)

// SignCertificateRequests signs many requests and yields the outcomes as they arrive. Breaking out of the loop cancels
// the remaining requests. An error, if any, is yielded last. If it comes first and is not [ErrOutcomeUnknown], nothing
// was done.
func (c *Client) SignCertificateRequests(ctx context.Context, body api.BulkSign) iter.Seq2[api.Outcome, error] {
	return bulk(ctx, c, certificateRequests+"/sign", body)
}

// PreviewSign returns what [Client.SignCertificateRequests] would do.
func (c *Client) PreviewSign(ctx context.Context, body api.BulkSign) (api.SignPreview, error) {
	return call[api.SignPreview](ctx, c, http.MethodPost, certificateRequests+"/sign/preview", body)
}

// RevokeCertificates revokes the certificates of many requests; see [Client.SignCertificateRequests].
func (c *Client) RevokeCertificates(ctx context.Context, body api.BulkRevoke) iter.Seq2[api.Outcome, error] {
	return bulk(ctx, c, certificateRequests+"/revoke", body)
}

// RejectCertificateRequests rejects many requests; see [Client.SignCertificateRequests].
func (c *Client) RejectCertificateRequests(ctx context.Context, body api.BulkReject) iter.Seq2[api.Outcome, error] {
	return bulk(ctx, c, certificateRequests+"/reject", body)
}

// DeleteCertificateRequests deletes many requests; see [Client.SignCertificateRequests].
func (c *Client) DeleteCertificateRequests(ctx context.Context, body api.Bulk) iter.Seq2[api.Outcome, error] {
	return bulk(ctx, c, certificateRequests+"/delete", body)
}

// CountCertificateRequests returns the number of requests that the filter matches, and their selection for a bulk call.
func (c *Client) CountCertificateRequests(ctx context.Context, filter api.RequestFilter) (api.Count, error) {
	return call[api.Count](ctx, c, http.MethodPost, certificateRequests+"/count",
		api.CountCertificateRequests{Filter: &filter})
}

// RevokeInventoryCertificates revokes many certificates of the inventory; see [Client.SignCertificateRequests].
func (c *Client) RevokeInventoryCertificates(ctx context.Context,
	body api.BulkRevokeCertificates) iter.Seq2[api.Outcome, error] {
	return bulk(ctx, c, certificates+"/revoke", body)
}

// CountCertificates returns the number of certificates that the filter matches, and their selection for a bulk call.
func (c *Client) CountCertificates(ctx context.Context, filter api.CertificateFilter) (api.Count, error) {
	return call[api.Count](ctx, c, http.MethodPost, certificates+"/count", api.CountCertificates{Filter: &filter})
}

func bulk(ctx context.Context, c *Client, path string, body any) iter.Seq2[api.Outcome, error] {
	return func(yield func(api.Outcome, error) bool) {
		answer, err := c.open(ctx, http.MethodPost, path, body)
		if err == nil {
			err = elements(answer, yield, brokenBulk)
		}
		if err != nil {
			yield(api.Outcome{}, err)
		}
	}
}

func brokenBulk(err error) error {
	what := "the response is incomplete"
	if errors.Is(err, context.Canceled) {
		what = "interrupted"
	}
	return &notary.Error{Kind: notary.Unavailable, Err: fmt.Errorf("%w: %w", ErrOutcomeUnknown, err),
		Message: what + ": the outcomes received are final, the others are unknown"}
}

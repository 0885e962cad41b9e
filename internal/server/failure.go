package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"notary"
	"notary/api"
)

const internalMessage = "internal server error: the server's log has the cause under this request ID"

// Failure returns the error that a client may see, without the cause of err, and logs the cause.
func Failure(ctx context.Context, log *slog.Logger, err error) *notary.Error {
	var e *notary.Error
	if !errors.As(err, &e) {
		e = notary.InternalError("answer the request", err)
	}
	shown := *e
	shown.Err = nil
	switch {
	case e.Kind == notary.Internal && e.Message == internalMessage: // already logged
	case e.Kind == notary.Internal:
		log.ErrorContext(ctx, "internal error", "request_id", RequestID(ctx), "error", err)
		shown.Message, shown.Field = internalMessage, ""
	case e.Err != nil:
		log.WarnContext(ctx, "request failed", "request_id", RequestID(ctx), "error", err)
	}
	return &shown
}

// Status returns the HTTP status code of an error kind (RFC 9110, section 15).
func Status(kind notary.Kind) int { return api.Statuses[string(kind)] }

// SetRetryAfter sets the Retry-After header to e.RetryAfter, if that is positive.
func SetRetryAfter(header http.Header, e *notary.Error) {
	if e.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(max(1, int(e.RetryAfter/time.Second))))
	}
}

package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"notary"
	"notary/api"
)

// ErrOutcomeUnknown is matched by the error of a call that the server may or may not have carried out, such as after a
// lost connection or an internal error. A call that fails with any other error changed nothing.
var ErrOutcomeUnknown = errors.New("the server may or may not have carried out the call")

func refusal(answer Response) error {
	if answer.Status >= 200 && answer.Status < 300 {
		return nil
	}
	var envelope api.Error
	if json.Unmarshal(answer.Body, &envelope) != nil || envelope.Error == "" {
		return foreignRefusal(answer)
	}
	e := &notary.Error{
		Kind:       kindOf(envelope.Code, answer.Status),
		Message:    envelope.Error,
		Field:      envelope.Field,
		RetryAfter: retryAfter(answer.Header),
	}
	if id := envelope.RequestID; id != "" && !strings.Contains(e.Message, id) {
		e.Message += " (request ID " + id + ")"
	}
	if e.Kind == notary.Internal || e.Kind == notary.OutcomeUnknown {
		e.Err = ErrOutcomeUnknown
	}
	return e
}

// foreignRefusal returns the error for a response that lacks the API's envelope, such as a proxy's error page.
func foreignRefusal(answer Response) error {
	status := strings.TrimSpace(strconv.Itoa(answer.Status) + " " + http.StatusText(answer.Status))
	e := &notary.Error{
		Kind: kindOf("", answer.Status),
		Message: "the response (" + status + ") does not come from Notary: check the server's address and any " +
			"proxy in front of it",
		RetryAfter: retryAfter(answer.Header),
	}
	if answer.Status >= 500 {
		e.Err = ErrOutcomeUnknown // after a gateway timeout, for example, the call may have been carried out
	}
	return e
}

func kindOf(code string, status int) notary.Kind {
	if _, ok := api.Statuses[code]; ok {
		return notary.Kind(code)
	}
	for code, s := range api.Statuses { // no known code in the response
		if s == status && code != string(notary.OutcomeUnknown) && code != string(notary.RefusedByRule) {
			return notary.Kind(code)
		}
	}
	switch {
	case status == http.StatusBadGateway || status == http.StatusGatewayTimeout:
		return notary.Unavailable
	case status >= 400 && status < 500:
		return notary.Invalid
	default:
		return notary.Internal
	}
}

func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 || seconds > 24*60*60 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// connectionError returns the error for a call without a complete response. If sent is true, the server may have
// received the call.
func (c *Client) connectionError(err error, sent bool) error {
	cause := err
	if sent {
		cause = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return &notary.Error{Kind: notary.Unavailable, Message: c.explain(err), Err: cause}
}

func (c *Client) explain(err error) string {
	var (
		changed *CertificateChangedError
		dns     *net.DNSError
		refused *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		timeout net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "the call was interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		return c.server + " took too long to answer"
	case errors.As(err, &changed):
		return "the certificate of " + c.server + " differs from the saved one: " +
			"it was replaced, or someone is intercepting the connection"
	case errors.As(err, &refused):
		return c.explainCertificate(refused)
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return c.server + " does not use TLS: check the address"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing is listening on " + c.server + ": is the server running?"
	case errors.As(err, &dns):
		return fmt.Sprintf("the host %q cannot be resolved: check the server's name", dns.Name)
	case errors.As(err, &timeout) && timeout.Timeout():
		return c.server + " does not respond: check the address and the network"
	default:
		return "the connection to " + c.server + " failed"
	}
}

func (c *Client) explainCertificate(err error) string {
	var (
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &unknown):
		return "the certificate of " + c.server + " was issued by a CA that is not trusted here"
	case errors.As(err, &host):
		return "the certificate of " + c.server + " is not valid for " + host.Host
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate of " + c.server + " has expired or is not valid yet"
	default:
		return "the certificate of " + c.server + " is not valid"
	}
}

func unreadable(server string, err error) error {
	return &notary.Error{Kind: notary.Internal,
		Message: "the response from " + server + " cannot be parsed: check that it is a Notary server of this client's version",
		Err:     fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)}
}

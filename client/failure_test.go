package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notary"
	"notary/api"
	"notary/client"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status     int
		body       string
		retryAfter string
		want       notary.Error
		unknown    bool // whether the server may have carried it out
	}{
		"the server's sentence, kind and field": {status: 400, body: `{"error":"not PEM","code":"invalid","field":"csr"}`,
			want: notary.Error{Kind: notary.Invalid, Message: "not PEM", Field: "csr"}},
		"the code counts, not the status": {status: 400, body: `{"error":"no","code":"unprocessable"}`,
			want: notary.Error{Kind: notary.Unprocessable, Message: "no"}},
		"without a code the status counts": {status: 409, body: `{"error":"no"}`,
			want: notary.Error{Kind: notary.Conflict, Message: "no"}},
		"an unknown code is like none": {status: 403, body: `{"error":"no","code":"brand_new"}`,
			want: notary.Error{Kind: notary.Forbidden, Message: "no"}},
		"a status without a kind": {status: 405, body: `{"error":"no"}`,
			want: notary.Error{Kind: notary.Invalid, Message: "no"}},
		"when to try again": {status: 429, body: `{"error":"slow down","code":"rate_limited"}`, retryAfter: "30",
			want: notary.Error{Kind: notary.RateLimited, Message: "slow down", RetryAfter: 30 * time.Second}},
		"a Retry-After that makes no sense": {status: 503, body: `{"error":"busy","code":"unavailable"}`, retryAfter: "-1",
			want: notary.Error{Kind: notary.Unavailable, Message: "busy"}},
		"a fault of the server": {status: 500, body: `{"error":"something went wrong","code":"internal","request_id":"r-1"}`,
			unknown: true,
			want:    notary.Error{Kind: notary.Internal, Message: "something went wrong (request ID r-1)"}},
		"the request id is not said twice": {status: 500,
			body: `{"error":"see r-1 in the log","code":"internal","request_id":"r-1"}`, unknown: true,
			want: notary.Error{Kind: notary.Internal, Message: "see r-1 in the log"}},
		"not from Notary": {status: 404, body: `<html>`,
			want: notary.Error{Kind: notary.NotFound,
				Message: "the response (404 Not Found) does not come from Notary: check the server's address and any proxy in front of it"}},
		"a gateway": {status: 502, body: ``, unknown: true,
			want: notary.Error{Kind: notary.Unavailable,
				Message: "the response (502 Bad Gateway) does not come from Notary: check the server's address and any proxy in front of it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
				if test.retryAfter != "" {
					w.Header().Set("Retry-After", test.retryAfter)
				}
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			})
			err := c.Logout(t.Context())
			var got *notary.Error
			if !errors.As(err, &got) {
				t.Fatalf("error %v, want a *notary.Error", err)
			}
			if diff := cmp.Diff(&test.want, got, cmpopts.IgnoreFields(notary.Error{}, "Err")); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if unknown := errors.Is(err, client.ErrOutcomeUnknown); unknown != test.unknown {
				t.Errorf("outcome unknown: %v, want %v", unknown, test.unknown)
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	address, _ := serve(t, http.NotFoundHandler())
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)

	for name, test := range map[string]struct {
		ctx     context.Context
		server  string
		want    string
		unknown bool
	}{
		"nothing listens":      {t.Context(), closedPort(t), "is the server running?", false},
		"an unknown authority": {t.Context(), address, "a CA that is not trusted here", false},
		"plain HTTP":           {t.Context(), "https://" + plain.Listener.Addr().String(), "does not use TLS", false},
		"interrupted":          {canceled, address, "interrupted", false},
		"an unknown host":      {t.Context(), "https://host.invalid:1", "", false}, // the resolver's message varies
		"broken off":           {t.Context(), "", "failed", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := client.Config{Server: test.server}
			if test.server == "" {
				breaking, certificate := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
					panic(http.ErrAbortHandler)
				}))
				config = client.Config{Server: breaking, TLS: client.Pin(certificate)}
			}
			c, err := client.New(config)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.CreateAccount(test.ctx, api.CreateAccount{})
			var got *notary.Error
			if !errors.As(err, &got) || got.Kind != notary.Unavailable {
				t.Fatalf("error %v, want unavailable", err)
			}
			if !strings.Contains(got.Message, test.want) {
				t.Errorf("message %q, want %q in it", got.Message, test.want)
			}
			if unknown := errors.Is(err, client.ErrOutcomeUnknown); unknown != test.unknown {
				t.Errorf("outcome unknown: %v, want %v", unknown, test.unknown)
			}
		})
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return "https://" + listener.Addr().String()
}

func TestInvalidResponse(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "<html>", `{"result":[]}`, `{"result":{"id":"x"}}`, `{"result":{}} trailing`} {
		c := clientOf(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) })
		_, err := c.Account(t.Context(), 1)
		if notary.KindOf(err) != notary.Internal || !errors.Is(err, client.ErrOutcomeUnknown) {
			t.Errorf("answer %q: error %v, want internal with an unknown outcome", body, err)
		}
	}
}

func TestResponseTooLarge(t *testing.T) {
	t.Parallel()
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) { writeBlanks(w, 65<<20) })
	_, err := c.Me(t.Context())
	if err == nil || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("error %v, want one about the size", err)
	}
}

func writeBlanks(w io.Writer, n int) {
	blanks := []byte(strings.Repeat(" ", 1<<20))
	for n > 0 {
		written, err := w.Write(blanks)
		if err != nil {
			return
		}
		n -= written
	}
}

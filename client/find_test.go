package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/client"
)

// TestPagesAreFollowed fetches all pages, even after an empty one, and each only when needed.
func TestPagesAreFollowed(t *testing.T) {
	t.Parallel()
	var asked []string
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		switch r.URL.Query().Get("after") {
		case "":
			io.WriteString(w, `{"result":[{"id":1},{"id":2}],"next":"two"}`)
		case "two":
			io.WriteString(w, `{"result":[],"next":"three"}`)
		case "three":
			io.WriteString(w, `{"result":[{"id":3}]}`)
		}
	})
	query := api.RequestQuery{RequestFilter: api.RequestFilter{Filter: api.Filter{Domain: "example.com"}}}
	var got []int64
	for r, err := range c.FindCertificateRequests(t.Context(), query) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.ID)
	}
	if diff := cmp.Diff([]int64{1, 2, 3}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []string{"domain=example.com&limit=100", "after=two&domain=example.com&limit=100",
		"after=three&domain=example.com&limit=100"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	asked = nil
	for range c.FindCertificateRequests(t.Context(), query) {
		break
	}
	if len(asked) != 1 {
		t.Errorf("asked %d times for the first element", len(asked))
	}
}

func TestPageThatIsRefused(t *testing.T) {
	t.Parallel()
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("after") {
			w.WriteHeader(400)
			io.WriteString(w, `{"error":"the cursor is too old","code":"invalid","field":"after"}`)
			return
		}
		io.WriteString(w, `{"result":[{"id":1}],"next":"two"}`)
	})
	var failed error
	n := 0
	for _, err := range c.FindCertificates(t.Context(), api.CertificateQuery{}) {
		if failed = err; err == nil {
			n++
		}
	}
	var e *notary.Error
	if !errors.As(failed, &e) || e.Kind != notary.Invalid || e.Field != "after" || n != 1 {
		t.Errorf("%d elements and %v", n, failed)
	}
}

func TestBulk(t *testing.T) {
	t.Parallel()
	expected := int64(3)
	type outcomes = iter.Seq2[api.Outcome, error]
	for sent, call := range map[string]func(context.Context, *client.Client) outcomes{
		`POST /api/v1/certificate_requests/sign {"ids":[1,2],"certificate_authority_id":"4","profile":"server"}`: func(ctx context.Context, c *client.Client) outcomes {
			return c.SignCertificateRequests(ctx, api.BulkSign{Bulk: api.Bulk{IDs: []int64{1, 2}},
				SignCertificateRequest: api.SignCertificateRequest{CertificateAuthorityID: 4, Profile: "server"}})
		},
		`POST /api/v1/certificate_requests/revoke {"ids":[1],"reason":"superseded"}`: func(ctx context.Context,
			c *client.Client) outcomes {
			return c.RevokeCertificates(ctx, api.BulkRevoke{Bulk: api.Bulk{IDs: []int64{1}},
				RevokeCertificateRequest: api.RevokeCertificateRequest{Reason: "superseded"}})
		},
		`POST /api/v1/certificate_requests/delete {"ids":[3]}`: func(ctx context.Context, c *client.Client) outcomes {
			return c.DeleteCertificateRequests(ctx, api.Bulk{IDs: []int64{3}})
		},
		`POST /api/v1/certificate_requests/reject {"filter":{"status":"Outstanding","q":"x"},"expected":3}`: func(ctx context.Context, c *client.Client) outcomes {
			return c.RejectCertificateRequests(ctx,
				api.BulkReject{Bulk: api.Bulk{Filter: &api.RequestFilter{Status: "Outstanding", Filter: api.Filter{Q: "x"}},
					Expected: &expected}})
		},
	} {
		for name, test := range map[string]struct {
			status  int
			body    string
			want    int
			kind    notary.Kind
			unknown bool // whether it may have been carried out
		}{
			"done":       {200, `{"result":[{"id":1,"status":"success"},{"id":2,"status":"failed","error":"no","code":"conflict"}]}`, 2, "", false},
			"none":       {200, `{"result":[]}`, 0, "", false},
			"broken off": {200, `{"result":[{"id":1,"status":"success"},`, 1, notary.Unavailable, true},
			"refused":    {409, `{"error":"the number is 2","code":"conflict","field":"expected"}`, 0, notary.Conflict, false},
		} {
			t.Run(sent[35:42]+" "+name, func(t *testing.T) {
				t.Parallel()
				c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					if got := fmt.Sprintf("%s %s %s", r.Method, r.URL.RequestURI(), body); got != sent {
						t.Errorf("sent %s\nwant %s", got, sent)
					}
					w.WriteHeader(test.status)
					io.WriteString(w, test.body)
				})
				var failed error
				n := 0
				for _, err := range call(t.Context(), c) {
					if failed = err; err == nil {
						n++
					}
				}
				if n != test.want || notary.KindOf(failed) != test.kind ||
					errors.Is(failed, client.ErrOutcomeUnknown) != test.unknown {
					t.Errorf("%d outcomes and %v, want %d and %q", n, failed, test.want, test.kind)
				}
			})
		}
	}
}

func TestExportIsRead(t *testing.T) {
	t.Parallel()
	whole := true
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		if got, want := r.URL.RequestURI(), "/api/v1/certificates/export?domain=example.com&format=jsonl&revoked=true"; got != want {
			t.Errorf("asked for %s, want %s", got, want)
		}
		io.WriteString(w, "some lines\n")
		w.(http.Flusher).Flush()
		if !whole {
			panic(http.ErrAbortHandler)
		}
	})
	read := func() (string, error) {
		body, err := c.ExportCertificates(t.Context(), "jsonl", api.CertificateFilter{Revoked: "true",
			Filter: api.Filter{Domain: "example.com"}})
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		content, err := io.ReadAll(body)
		return string(content), err
	}
	if got, err := read(); got != "some lines\n" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	whole = false
	if got, err := read(); got != "some lines\n" || notary.KindOf(err) != notary.Unavailable ||
		!strings.Contains(err.Error(), "incomplete") {
		t.Errorf("broken off: got %q, %v", got, err)
	}
	refused := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		io.WriteString(w, `{"error":"no such format","code":"invalid"}`)
	})
	if _, err := refused.ExportCertificates(t.Context(), "xml",
		api.CertificateFilter{}); notary.KindOf(err) != notary.Invalid {
		t.Errorf("refused: %v", err)
	}
}

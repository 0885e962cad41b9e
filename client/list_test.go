package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
)

func TestList(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		want   []int64
		kind   notary.Kind // of the error after the elements; "" if none
	}{
		"empty":                       {200, `{"result":[]}`, nil, ""},
		"two":                         {200, `{"result":[{"id":1},{"id":2}]}`, []int64{1, 2}, ""},
		"other fields around":         {200, `{"before":[{"x":{}}],"result":[{"id":1}],"next":"cursor"}`, []int64{1}, ""},
		"broken off between elements": {200, `{"result":[{"id":1},`, []int64{1}, notary.Unavailable},
		"broken off in an element":    {200, `{"result":[{"id":1},{"id"`, []int64{1}, notary.Unavailable},
		"broken off at the end":       {200, `{"result":[{"id":1}]`, []int64{1}, notary.Unavailable},
		"no answer at all":            {200, ``, nil, notary.Unavailable},
		"not a list":                  {200, `{"result":{"id":1}}`, nil, notary.Internal},
		"not JSON":                    {200, `<html>`, nil, notary.Internal},
		"a wrong type":                {200, `{"result":[{"id":1},{"id":"x"}]}`, []int64{1}, notary.Internal},
		"refused":                     {403, `{"error":"no","code":"forbidden"}`, nil, notary.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RequestURI() != "/api/v1/certificate_requests" {
					t.Errorf("asked for %s", r.URL.RequestURI())
				}
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			})
			var got []int64
			var failed error
			for request, err := range c.CertificateRequests(t.Context()) {
				if failed != nil {
					t.Error("went on after an error")
				}
				if failed = err; err == nil {
					got = append(got, request.ID)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("elements (-want +got):\n%s", diff)
			}
			if notary.KindOf(failed) != test.kind {
				t.Errorf("error %v, want %q", failed, test.kind)
			}
		})
	}
}

// Elements arrive before the server has written the end, and breaking out of the loop ends the call.
func TestListStreams(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		io.WriteString(w, `{"result":[{"id":1}`)
		w.(http.Flusher).Flush()
		<-r.Context().Done() // no further element
	})
	for certificate, err := range c.Certificates(t.Context()) {
		if err != nil || certificate.ID != 1 {
			t.Fatalf("got %d, %v", certificate.ID, err)
		}
		break
	}
	<-ended
}

func TestListIsInterrupted(t *testing.T) {
	t.Parallel()
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"result":[{"id":1}`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range c.Certificates(ctx) {
		last = err
		cancel()
	}
	if last == nil || !strings.Contains(last.Error(), "interrupted") {
		t.Errorf("error %v, want that it was interrupted", last)
	}
}

func TestListHasNoLimit(t *testing.T) {
	t.Parallel()
	const count = 70
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"result":[`)
		for i := range count {
			if i > 0 {
				io.WriteString(w, ",")
			}
			writeBlanks(w, 1<<20)
			fmt.Fprintf(w, `{"id":%d}`, i+1)
		}
		io.WriteString(w, "]}")
	})
	n := 0
	for _, err := range c.Certificates(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != count {
		t.Errorf("%d elements, want %d", n, count)
	}
}

func TestListElementIsLimited(t *testing.T) {
	t.Parallel()
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"result":[{"id":1}`)
		writeBlanks(w, 66<<20)
		io.WriteString(w, "]}")
	})
	var last error
	for _, err := range c.Certificates(t.Context()) {
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), "larger than 64 MiB") {
		t.Errorf("error %v, want one about the size", last)
	}
}

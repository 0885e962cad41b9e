package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func serve(t *testing.T, handler http.HandlerFunc) *node {
	t.Helper()
	s := httptest.NewTLSServer(handler)
	t.Cleanup(s.Close)
	transport := s.Client().Transport.(*http.Transport)
	return &node{address: s.Listener.Addr().String(), tls: &tls.Config{RootCAs: transport.TLSClientConfig.RootCAs}}
}

func TestResponsesAreReadCompletely(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("0123456789abcdef", 20_000)
	n := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/short":
			fmt.Fprint(w, "short")
		case "/chunked":
			for part := large; part != ""; part = part[len(part)/2+1:] {
				fmt.Fprint(w, part[:len(part)/2+1])
				w.(http.Flusher).Flush()
			}
		case "/echo":
			w.WriteHeader(http.StatusCreated)
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %s", r.Header.Get("Authorization"), r.Header.Get("Content-Type"), body)
		}
	})
	c, err := dial(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, want := range []struct {
		call   call
		status int
		body   string
	}{
		{call{method: "GET", path: "/short"}, 200, "short"},
		{call{method: "GET", path: "/chunked"}, 200, large},
		{call{method: "GET", path: "/empty"}, 200, ""},
		{call{method: "POST", path: "/echo", body: []byte("{}")}, 201, "Bearer a-token application/json {}"},
		{call{method: "GET", path: "/short"}, 200, "short"}, // nothing remains of previous responses
	} {
		var body bytes.Buffer
		status, length, err := c.send(appendCall(nil, n.address, "a-token", want.call))
		if err == nil {
			err = c.readBody(length, &body)
		}
		if err != nil || status != want.status || body.String() != want.body {
			t.Errorf("%s: %d, %d bytes, %v; want %d, %d bytes", want.call.path, status, body.Len(), err, want.status,
				len(want.body))
		}
	}
}

func TestLoadCountsWhatSucceedsAndWhatFails(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	n := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1)%4 == 0 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
		}
	})
	left := upTo(400)
	g := &generator{nodes: []*node{n}, clients: 4, length: time.Minute}
	op := operation{name: "some", cold: true,
		next: func(*rand.Rand) (call, bool) { _, ok := left.take(); return call{method: "GET", path: "/"}, ok }}
	f, err := g.drive(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	if f.count != 300 || f.failures.total() != 100 || f.failures["503"] == nil || f.failures["503"].first != "busy" {
		t.Errorf("%d succeeded, failed: %s", f.count, f.failures)
	}
	if f.perSecond <= 0 || f.p50 <= 0 || f.max < f.p99 || f.p99 < f.p50 {
		t.Errorf("%g a second, p50 %v, p99 %v, max %v", f.perSecond, f.p50, f.p99, f.max)
	}
}

func TestLoadContinuesAfterABrokenConnection(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	n := serve(t, func(http.ResponseWriter, *http.Request) {
		if calls.Add(1) == 3 {
			panic(http.ErrAbortHandler)
		}
	})
	left := upTo(10)
	g := &generator{nodes: []*node{n}, clients: 1, length: time.Minute}
	f, err := g.drive(t.Context(), operation{name: "some", cold: true,
		next: func(*rand.Rand) (call, bool) { _, ok := left.take(); return call{method: "GET", path: "/"}, ok }})
	if err != nil || f.count != 9 || f.failures["connection"] == nil {
		t.Errorf("%d succeeded, failed: %s, %v", f.count, f.failures, err)
	}
}

func TestLoadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	n := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done() // the client is gone
	})
	g := &generator{nodes: []*node{n}, clients: 3, length: time.Hour}
	if _, err := g.drive(ctx, getting("some", "/")); err == nil {
		t.Error("the load did not notice its cancellation")
	}
}

func TestCursors(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		`{"result":[{"id":1}],"next":"abc"}`:                  "abc",
		`{"result":[{"id":1,"csr":"\"next\":\"x\""}]}` + "\n": "",
		`{"result":[]}`: "",
	} {
		if got := nextCursor([]byte(page)); got != want {
			t.Errorf("%s: got %q, want %q", page, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for args, ok := range map[string]bool{
		"":                                 true,
		"--engine postgres --nodes 3":      true,
		"--engine mysql":                   false,
		"--nodes 2":                        false,
		"--database postgres://localhost/": false,
		"--rows -1":                        false,
		"--time 0s":                        false,
		"--only (":                         false,
		"more":                             false,
	} {
		if _, err := parseOptions(strings.Fields(args), io.Discard); (err == nil) != ok {
			t.Errorf("%q: %v", args, err)
		}
	}
}

package server

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// One network, and all together, have so many requests in the handler and no more.
func TestCrowd(t *testing.T) {
	t.Parallel()
	c := newCrowd()
	var leave func()
	for i := range maxCrowdNetwork {
		var ok bool
		if leave, ok = c.enter("192.0.2.1"); !ok {
			t.Fatalf("request %d is refused", i+1)
		}
	}
	if _, ok := c.enter("192.0.2.1"); ok {
		t.Error("one network has more than its share")
	}
	if c.all.Load() != maxCrowdNetwork {
		t.Errorf("%d are counted, want %d", c.all.Load(), maxCrowdNetwork)
	}
	leave()
	if _, ok := c.enter("192.0.2.1"); !ok {
		t.Error("the place of a request that has ended is not free")
	}
	admitted := maxCrowdNetwork
	for i := range 2 * maxCrowd {
		if _, ok := c.enter("network " + strconv.Itoa(i)); ok {
			admitted++
		}
	}
	if admitted != maxCrowd {
		t.Errorf("%d requests are in the handler, want %d", admitted, maxCrowd)
	}
}

// Clients with a session, and health checks, do not meet the limit.
func TestCrowdIsOfUnknownClients(t *testing.T) {
	t.Parallel()
	h, log := surround(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	h.unlimited = []string{"/status"}
	h.clients.Known = func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }
	for range maxCrowdNetwork {
		h.crowd.enter("192.0.2.1")
	}
	for name, tt := range map[string]struct {
		path, token string
		status      int
	}{
		"unknown": {"/", "", http.StatusServiceUnavailable},
		"known":   {"/", "token", http.StatusOK},
		"probe":   {"/status", "", http.StatusOK},
	} {
		r, w := httptest.NewRequest("GET", tt.path, nil), httptest.NewRecorder()
		r.RemoteAddr = "192.0.2.1:1"
		if tt.token != "" {
			r.Header.Set("Authorization", tt.token)
		}
		before := log.String()
		h.ServeHTTP(w, r)
		if w.Code != tt.status {
			t.Errorf("%s: status %d, want %d", name, w.Code, tt.status)
		}
		if refused := w.Code != http.StatusOK; refused && (log.String() != before || w.Header().Get("Retry-After") == "") {
			t.Errorf("%s: it is logged, or there is no Retry-After: %s", name, w.Header())
		}
	}
}

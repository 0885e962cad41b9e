package server

import (
	"hash/maphash"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

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

// A few networks that use all they can, such as by not reading responses, leave room for others.
func TestFewNetworksDoNotTakeAllPlaces(t *testing.T) {
	t.Parallel()
	f, c := newInFlight(maxUnknownConnections), newCrowd()
	for i := range 80 {
		network := "192.0.2." + strconv.Itoa(i)
		for f.enter(network, false) {
		}
		for ok := true; ok; {
			_, ok = c.enter(network)
		}
	}
	for i := range 10 {
		network := newcomer(c, i)
		if !f.enter(network, false) {
			t.Errorf("newcomer %d gets no slot beside 80 networks", i+1)
		}
		if _, ok := c.enter(network); !ok {
			t.Errorf("newcomer %d is turned away beside 80 networks", i+1)
		}
	}
}

// newcomer returns a network that has a cell to itself.
func newcomer(c *crowd, i int) string {
	for n := i; ; n += 10 {
		network := "198.51.100." + strconv.Itoa(n)
		if c.networks[maphash.String(c.seed, network)%crowdCells].Load() == 0 {
			return network
		}
	}
}

func TestCrowdLimitsUnknownClients(t *testing.T) {
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
		if refused := w.Code != http.StatusOK; refused && !strings.Contains(w.Body.String(), `"code":"unavailable"`) {
			t.Errorf("%s: the body is %q", name, w.Body)
		} else if refused && (log.String() != before || w.Header().Get("Retry-After") == "") {
			t.Errorf("%s: it is logged, or there is no Retry-After: %s", name, w.Header())
		}
	}
}

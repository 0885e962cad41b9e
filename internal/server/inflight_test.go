package server

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

func mustEnter(t *testing.T, f *inFlight, n int, network string, known bool) {
	t.Helper()
	for i := range n {
		if !f.enter(network, known) {
			t.Fatalf("request %d of %s is refused, known: %v", i+1, network, known)
		}
	}
}

func TestExcessRequestsAreToldToRetry(t *testing.T) {
	t.Parallel()
	called := false
	h, _ := surround(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	request := httptest.NewRequest("GET", "/", nil)
	client := ClientAddress(request)
	for h.inFlight.enter(client, false) {
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || called {
		t.Errorf("status %d, Retry-After %q, called %v", w.Code, w.Header().Get("Retry-After"), called)
	}
	wantIn(t, w.Body.String(), `"code":"unavailable"`)
	mustEnter(t, h.inFlight, 1, "another address", false)
	h.inFlight.leave(client, false)
	for range 2 { // the slot is returned
		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != http.StatusOK || !called {
			t.Errorf("status %d, called %v once there was room", w.Code, called)
		}
	}
}

// Clients without a session cannot take the last slots, neither in total nor of an address shared with others.
func TestSlotsAreReservedForKnownClients(t *testing.T) {
	t.Parallel()
	f := newInFlight(maxConnections)
	mustEnter(t, f, unreserved(maxInFlightAddress), "192.0.2.1", false)
	if f.enter("192.0.2.1", false) {
		t.Error("an unknown client takes a reserved slot of its address")
	}
	mustEnter(t, f, maxInFlightAddress-unreserved(maxInFlightAddress), "192.0.2.1", true)
	if f.enter("192.0.2.1", true) {
		t.Error("an address has more slots than its limit")
	}
	for i := range unreserved(maxInFlight) - unreserved(maxInFlightAddress) {
		mustEnter(t, f, 1, "unknown "+strconv.Itoa(i), false)
	}
	if f.enter("one more", false) {
		t.Error("an unknown client takes a reserved slot")
	}
	for i := f.all.total; i < maxInFlight; i++ {
		mustEnter(t, f, 1, "known "+strconv.Itoa(i), true)
	}
	if f.enter("one more", true) {
		t.Error("there are more slots than the limit")
	}
}

// Even with few connections, some wait for their client and can be closed.
func TestSlotsFollowTheConnectionLimit(t *testing.T) {
	t.Parallel()
	f := newInFlight(10)
	for i := range 7 {
		mustEnter(t, f, 1, strconv.Itoa(i), false)
	}
	if f.enter("one more", false) {
		t.Error("unknown clients can keep all their connections busy")
	}
}

func TestPanicReleasesTheSlot(t *testing.T) {
	t.Parallel()
	h, _ := surround(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if h.inFlight.all != (slots{}) || len(h.inFlight.of) != 0 {
		t.Errorf("slots are still taken: %+v", h.inFlight.all)
	}
}

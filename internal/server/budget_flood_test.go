package server

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Most of thousands of HTTP/2 requests whose bodies never arrive are refused immediately, and requests from another
// address are accepted.
func TestStalledBodiesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := surround(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
		const flood, addresses, atMost = 5000, 50, 2600
		var answered atomic.Int64
		var running sync.WaitGroup
		end := make(chan struct{})
		stall := func(address string) {
			r, w := httptest.NewRequest("POST", "/", nil), httptest.NewRecorder()
			r.RemoteAddr = address + ":1"
			r.Body, r.ContentLength = &stalledBody{waiting: func() {}, end: end}, 10
			running.Go(func() {
				h.ServeHTTP(w, r)
				answered.Add(1)
			})
			synctest.Wait()

		}
		for i := range flood {
			stall(fmt.Sprintf("192.0.2.%d", i%addresses))
		}
		if left := flood - answered.Load(); left > atMost {
			t.Errorf("%d requests wait for their bodies, want at most %d", left, atMost)
		}
		if stall("198.51.100.1"); h.bodies.unknown.of["198.51.100.1"] == 0 {
			t.Error("another address gets no memory at once")
		}
		close(end)
		running.Wait()
		wantUnused(t, h.bodies.unknown)
	})
}

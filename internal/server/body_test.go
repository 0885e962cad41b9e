package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stalledBody is a body that never arrives. It signals when a reader starts to wait for it.
type stalledBody struct {
	once    sync.Once
	waiting func()
	end     <-chan struct{}
}

func (b *stalledBody) Read([]byte) (int, error) {
	b.once.Do(b.waiting)
	<-b.end
	return 0, os.ErrDeadlineExceeded
}

func (b *stalledBody) Close() error { return nil }

func TestStalledBodiesTakeNoSlots(t *testing.T) {
	t.Parallel()
	h, _ := surround(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	var waiting, running sync.WaitGroup
	end := make(chan struct{})
	for i := range maxInFlight {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = fmt.Sprintf("192.0.%d.%d:1", i/250, i%250)
		waiting.Add(1)
		r.Body, r.ContentLength = &stalledBody{waiting: waiting.Done, end: end}, 100
		running.Go(func() { h.ServeHTTP(httptest.NewRecorder(), r) })
	}
	waiting.Wait()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusOK {
		t.Errorf("status %d beside the stalled bodies", w.Code)
	}
	if h.inFlight.all.total != 0 {
		t.Errorf("they take %d slots", h.inFlight.all.total)
	}
	close(end)
	running.Wait()
	wantUnused(t, h.bodies.unknown)
}

func wantUnused(t *testing.T, b *budget) {
	t.Helper()
	if b.used != 0 || len(b.of) != 0 || len(b.waiting) != 0 {
		t.Errorf("the budget is in use: %d bytes, %v, %d claims", b.used, b.of, len(b.waiting))
	}
}

type countingBody struct{ left, read int }

func (b *countingBody) Read(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.left, b.read = b.left-n, b.read+n
	if n == 0 {
		return 0, io.EOF
	}
	copy(p, bytes.Repeat([]byte("a"), n))
	return n, nil
}

func (b *countingBody) Close() error { return nil }

// The body of an unknown client is read up to its limit, or not at all if its declared length exceeds it. A token
// that is not cached is looked up before.
func TestBodyLimits(t *testing.T) {
	t.Parallel()
	const unknown, known = 16 << 10, 2 << 20
	for name, tt := range map[string]struct {
		size              int
		chunked           bool
		recognized, valid bool // result of Known and of Check
		looked            bool // whether Check must be called
		read              int
		limit             int64 // the exceeded limit; 0 for none
	}{
		"unknown":                     {size: unknown, read: unknown},
		"unknown, too large":          {size: unknown + 1, looked: true, limit: unknown},
		"unknown, chunked":            {size: unknown, chunked: true, looked: true, read: unknown},
		"unknown, chunked, too large": {size: known, chunked: true, looked: true, read: unknown + 1, limit: unknown},
		"known":                       {size: known, recognized: true, read: known},
		"known, too large":            {size: known + 1, recognized: true, limit: known},
		"known, chunked, too large":   {size: 3 * known, chunked: true, recognized: true, read: known + 1, limit: known},
		"not recognized yet":          {size: known, valid: true, looked: true, read: known},
		"not recognized yet, small":   {size: unknown, valid: true, read: unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var err error
			var arrived int64
			h, _ := surround(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				arrived, err = io.Copy(io.Discard, r.Body)
			}))
			body, looked := &countingBody{left: tt.size}, false
			h.clients = Clients{
				Known: func(*http.Request) bool { return tt.recognized },
				Check: func(*http.Request) bool {
					if looked = true; body.read > 0 {
						t.Errorf("%d bytes were read before the token was looked up", body.read)
					}
					return tt.valid
				},
				Body: func(*http.Request) BodyLimit { return BodyLimit{Bytes: known, Time: time.Minute} },
			}
			r := httptest.NewRequest("POST", "/", body)
			if r.ContentLength = int64(tt.size); tt.chunked {
				r.ContentLength = -1
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) != (tt.limit > 0) || tt.limit > 0 && tooLarge.Limit != tt.limit {
				t.Errorf("the error is %v, want the limit %d", err, tt.limit)
			}
			if tt.limit == 0 && (err != nil || arrived != int64(tt.size)) {
				t.Errorf("%d bytes reach the handler, %v", arrived, err)
			}
			if body.read != tt.read || looked != tt.looked {
				t.Errorf("read %d bytes, looked up %v, want %d and %v", body.read, looked, tt.read, tt.looked)
			}
			for _, b := range []*budget{h.bodies.unknown, h.bodies.small, h.bodies.large} {
				wantUnused(t, b)
			}
		})
	}
}

// timedRecorder records the read deadlines of a response in seconds; 0 means none.
type timedRecorder struct {
	*httptest.ResponseRecorder
	set []time.Duration
}

func (d *timedRecorder) SetReadDeadline(t time.Time) error {
	if t.IsZero() {
		d.set = append(d.set, 0)
	} else {
		d.set = append(d.set, time.Until(t))
	}
	return nil
}

// A body has its own deadline, which is lifted at its end and which a handler cannot change.
func TestBodyDeadlines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, tt := range map[string]struct {
			known, stream bool
			want          time.Duration
		}{
			"unknown": {want: 5 * time.Second}, "known": {known: true, want: time.Minute},
			"stream": {known: true, stream: true, want: time.Minute},
		} {
			h, _ := surround(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
				io.Copy(io.Discard, r.Body)
			}))
			h.clients = Clients{
				Known: func(*http.Request) bool { return tt.known },
				Body:  func(*http.Request) BodyLimit { return BodyLimit{Bytes: 100, Time: time.Minute, Stream: tt.stream} },
			}
			w := &timedRecorder{ResponseRecorder: httptest.NewRecorder()}
			h.ServeHTTP(w, httptest.NewRequest("POST", "/", bytes.NewReader([]byte("body"))))
			if len(w.set) != 2 || w.set[0] != tt.want || w.set[1] != 0 {
				t.Errorf("%s: the deadlines are %v, want %v, and then none", name, w.set, tt.want)
			}
		}
	})
}

func TestBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(100, 60)
		served := make(chan string, 10)
		take := func(network string, n int64) {
			go func() {
				if b.take(t.Context(), network, n, time.Hour) {
					served <- network
				}
			}()
			synctest.Wait() // let them queue in order
		}
		want := func(networks ...string) {
			t.Helper()
			synctest.Wait()
			for _, want := range networks {
				select {
				case got := <-served:
					if got != want {
						t.Errorf("%s is served, want %s", got, want)
					}
				default:
					t.Fatalf("%s is not served", want)
				}
			}
			if len(served) > 0 {
				t.Fatalf("%s is served, too", <-served)
			}
		}
		take("a", 50)
		take("a", 20) // exceeds a's share
		take("b", 50)
		want("a", "b")
		take("c", 30) // later, but c holds nothing
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		if b.take(ctx, "d", 100, time.Hour) {
			t.Error("a claim is granted that does not fit")
		}
		b.give("b", 20)
		want() // neither fits
		b.give("b", 30)
		want("c")
		b.give("a", 50)
		want("a")
		b.give("a", 20)
		b.give("c", 30)
		wantUnused(t, b)
	})
}

// The last quarter is reserved for addresses that hold no memory.
func TestBudgetReservesAQuarterForNewcomers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(16, 4)
		ended, end := context.WithCancel(t.Context())
		end()
		for round := range 4 {
			for i := range 8 {
				if got, want := b.take(ended, fmt.Sprint(i), 1, time.Hour), round == 0 || round == 1 && i < 4; got != want {
					t.Errorf("address %d gets its unit %d: %t, want %t", i, round+1, got, want)
				}
			}
		}
		for i := range 4 {
			if !b.take(ended, fmt.Sprint("newcomer ", i), 1, time.Hour) {
				t.Errorf("newcomer %d is not served", i)
			}
		}
	})
}

// A request waits for memory for its body, and is then told to retry.
func TestBodyWaitsForMemory(t *testing.T) {
	t.Parallel()
	for name, released := range map[string]bool{"none": false, "in time": true} {
		synctest.Test(t, func(t *testing.T) {
			h, _ := surround(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			h.bodies.unknown = newBudget(minUnknownCharge, minUnknownCharge)
			h.bodies.unknown.take(t.Context(), "others", 10, bodyWait)
			if released {
				time.AfterFunc(bodyWait/2, func() { h.bodies.unknown.give("others", 10) })
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", "/", bytes.NewReader([]byte("body"))))
			if got := w.Code == http.StatusOK; got != released {
				t.Errorf("memory %s: status %d", name, w.Code)
			}
			if !released && w.Header().Get("Retry-After") == "" {
				t.Error("there is no Retry-After")
			}
		})
	}
}

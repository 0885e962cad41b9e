package server

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// BodyLimit bounds the body of a request.
type BodyLimit struct {
	Bytes int64
	Time  time.Duration // to receive all of it

	// Stream passes the body to the handler as it arrives instead of reading it into memory first. It is for handlers
	// that limit concurrent bodies themselves.
	Stream bool
}

// unknownBody is the limit for clients without a valid session or token.
var unknownBody = BodyLimit{Bytes: 16 << 10, Time: 5 * time.Second}

// Clients distinguishes known clients, which have a valid session or token, from all others.
type Clients struct {
	// Known reports whether the session or token of a request was valid when last used. It must use only memory,
	// because it is called before any limit applies.
	Known func(*http.Request) bool

	// Check reports whether a session or token that Known does not recognize is valid. It is called within the limits
	// for unknown clients.
	Check func(*http.Request) bool

	// Body returns the limit for the body of a known client.
	Body func(*http.Request) BodyLimit
}

func (c Clients) known(r *http.Request) bool { return c.Known != nil && c.Known(r) }

func (c Clients) check(r *http.Request) bool { return c.Check != nil && c.Check(r) }

// Limits on the memory for request bodies, 48 MiB in total by default. Each body is charged in full until its request
// has been handled.
const (
	smallBody   = 16 << 10 // default limit for unknown clients; larger bodies have a separate budget
	smallBudget = 16 << 20 // one for unknown and one for known clients
	smallShare  = smallBudget / 16
	largeBudget = 16 << 20
	largeShare  = largeBudget / 2
	bodyWait    = 5 * time.Second // how long a body waits for memory

	// The minimum charge for a request with a body, for its headers and goroutine.
	minBodyCharge    = 1 << 10
	minUnknownCharge = 8 << 10 // for an unknown client, whose body may never arrive
)

type bodies struct {
	unknown, small, large *budget
	wait                  time.Duration
}

func newBodies(unknown BodyLimit) *bodies {
	return &bodies{
		unknown: newBudget(max(smallBudget, 16*unknown.Bytes), max(smallShare, unknown.Bytes)),
		small:   newBudget(smallBudget, smallShare),
		large:   newBudget(largeBudget, largeShare),
		wait:    bodyWait,
	}
}

func (b *bodies) budget(n int64, known bool) *budget {
	switch {
	case !known:
		return b.unknown
	case n <= smallBody:
		return b.small
	default:
		return b.large
	}
}

func minCharge(known bool) int64 {
	if known {
		return minBodyCharge
	}
	return minUnknownCharge
}

func hasBody(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

// receive reads the body of r into memory, unless it is streamed. If reading fails, the handler gets the error when it
// reads the body. receive returns false if no memory is available; otherwise the caller must call free when the request
// ends.
func (b *bodies) receive(w *response, r *http.Request, address string, limit BodyLimit,
	known bool) (free func(), ok bool) {
	if !hasBody(r) {
		return func() {}, true
	}
	if limit.Stream {
		r.Body = &streamedBody{http.MaxBytesReader(w.ResponseWriter, r.Body, limit.Bytes), w}
		w.setReadDeadline(limit.Time)
		return func() {}, true
	}
	if r.ContentLength > limit.Bytes { // reject the body unread
		w.setReadDeadline(limit.Time)
		r.Body = failedBody{nil, tooLarge(w.ResponseWriter, limit.Bytes), r.Body}.reader()
		return func() {}, true
	}
	n := r.ContentLength
	if n < 0 {
		n = limit.Bytes
	}
	from := b.budget(n, known)
	n = max(n, minCharge(known))
	if !from.take(r.Context(), address, n, b.wait) {
		return nil, false
	}
	r.Body = readBody(w, r, limit)
	return func() { from.give(address, n) }, true
}

// readBody reads a body within its limit. The returned reader yields what has arrived, followed by the error if the
// body is incomplete.
func readBody(w *response, r *http.Request, limit BodyLimit) io.ReadCloser {
	w.setReadDeadline(limit.Time)
	content, err := readAll(w, r, limit.Bytes)
	if err == nil {
		w.setReadDeadline(0)
	}
	return failedBody{content, err, r.Body}.reader()
}

func readAll(w *response, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength < 0 {
		return io.ReadAll(http.MaxBytesReader(w.ResponseWriter, r.Body, limit))
	}
	content := make([]byte, r.ContentLength) // net/http reads no more than that
	n, err := io.ReadFull(r.Body, content)
	return content[:n], err
}

type failedBody struct {
	arrived []byte
	err     error // nil for a complete body
	closer  io.Closer
}

func (b failedBody) reader() io.ReadCloser {
	var reader io.Reader = bytes.NewReader(b.arrived)
	if b.err != nil {
		reader = io.MultiReader(reader, failingReader{b.err})
	}
	return struct {
		io.Reader
		io.Closer
	}{reader, b.closer}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// tooLarge returns the error for a body beyond the limit. It reads past a limit of zero, which makes net/http close an
// HTTP/1 connection instead of reading the body.
func tooLarge(w http.ResponseWriter, limit int64) error {
	_, err := http.MaxBytesReader(w, io.NopCloser(strings.NewReader("x")), 0).Read(make([]byte, 1))
	if beyond := (*http.MaxBytesError)(nil); errors.As(err, &beyond) {
		beyond.Limit = limit
	}
	return err
}

// streamedBody removes the read deadline at the end of the body. Over HTTP/1, the deadline would otherwise cancel the
// context of a longer request.
type streamedBody struct {
	io.ReadCloser
	w *response
}

func (b *streamedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.w.setReadDeadline(0)
	}
	return n, err
}

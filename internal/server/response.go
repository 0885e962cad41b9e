package server

import (
	"encoding/json"
	"net/http"
	"time"

	"notary/api"
)

// response records what is answered, and extends the write deadline with every part of a write,
// so that a client may read for as long as it takes, but not stop reading. The deadline matters
// to HTTP/2's streams; below them [patientConn] watches the progress of the connection.
type response struct {
	http.ResponseWriter
	control  *http.ResponseController
	timeout  time.Duration
	extended time.Time // when the deadline was last moved

	status  int   // 0 while no header was written
	bytes   int64 // of the body
	aborted bool  // the connection was cut on purpose
}

// Unwrap lets an [http.ResponseController] reach what is below.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= 200 { // 1xx are not the answer yet
		w.status = status
	}
	w.extendDeadline()
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (n int, err error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	for {
		w.extendDeadline()
		part := b[n:min(n+maxPart, len(b))]
		written, err := w.ResponseWriter.Write(part)
		n += written
		w.bytes += int64(written)
		if err != nil || n == len(b) {
			return n, err
		}
	}
}

// maxPart is how many bytes are written under one deadline, and so what a client must read in
// three quarters of the timeout.
const maxPart = 16 << 10

// finish prepares for what net/http writes once the handler is done.
func (w *response) finish() { w.extendDeadline() }

// extendDeadline moves the deadline when a good part of the timeout is used up: doing so
// for every small write would cost more than the write. A client that stops reading is cut
// off after three quarters of the timeout to the whole of it. Over HTTP/2 so is a handler
// that pauses for that long after a write.
func (w *response) extendDeadline() {
	now := time.Now()
	if now.Sub(w.extended) < w.timeout/4 {
		return
	}
	w.extended = now
	// The error is net/http's for writers without deadlines, such as a test's recorder.
	_ = w.control.SetWriteDeadline(now.Add(w.timeout))
}

// SetReadDeadline does nothing. Only the server sets deadlines for bodies, because it reads them.
func (w *response) SetReadDeadline(time.Time) error { return nil }

// setReadDeadline bounds the time until the body has arrived; 0 lifts the bound.
func (w *response) setReadDeadline(limit time.Duration) {
	var deadline time.Time
	if limit > 0 {
		deadline = time.Now().Add(limit)
	}
	_ = w.control.SetReadDeadline(deadline) // the error is that of writers without deadlines
}

func (w *response) writeError(status int, f api.Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that has gone cannot be told anything.
	_ = json.NewEncoder(w).Encode(f)
}

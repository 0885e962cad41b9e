package server

import (
	"encoding/json"
	"net/http"
	"time"

	"notary/api"
)

// response notes what is answered, and moves the write deadline on with every write, so
// that a client may read for as long as it takes, but not stop reading.
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

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.extendDeadline()
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

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

func (w *response) writeError(status int, f api.Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that has gone cannot be told anything.
	_ = json.NewEncoder(w).Encode(f)
}

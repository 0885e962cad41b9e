package server

import (
	"encoding/json"
	"net/http"
	"time"

	"notary/api"
)

// response records the status and size of a response. It extends the write deadline with each part written, so that a
// client may read slowly but not stall. The deadline applies to HTTP/2 streams; [patientConn] watches the underlying
// connection.
type response struct {
	http.ResponseWriter
	control  *http.ResponseController
	timeout  time.Duration
	extended time.Time // when the deadline was last extended

	status  int   // 0 before the header is written
	bytes   int64 // of the body
	aborted bool  // the connection was cut deliberately
}

// Unwrap returns the wrapped writer, for [http.ResponseController].
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= 200 { // 1xx are informational
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

// maxPart is the number of bytes written under one deadline. A client must read them within three quarters of the
// timeout.
const maxPart = 16 << 10

// finish extends the deadline for what net/http writes after the handler returns.
func (w *response) finish() { w.extendDeadline() }

// extendDeadline extends the write deadline, but only after a quarter of the timeout, because setting a deadline costs
// more than a small write. A client that stops reading, or an HTTP/2 handler that pauses, is therefore disconnected
// after 75 to 100 % of the timeout.
func (w *response) extendDeadline() {
	now := time.Now()
	if now.Sub(w.extended) < w.timeout/4 {
		return
	}
	w.extended = now
	// This fails for writers without deadlines, such as test recorders.
	_ = w.control.SetWriteDeadline(now.Add(w.timeout))
}

// SetReadDeadline does nothing: the server reads the bodies and sets their deadlines.
func (w *response) SetReadDeadline(time.Time) error { return nil }

// setReadDeadline limits the time until the body has arrived; 0 removes the limit.
func (w *response) setReadDeadline(limit time.Duration) {
	var deadline time.Time
	if limit > 0 {
		deadline = time.Now().Add(limit)
	}
	_ = w.control.SetReadDeadline(deadline) // fails for writers without deadlines
}

func (w *response) writeError(status int, f api.Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may be gone.
	_ = json.NewEncoder(w).Encode(f)
}

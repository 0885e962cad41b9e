package server

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func surround(next http.Handler) (*handler, *logBuffer) {
	log := &logBuffer{}
	return newHandler(Config{Handler: next, Log: log.logger(), WriteTimeout: time.Minute,
		Metrics: NewMetrics("v1.2.3", noSummary, log.logger())}.withDefaults()), log
}

func TestRequestIDIsOurs(t *testing.T) {
	t.Parallel()
	var seen []string
	h, log := surround(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, RequestID(r.Context()))
	}))
	for range 2 {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Request-Id", "mine")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("X-Request-Id"); got != seen[len(seen)-1] || len(got) < 20 {
			t.Errorf("header %q, context %q", got, seen[len(seen)-1])
		}
	}
	if seen[0] == seen[1] {
		t.Error("two requests have the same id")
	}
	wantIn(t, log.String(), "request_id="+seen[0], "request_id="+seen[1])
	if id := RequestID(t.Context()); id != "" {
		t.Errorf("id %q outside of a request", id)
	}
}

func TestPanicIsAnInternalError(t *testing.T) {
	t.Parallel()
	h, log := surround(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "3")
		w.Header().Set("Set-Cookie", "session=1")
		panic("the secret cause")
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", w.Code)
	}
	var got map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	id := w.Header().Get("X-Request-Id")
	want := map[string]string{
		"error":      internalMessage,
		"code":       "internal",
		"request_id": id,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	for _, name := range []string{"Content-Length", "Set-Cookie"} {
		if w.Header().Get(name) != "" {
			t.Errorf("the header %s of the answer that failed is still there", name)
		}
	}
	wantIn(t, log.String(), "the secret cause", "handler_test.go", "status=500", "request_id="+id)
}

func TestPanicAfterTheFirstByteCutsTheConnection(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]any{"panic": "oops", "abort": http.ErrAbortHandler} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, "half of the ans")
				http.NewResponseController(w).Flush()
				panic(cause)
			}), nil)
			response, err := r.client(t, false).Get(r.url)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err == nil {
				t.Errorf("the client takes %q for the whole answer", body)
			}
			if got := string(body); got != "half of the ans" {
				t.Errorf("body %q", got)
			}
			// The line is logged before the connection is cut.
			wantIn(t, r.log.String(), "status=200", "aborted=true")
			if name == "abort" && strings.Contains(r.log.String(), "msg=panic") {
				t.Error("an abort is logged as a panic")
			}
		})
	}
}

func TestLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	h, log := surround(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Set-Cookie", "hush-cookie")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, "hush-answer")
	}))
	r := httptest.NewRequest("POST", "/login/"+strings.Repeat("x", 1000)+"?token=hush-query",
		strings.NewReader("hush-body"))
	r.Header.Set("Authorization", "Bearer hush-token")
	r.RemoteAddr = "[2001:db8::7]:4711"
	h.ServeHTTP(httptest.NewRecorder(), r)
	wantIn(t, log.String(), "method=POST", "path=/login/x", "status=201", "bytes=11", "remote=2001:db8::7", "ms=")
	if strings.Contains(log.String(), "hush") {
		t.Errorf("a secret in the log:\n%s", log)
	}
	if len(log.String()) > 600 {
		t.Errorf("the line has %d bytes: what clients send must be cut", len(log.String()))
	}
}

func TestBodyOfARefusedRequestIsNotRead(t *testing.T) {
	t.Parallel()
	h, _ := surround(http.NotFoundHandler())
	h.inFlight.all.total = maxInFlight
	s := httptest.NewServer(h)
	defer s.Close()
	body, writer := io.Pipe() // a body that never arrives
	defer writer.Close()
	request, err := http.NewRequestWithContext(t.Context(), "POST", s.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 100
	response, err := s.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable || !response.Close {
		t.Errorf("status %d, connection to be closed: %v", response.StatusCode, response.Close)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	h, _ := surround(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/crl" {
			w.Header().Set("Cache-Control", "max-age=60")
		}
	}))
	tests := map[string]struct{ path, header, want string }{
		"no sniffing":        {"/", "X-Content-Type-Options", "nosniff"},
		"not kept":           {"/", "Cache-Control", "no-store"},
		"unless asked":       {"/crl", "Cache-Control", "max-age=60"},
		"no framing":         {"/", "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
		"no referrer":        {"/", "Referrer-Policy", "no-referrer"},
		"not for other ones": {"/", "Strict-Transport-Security", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", test.path, nil))
			if got := w.Header().Get(test.header); got != test.want {
				t.Errorf("%s: %q, want %q", test.header, got, test.want)
			}
		})
	}
}

package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"notary"
)

func startPlain(t *testing.T, handler http.Handler) *running {
	t.Helper()
	r := start(t, handler, func(c *Config) { c.Certificate = nil })
	r.url = "http://" + r.addr
	return r
}

func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /crl/{name}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "list") })
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("oops") })
	r := startPlain(t, mux)
	response, body := r.get(t, "/crl/1.crl")
	if response.StatusCode != 200 || body != "list" || response.ProtoMajor != 1 ||
		response.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s %d %q %v", response.Proto, response.StatusCode, body, response.Header)
	}
	if response, _ := r.get(t, "/panic"); response.StatusCode != 500 {
		t.Errorf("a panic is a %d", response.StatusCode)
	}
	wantIn(t, r.log.String(), "msg=request method=GET path=/crl/1.crl status=200", "request_id="+
		response.Header.Get("X-Request-Id"), "cause=oops")
}

func TestPlainHTTPRefuses(t *testing.T) {
	t.Parallel()
	r := startPlain(t, http.NotFoundHandler())
	for name, tt := range map[string]struct{ sent, want string }{
		"TLS":    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "HTTP/1.1 400"},
		"HTTP/2": {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 404"},
		"long headers": {"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", maxHeaderBytes+8192) + "\r\n\r\n",
			"HTTP/1.1 431"},
		"no host": {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
	} {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(15 * time.Minute)) // hang guard
		io.WriteString(conn, tt.sent)
		line, err := bufio.NewReader(conn).ReadString('\n')
		if !strings.HasPrefix(line, tt.want) {
			t.Errorf("%s: %q, %v, want %q", name, line, err, tt.want)
		}
	}
}

// A listener may be opened early, which reports a port in use.
func TestListenBefore(t *testing.T) {
	t.Parallel()
	listener, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if _, err := Listen(addr); notary.KindOf(err) != notary.Unavailable ||
		!strings.Contains(err.Error(), addr+" is in use") {
		t.Errorf("the error is %v", err)
	}
	log := &logBuffer{}
	s, err := New(Config{Listener: listener, Handler: http.NotFoundHandler(),
		Metrics: NewMetrics("v1", noSummary, log.logger()), Log: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	if s.Addr() != addr {
		t.Errorf("it listens on %s, not %s", s.Addr(), addr)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Serve(ctx); err != nil {
		t.Error(err)
	}
}

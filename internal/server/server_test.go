package server

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"notary"
)

func TestMinimumTLSVersion(t *testing.T) {
	t.Parallel()
	r := start(t, http.NotFoundHandler(), nil)
	tests := map[string]struct {
		version uint16
		ok      bool
	}{
		"1.0": {tls.VersionTLS10, false},
		"1.1": {tls.VersionTLS11, false},
		"1.2": {tls.VersionTLS12, true},
		"1.3": {tls.VersionTLS13, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			conn, err := tls.Dial("tcp", r.addr, &tls.Config{
				RootCAs: r.roots, MinVersion: test.version, MaxVersion: test.version})
			if (err == nil) != test.ok {
				t.Fatalf("handshake: %v, want success %v", err, test.ok)
			}
			if !test.ok {
				// The server must refuse, not the test client.
				wantIn(t, err.Error(), "remote error", "protocol version")
				return
			}
			if got := conn.ConnectionState().Version; got != test.version {
				t.Errorf("spoke %x, want %x", got, test.version)
			}
			conn.Close()
		})
	}
}

func TestHTTP2IsOffered(t *testing.T) {
	t.Parallel()
	r := start(t, http.NotFoundHandler(), nil)
	response, _ := r.get(t, "/")
	if response.ProtoMajor != 2 {
		t.Errorf("spoke %s, want HTTP/2", response.Proto)
	}
}

func TestStopWaitsForRequestsInFlight(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ plain, http2 bool }{"HTTP/1.1": {}, "HTTP/2": {http2: true},
		"plain HTTP": {plain: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entered, release := make(chan struct{}), make(chan struct{})
			begin := start
			if tt.plain {
				begin = func(t *testing.T, handler http.Handler, _ func(*Config)) *running { return startPlain(t, handler) }
			}
			r := begin(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				close(entered)
				<-release
				if req.Context().Err() != nil {
					t.Error("the request's context ended with the server's")
				}
				io.WriteString(w, "done")
			}), nil)
			answer := make(chan string, 1)
			go func() {
				response, err := r.client(t, tt.http2).Get(r.url)
				if err != nil {
					answer <- err.Error()
					return
				}
				defer response.Body.Close()
				body, _ := io.ReadAll(response.Body)
				answer <- string(body)
			}()
			<-entered
			r.stop()
			waitUntilRefused(t, r.addr)
			select {
			case err := <-r.served:
				t.Fatalf("stopped with a request in flight (%v)", err)
			default:
			}
			close(release)
			if got := <-answer; got != "done" {
				t.Errorf("the request in flight got %q", got)
			}
			if err := <-r.served; err != nil {
				t.Errorf("Serve: %v, want nil after an orderly stop", err)
			}
		})
	}
}

func waitUntilRefused(t *testing.T, addr string) {
	t.Helper()
	for {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		conn.Close()
	}
}

func TestStopCutsOffSlowRequests(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	r := start(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		close(entered)
		<-req.Context().Done()
	}), func(c *Config) { c.StopTimeout = time.Millisecond })
	failed := make(chan error, 1)
	go func() {
		_, err := r.client(t, false).Get(r.url)
		failed <- err
	}()
	<-entered
	r.stop()
	if err := <-r.served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("a request that never ended got an answer")
	}
	wantIn(t, r.log.String(), "aborted")
}

func endless(ended chan<- error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 64<<10)
		for {
			if _, err := w.Write(chunk); err != nil {
				ended <- err
				return
			}
		}
	})
}

func TestStalledReaderIsCutOff(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			r := start(t, endless(ended), func(c *Config) { c.WriteTimeout = 50 * time.Millisecond })
			response, err := r.client(t, http2).Get(r.url)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close() // not read until the server gives up
			if err := <-ended; err == nil {
				t.Error("the write ended without an error")
			}
		})
	}
}

func TestListenErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = New(Config{Addr: taken.Addr().String()})
	if notary.KindOf(err) != notary.Unavailable || !strings.Contains(err.Error(), taken.Addr().String()+" is in use") {
		t.Errorf("port in use: %v", err)
	}
	_, err = New(Config{Addr: "192.0.2.1:0"}) // TEST-NET-1 (RFC 5737)
	if err == nil || !strings.Contains(err.Error(), "not an address of this machine") {
		t.Errorf("foreign address: %v", err)
	}
}

func TestPlainHTTPGetsAnAnswer(t *testing.T) {
	t.Parallel()
	r := start(t, http.NotFoundHandler(), nil)
	response, err := http.Get("http://" + r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d, want 400", response.StatusCode)
	}
}

func TestFailingListenerIsAnError(t *testing.T) {
	t.Parallel()
	certFile, keyFile, err := SelfSigned(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	certificate, err := LoadCertificate(certFile, keyFile, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Addr: "127.0.0.1:0", Certificate: certificate, Handler: http.NotFoundHandler(),
		Metrics: NewMetrics("", noSummary, log.logger()), Log: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	s.listener.Close()
	if err := s.Serve(context.Background()); err == nil {
		t.Error("Serve on a closed listener gave nil")
	}
}

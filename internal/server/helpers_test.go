package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"notary"
)

// logBuffer is a log that can be read while the server writes it.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func noSummary(context.Context) (notary.Statistics, error) { return notary.Statistics{}, nil }

type running struct {
	url    string
	addr   string
	log    *logBuffer
	roots  *x509.CertPool
	stop   context.CancelFunc
	served chan error // result of Serve
}

func start(t *testing.T, handler http.Handler, adjust func(*Config)) *running {
	t.Helper()
	certFile, keyFile, err := SelfSigned(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	certificate, err := LoadCertificate(certFile, keyFile, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	config := Config{
		Addr:        "127.0.0.1:0",
		Certificate: certificate,
		Handler:     handler,
		Metrics:     NewMetrics("v1.2.3", noSummary, log.logger()),
		Log:         log.logger(),
	}
	if adjust != nil {
		adjust(&config)
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{url: "https://" + s.Addr(), addr: s.Addr(), log: log, roots: pool(t, certFile),
		stop: cancel, served: make(chan error, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.served <- s.Serve(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return r
}

func pool(t *testing.T, certFile string) *x509.CertPool {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(read(t, certFile)) {
		t.Fatalf("%s holds no certificate", certFile)
	}
	return roots
}

func (r *running) client(t *testing.T, http2 bool) *http.Client {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: r.roots},
		ForceAttemptHTTP2: http2,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (r *running) get(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	response, err := r.client(t, true).Get(r.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wantIn(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("missing %q in:\n%s", want, text)
		}
	}
}

package testkit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"notary/internal/server"
)

// Served is a handler behind the real server.
type Served struct {
	Addr string      // host:port
	TLS  *tls.Config // trusts it
	Stop func()      // lets what is in flight finish; when the test ends it is called at the latest
}

// Serve serves the handler over HTTPS until the test ends.
func Serve(t testing.TB, w *World, handler http.Handler) *Served {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	certFile, keyFile, err := server.SelfSigned(t.TempDir(), time.Now())
	Check(t, err)
	certificate, err := server.LoadCertificate(certFile, keyFile, log)
	Check(t, err)
	s, err := server.New(server.Config{Addr: "127.0.0.1:0", Certificate: certificate, Handler: handler,
		Metrics: server.NewMetrics("test", w.CA.Counts, log), Log: log})
	Check(t, err)
	trusted, err := os.ReadFile(certFile)
	Check(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted)

	ctx, end := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(ctx) })
	stop := sync.OnceFunc(func() {
		end()
		serving.Wait()
	})
	t.Cleanup(stop)
	return &Served{Addr: s.Addr(), TLS: &tls.Config{RootCAs: roots}, Stop: stop}
}

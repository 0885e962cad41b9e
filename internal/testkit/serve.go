package testkit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"notary/internal/server"
)

// Served is a test's handler on Notary's HTTPS server.
type Served struct {
	Addr string      // host:port
	TLS  *tls.Config // trusts the server's certificate
	Stop func()      // shuts down after requests in flight; called at the end of the test
}

// clients recognises tokens and sessions as the program does, but applies one high body limit to all requests. Handlers
// may lower it.
func (w *World) clients() server.Clients {
	const cookie = "__Host-notary-session="
	token := func(r *http.Request) string {
		bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		for part := range strings.SplitSeq(r.Header.Get("Cookie"), "; ") {
			if session, ok := strings.CutPrefix(part, cookie); ok {
				return session
			}
		}
		return bearer
	}
	return server.Clients{
		Known: func(r *http.Request) bool { return w.Auth.Recognizes(token(r)) },
		Check: func(r *http.Request) bool {
			caller, err := w.Auth.Caller(r.Context(), token(r), "")
			return err == nil && caller.Known()
		},
		Body: func(*http.Request) server.BodyLimit {
			return server.BodyLimit{Bytes: 33 << 20, Time: time.Minute, Stream: true}
		},
	}
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
		Metrics: server.NewMetrics("test", w.CA.Statistics, log), Log: log, Clients: w.clients()})
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

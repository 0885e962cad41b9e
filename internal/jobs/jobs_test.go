package jobs_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/app"
	"notary/internal/auth"
	"notary/internal/jobs"
	"notary/internal/testkit"
)

var quiet = slog.New(slog.DiscardHandler)

func always(context.Context, time.Duration) (bool, error) { return true, nil }

// A node runs no jobs while another holds the lease, and all of them within 30 seconds afterwards.
func TestOneNodeRunsJobs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := testkit.New(t)
		root := w.Root(t, notary.ECDSAP256)
		gone := time.Now().Add(10 * time.Minute)
		lease := func(_ context.Context, term time.Duration) (bool, error) {
			return time.Now().After(gone.Add(term)), nil
		}
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			jobs.New(app.Jobs(w.Store, w.CA, w.Revocation, w.Auth), lease, quiet).Run(ctx)
			close(stopped)
		}()
		wantCRL := func(when string, want bool) {
			t.Helper()
			synctest.Wait()
			if crl, err := w.Store.CRL(t.Context(), root, 0); err != nil || (crl != nil) != want {
				t.Errorf("%s there is a CRL: %v (%v), want %v", when, crl != nil, err, want)
			}
		}
		time.Sleep(time.Until(gone))
		wantCRL("while the other has the lease", false)
		time.Sleep(30 * time.Second)
		wantCRL("30 seconds after its end", true)
		stop()
		<-stopped
	})
}

// Jobs run at once, then every minute, and not after the program stops. (In a synctest bubble, time passes only when
// all goroutines are blocked.)
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := testkit.New(t)
		root := w.Root(t, notary.ECDSAP256)
		sessions := func() (n int) {
			testkit.Check(t, testkit.SQL(t, w.Database).QueryRow(`SELECT COUNT(*) FROM session`).Scan(&n))
			return n
		}
		login := func() {
			_, err := w.Auth.Login(t.Context(), w.Admin().Principal.Name, testkit.Password, auth.Client{Address: "192.0.2.1"})
			testkit.Check(t, err)
		}
		issued := func() (n int) {
			for _, e := range w.Events(t) {
				if e.Action == "authority.crl" && e.Object.ID == root {
					n++
				}
			}
			return n
		}
		check := func(when string, wantSessions, wantIssued int) {
			t.Helper()
			if n := sessions(); n != wantSessions {
				t.Errorf("%s there are %d sessions, want %d", when, n, wantSessions)
			}
			if n := issued(); n != wantIssued {
				t.Errorf("%s %d CRLs are issued, want %d", when, n, wantIssued)
			}
		}
		login()
		w.Clock.Advance(25 * time.Hour)
		check("before the start", 1, 0)

		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			jobs.New(app.Jobs(w.Store, w.CA, w.Revocation, w.Auth), always, quiet).Run(ctx)
			close(stopped)
		}()
		synctest.Wait()
		check("at the start", 0, 1)

		login()
		w.Clock.Advance(25 * time.Hour)
		time.Sleep(59 * time.Second)
		synctest.Wait()
		check("within the minute", 1, 1)
		time.Sleep(time.Second)
		synctest.Wait()
		check("after a minute", 0, 2)

		login()
		w.Clock.Advance(25 * time.Hour)
		stop()
		<-stopped
		time.Sleep(time.Hour)
		synctest.Wait()
		check("after the end", 1, 2)
	})
}

func TestPanicOfAJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := testkit.New(t)
		root := w.Root(t, notary.ECDSAP256)
		var broken atomic.Bool
		broken.Store(true)
		service, err := testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: func() time.Time {
			if broken.Load() {
				panic("the clock is broken")
			}
			return w.Clock.Now()
		}})
		testkit.Check(t, err)
		var said bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			jobs.New(app.Jobs(w.Store, service.CA, service.Revocation, w.Auth), always,
				slog.New(slog.NewTextHandler(&said, nil))).Run(ctx)
			close(stopped)
		}()
		synctest.Wait()
		if text := said.String(); !strings.Contains(text, "the clock is broken") ||
			!strings.Contains(text, "RefreshCRLs") {
			t.Errorf("the log is %q", text)
		}
		broken.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		if crl, err := w.Store.CRL(t.Context(), root, 0); err != nil || crl == nil {
			t.Errorf("the next time there is no CRL: %v", err)
		}
		stop()
		<-stopped
	})
}

// An OCSP responder is renewed before it expires, even without requests.
func TestRespondersAreRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := testkit.New(t)
		root := w.Root(t, notary.ECDSAP256)
		a, err := w.Store.Authority(t.Context(), root)
		testkit.Check(t, err)
		issuer, err := x509.ParseCertificate(a.Certificate.DER)
		testkit.Check(t, err)
		request, err := ocsp.CreateRequest(issuer, issuer, nil)
		testkit.Check(t, err)
		w.Revocation.OCSP(t.Context(), root, request)
		responder := func() string {
			cert, _, err := w.Store.Responder(t.Context(), root)
			testkit.Check(t, err)
			return cert.Serial
		}
		first := responder()
		w.Clock.Advance(4 * 24 * time.Hour)
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			jobs.New(app.Jobs(w.Store, w.CA, w.Revocation, w.Auth), always, quiet).Run(ctx)
			close(stopped)
		}()
		synctest.Wait()
		if responder() == first {
			t.Error("after more than half of its life it is the same")
		}
		stop()
		<-stopped
	})
}

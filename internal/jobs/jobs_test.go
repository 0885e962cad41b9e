package jobs_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"notary"
	"notary/internal/jobs"
	"notary/internal/testkit"
)

// The jobs are done at once, then each minute, and no more when the program stops. (In the
// bubble, time passes only when all have nothing to do.)
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
			_, err := w.Auth.Login(t.Context(), w.Admin().Email, testkit.Password, "192.0.2.1")
			testkit.Check(t, err)
		}
		number := func() int64 {
			crl, err := w.Store.CRL(t.Context(), root)
			testkit.Check(t, err)
			if crl == nil {
				return 0
			}
			return crl.Number
		}
		check := func(when string, wantSessions int, wantNumber int64) {
			t.Helper()
			if n := sessions(); n != wantSessions {
				t.Errorf("%s there are %d sessions, want %d", when, n, wantSessions)
			}
			if n := number(); n != wantNumber {
				t.Errorf("%s the CRL has number %d, want %d", when, n, wantNumber)
			}
		}
		login()
		w.Clock.Advance(25 * time.Hour)
		check("before the start", 1, 0)

		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			jobs.Run(ctx, w.CA, w.Auth, slog.New(slog.DiscardHandler))
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

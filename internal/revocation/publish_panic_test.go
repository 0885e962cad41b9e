package revocation_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"notary"
	"notary/internal/testkit"
)

// A panic in a round is logged with its stack, and the next round does the remaining work.
func TestKeepCRLsContinuesAfterAPanic(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	for at := range int64(6) {
		var calls atomic.Int64
		armed := false
		now := func() time.Time {
			if armed && calls.Add(1) == at+1 {
				panic("the clock is broken")
			}
			return w.Clock.Now()
		}
		var said bytes.Buffer
		s, err := testkit.OpenNode(t.Context(), w.Store, w.Keys,
			testkit.NodeOptions{Now: now, PublishURL: testkit.PublishURL,
				Log: slog.New(slog.NewTextHandler(&said, nil))})
		testkit.Check(t, err)
		_, err = s.Revocation.PublishedCRL(t.Context(), root, 0)
		testkit.Check(t, err)
		cert := revoked(t, w, root)
		w.Clock.Advance(time.Second)
		armed = true
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Revocation.KeepCRLs(ctx, testkit.Always(20*time.Millisecond))
		}()
		for onList := false; !onList; time.Sleep(time.Millisecond) { // bounded by the test's time limit
			crl, err := s.Revocation.PublishedCRL(t.Context(), root, 0)
			testkit.Check(t, err)
			list, err := x509.ParseRevocationList(crl.DER)
			testkit.Check(t, err)
			onList = listed(list, cert.Serial) != nil && calls.Load() > at
		}
		cancel()
		<-ended
		if text := said.String(); !strings.Contains(text, "the clock is broken") ||
			!strings.Contains(text, "publish.go") {
			t.Errorf("call %d: the log is %q", at+1, text)
		}
	}
}

package revocation_test

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// A response is signed once, until half of its validity has passed or something is revoked. Those with a nonce, about
// several certificates or no known one are signed each time.
func TestOCSPResponsesAreCached(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	issuer := authorityCertificate(t, w, root)
	id := w.Signed(t, w.Admin(), root)
	serial := serialOf(t, w, id)
	request := ask(t, issuer, serial, sha1Hash)
	answer := func(request []byte) []byte { return w.Revocation.OCSP(t.Context(), root, request).DER }
	answer(request) // creates the responder
	again := func(when string, request, last []byte, same bool) []byte {
		t.Helper()
		next := answer(request)
		if bytes.Equal(last, next) != same { // two ECDSA signatures always differ
			t.Errorf("%s the same answer comes: %v, want %v", when, !same, same)
		}
		return next
	}
	first := answer(request)
	again("at once", request, first, true)
	w.Clock.Advance(29 * time.Minute)
	again("before the half of its time", request, first, true)
	w.Clock.Advance(time.Minute)
	second := again("at the half of its time", request, first, false)
	again("after that", request, second, true)
	w.Clock.Advance(-5 * time.Minute)
	third := again("after the clock was set back", request, second, false)
	for name, request := range map[string][]byte{
		"with a nonce": withNonce(t, request, "nonce"), "of several": several(t, request, request),
		"unknown": ask(t, issuer, "0123", sha1Hash),
	} {
		again(name, request, answer(request), false)
	}
	by256 := ask(t, issuer, serial, sha256Hash)
	again("by another hash", by256, answer(by256), true)
	elsewhere := w.Signed(t, w.Admin(), w.Root(t, notary.ECDSAP256))
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), elsewhere, notary.Superseded))
	again("after another authority's revocation", request, third, true)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), w.Signed(t, w.Admin(), root), notary.Superseded))
	again("after a revocation", request, third, false)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
	if got := status(t, w, w.Revocation, root, serial); got.Status != ocsp.Revoked {
		t.Errorf("after its own revocation: %d", got.Status)
	}
}

func TestOCSPAfterEveryRevocation(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	for name, revoke := range map[string]func(id int64) error{
		"of the request": func(id int64) error {
			return w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded)
		},
		"of the certificate": func(id int64) error {
			return w.RevokeCertificate(t.Context(), w.Admin(), request(t, w, id).Certificate.ID, notary.Superseded)
		},
		"of many": func(id int64) error {
			return w.CA.RevokeMany(t.Context(), w.Admin(), ca.Many{IDs: []int64{id}},
				ca.RevokeOptions{Reason: notary.Superseded}, func(o ca.Outcome) error {
					return o.Err
				})
		},
	} {
		id := w.Signed(t, w.Admin(), root)
		serial := serialOf(t, w, id)
		if got := status(t, w, w.Revocation, root, serial); got.Status != ocsp.Good {
			t.Errorf("%s: before it, %d", name, got.Status)
		}
		testkit.Check(t, revoke(id))
		if got := status(t, w, w.Revocation, root, serial); got.Status != ocsp.Revoked {
			t.Errorf("%s: after it, %d", name, got.Status)
		}
	}
	below := w.Intermediate(t, root, notary.ECDSAP256)
	serial := authority(t, w, below).Certificate.Serial
	if got := status(t, w, w.Revocation, root, serial); got.Status != ocsp.Good {
		t.Errorf("before the authority's revocation: %d", got.Status)
	}
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), below, notary.CACompromise))
	if got := status(t, w, w.Revocation, root, serial); got.Status != ocsp.Revoked {
		t.Errorf("after the authority's revocation: %d", got.Status)
	}
}

// A key compromise invalidates the cached responses of every authority that has certified the key.
func TestOCSPAfterACompromise(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	key := testkit.Key(t, notary.ECDSAP256)
	issuers := []int64{w.Root(t, notary.ECDSAP256), w.Root(t, notary.ECDSAP256)}
	var serials []string
	var last int64
	for i, issuer := range issuers {
		last = requestFor(t, w, key, fmt.Sprintf("www%d.example.com", i))
		testkit.Check(t, sign(t, w, last, issuer))
		serials = append(serials, serialOf(t, w, last))
		if got := status(t, w, w.Revocation, issuer, serials[len(serials)-1]); got.Status != ocsp.Good {
			t.Errorf("authority %d, before: %d", issuer, got.Status)
		}
	}
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), last, notary.KeyCompromise))
	for i, issuer := range issuers {
		if got := status(t, w, w.Revocation, issuer, serials[i]); got.Status != ocsp.Revoked {
			t.Errorf("authority %d, after: %d", issuer, got.Status)
		}
	}
}

// Revocations by another node are noticed within a second.
func TestOCSPSeesOtherNodes(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	other, err := testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: w.Clock.Now})
	testkit.Check(t, err)
	id := w.Signed(t, w.Admin(), root)
	serial := serialOf(t, w, id)
	for range 2 {
		if got := status(t, w, w.Revocation, root, serial); got.Status != ocsp.Good {
			t.Errorf("at first: %d", got.Status)
		}
	}
	testkit.Check(t, second(other.CA.RevokeRequest(t.Context(), w.Admin(), id,
		ca.RevokeOptions{Reason: notary.Superseded})))
	w.Clock.Advance(time.Second)
	if got := status(t, w, w.Revocation, root, serial); got.Status != ocsp.Revoked {
		t.Errorf("a second after the revocation: %d", got.Status)
	}
}

// Under load, no certificate is reported as good after its revocation was acknowledged.
func TestOCSPRaceWithRevocation(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	issuer := authorityCertificate(t, w, root)
	for range 20 {
		id := w.Signed(t, w.Admin(), root)
		serial := serialOf(t, w, id)
		request := ask(t, issuer, serial, sha1Hash)
		var revoked atomic.Bool
		var stop atomic.Bool
		var asking sync.WaitGroup
		for range 4 {
			asking.Go(func() {
				for !stop.Load() {
					was := revoked.Load()
					answer, err := ocsp.ParseResponse(w.Revocation.OCSP(t.Context(), root, request).DER, issuer)
					if err != nil || was && answer.Status != ocsp.Revoked {
						t.Errorf("revoked already: %v; the answer is %+v (%v)", was, answer, err)
						return
					}
				}
			})
		}
		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
		revoked.Store(true)
		if got := status(t, w, w.Revocation, root, serial); got.Status != ocsp.Revoked {
			t.Errorf("after the revocation: %d", got.Status)
		}
		stop.Store(true)
		asking.Wait()
	}
}

package auth_test

import (
	"testing"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/testkit"
)

// A token is recognised for ten minutes after its last use, without the database, unless it was refused.
func TestRecognizes(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	me := w.Caller(notary.ReadOnly)
	token := login(t, w, me.Principal.Name)
	want := func(recognized bool) {
		t.Helper()
		if got := w.Auth.Recognizes(token); got != recognized {
			t.Fatalf("recognized: %v, want %v", got, recognized)
		}
	}
	want(false)
	wantCaller(t, w, token, true)
	want(true)
	w.Clock.Advance(10*time.Minute - time.Second)
	want(true)
	w.Clock.Advance(time.Second)
	want(false)
	wantCaller(t, w, token, true)
	want(true)
	testkit.Check(t, w.Auth.Logout(t.Context(), me, token))
	wantCaller(t, w, token, false)
	want(false)
	if w.Auth.Recognizes("") {
		t.Error("no token is recognized")
	}
}

// The cache of recognised tokens is bounded, and expired ones are removed first.
func TestRecognizedTokensAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if n := auth.RecognizedAfter(now, 3*auth.MaxRecognized); n > auth.MaxRecognized {
		t.Errorf("%d tokens are kept", n)
	}
}

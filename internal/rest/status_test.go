package rest_test

import (
	"context"
	"log/slog"
	"testing"

	"notary"
	"notary/client"
	"notary/internal/auth"
	"notary/internal/rest"
	"notary/internal/store"
	"notary/internal/testkit"
)

// The status is served from memory, also while the database is down.
func TestStatusNeedsNoDatabase(t *testing.T) {
	t.Parallel()
	h := open(t)
	call(t, h.anonymous, "GET", "/status/ready", nil).wantStatus(t, 200).wantBody(t, `{"result": {"ready": true}}`)
	testkit.Check(t, h.Store.Close())
	defer func() {
		var err error
		h.Store, err = store.Open(context.Background(), h.Database, h.Clock.Now, testkit.Patient...)
		testkit.Check(t, err)
	}()
	call(t, h.anonymous, "GET", "/status", nil).wantStatus(t, 200).wantBody(t,
		`{"result": {"initialized": true, "version": "v1.2.3"}}`)
	call(t, h.anonymous, "GET", "/status/ready", nil).wantRefusal(t, 503, "unavailable")
}

// Readiness fails after its timeout if the database hangs; the status keeps working.
func TestReadinessWithHungDatabase(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	asked := make(chan struct{}, 1)
	served := testkit.Serve(t, w, rest.New(rest.Config{CA: w.CA, Revocation: w.Revocation, Auth: w.Auth,
		Version: "v1.2.3", Log: slog.New(slog.DiscardHandler),
		Ready: func(ctx context.Context) error {
			asked <- struct{}{}
			<-ctx.Done() // by the timeout of the handler
			return &notary.Error{Kind: notary.Unavailable, Err: ctx.Err()}
		}}))
	c, err := client.New(client.Config{Server: served.Addr, TLS: served.TLS})
	testkit.Check(t, err)
	defer c.CloseIdleConnections()
	answer := make(chan error, 1)
	go func() { answer <- c.Ready(t.Context()) }()
	<-asked
	call(t, c, "GET", "/status", nil).wantStatus(t, 200)
	testkit.WantKind(t, <-answer, notary.Unavailable)
}

func TestStatusAfterSetupOnAnotherNode(t *testing.T) {
	t.Parallel()
	w := testkit.Empty(t)
	other := auth.New(w.Store, auth.Options{Now: w.Clock.Now})
	if other.Initialized() {
		t.Error("reported an account before it was created")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	other.AwaitFirstAccount(ctx) // gives up
	if other.Initialized() {
		t.Error("reported an account before it was created")
	}
	_, err := w.Auth.CreateFirstAccount(t.Context(), auth.FirstAccount{Email: "first@example.com",
		Password: testkit.Password, SetupCode: testkit.SetupCode})
	testkit.Check(t, err)
	other.AwaitFirstAccount(t.Context())
	if !other.Initialized() {
		t.Error("the other node does not know of the account")
	}
}

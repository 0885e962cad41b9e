package ca_test

import (
	"slices"
	"testing"

	"notary"
	"notary/internal/testkit"
)

// Events of released versions keep their texts and gain references to the objects named in them.
func TestUpgradeOfEvents(t *testing.T) {
	t.Parallel()
	testkit.EachReleased(t, func(t *testing.T, r *testkit.Released) {
		texts := testkit.Rows(t, r.Database,
			map[string][]string{"event": {"id", "at", "account_id", "email", "address", "action", "object_id",
				"detail"}})
		w := r.World(t)
		events := w.Events(t)
		if len(events) < len(texts["event"]) {
			t.Fatalf("%d of %d events are left", len(events), len(texts["event"]))
		}
		i := slices.IndexFunc(events, func(e notary.Event) bool { return e.Action == "request.sign" })
		signed := events[i]
		req, err := w.Store.Request(t.Context(), signed.Object.ID)
		testkit.Check(t, err)
		issuer, ok := signed.FirstRef("authority")
		cert, certified := signed.FirstRef("certificate")
		if signed.Object != req.Ref() || signed.Text == "" || !ok || issuer.Name == "" || !certified || cert.ID == 0 ||
			signed.Principal.Kind != notary.AccountPrincipal || signed.Principal.Name == "" {
			t.Errorf("a signature is %+v", signed)
		}
		for _, e := range events {
			if e.Action == "authority.crl" && e.Principal != notary.SystemCaller.Ref() {
				t.Errorf("the principal of %+v is not the program", e)
			}
		}
	})
}

// User text in a reason is not parsed for references, and an old revocation refers to its certificate.
func TestUpgradeOfEventTexts(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := w.Signed(t, w.Admin(), root)
	cert := request(t, w, id).Certificate
	w.Exec(t, `UPDATE event SET principal = NULL, object_name = NULL, refs = NULL, state_before = NULL, state_after = NULL`)
	old := func(action, text string) {
		w.Exec(t, `INSERT INTO event (at, account_id, email, address, kind, action, object_id, detail) VALUES (0, 1, 'a@example.com', '', 'request', $1, $2, $3)`,
			action, id, text)
	}
	old("request.reject", "authority 1, certificate 1")
	old("request.revoke", "authority 1, serial "+cert.Serial+", superseded")
	w.Exec(t, `INSERT INTO agreement (name, value) VALUES ('events are data up to event', '0')`)
	for done := false; !done; {
		var err error
		_, done, err = w.Store.UpgradeEvents(t.Context())
		testkit.Check(t, err)
	}
	events := w.Events(t)
	rejected, revoked := events[len(events)-2], events[len(events)-1]
	if len(rejected.Refs) != 0 || rejected.Details() != "authority 1, certificate 1" || rejected.Object.Name == "" {
		t.Errorf("the rejection is %+v", rejected)
	}
	if !revoked.Refers("certificate", cert.ID) || !revoked.Refers("authority", root) {
		t.Errorf("the revocation is %+v", revoked)
	}
}

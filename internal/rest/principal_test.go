package rest_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

// changesNothing are the POST calls that only compute.
var changesNothing = []string{"POST /api/v1/certificate_requests/count", "POST /api/v1/certificate_requests/check",
	"POST /api/v1/certificate_requests/sign/preview", "POST /api/v1/certificates/count",
	"POST /api/v1/profiles/{id}/check", "POST /api/v1/inspect"}

// Every call that changes something refuses a caller who was deleted, demoted or logged out since authentication. On
// SQLite the node caches sessions in memory, so the test can change the database directly.
func TestSQLiteEveryChangeVerifiesTheCaller(t *testing.T) {
	t.Parallel()
	h := open(t)
	n := 0
	for _, name := range slices.Sorted(maps.Keys(roleTable)) {
		r := roleTable[name]
		if r.open() || strings.HasPrefix(name, "GET ") || slices.Contains(changesNothing, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, end := range []string{"deleted", "demoted", "logged out"} {
				n++
				victim, token := newVictim(t, h, n)
				c := h.anonymous.WithToken(token)
				call(t, c, "GET", accountsPath+"/me", nil).wantStatus(t, 200) // caches the session
				method, path, id, body := r.question(t, h, name, victim)
				endVictim(t, h, victim, end)
				before := h.Dump(t)
				refusal := call(t, c, method, at(path, id), body).wantRefusal(t, 401, "unauthenticated")
				if diff := cmp.Diff(before, h.Dump(t)); diff != "" {
					t.Errorf("%s: something was written (-before +after):\n%.2000s", end, diff)
				}
				if want := map[string]string{"deleted": "deleted", "demoted": "role",
					"logged out": "session"}[end]; !strings.Contains(refusal.Error, want) {
					t.Errorf("%s: the refusal is %q", end, refusal.Error)
				}
			}
		})
	}
}

func newVictim(t *testing.T, h *house, n int) (caller notary.Caller, token string) {
	t.Helper()
	token = fmt.Sprintf("the token of victim %d", n)
	sum := sha256.Sum256([]byte(token))
	a := &notary.Account{Email: fmt.Sprintf("victim-%d@example.com", n), Role: notary.Admin}
	_, hash, err := h.Store.AccountByEmail(t.Context(), h.Admin().Principal.Name) // testkit.Password
	testkit.Check(t, err)
	testkit.Check(t, h.Store.Write(t.Context(), func(tx *store.Tx) (err error) {
		if a.ID, err = tx.InsertAccount(a, hash, false); err != nil {
			return err
		}
		if err := tx.Event(notary.EventBy(notary.SystemCaller, "account.create", a.Ref())); err != nil {
			return err
		}
		_, err = tx.InsertSession(&notary.Session{AccountID: a.ID, ExpiresAt: h.Clock.Now().Add(time.Hour)}, sum[:])
		return err
	}))
	return a.Caller(), token
}

func endVictim(t *testing.T, h *house, victim notary.Caller, how string) {
	t.Helper()
	account := &notary.Account{ID: victim.Principal.ID, Role: victim.Role}
	testkit.Check(t, h.Store.Write(t.Context(), func(tx *store.Tx) error {
		switch how {
		case "deleted":
			return tx.DeleteAccount(account)
		case "demoted":
			return tx.SetRole(account, notary.ReadOnly)
		default:
			return tx.DeleteSessionsOf(victim.Principal.ID)
		}
	}))
}

// A CSR is tried as the caller or as a token, and as nobody else.
func TestTriedPrincipals(t *testing.T) {
	t.Parallel()
	h := open(t)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	for name, test := range map[string]struct {
		principal any
		status    int
		field     string
	}{
		"an account":      {map[string]any{"kind": "account", "id": h.Admin().Principal.ID}, 400, "principal.kind"},
		"the program":     {map[string]any{"kind": "token", "id": 0}, 400, "principal.id"},
		"a missing token": {map[string]any{"kind": "token", "id": missingID}, 404, "principal"},
	} {
		body := map[string]any{"csr": csr, "principal": test.principal}
		code := map[int]string{400: "invalid", 404: "not_found"}[test.status]
		refusal := call(t, h.admin(t), "POST", "/api/v1/rules/check", body).wantRefusal(t, test.status, code)
		if refusal.Field != test.field {
			t.Errorf("%s: field %q, want %q", name, refusal.Field, test.field)
		}
	}
}

package app

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/testkit"
)

// A client is recognized by a token on the API and a session on the pages, once the database has confirmed it.
func TestKnownClients(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	clients := knownClients(w.Auth)
	good, err := w.Auth.Login(t.Context(), w.Caller(notary.ReadOnly).Principal.Name, testkit.Password, auth.Client{})
	testkit.Check(t, err)
	for name, tt := range map[string]struct {
		path, header, value string
		known               bool
	}{
		"token":                    {"/api/v1/accounts", "Authorization", "Bearer " + good, true},
		"session":                  {"/requests/new", "Cookie", "__Host-notary-session=" + good, true},
		"token on a page":          {"/requests/new", "Authorization", "Bearer " + good, false},
		"session on the API":       {"/api/v1/accounts", "Cookie", "__Host-notary-session=" + good, false},
		"an unknown token":         {"/api/v1/accounts", "Authorization", "Bearer " + strings.Repeat("A", 43), false},
		"nothing":                  {"/api/v1/accounts", "Accept", "*/*", false},
		"an empty session":         {"/", "Cookie", "__Host-notary-session=", false},
		"another kind of password": {"/login", "Authorization", "Basic " + good, false},
	} {
		t.Run(name, func(t *testing.T) {
			w.Auth = auth.New(w.Store, auth.Options{Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler)})
			clients = knownClients(w.Auth)
			r := httptest.NewRequest("POST", tt.path, nil)
			r.Header.Set(tt.header, tt.value)
			if clients.Known(r) {
				t.Error("it is known before the database was queried")
			}
			if got := clients.Check(r); got != tt.known {
				t.Errorf("known by the database: %v, want %v", got, tt.known)
			}
			if got := clients.Known(r); got != tt.known {
				t.Errorf("known afterwards: %v, want %v", got, tt.known)
			}
		})
	}
}

// An API token with address ranges is recognized by its client's address.
func TestKnownClientsWithAddressRanges(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	clients := knownClients(w.Auth)
	_, secret, err := w.Auth.CreateToken(t.Context(), w.Admin(), &notary.Token{Name: "pipeline",
		ExpiresAt: w.Clock.Now().Add(time.Hour), Ranges: []string{"192.0.2.0/24"},
		Grants: []notary.GrantTerms{{Actions: []string{"request.create"}}}})
	testkit.Check(t, err)
	for _, tt := range []struct {
		address string
		known   bool
	}{{"198.51.100.7", false}, {"192.0.2.7", true}} {
		r := httptest.NewRequest("POST", "/api/v1/certificates", nil)
		r.RemoteAddr = tt.address + ":1234"
		r.Header.Set("Authorization", "Bearer "+secret)
		if got := clients.Check(r); got != tt.known {
			t.Errorf("from %s: known %v, want %v", tt.address, got, tt.known)
		}
	}
}

func TestBodyLimitsOfKnownClients(t *testing.T) {
	t.Parallel()
	body := knownClients(nil).Body
	for target, want := range map[string]int64{
		"POST /api/v1/certificate_requests":               1 << 20,
		"POST /api/v1/certificate_authorities/import":     32 << 20,
		"POST /api/v1/certificate_authorities/7/issued":   32 << 20,
		"PUT /api/v1/certificate_authorities/7/issued":    1 << 20,
		"POST /api/v1/certificate_authorities/7/8/issued": 1 << 20,
		"POST /login":               1 << 20,
		"POST /authorities/import":  2 << 20,
		"POST /":                    2 << 20,
		"POST /api-of-another-kind": 2 << 20,
	} {
		method, path, _ := strings.Cut(target, " ")
		limit := body(httptest.NewRequest(method, path, nil))
		if limit.Bytes != want || limit.Stream != (want == 32<<20) || limit.Time <= 0 {
			t.Errorf("%s: the limit is %+v, want %d bytes", target, limit, want)
		}
	}
}

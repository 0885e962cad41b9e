package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"notary"
	"notary/api"
	"notary/internal/pki"
	"notary/internal/testkit"
)

type recorder struct {
	csr   string // of request 7
	mu    sync.Mutex
	calls []string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	const authorities = `{"result":[{"id":1,"common_name":"Example Root","status":"active"},{"id":2,"common_name":"Example Issuing","status":"active"},
		{"id":3,"common_name":"Twins","status":"disabled"},{"id":4,"common_name":"Twins","status":"active"},
		{"id":5,"common_name":"Pair","status":"active"},{"id":6,"common_name":"Pair","status":"active"}]}`
	requests := map[string]string{"a.example.com": `{"id":7,"status":"Outstanding"}`,
		"b.example.com": `{"id":8,"status":"Active"},{"id":9,"status":"Revoked"}`}
	w.Header().Set("Content-Type", "application/json")
	switch path := request.URL.Path; {
	case request.Method != "GET":
		body := make([]byte, 1000)
		n, _ := request.Body.Read(body)
		r.mu.Lock()
		r.calls = append(r.calls, path+" "+string(body[:n]))
		r.mu.Unlock()
		fmt.Fprint(w, `{"result":{"message":"success","id":1}}`)
	case path == "/api/v1/certificate_authorities":
		fmt.Fprint(w, authorities)
	case path == "/api/v1/certificate_requests/7":
		json.NewEncoder(w).Encode(api.Result[api.CertificateRequest]{Result: api.CertificateRequest{
			ID: 7, Status: "Outstanding", Email: "eve@example.com", Key: "ECDSA P-256", CSR: r.csr}})
	case path == "/api/v1/certificate_requests":
		fmt.Fprintf(w, `{"result":[%s]}`, requests[request.URL.Query().Get("name")])
	default:
		fmt.Fprint(w, `{"result":{"id":1}}`)
	}
}

func TestNamesInsteadOfIDs(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"request sign 7 --authority|Example Issuing":                   `/api/v1/certificate_requests/7/sign {"certificate_authority_id":"2"`,
		"request sign a.example.com --yes --authority|example issuing": `/api/v1/certificate_requests/7/sign {"certificate_authority_id":"2"`,
		"request sign 7 --authority|2":                                 `/api/v1/certificate_requests/7/sign {"certificate_authority_id":"2"`,
		"request sign 7 --authority|Twins":                             `/api/v1/certificate_requests/7/sign {"certificate_authority_id":"4"`,
		"authority disable|Example Root":                               `/api/v1/certificate_authorities/1 {"enabled":false`,
		"request reject --yes|a.example.com":                           `/api/v1/certificate_requests/7/reject`,
		"request sign 7 --authority|Pair":                              `error: 2 CAs have the common name "Pair": specify the ID of one, 5 (active), 6 (active)`,
		"authority disable|Twins":                                      `error: 2 CAs have the common name "Twins": specify the ID of one, 3 (disabled), 4 (active)`,
		"authority disable|Nobody":                                     `error: no CA with ID or common name "Nobody"`,
		"request reject|b.example.com":                                 `error: several requests match "b.example.com": specify the ID of one, 8 (Active), 9 (Revoked)`,
		"request reject|c.example.com":                                 `error: no request with ID or name "c.example.com"`,
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			server := &recorder{}
			words, name, _ := strings.Cut(command, "|")
			r := newShell(t, server).trusted().run(append(strings.Fields(words), name)...)
			if got := strings.Join(server.calls, "\n") + r.err; !strings.HasPrefix(got, want) {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}

// Without a terminal, a request given by name, which may be someone else's, is only changed with --yes. Its owner is
// shown.
func TestNamedRequestsAreConfirmed(t *testing.T) {
	t.Parallel()
	chain := filepath.Join(t.TempDir(), "chain.pem")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	testkit.Check(t, err)
	csr, err := pki.NewCSR(key, pkix.Name{CommonName: "a.example.com"}, notary.Names{})
	testkit.Check(t, err)
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	testkit.Check(t, err)
	owner := []string{"submitted by eve@example.com", "SHA-256 fingerprint " + pki.Fingerprint(spki)}
	for _, verb := range []string{"sign --authority 2", "reject", "revoke", "reopen", "delete", "remove-certificate",
		"upload --chain " + chain} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			server := &recorder{csr: csr.PEM}
			args := append([]string{"request"}, append(strings.Fields(verb), "a.example.com")...)
			newShell(t, server).trusted().run(args...).wantFailure(t,
				append(slices.Clone(owner), "specify the ID, 7, or add --yes")...)
			if len(server.calls) > 0 {
				t.Errorf("without --yes: %q", server.calls)
			}
			if r := newShell(t, server).trusted().run(append(args, "--yes")...); !strings.Contains(r.err, owner[0]) {
				t.Errorf("with --yes: %+v", r)
			}
			if strings.HasPrefix(verb, "upload") {
				return // there is no chain to send
			}
			if len(server.calls) == 0 || !strings.Contains(server.calls[0], "/7") {
				t.Errorf("with --yes: %q", server.calls)
			}
		})
	}
	server := &recorder{}
	if r := newShell(t, server).trusted().run("request", "show", "a.example.com"); r.code != 0 || r.err != "" {
		t.Errorf("show: %+v", r)
	}
}

// A switch accepts a value only after an equals sign, and says so.
func TestSwitchWithSeparateValue(t *testing.T) {
	t.Parallel()
	s := newShell(t, &recorder{}).trusted()
	s.run("certificate", "list", "--revoked", "false").wantFailure(t, `write --revoked=false, with an equals sign`)
	s.run("authority", "settings", "2", "--ocsp", "false").wantFailure(t, `write --ocsp=false, with an equals sign`)
}

func TestBulkDecisionsWithoutATerminalNeedYes(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"sign --authority 2", "reject", "revoke"} {
		server := &recorder{}
		s := newShell(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/count") {
				answer(200, `{"result":{"count":1,"selection":"abc"}}`)(w, r)
				return
			}
			server.ServeHTTP(w, r)
		})).trusted()
		s.run(append(append([]string{"request"}, strings.Fields(verb)...), "--domain", "example.com")...).wantFailure(t,
			"add --yes")
		if len(server.calls) > 0 {
			t.Errorf("%s without --yes: %q", verb, server.calls)
		}
	}
}

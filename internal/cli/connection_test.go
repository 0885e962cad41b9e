package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"notary/internal/config"
	"notary/internal/pki"
)

func accounts(initialized bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"result": map[string]any{"initialized": initialized, "version": "v1"}})
	})
	mux.HandleFunc("GET /status/ready", answer(200, success))
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); !strings.Contains(string(body), "correct horse") {
			refuse(401, "unauthenticated", "incorrect email or password")(w, r)
			return
		}
		answer(200, `{"result":{"token":"the-token"}}`)(w, r)
	})
	mux.HandleFunc("POST /logout", answer(200, success))
	mux.HandleFunc("POST /api/v1/accounts", func(w http.ResponseWriter, r *http.Request) {
		initialized = true
		answer(201, `{"result":{"message":"success","id":1}}`)(w, r)
	})
	mux.HandleFunc("POST /api/v1/accounts/me/change_password", answer(200, success))
	mux.HandleFunc("GET /api/v1/accounts/me", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer the-token" {
			refuse(401, "unauthenticated", "log in first")(w, r)
			return
		}
		answer(200, `{"result":{"id":1,"email":"me@example.com","role_id":0}}`)(w, r)
	})
	return mux
}

const password = "correct horse battery\n"

var login = []string{"login", "--email", "me@example.com", "--password-stdin"}

// A server's certificate is unknown, then remembered, then replaced and accepted.
func TestTrustOnFirstUse(t *testing.T) {
	t.Parallel()
	s := newShell(t, accounts(true))
	first := pki.Fingerprint(s.server.certificate.Load().Leaf.Raw)

	s.run("account", "me").wantFailure(t, "not trusted here", "hint: log in first")
	if calls := s.server.sent(); calls != nil {
		t.Fatalf("before it was trusted the server was sent %q", calls)
	}

	r := s.runWith(password, login...)
	if r.code != 0 || r.out != "logged in to "+s.server.URL+" as me@example.com\n" || !strings.Contains(r.err, first) {
		t.Fatalf("login: %+v, want the fingerprint %s", r, first)
	}
	if r := s.must("account", "me"); !strings.Contains(r.out, "me@example.com") {
		t.Errorf("account me: %q", r.out)
	}
	if r := s.runWith(password, login...); r.code != 0 || strings.Contains(r.err, first) {
		t.Errorf("second login: %+v, want it without a fingerprint", r)
	}
	s.server.sent()

	s.server.CloseClientConnections()
	s.server.certificate.Store(newCertificate(t))
	second := pki.Fingerprint(s.server.certificate.Load().Leaf.Raw)
	for _, args := range [][]string{{"account", "me"}, {"status"}, {"logout"}, login} {
		s.runWith(password, args...).wantFailure(t, "differs from the saved one", second,
			"notary login --accept-new-certificate")
	}
	if calls := s.server.sent(); calls != nil {
		t.Fatalf("the server with the changed certificate was sent %q", calls)
	}

	if r := s.runWith(password, append(login, "--accept-new-certificate")...); r.code != 0 ||
		!strings.Contains(r.err, second) {
		t.Fatalf("accepting: %+v, want the fingerprint %s", r, second)
	}
	s.must("account", "me")
}

// An unknown server is not trusted without confirmation or a fingerprint, unless its certificate is in a data folder
// that only this user can write.
func TestUnknownServerIsNotTrusted(t *testing.T) {
	t.Parallel()
	s := newShell(t, accounts(true))
	data, fingerprint := s.env[config.EnvData], pki.Fingerprint(s.server.certificate.Load().Leaf.Raw)
	refused := func(args ...string) {
		t.Helper()
		s.runWith(password, append(login, args...)...).wantFailure(t, fingerprint)
		for _, call := range s.server.sent() {
			if strings.HasPrefix(call, "POST") {
				t.Errorf("the server was sent %s", call)
			}
		}
	}
	if err := os.Chmod(data, 0o777); err != nil {
		t.Fatal(err)
	}
	refused()
	s.env[config.EnvData] = t.TempDir()
	refused()
	refused("--fingerprint", strings.Repeat("0", len(fingerprint)))
	if r := s.runWith(password, append(login, "--fingerprint", strings.ToUpper(fingerprint))...); r.code != 0 {
		t.Errorf("with its fingerprint: %+v", r)
	}
}

func TestWrongPasswordRemembersNothing(t *testing.T) {
	t.Parallel()
	s := newShell(t, accounts(true))
	s.runWith("wrong\n", login...).wantFailure(t, "incorrect email or password", "hint: check the email")
	if _, err := os.Stat(s.configDir); err == nil {
		t.Error("something was remembered")
	}
}

// A server that was trusted otherwise does not fall back to trust on first use.
func TestKnownServerIsNotTrustedAgain(t *testing.T) {
	t.Parallel()
	s := newShell(t, accounts(true))
	for name, memory := range map[string]remembered{
		"by the system":   {Email: "me@example.com", Token: "the-token"},
		"by an authority": {Email: "me@example.com", CACertificates: encodePEM(newCertificate(t).Leaf)},
	} {
		p := &program{configDir: s.configDir}
		if err := p.changeServers(func(known *servers) { known.Servers[s.server.URL] = memory }); err != nil {
			t.Fatal(err)
		}
		r := s.runWith(password, login...)
		r.wantFailure(t, "not trusted here", "it was trusted before", "--accept-new-certificate")
		if calls := s.server.sent(); calls != nil {
			t.Errorf("%s: sent %q", name, calls)
		}
	}
}

func TestCACertIsRemembered(t *testing.T) {
	t.Parallel()
	s := newShell(t, accounts(true))
	file := s.write("ca.pem", "some text\n"+s.server.pem())
	r := s.runWith(password, append(login, "--ca-cert", file)...)
	if r.code != 0 || strings.Contains(r.err, "fingerprint") {
		t.Fatalf("login: %+v, want it without trust on first use", r)
	}
	s.must("account", "me")

	wrong := s.write("wrong.pem", encodePEM(newCertificate(t).Leaf))
	s.run("account", "me", "--ca-cert", wrong).wantFailure(t, "not trusted here")
	s.runWith(password, append(login, "--ca-cert", wrong)...).wantFailure(t, "not trusted here",
		"hint: no CA in --ca-cert issued the server's certificate")
	s.run("account", "me", "--ca-cert", s.write("empty.pem", "nothing")).wantFailure(t, "contains no PEM certificate")
	s.run("account", "me", "--ca-cert", "/does/not/exist").wantFailure(t, "no such file")
}

func TestServersFile(t *testing.T) {
	t.Parallel()
	s := newShell(t, accounts(true))
	if r := s.runWith(password, login...); r.code != 0 {
		t.Fatal(r.err)
	}
	file := filepath.Join(s.configDir, serversFile)
	for path, want := range map[string]os.FileMode{s.configDir: 0o700, file: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want the mode %v", path, info.Mode(), err, want)
		}
	}
	s.env["NOTARY_SERVER"] = "" // uses the server of the last login
	if r := s.must("status"); !strings.Contains(r.out, "Server:     "+s.server.URL+"\n") ||
		!strings.Contains(r.out, "me@example.com (Admin)") {
		t.Errorf("status: %q", r.out)
	}
	if r := s.must("logout"); r.out != "logged out of "+s.server.URL+"\n" {
		t.Errorf("logout: %q", r.out)
	}
	if content, err := os.ReadFile(file); err != nil || strings.Contains(string(content), "the-token") {
		t.Errorf("the token is still in %s (%v)", file, err)
	}
	s.run("account", "me").wantFailure(t, "log in first", "hint: log in with: notary login")
	if r := s.must("logout"); r.out != "not logged in to "+s.server.URL+"\n" {
		t.Errorf("second logout: %q", r.out)
	}
	if r := s.runWith(password, "login", "--password-stdin"); r.code != 0 ||
		!strings.Contains(r.out, "as me@example.com") {
		t.Errorf("login with the remembered email: %+v", r)
	}
	if err := os.WriteFile(file, []byte("{broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run("status").wantFailure(t, "servers.json cannot be parsed")
}

// Concurrent commands lose no change to servers.json.
func TestServersFileIsChangedConcurrently(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const count = 20
	errs := make(chan error)
	for i := range count {
		go func() {
			p := &program{configDir: dir}
			errs <- p.changeServers(func(s *servers) { s.Servers[string(rune('a'+i))] = remembered{} })
		}()
	}
	for range count {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	known, err := (&program{configDir: dir}).loadServers()
	if err != nil || len(known.Servers) != count {
		t.Errorf("%d servers, %v, want %d", len(known.Servers), err, count)
	}
}

func TestNoFolderForTheLogin(t *testing.T) {
	t.Parallel()
	s := newShell(t, accounts(true)).trusted()
	s.configDir = ""
	s.must("account", "me")
	s.runWith(password, login...).wantFailure(t, "set HOME or XDG_CONFIG_HOME")
}

func TestFlagsBeforeVariables(t *testing.T) {
	t.Parallel()
	s := newShell(t, accounts(true)).trusted()
	server := s.server.URL
	s.env["NOTARY_SERVER"], s.env["NOTARY_TOKEN"] = "https://127.0.0.1:1", "wrong"
	s.run("account", "me").wantFailure(t, "nothing is listening", "hint: start one with: notary start")
	s.run("account", "me", "--server", server).wantFailure(t, "log in first")
	s.must("account", "me", "--server", strings.TrimPrefix(server, "https://"), "--token", "the-token")
	s.run("account", "me", "--server", "http://"+strings.TrimPrefix(server, "https://")).wantFailure(t,
		"must begin with https://")
}

func TestFirstAccount(t *testing.T) {
	t.Parallel()
	s := newShell(t, accounts(false))
	first := []string{"account", "create", "--first", "--email", "me@example.com", "--password-stdin"}
	r := s.runWith(password, first...)
	if want := "account 1 created for me@example.com (Admin), and logged in to " + s.server.URL + "\n"; r.code != 0 ||
		r.out != want {
		t.Fatalf("first account: %+v, want %q", r, want)
	}
	s.must("account", "me")
	s.server.sent()
	s.runWith(password, first...).wantFailure(t, "already has its first account", "notary login")
	for _, call := range s.server.sent() {
		if strings.HasPrefix(call, "POST") {
			t.Errorf("a second first account was requested: %s", call)
		}
	}
}

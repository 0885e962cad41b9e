package app_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"notary"
	"notary/internal/app"
	"notary/internal/app/apptest"
	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/config"
	"notary/internal/keystore"
	"notary/internal/server"
	"notary/internal/store"
	"notary/internal/testkit"
)

var quiet = slog.New(slog.DiscardHandler)

func fetch(t *testing.T, c *config.Config, url string) (int, string) {
	t.Helper()
	certPEM, err := os.ReadFile(filepath.Join(c.Data, "self-signed.crt"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestServeFromNothing(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	url, stop := apptest.Start(t, c)
	if status, body := fetch(t, c, url+"/status"); status != 200 || !strings.Contains(body, `"initialized":false`) {
		t.Errorf("/status: %d %s", status, body)
	}
	if status, body := fetch(t, c, url+"/api/v1/nothing"); status != 404 ||
		!strings.Contains(body, `"code":"not_found"`) {
		t.Errorf("an unknown path: %d %s", status, body)
	}
	testkit.WantModes(t, c.Data, map[string]fs.FileMode{
		"": 0o700, "notary.db": 0o600, "seal.key": 0o600, "self-signed.key": 0o600, "self-signed.crt": 0o644})
	if err := stop(); err != nil {
		t.Errorf("an orderly stop returned %v", err)
	}
}

func TestRestartKeepsFiles(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	contents := func() (all []string) {
		for _, name := range []string{"seal.key", "self-signed.key", "self-signed.crt"} {
			content, err := os.ReadFile(filepath.Join(c.Data, name))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(content))
		}
		return all
	}
	_, stop := apptest.Start(t, c)
	first := contents()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	apptest.Start(t, c)
	for i, content := range contents() {
		if content != first[i] {
			t.Errorf("file %d was created again", i)
		}
	}
}

func TestSecondServerTouchesNothing(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	st, err := store.Open(t.Context(), c.DB, time.Now, testkit.Patient...) // like a first server at startup
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	err = apptest.Serve(t.Context(), c)
	if notary.KindOf(err) != notary.Unavailable || !strings.Contains(err.Error(), "another server uses the database") {
		t.Errorf("error %v", err)
	}
	for _, name := range []string{"seal.key", "self-signed.key", "self-signed.crt"} {
		if _, err := os.Stat(filepath.Join(c.Data, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want it untouched", name, err)
		}
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := apptest.Config(t)
	c.Listen = taken.Addr().String()
	err = apptest.Serve(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), c.Listen+" is in use by another program") {
		t.Errorf("error %v", err)
	}
	st, err := store.Open(t.Context(), c.DB, time.Now, testkit.Patient...)
	if err != nil {
		t.Fatalf("the lock is still held: %v", err)
	}
	st.Close()
}

func makeAuthority(t *testing.T, c *config.Config, keys keystore.Keys) {
	t.Helper()
	st, err := store.Open(t.Context(), c.DB, time.Now, testkit.Patient...)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	service, err := testkit.OpenNode(t.Context(), st, keys, testkit.NodeOptions{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	accounts := auth.New(st, auth.Options{Log: quiet, NoSetupCode: true})
	id, err := accounts.CreateFirstAccount(t.Context(), auth.FirstAccount{Email: "first@example.com",
		Password: "plain violet harbour engine"})
	if err != nil {
		t.Fatal(err)
	}
	caller := notary.Caller{Principal: notary.Ref{Kind: notary.AccountPrincipal, ID: id}, Role: notary.Admin}
	if _, err := service.CA.CreateAuthority(t.Context(), caller, ca.AuthorityOptions{
		SelfSigned: true, Subject: pkix.Name{CommonName: "Root"}, PathLen: -1}); err != nil {
		t.Fatal(err)
	}
}

func TestLostKeyFileIsNotReplaced(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	if err := keystore.CreateFile(c.SealKey); err != nil {
		t.Fatal(err)
	}
	keys, err := keystore.FromFile(c.SealKey)
	if err != nil {
		t.Fatal(err)
	}
	makeAuthority(t, c, keys)
	aside := c.SealKey + ".aside"
	if err := os.Rename(c.SealKey, aside); err != nil {
		t.Fatal(err)
	}
	err = apptest.Serve(t.Context(), c)
	if notary.KindOf(err) != notary.Conflict || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(c.SealKey); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("a key file that opens nothing replaced the lost one")
	}
	if err := os.Rename(aside, c.SealKey); err != nil {
		t.Fatal(err)
	}
	apptest.Start(t, c) // starts with the restored file
}

func TestPassphraseReplacesTheKeyFile(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	c.Passphrase = "plain violet harbour engine"
	keys, err := keystore.FromPassphrase(c.Passphrase)
	if err != nil {
		t.Fatal(err)
	}
	makeAuthority(t, c, keys)
	_, stop := apptest.Start(t, c)
	if _, err := os.Stat(c.SealKey); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key file was created although a passphrase is set: %v", err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	c.Passphrase = "another passphrase"
	if err := apptest.Serve(t.Context(), c); err == nil {
		t.Error("started with the wrong passphrase")
	}
}

func TestJobsEndWithTheServer(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	_, stop := apptest.Start(t, c)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// A job that is still running would hold the database.
	st, err := store.Open(t.Context(), c.DB, time.Now, testkit.Patient...)
	if err != nil {
		t.Fatal(err)
	}
	st.Close()
}

// After a reload, new connections get the new certificate. The log can be written to meanwhile.
func TestReloadOfARunningServer(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	folder := filepath.Join(c.Data, "tls")
	testkit.Check(t, os.Mkdir(folder, 0o700))
	certFile, keyFile, err := server.SelfSigned(folder, time.Now(), "other.example.com")
	testkit.Check(t, err)
	var written testkit.Buffer
	log := slog.New(slog.NewTextHandler(&written, nil))
	hangups := make(chan os.Signal)
	load := func() (*config.Config, error) {
		return config.Load("", []string{"NOTARY_CERT_PATH=" + certFile, "NOTARY_KEY_PATH=" + keyFile},
			apptest.Flags(c.Data))
	}
	live := config.NewLive(c, load, log)
	live.Hangups = hangups
	url, _ := apptest.StartLive(t, live, log)
	var writing sync.WaitGroup
	writing.Go(func() { log.Info("beside") })
	hangups <- os.Interrupt // any signal
	hangups <- os.Interrupt // accepted after the first reload
	writing.Wait()
	next := *c
	next.Data = folder // fetch trusts the certificate in this folder
	if status, _ := fetch(t, &next, url+"/status"); status != 200 {
		t.Errorf("status %d", status)
	}
	if !strings.Contains(written.String(), `msg="configuration reloaded" changed="cert_path, key_path"`) {
		t.Errorf("log:\n%s", written.String())
	}
}

// The server announces every listener at startup, and warns if publish_url is reachable only from this machine.
func TestStartAnnouncesListenersAndWarns(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		publishURL string
		warns      bool
	}{
		"by default":             {"", true},
		"on this machine":        {"http://127.0.0.1:2112", true},
		"where others can reach": {"http://pki.example.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Config(t)
			c.PublishURL, c.MetricsListen = tt.publishURL, "127.0.0.1:0"
			var log testkit.Buffer // the stop may be logged late
			out := announcement(t, c, slog.New(slog.NewTextHandler(&log, nil)))
			if !strings.Contains(out, "  metrics:     on http://127.0.0.1:") ||
				!strings.Contains(log.String(), "metrics_address=127.0.0.1:") {
				t.Errorf("the listener for metrics is not announced:\n%s\n%s", out, log.String())
			}
			for what, text := range map[string]string{"terminal": out, "log": log.String()} {
				if warned := strings.Contains(text,
					"publish_url before issuing certificates for other machines"); warned != tt.warns {
					t.Errorf("the %s warns: %t, want %t\n%s", what, warned, tt.warns, text)
				}
			}
		})
	}
}

// announcement starts a server, and stops it after its announcement.
func announcement(t *testing.T, c *config.Config, log *slog.Logger) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	served := make(chan error, 1)
	go func() {
		a, err := app.New(ctx, config.NewLive(c, nil, log), app.Options{Log: log, Out: writer})
		if err == nil {
			err = errors.Join(a.Serve(ctx), a.Close())
		}
		writer.CloseWithError(errors.Join(err, io.EOF))
		served <- err
	}()
	var all strings.Builder
	for lines := bufio.NewScanner(reader); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "the setup code is off") { // the last line
			cancel()
		}
	}
	testkit.Check(t, <-served)
	return all.String()
}

package main

import (
	"bytes"
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
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/config"
	"notary/internal/keystore"
	"notary/internal/server"
	"notary/internal/store"
	"notary/internal/testkit"
)

var quiet = slog.New(slog.DiscardHandler)

// localConfig is the default configuration on a folder of the test's own and a free port, without a setup code.
func localConfig(t testing.TB) *config.Config {
	t.Helper()
	c, err := config.Load("", nil, localFlags(filepath.Join(t.TempDir(), "notary-data")))
	if err != nil {
		t.Fatal(err)
	}
	if err := makeDataFolder(c.Data); err != nil {
		t.Fatal(err)
	}
	return c
}

func localFlags(data string) map[string]any {
	return map[string]any{config.KeyData: data, config.KeyListen: "127.0.0.1:0", config.KeyPublishListen: "127.0.0.1:0", config.KeySetupCode: config.NoSetupCode}
}

// fixed is c for a server that is never asked to reload it.
func fixed(c *config.Config) *config.Live { return config.NewLive(c, nil, quiet) }

// startServer serves until the test ends or stop is called, which gives what serve gave.
func startServer(t testing.TB, c *config.Config) (url string, stop func() error) {
	t.Helper()
	return startLive(t, fixed(c), quiet)
}

// startLive is startServer for a configuration that can be reloaded.
func startLive(t testing.TB, live *config.Live, log *slog.Logger) (url string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	served := make(chan error, 1)
	go func() {
		err := serve(ctx, live, Options{Log: log, Out: writer})
		writer.CloseWithError(errors.Join(err, io.EOF))
		served <- err
	}()
	banner := make([]byte, 4096)
	n, err := reader.Read(banner)
	if err != nil {
		t.Fatalf("not started: %v", err)
	}
	go io.Copy(io.Discard, reader)
	found := regexp.MustCompile(`https://\S+`).Find(banner[:n])
	if found == nil {
		t.Fatalf("no address in %q", banner[:n])
	}
	stopped := false
	stop = func() error {
		stopped = true
		cancel()
		return <-served
	}
	t.Cleanup(func() {
		if !stopped {
			stop()
		}
	})
	return string(found), stop
}

// fetch gives what the server answers to somebody who trusts its own certificate.
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
	c := localConfig(t)
	url, stop := startServer(t, c)
	if status, body := fetch(t, c, url+"/status"); status != 200 || !strings.Contains(body, `"initialized":false`) {
		t.Errorf("/status: %d %s", status, body)
	}
	if status, body := fetch(t, c, url+"/api/v1/nothing"); status != 404 || !strings.Contains(body, `"code":"not_found"`) {
		t.Errorf("an unknown path: %d %s", status, body)
	}
	testkit.WantModes(t, c.Data, map[string]fs.FileMode{
		"": 0o700, "notary.db": 0o600, "seal.key": 0o600, "self-signed.key": 0o600, "self-signed.crt": 0o644})
	if err := stop(); err != nil {
		t.Errorf("an orderly stop gave %v", err)
	}
}

func TestRestartKeepsWhatThereIs(t *testing.T) {
	t.Parallel()
	c := localConfig(t)
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
	_, stop := startServer(t, c)
	first := contents()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	startServer(t, c)
	for i, content := range contents() {
		if content != first[i] {
			t.Errorf("file %d was made anew", i)
		}
	}
}

func TestSecondServerTouchesNothing(t *testing.T) {
	t.Parallel()
	c := localConfig(t)
	st, err := store.Open(t.Context(), c.DB, time.Now) // as a first server does before anything else
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	err = serve(t.Context(), fixed(c), Options{Log: quiet, Out: io.Discard})
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
	c := localConfig(t)
	c.Listen = taken.Addr().String()
	err = serve(t.Context(), fixed(c), Options{Log: quiet, Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), c.Listen+" is in use by another program") {
		t.Errorf("error %v", err)
	}
	st, err := store.Open(t.Context(), c.DB, time.Now)
	if err != nil {
		t.Fatalf("the lock is still held: %v", err)
	}
	st.Close()
}

// makeAuthority seals an authority's key in the database of c.
func makeAuthority(t *testing.T, c *config.Config, keys *keystore.Keystore) {
	t.Helper()
	st, err := store.Open(t.Context(), c.DB, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	service, err := ca.New(t.Context(), st, keys, ca.Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	accounts := auth.New(st, auth.Options{Log: quiet, NoSetupCode: true})
	id, err := accounts.CreateFirstAccount(t.Context(), auth.FirstAccount{Email: "first@example.com", Password: "plain violet harbour engine"})
	if err != nil {
		t.Fatal(err)
	}
	caller := notary.Caller{AccountID: id, Role: notary.Admin}
	if _, err := service.CreateAuthority(t.Context(), caller, ca.AuthorityOptions{
		SelfSigned: true, Subject: pkix.Name{CommonName: "Root"}, PathLen: -1}); err != nil {
		t.Fatal(err)
	}
}

func TestLostKeyFileIsNotMadeAnew(t *testing.T) {
	t.Parallel()
	c := localConfig(t)
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
	err = serve(t.Context(), fixed(c), Options{Log: quiet, Out: io.Discard})
	if notary.KindOf(err) != notary.Conflict || !strings.Contains(err.Error(), "restore it from its backup") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(c.SealKey); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("a key file that opens nothing was put in the place of the lost one")
	}
	if err := os.Rename(aside, c.SealKey); err != nil {
		t.Fatal(err)
	}
	startServer(t, c) // with the restored file all is well
}

func TestPassphraseTakesThePlaceOfTheKeyFile(t *testing.T) {
	t.Parallel()
	c := localConfig(t)
	c.Passphrase = "plain violet harbour engine"
	keys, err := keystore.FromPassphrase(c.Passphrase)
	if err != nil {
		t.Fatal(err)
	}
	makeAuthority(t, c, keys)
	_, stop := startServer(t, c)
	if _, err := os.Stat(c.SealKey); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key file was made although a passphrase is set: %v", err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	c.Passphrase = "another passphrase"
	if err := serve(t.Context(), fixed(c), Options{Log: quiet, Out: io.Discard}); err == nil {
		t.Error("started with the wrong passphrase")
	}
}

func TestJobsEndWithTheServer(t *testing.T) {
	t.Parallel()
	c := localConfig(t)
	_, stop := startServer(t, c)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// Whatever still ran would hold the database.
	st, err := store.Open(t.Context(), c.DB, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	st.Close()
}

func TestAnnouncement(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		addr      string
		published string
		url       string
	}{
		"as by default":        {"127.0.0.1:2111", "", "https://127.0.0.1:2111"},
		"on another port":      {"127.0.0.1:3000", "", "https://127.0.0.1:3000"},
		"on all interfaces":    {"[::]:2111", "", "https://notary.example.com:2111"},
		"publishing":           {"127.0.0.1:2111", "127.0.0.1:2112", "https://127.0.0.1:2111"},
		"on all IPv4 ones too": {"0.0.0.0:2111", "", "https://notary.example.com:2111"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			announce(&out, &config.Config{Data: "/srv/notary", ExternalHostname: "notary.example.com"}, endpoints{test.addr, test.published, "http://notary.example.com:2112", "", "abcd"})
			want := "Notary listens on " + test.url + "\n  data:        /srv/notary\n"
			if test.published != "" {
				want += "  publishes:   on " + test.published + ", which certificates name http://notary.example.com:2112\n"
			}
			want += "  certificate: SHA-256 abcd\n"
			if out.String() != want {
				t.Errorf("got\n%s\nwant\n%s", &out, want)
			}
		})
	}
}

// Connections that begin after a reload are shown the certificate of the new files, and a log
// line can be written from any goroutine meanwhile.
func TestReloadOfARunningServer(t *testing.T) {
	t.Parallel()
	c := localConfig(t)
	folder := filepath.Join(c.Data, "tls")
	testkit.Check(t, os.Mkdir(folder, 0o700))
	certFile, keyFile, err := server.SelfSigned(folder, time.Now(), "other.example.com")
	testkit.Check(t, err)
	var written testkit.Buffer
	log := slog.New(slog.NewTextHandler(&written, nil))
	hangups := make(chan os.Signal)
	load := func() (*config.Config, error) {
		return config.Load("", []string{"NOTARY_CERT_PATH=" + certFile, "NOTARY_KEY_PATH=" + keyFile}, localFlags(c.Data))
	}
	live := config.NewLive(c, load, log)
	live.Hangups = hangups
	url, _ := startLive(t, live, log)
	var writing sync.WaitGroup
	writing.Go(func() { log.Info("beside") })
	hangups <- os.Interrupt // whichever it is
	hangups <- os.Interrupt // taken when the first reload is done
	writing.Wait()
	next := *c
	next.Data = folder // whose certificate fetch trusts
	if status, _ := fetch(t, &next, url+"/status"); status != 200 {
		t.Errorf("status %d", status)
	}
	if !strings.Contains(written.String(), `msg="configuration reloaded" changed="cert_path, key_path"`) {
		t.Errorf("log:\n%s", written.String())
	}
}

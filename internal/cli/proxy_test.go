package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notary/internal/app/apptest"
	"notary/internal/auth"
	"notary/internal/config"
	"notary/internal/store"
	"notary/internal/testkit"
)

// proxyConfig is the configuration in docs/operations.md.
const proxyConfig = `
daemon off;
master_process off;
pid %[1]s/nginx.pid;
error_log stderr error;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server {
		listen %[2]s;
		location / {
			proxy_pass %[3]s;
			proxy_http_version 1.1;
			proxy_set_header Host $http_host;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header Forwarded "";
			proxy_ssl_trusted_certificate %[4]s;
			proxy_ssl_verify on;
			proxy_ssl_name localhost;
		}
	}
}
`

func startProxy(t *testing.T, c *config.Config, url string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Check(t, err)
	address := listener.Addr().String()
	testkit.Check(t, listener.Close())
	dir := t.TempDir()
	file := filepath.Join(dir, "nginx.conf")
	certificate, err := filepath.Abs(filepath.Join(c.Data, "self-signed.crt"))
	testkit.Check(t, err)
	testkit.Check(t, os.WriteFile(file, fmt.Appendf(nil, proxyConfig, dir, address, url, certificate), 0o600))
	nginx := exec.Command("nginx", "-p", dir, "-c", file)
	var log bytes.Buffer
	nginx.Stderr = &log
	testkit.Check(t, nginx.Start())
	t.Cleanup(func() {
		testkit.Check(t, nginx.Process.Kill())
		_ = nginx.Wait() // it was killed
		if t.Failed() {
			t.Logf("nginx: %s", log.String())
		}
	})
	for begun := time.Now(); time.Since(begun) < testkit.Patience; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return "http://" + address
		}
	}
	t.Fatal("nginx does not listen")
	return ""
}

// clientFrom returns a client that connects from one of the machine's addresses.
func clientFrom(t *testing.T, address string) *http.Client {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// Behind a real reverse proxy each client has its own limits, sessions and events, whatever addresses others claim.
func TestInteropNginx(t *testing.T) {
	testkit.Require(t, "nginx")
	t.Parallel()
	c := apptest.Config(t)
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	st, err := store.Open(t.Context(), c.DB, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	const email = "admin@example.com"
	_, err = auth.New(st, auth.Options{NoSetupCode: true}).CreateFirstAccount(t.Context(),
		auth.FirstAccount{Email: email, Password: testkit.Password})
	testkit.Check(t, err)
	testkit.Check(t, st.Close())
	url, _ := apptest.Start(t, c)
	url = startProxy(t, c, url)

	login := func(from *http.Client, password string) (int, string) {
		body := fmt.Sprintf(`{"email": %q, "password": %q}`, email, password)
		r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/login", strings.NewReader(body))
		testkit.Check(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Forwarded-For", "127.0.0.10")
		r.Header.Set("Forwarded", "for=127.0.0.10")
		response, err := from.Do(r)
		testkit.Check(t, err)
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		testkit.Check(t, err)
		return response.StatusCode, string(answer)
	}
	attacker, owner := clientFrom(t, "127.0.0.9"), clientFrom(t, "127.0.0.10")
	status := 0
	for range 100 {
		if status, _ = login(attacker, "wrong"); status == http.StatusTooManyRequests {
			break
		}
	}
	if status != http.StatusTooManyRequests {
		t.Fatalf("a hundred wrong passwords, and the status is %d", status)
	}
	status, answer := login(owner, testkit.Password)
	if status != http.StatusOK {
		t.Fatalf("the owner at another address gets %d %s", status, answer)
	}
	var token struct{ Result struct{ Token string } }
	testkit.Check(t, json.Unmarshal([]byte(answer), &token))
	r, err := http.NewRequestWithContext(t.Context(), "GET", url+"/api/v1/events?action=account.login", nil)
	testkit.Check(t, err)
	r.Header.Set("Authorization", "Bearer "+token.Result.Token)
	response, err := owner.Do(r)
	testkit.Check(t, err)
	defer response.Body.Close()
	events, err := io.ReadAll(response.Body)
	testkit.Check(t, err)
	if text := string(events); response.StatusCode != 200 || !strings.Contains(text, `"address":"127.0.0.10"`) {
		t.Errorf("the events do not have the owner's address: %d %s", response.StatusCode, text)
	}
}

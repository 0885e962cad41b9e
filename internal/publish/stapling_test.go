package publish_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/testkit"
)

const nginxConfig = `
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
		listen %[2]s ssl;
		ssl_certificate %[1]s/fullchain.pem;
		ssl_certificate_key %[1]s/key.pem;
		ssl_trusted_certificate %[1]s/whole.pem;
		ssl_stapling on;
		ssl_stapling_responder %[3]s;
		ssl_stapling_verify on;
		return 200 "hello\n";
	}
}
`

// nginx staples a response of the OCSP responder; curl requires a good one.
func TestInteropStapling(t *testing.T) {
	for _, tool := range []string{"nginx", "curl", "openssl"} {
		testkit.Require(t, tool)
	}
	s := serveKeeping(t)
	key := testkit.Key(t, notary.ECDSAP256)
	issuer := s.Intermediate(t, s.Root(t, notary.ECDSAP256), notary.ECDSAP256)
	id := s.issue(t, issuer, key, "localhost", "127.0.0.1")
	p := s.present(t, id)
	p.write(t, "fullchain.pem", testkit.PEM(append([]*x509.Certificate{p.leaf}, p.chain[:1]...)...))
	der, err := x509.MarshalPKCS8PrivateKey(key)
	testkit.Check(t, err)
	p.write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))

	address := startNginx(t, p)
	curl := func() (string, bool) {
		return run(t, "curl", "-sS", "--cert-status", "--cacert", p.path("root.pem"), "https://"+address+"/")
	}
	says := await(t, "curl to see a good answer stapled", curl) // fetched on the first connection
	if !strings.Contains(says, "hello") {
		t.Errorf("curl got %s", says)
	}
	says, _ = run(t, "openssl", "s_client", "-status", "-connect", address, "-CAfile", p.path("root.pem"),
		"-verify_return_error")
	for _, want := range []string{"OCSP Response Status: successful", "Cert Status: good",
		"Verify return code: 0 (ok)"} {
		if !strings.Contains(says, want) {
			t.Errorf("the output of openssl s_client lacks %q: %s", want, says)
		}
	}

	s.revoke(t, id, p)
	address = startNginx(t, p) // it keeps its stapled response until it exits
	await(t, "nginx to learn that it is revoked", func() (string, bool) {
		if says, ok := curl(); ok {
			t.Fatalf("curl accepts a revoked certificate: %s", says)
		}
		log, err := os.ReadFile(p.path("log"))
		testkit.Check(t, err)
		return string(log), strings.Contains(string(log), `certificate status "revoked"`)
	})
}

func startNginx(t *testing.T, p *presented) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Check(t, err)
	address := listener.Addr().String()
	testkit.Check(t, listener.Close())
	config := filepath.Join(p.dir, "nginx.conf")
	testkit.Check(t, os.WriteFile(config, fmt.Appendf(nil, nginxConfig, p.dir, address, p.responder), 0o600))
	nginx := exec.Command("nginx", "-p", p.dir, "-c", config)
	log, err := os.Create(p.path("log"))
	testkit.Check(t, err)
	defer log.Close()
	nginx.Stderr = log
	testkit.Check(t, nginx.Start())
	t.Cleanup(func() {
		testkit.Check(t, nginx.Process.Kill())
		_ = nginx.Wait() // killed
	})
	await(t, "nginx to listen on "+address, func() (string, bool) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err.Error(), false
		}
		return "", conn.Close() == nil
	})
	return address
}

func await(t *testing.T, what string, try func() (says string, holds bool)) string {
	t.Helper()
	var says string
	for begun := time.Now(); time.Since(begun) < testkit.Patience; time.Sleep(50 * time.Millisecond) {
		var holds bool
		if says, holds = try(); holds {
			return says
		}
	}
	t.Fatalf("timed out waiting for %s: %s", what, says)
	return ""
}

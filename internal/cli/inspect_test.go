package cli

import (
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/inspect"
	"notary/internal/server"
	"notary/internal/testkit"
)

func inspecting(t *testing.T) (*shell, *testkit.Outside) {
	t.Helper()
	s := newShell(t, answer(500, ""))
	return s, testkit.OutsideRoot(t, notary.ECDSAP256, s.now)
}

func TestInspectAURL(t *testing.T) {
	t.Parallel()
	s, root := inspecting(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/root.cer", func(w http.ResponseWriter, _ *http.Request) { w.Write(root.Certificate.Raw) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/root.cer", http.StatusFound)
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<!DOCTYPE html><html>") })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for range inspect.MaxSize>>20 + 1 {
			w.Write(make([]byte, 1<<20))
		}
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write(root.Certificate.Raw[:100])
	})
	site := httptest.NewServer(mux)
	defer site.Close()
	for _, path := range []string{"/root.cer", "/moved"} {
		if out := s.must("inspect", site.URL+path).out; !strings.Contains(out, "it is a root") {
			t.Errorf("%s: %s", path, out)
		}
	}
	s.run("inspect", site.URL+"/away").wantFailure(t, "the download failed")
	s.run("inspect", site.URL+"/page").wantFailure(t, "this is a web page")
	s.run("inspect", site.URL+"/missing").wantFailure(t, "404 Not Found")
	s.run("inspect", site.URL+"/endless").wantFailure(t, "larger than 64 MiB")
	s.run("inspect", site.URL+"/broken").wantFailure(t, "the download was interrupted")
	s.run("inspect", "https://"+s.server.Listener.Addr().String()+"/a.cer").wantFailure(t, "the download failed",
		"certificate")
	s.run("inspect", "file:///etc/passwd").wantFailure(t, "only http and https")
	s.run("inspect", "https:///x").wantFailure(t, "is not a URL")
}

func TestInspectAServer(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(500, ""))
	s.now = time.Now()
	address := s.server.Listener.Addr().String()
	for _, source := range []string{address, "https://" + address, "https://" + address + "/"} {
		r := s.run("inspect", "--json", source)
		var got inspected
		if err := json.Unmarshal([]byte(r.out), &got); err != nil || r.code != 1 || r.err != "" {
			t.Fatalf("%s: exit %d, %v: %s", source, r.code, err, r.err)
		}
		if first := got.Objects[0]; first.Kind != inspect.KindConnection || first.Connection.Version != "TLS 1.3" ||
			!got.Wrong {
			t.Errorf("%s: got %+v", source, first)
		}
	}
	plain := httptest.NewServer(answer(200, ""))
	defer plain.Close()
	s.run("inspect", plain.Listener.Addr().String()).wantFailure(t, "the TLS handshake with ")
}

// The only problem of the server's generated certificate is that it is self-signed.
func TestInspectGeneratedCertificate(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(500, ""))
	file, _, err := server.SelfSigned(t.TempDir(), s.now)
	testkit.Check(t, err)
	r := s.run("inspect", "--json", file)
	var got inspected
	testkit.Check(t, json.Unmarshal([]byte(r.out), &got))
	if problems := got.Objects[0].Problems; len(problems) != 1 || problems[0].Code != "self_signed" {
		t.Errorf("got %+v", problems)
	}
}

func TestInspectHostileFiles(t *testing.T) {
	t.Parallel()
	s, root := inspecting(t)
	large := filepath.Join(t.TempDir(), "large")
	testkit.Check(t, os.WriteFile(large, nil, 0o600))
	testkit.Check(t, os.Truncate(large, 100<<20))
	s.run("inspect", large).wantFailure(t, "larger than 64 MiB")
	s.run("inspect", s.write("random", "\x01\x02\x03")).wantFailure(t, "neither PEM nor DER")
	s.run("inspect", s.write("empty", "")).wantFailure(t, "the input is empty")

	evil := root.Issue(t, testkit.Key(t, notary.ECDSAP256).Public(), named("a\x1b[2J\r\nno problems found\u202e"))
	r := s.run("inspect", s.write("evil", testkit.PEM(evil)))
	if r.code != 1 || strings.ContainsAny(r.out, "\x1b\r\u202e") || strings.Contains(r.out, "\nno problems found") ||
		!strings.Contains(r.out, `a\x1b[2J\r\nno problems found\u202e`) {
		t.Errorf("exit %d: %q", r.code, r.out)
	}
	if r := s.runWith(testkit.PEM(root.Certificate), "inspect", "-"); r.code != 0 ||
		!strings.HasSuffix(r.out, "\nno problems found\n") {
		t.Errorf("exit %d: %s", r.code, r.out)
	}
}

func named(commonName string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.Subject.CommonName = commonName }
}

package publish_test

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/smallstep/pkcs7"

	"notary"
	"notary/internal/ca"
	"notary/internal/publish"
	"notary/internal/testkit"
)

type site struct {
	*testkit.World
	handler http.Handler
}

func newSite(t *testing.T) *site {
	t.Helper()
	w := testkit.New(t)
	return &site{w, publish.New(publish.Config{Issuers: w.Issuers, Revocation: w.Revocation,
		Log: slog.New(slog.DiscardHandler)})}
}

// ask sends a request with headers in the form "Name: value".
func (s *site) ask(t *testing.T, method, target string, headers ...string) *http.Response {
	t.Helper()
	request := httptest.NewRequest(method, target, nil)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	return recorder.Result()
}

func body(t *testing.T, response *http.Response) []byte {
	t.Helper()
	octets, err := io.ReadAll(response.Body)
	testkit.Check(t, err)
	return octets
}

func (s *site) get(t *testing.T, target string) []byte {
	t.Helper()
	response := s.ask(t, "GET", target)
	octets := body(t, response)
	if response.StatusCode != 200 {
		t.Fatalf("%s: %d %s", target, response.StatusCode, octets)
	}
	return octets
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	root := s.Root(t, notary.ECDSAP256)
	s.Intermediate(t, root, notary.Ed25519)
	cert, err := x509.ParseCertificate(s.get(t, "/ca/2.cer"))
	testkit.Check(t, err)
	bundle, err := pkcs7.Parse(s.get(t, "/ca/2.p7c"))
	testkit.Check(t, err)
	if len(bundle.Certificates) != 2 || !bundle.Certificates[0].Equal(cert) {
		t.Errorf("the chain has %d certificates", len(bundle.Certificates))
	}
	if diff := cmp.Diff(s.get(t, "/ca/1.cer"), bundle.Certificates[1].Raw); diff != "" {
		t.Error("the chain does not end with the root")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	root := s.Root(t, notary.ECDSAP256)
	begin := s.Clock.Now()
	s.Clock.Advance(90 * time.Second)
	made := s.Clock.Now()
	s.get(t, "/crl/1.crl")
	s.Clock.Advance(time.Hour)
	stamp := func(at time.Time) string { return at.UTC().Format(http.TimeFormat) }
	for target, want := range map[string]struct{ form, modified string }{
		"/crl/1.crl": {"application/pkix-crl", stamp(made)},
		"/ca/1.cer":  {"application/pkix-cert", stamp(begin.Add(-time.Minute))},
		"/ca/1.p7c":  {"application/pkcs7-mime", stamp(begin.Add(-time.Minute))},
	} {
		got := s.ask(t, "GET", target)
		octets := body(t, got)
		tag := got.Header.Get("ETag")
		if len(tag) < 10 || tag[0] != '"' {
			t.Errorf("%s: ETag %q", target, tag)
		}
		wanted := map[string]string{"Content-Type": want.form, "Last-Modified": want.modified,
			"Content-Length": strconv.Itoa(len(octets)),
			"Cache-Control":  "public, max-age=300", "Expires": stamp(s.Clock.Now().Add(5 * time.Minute))}
		for name, value := range wanted {
			if got.Header.Get(name) != value {
				t.Errorf("%s: %s is %q, want %q", target, name, got.Header.Get(name), value)
			}
		}
		head := s.ask(t, "HEAD", target)
		if diff := cmp.Diff(got.Header, head.Header); head.StatusCode != 200 || diff != "" || len(body(t, head)) != 0 {
			t.Errorf("HEAD %s: %d, headers (-GET +HEAD):\n%s", target, head.StatusCode, diff)
		}
		for _, condition := range []string{"If-None-Match: " + tag, "If-None-Match: W/" + tag, `If-None-Match: "x", ` +
			tag, "If-None-Match: *",
			"If-Modified-Since: " + want.modified} {
			same := s.ask(t, "GET", target, condition)
			if same.StatusCode != 304 || len(body(t, same)) != 0 || same.Header.Get("ETag") != tag ||
				same.Header.Get("Cache-Control") != wanted["Cache-Control"] ||
				same.Header.Get("Expires") != wanted["Expires"] {
				t.Errorf("%s, %s: %d %v", target, condition, same.StatusCode, same.Header)
			}
		}
		for _, condition := range []string{`If-None-Match: "x"`, "If-Modified-Since: " + stamp(begin.Add(-time.Hour)),
			"If-Modified-Since: yesterday"} {
			if other := s.ask(t, "GET", target, condition); other.StatusCode != 200 ||
				!bytes.Equal(body(t, other), octets) {
				t.Errorf("%s, %s: %d", target, condition, other.StatusCode)
			}
		}
	}
	before := s.ask(t, "GET", "/crl/1.crl").Header.Get("ETag")
	testkit.Check(t, s.RevokeRequest(t.Context(), s.Admin(), s.Signed(t, s.Admin(), root), notary.Superseded))
	if _, err := s.Revocation.CRL(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	newer := s.ask(t, "GET", "/crl/1.crl", "If-None-Match: "+before)
	if newer.StatusCode != 200 || newer.Header.Get("ETag") == before {
		t.Errorf("after a revocation: %d, ETag %q", newer.StatusCode, newer.Header.Get("ETag"))
	}
}

// No cache may keep a CRL beyond its nextUpdate.
func TestHeadersNearTheEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Root(t, notary.ECDSAP256)
	s.get(t, "/crl/1.crl")
	s.Clock.Advance(48*time.Hour - 90*time.Second)
	for wait, want := range map[time.Duration]int{0: 90, 80 * time.Second: 10} {
		s.Clock.Advance(wait)
		got := s.ask(t, "GET", "/crl/1.crl")
		if wait > 0 {
			want = 10
		}
		if age := got.Header.Get("Cache-Control"); age != fmt.Sprintf("public, max-age=%d", want) {
			t.Errorf("%v later it may be cached: %q", wait, age)
		}
		s.Clock.Advance(-wait)
	}
	s.Clock.Advance(2 * time.Minute)
	if got := s.ask(t, "GET", "/crl/1.crl"); got.Header.Get("Cache-Control") != "public, max-age=0" ||
		got.StatusCode != 200 {
		t.Errorf("after its end: %d, %q", got.StatusCode, got.Header.Get("Cache-Control"))
	}
}

func TestNothingElseIsServed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Root(t, notary.ECDSAP256)
	s.Pending(t)
	deleted := s.Root(t, notary.ECDSAP256)
	testkit.Check(t, s.CA.DeleteAuthority(t.Context(), s.Admin(), deleted, false))
	for _, target := range []string{
		"/", "/crl", "/crl/", "/crl/1", "/crl/.crl", "/crl/1.CRL", "/crl/1.crl/", "/crl/1.crl.crl", "/crl/1.pem",
		"/CRL/1.crl",
		"/crl/0.crl", "/crl/-1.crl", "/crl/+1.crl", "/crl/01.crl", "/crl/1e0.crl", "/crl/0x1.crl", "/crl/one.crl",
		"/crl/1 .crl", "/crl/%31.crl", "/crl/1%00.crl",
		"/crl/9223372036854775807.crl", "/crl/9223372036854775808.crl", "/crl/" + strings.Repeat("9", 5000) + ".crl",
		"/crl/1-0.crl", "/crl/1-1.crl", "/crl/1-01.crl", "/crl/1--1.crl", "/crl/1-1-1.crl", "/crl/1-.crl", "/crl/-.crl",
		"/crl/1-1000.crl",
		"/crl/1-1001.crl", "/crl/1-99999999999999999999.crl", "/crl/1%2d1.crl", "/crl/2.crl", "/crl/3.crl",
		"/crl/4.crl", "/crl/4-1.crl",
		"/crl%2F1.crl", "/crl/%2F1.crl", "/crl/..%2F1.crl", "/crl/1.crl%2F", "//crl/1.crl", "/crl//1.crl",
		"/crl/./1.crl", "/crl/../crl/1.crl", "/x/../crl/1.crl",
		"/ca", "/ca/", "/ca/1", "/ca/1.crt", "/ca/1.cer.cer", "/ca/1.p7b", "/ca/0.cer", "/ca/-1.cer", "/ca/01.cer",
		"/ca/1-1.cer", "/ca/2.cer", "/ca/3.cer", "/ca/4.p7c",
		"/ca/" + strings.Repeat("1", 5000) + ".cer", "/ca/1%2Ecer", "/ca/..%2Fcrl%2F1.crl",
		"/status", "/login", "/metrics", "/api/v1/certificate_authorities/1/crl", "/favicon.ico", "/robots.txt", "/..",
		"//", "/%2e%2e/etc/passwd", "*",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			request := httptest.NewRequest(method, "/", nil)
			request.URL = &url.URL{Path: target}
			if u, err := url.Parse("http://pki.example.com" + target); err == nil {
				request.URL = u
			}
			recorder := httptest.NewRecorder()
			s.handler.ServeHTTP(recorder, request)
			got := recorder.Result()
			text := string(body(t, got))
			if got.StatusCode != 404 || got.Header.Get("Content-Type") != "text/plain; charset=utf-8" ||
				got.Header.Get("Location") != "" ||
				got.Header.Get("Cache-Control") != "no-store" || len(text) > 200 || strings.Count(text, "\n") != 1 {
				t.Errorf("%s %.100s: %d %v %q", method, target, got.StatusCode, got.Header, text)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Root(t, notary.ECDSAP256)
	for _, target := range []string{"/crl/1.crl", "/ca/1.cer", "/ca/1.p7c"} {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
			"get"} {
			got := s.ask(t, method, target)
			if got.StatusCode != 405 || got.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q", method, target, got.StatusCode, got.Header.Get("Allow"))
			}
		}
		for _, length := range []string{"7", "1000000", ""} {
			request := httptest.NewRequest("GET", target, strings.NewReader("content"))
			if n, err := strconv.Atoi(length); err == nil {
				request.ContentLength = int64(n)
			} else {
				request.ContentLength = -1
			}
			recorder := httptest.NewRecorder()
			s.handler.ServeHTTP(recorder, request)
			if recorder.Code != 400 || recorder.Header().Get("Connection") != "close" {
				t.Errorf("%s with a body: %d", target, recorder.Code)
			}
		}
	}
}

// Documents in memory are served regardless of the database. Database errors are only logged, not shown.
func TestCRLThatCannotBeBuilt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Root(t, notary.ECDSAP256)
	s.Root(t, notary.ECDSAP256)
	s.get(t, "/crl/1.crl")
	s.Exec(t, `ALTER TABLE crl RENAME COLUMN known TO hidden`)
	s.get(t, "/crl/1.crl") // no database access
	got := s.ask(t, "GET", "/crl/2.crl")
	if text := string(body(t, got)); got.StatusCode != 500 || strings.Contains(text, "known") ||
		strings.Contains(text, "SQL") {
		t.Errorf("%d %s", got.StatusCode, text)
	}
	s.Exec(t, `ALTER TABLE crl RENAME COLUMN hidden TO known`)
}

func TestOtherToolsParseCRLs(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	testkit.Require(t, "certtool")
	s := newSite(t)
	for _, alg := range []notary.KeyAlgorithm{notary.ECDSAP256, notary.ECDSAP384, notary.Ed25519, notary.RSA2048,
		notary.RSA4096} {
		root, shards := s.Root(t, alg), 2
		testkit.Check(t, s.CA.ChangePublication(t.Context(), s.Admin(), root, ca.PublicationChange{Shards: &shards}))
		var certs []*notary.Certificate
		for range 6 {
			id := s.Signed(t, s.Admin(), root)
			request, err := s.CA.Request(t.Context(), s.Admin(), id)
			testkit.Check(t, err)
			certs = append(certs, request.Certificate)
			testkit.Check(t, s.RevokeRequest(t.Context(), s.Admin(), id, notary.KeyCompromise))
		}
		for _, cert := range certs {
			for _, name := range []string{fmt.Sprintf("%d", root), fmt.Sprintf("%d-%d", root, cert.Shard)} {
				der := s.get(t, "/crl/"+name+".crl")
				openssl := pipe(t, der, "openssl", "crl", "-inform", "DER", "-noout", "-text")
				gnutls := pipe(t, der, "certtool", "--crl-info", "--inder")
				serial := strings.ToUpper(cert.Serial)
				if !strings.Contains(openssl, "Serial Number: "+serial) ||
					!strings.Contains(openssl, "Key Compromise") ||
					!strings.Contains(gnutls, cert.Serial) {
					t.Errorf("%s: the list %s lacks %s:\n%s\n%s", alg, name, serial, openssl, gnutls)
				}
				if critical := strings.Contains(openssl,
					"X509v3 Issuing Distribution Point: critical"); critical != strings.Contains(name, "-") {
					t.Errorf("%s: the list %s has an issuing distribution point: %v", alg, name, critical)
				}
			}
		}
		pipe(t, s.get(t, fmt.Sprintf("/ca/%d.cer", root)), "openssl", "x509", "-inform", "DER", "-noout")
		pipe(t, s.get(t, fmt.Sprintf("/ca/%d.p7c", root)), "openssl", "pkcs7", "-inform", "DER", "-print_certs")
	}
}

func pipe(t *testing.T, in []byte, name string, args ...string) string {
	t.Helper()
	command := exec.Command(name, args...)
	command.Stdin = bytes.NewReader(in)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

package publish_test

import (
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/smallstep/pkcs7"

	"notary"
	"notary/internal/publish"
	"notary/internal/testkit"
)

// site is a World whose publications a test asks for.
type site struct {
	*testkit.World
	handler http.Handler
}

func newSite(t *testing.T) *site {
	t.Helper()
	w := testkit.New(t)
	return &site{w, publish.New(publish.Config{CA: w.CA, Log: slog.New(slog.DiscardHandler)})}
}

// ask gives the answer to a request with those headers, "Name: value".
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

// get wants a document.
func (s *site) get(t *testing.T, target string) []byte {
	t.Helper()
	response := s.ask(t, "GET", target)
	octets := body(t, response)
	if response.StatusCode != 200 {
		t.Fatalf("%s: %d %s", target, response.StatusCode, octets)
	}
	return octets
}

// The authority's certificate, and the whole chain.
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

func TestList(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Root(t, notary.ECDSAP256)
	list, err := x509.ParseRevocationList(s.get(t, "/crl/1.crl"))
	testkit.Check(t, err)
	if list.Number.Int64() != 1 {
		t.Errorf("the number is %v", list.Number)
	}
}

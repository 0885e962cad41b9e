package publish_test

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/publish"
	"notary/internal/testkit"
)

type served struct {
	*testkit.World
	url string
}

func serve(t testing.TB) *served {
	t.Helper()
	w := testkit.New(t)
	server := httptest.NewServer(publish.New(publish.Config{Issuers: w.Issuers, Revocation: w.Revocation,
		Log: slog.New(slog.DiscardHandler)}))
	t.Cleanup(server.Close)
	return &served{w, server.URL}
}

func (s *served) certificate(t testing.TB, authorityID int64) *x509.Certificate {
	t.Helper()
	a, err := s.CA.Authority(t.Context(), s.Admin(), authorityID)
	testkit.Check(t, err)
	c, err := x509.ParseCertificate(a.Certificate.DER)
	testkit.Check(t, err)
	return c
}

func (s *served) issued(t testing.TB, authorityID int64) (*x509.Certificate, int64) {
	t.Helper()
	id := s.Signed(t, s.Admin(), authorityID)
	req, err := s.CA.Request(t.Context(), s.Admin(), id)
	testkit.Check(t, err)
	c, err := x509.ParseCertificate(req.Certificate.DER)
	testkit.Check(t, err)
	return c, id
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func send(t testing.TB, request *http.Request) answer {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	testkit.Check(t, err)
	return read(t, response)
}

func read(t testing.TB, response *http.Response) answer {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	testkit.Check(t, err)
	return answer{response.StatusCode, response.Header, body}
}

func (s *served) post(t testing.TB, authority string, contentType string, body []byte) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/ocsp/"+authority,
		bytes.NewReader(body))
	testkit.Check(t, err)
	request.Header.Set("Content-Type", contentType)
	return send(t, request)
}

func (s *served) get(t testing.TB, path string, header ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	testkit.Check(t, err)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return send(t, request)
}

const ocspRequest = "application/ocsp-request"

func requestFor(t testing.TB, issuer *x509.Certificate, serial *big.Int) []byte {
	t.Helper()
	der, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: serial}, issuer,
		&ocsp.RequestOptions{Hash: crypto.SHA1})
	testkit.Check(t, err)
	return der
}

func (a answer) wantStatus(t testing.TB, issuer *x509.Certificate, want int) *ocsp.Response {
	t.Helper()
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/ocsp-response" {
		t.Fatalf("HTTP status %d, %s", a.status, a.header)
	}
	response, err := ocsp.ParseResponse(a.body, issuer)
	testkit.Check(t, err)
	if response.Status != want {
		t.Errorf("the status is %d, want %d", response.Status, want)
	}
	return response
}

func (a answer) wantError(t testing.TB, want ocsp.ResponseStatus) {
	t.Helper()
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/ocsp-response" ||
		a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("HTTP status %d, %s", a.status, a.header)
	}
	_, err := ocsp.ParseResponse(a.body, nil)
	var refused ocsp.ResponseError
	if !errors.As(err, &refused) || refused.Status != want {
		t.Errorf("the answer is %v, want %v", err, want)
	}
}

func TestOCSPForms(t *testing.T) {
	t.Parallel()
	s := serve(t)
	root := s.Root(t, notary.ECDSAP256)
	issuer := s.certificate(t, root)
	path := fmt.Sprintf("/ocsp/%d/", root)
	serial, der := new(big.Int), []byte(nil)
	text := ""
	for n := int64(1); !strings.Contains(text, "//") || !strings.Contains(text, "+") ||
		!strings.HasSuffix(text, "="); n++ {
		serial.SetInt64(n * 0x9E3779B97F4A7C)
		der = requestFor(t, issuer, serial)
		text = base64.StdEncoding.EncodeToString(der)
	}
	all := ""
	for _, c := range []byte(text) {
		all += fmt.Sprintf("%%%02X", c)
	}
	for name, got := range map[string]answer{
		"post":                      s.post(t, fmt.Sprint(root), ocspRequest, der),
		"post with a slash":         s.post(t, fmt.Sprintf("%d/", root), ocspRequest, der),
		"post with a parameter":     s.post(t, fmt.Sprint(root), ocspRequest+"; charset=utf-8", der),
		"get":                       s.get(t, path+text),
		"get, percent-encoded":      s.get(t, path+url.QueryEscape(text)),
		"get, slashes not encoded":  s.get(t, path+strings.NewReplacer("+", "%2B", "=", "%3d").Replace(text)),
		"get, all percent-encoded":  s.get(t, path+all),
		"get without padding":       s.get(t, path+strings.TrimRight(text, "=")),
		"get with one slash more":   s.get(t, path+"/"+text),
		"get with many slashes":     s.get(t, path+"///"+text),
		"get with an encoded slash": s.get(t, path+"%2F"+text),
	} {
		t.Run(name, func(t *testing.T) {
			if response := got.wantStatus(t, issuer, ocsp.Unknown); response.SerialNumber.Cmp(serial) != 0 {
				t.Errorf("the answer is about %x", response.SerialNumber)
			}
		})
	}
}

func TestOCSPBadInput(t *testing.T) {
	t.Parallel()
	s := serve(t)
	root := s.Root(t, notary.ECDSAP256)
	issuer := s.certificate(t, root)
	other := s.certificate(t, s.Intermediate(t, root, notary.ECDSAP256))
	id, path := fmt.Sprint(root), fmt.Sprintf("/ocsp/%d/", root)
	good := requestFor(t, issuer, big.NewInt(5))
	text := base64.StdEncoding.EncodeToString(good)
	for name, tt := range map[string]struct {
		got  answer
		want ocsp.ResponseStatus
	}{
		"post nothing":            {s.post(t, id, ocspRequest, nil), ocsp.Malformed},
		"post half of a request":  {s.post(t, id, ocspRequest, good[:len(good)/2]), ocsp.Malformed},
		"post 1 MB":               {s.post(t, id, ocspRequest, make([]byte, 1<<20)), ocsp.Malformed},
		"post 2 MB":               {s.post(t, id, ocspRequest, make([]byte, 2<<20)), ocsp.Malformed},
		"post 1,000 certificates": {s.post(t, id, ocspRequest, repeated(t, good, 1000)), ocsp.Malformed},
		"post 101 certificates":   {s.post(t, id, ocspRequest, repeated(t, good, 101)), ocsp.Malformed},
		"post JSON":               {s.post(t, id, "application/json", good), ocsp.Malformed},
		"post without a type":     {s.post(t, id, "", good), ocsp.Malformed},
		"post to a request":       {s.post(t, id+"/"+text, ocspRequest, good), ocsp.Malformed},
		"post for another issuer": {s.post(t, id, ocspRequest, requestFor(t, other, big.NewInt(5))),
			ocsp.Unauthorized},
		"post to no authority":        {s.post(t, "999", ocspRequest, good), ocsp.Unauthorized},
		"post to a word":              {s.post(t, "root", ocspRequest, good), ocsp.Unauthorized},
		"post to a large number":      {s.post(t, "99999999999999999999", ocspRequest, good), ocsp.Unauthorized},
		"get nothing":                 {s.get(t, path), ocsp.Malformed},
		"get without a slash":         {s.get(t, "/ocsp/"+id), ocsp.Malformed},
		"get of an unknown authority": {s.get(t, "/ocsp//"+text), ocsp.Unauthorized},
		"get invalid base64":          {s.get(t, path+"M*"), ocsp.Malformed},
		"get the base64 of URLs":      {s.get(t, path+"MEM_-w=="), ocsp.Malformed},
		"get base64 that is cut off":  {s.get(t, path+text[:len(text)-5]), ocsp.Malformed},
		"get base64 with a line":      {s.get(t, path+text[:8]+"%0A"+text[8:]), ocsp.Malformed},
		"get half of a request": {s.get(t, path+base64.StdEncoding.EncodeToString(good[:len(good)/2])),
			ocsp.Malformed},
		"get trailing data": {s.get(t, path+base64.StdEncoding.EncodeToString(append(bytes.Clone(good), 0))),
			ocsp.Malformed},
		"get 1,000 certificates": {s.get(t, path+base64.StdEncoding.EncodeToString(repeated(t, good, 1000))),
			ocsp.Malformed},
		"get a zero octet":        {s.get(t, path+text+"%00"), ocsp.Malformed},
		"get a query":             {s.get(t, path+"?"+text), ocsp.Malformed},
		"get too much padding":    {s.get(t, path+text+"===="), ocsp.Malformed},
		"get bits in the padding": {s.get(t, path+"MR=="), ocsp.Malformed},
		"get encoded twice": {s.get(t, path+strings.ReplaceAll(url.QueryEscape(text+"=="), "%", "%25")),
			ocsp.Malformed},
		"get for another issuer": {s.get(t,
			path+base64.StdEncoding.EncodeToString(requestFor(t, other, big.NewInt(5)))), ocsp.Unauthorized},
		"get something of the folder": {s.get(t, path+"../../crl/1.crl"), ocsp.Malformed},
	} {
		t.Run(name, func(t *testing.T) { tt.got.wantError(t, tt.want) })
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.url+path, bytes.NewReader(good))
	testkit.Check(t, err)
	if got := send(t, request); got.status != http.StatusMethodNotAllowed ||
		got.header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("PUT: %d, %s", got.status, got.header)
	}
}

// Broken percent-encoding is invalid HTTP (RFC 9112, section 3.2) and never reaches OCSP.
func TestBrokenPercentEncoding(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, target := range []string{"/ocsp/1/%zz", "/ocsp/1/%", "/ocsp/1/%2", "/ocsp/%4g/", "/ocsp/1/%%41",
		"/crl/%zz.crl"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		testkit.Check(t, err)
		_, err = io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: example.com\r\n\r\n")
		testkit.Check(t, err)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		testkit.Check(t, err)
		if got := read(t, response); got.status != http.StatusBadRequest {
			t.Errorf("GET %s: status %d, want 400", target, got.status)
		}
		testkit.Check(t, conn.Close())
	}
}

func repeated(t testing.TB, request []byte, n int) []byte {
	t.Helper()
	var read struct {
		TBS struct{ List []asn1.RawValue }
	}
	_, err := asn1.Unmarshal(request, &read)
	testkit.Check(t, err)
	for range n - 1 {
		read.TBS.List = append(read.TBS.List, read.TBS.List[0])
	}
	der, err := asn1.Marshal(read)
	testkit.Check(t, err)
	return der
}

// Caches may keep a response until its nextUpdate, unless it is only for one client.
func TestOCSPCaching(t *testing.T) {
	t.Parallel()
	s := serve(t)
	root := s.Root(t, notary.ECDSAP256)
	issuer := s.certificate(t, root)
	leaf, _ := s.issued(t, root)
	path := fmt.Sprintf("/ocsp/%d/%s", root,
		base64.StdEncoding.EncodeToString(requestFor(t, issuer, leaf.SerialNumber)))
	made := s.Clock.Now()
	first := s.get(t, path)
	first.wantStatus(t, issuer, ocsp.Good)
	tag := first.header.Get("ETag")
	headers := func(a answer) map[string]string {
		kept := map[string]string{}
		for _, name := range []string{"Cache-Control", "Last-Modified", "Expires", "Etag"} {
			kept[name] = a.header.Get(name)
		}
		return kept
	}
	want := map[string]string{"Cache-Control": "max-age=3600, public, no-transform, must-revalidate", "Etag": tag,
		"Last-Modified": made.Format(http.TimeFormat), "Expires": made.Add(time.Hour).Format(http.TimeFormat)}
	if diff := cmp.Diff(want, headers(first)); diff != "" || len(tag) < 10 {
		t.Errorf("the headers (-want +got):\n%s", diff)
	}
	s.Clock.Advance(10 * time.Minute)
	want["Cache-Control"] = "max-age=3000, public, no-transform, must-revalidate"
	for name, header := range map[string][]string{"again": nil, "if it is another": {"If-None-Match", `"another"`}} {
		later := s.get(t, path, header...)
		if diff := cmp.Diff(want, headers(later)); diff != "" || !bytes.Equal(first.body, later.body) {
			t.Errorf("%s, the headers (-want +got):\n%s", name, diff)
		}
	}
	for _, tags := range []string{tag, `W/` + tag, `"another", ` + tag, "*"} {
		same := s.get(t, path, "If-None-Match", tags)
		if diff := cmp.Diff(want, headers(same)); same.status != http.StatusNotModified || len(same.body) > 0 ||
			diff != "" {
			t.Errorf("if it is not %s: %d, %d octets (-want +got):\n%s", tags, same.status, len(same.body), diff)
		}
	}
	post := s.post(t, fmt.Sprint(root), ocspRequest, requestFor(t, issuer, leaf.SerialNumber))
	if diff := cmp.Diff(want, headers(post)); diff != "" {
		t.Errorf("by POST, the headers (-want +got):\n%s", diff)
	}
	unknown := s.post(t, fmt.Sprint(root), ocspRequest, requestFor(t, issuer, big.NewInt(7)))
	unknown.wantStatus(t, issuer, ocsp.Unknown)
	if diff := cmp.Diff(map[string]string{"Cache-Control": "no-store", "Last-Modified": "", "Expires": "", "Etag": ""},
		headers(unknown)); diff != "" {
		t.Errorf("of an unknown one, the headers (-want +got):\n%s", diff)
	}
	head, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.url+path, nil)
	testkit.Check(t, err)
	if got := send(t, head); got.status != http.StatusOK || len(got.body) > 0 ||
		got.header.Get("Content-Length") != fmt.Sprint(len(first.body)) {
		t.Errorf("HEAD: %d, %s", got.status, got.header)
	}
}

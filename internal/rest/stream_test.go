package rest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"notary"
	"notary/internal/testkit"
)

var streams = map[string]string{
	"certificate requests": requestsPath,
	"certificates":         certificatesPath,
}

func TestEmptyLists(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, path := range []string{requestsPath, certificatesPath, authoritiesPath} {
		a := call(t, h.admin(t), "GET", path, nil).wantStatus(t, 200)
		a.wantBody(t, `{"result": []}`)
	}
}

// A list of many pages is complete and in order.
func TestLongList(t *testing.T) {
	t.Parallel()
	h := open(t)
	const copies = 450 // more than two of the store's pages
	first := h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	testkit.Fill(t, h.Store, first, copies)
	var last int64
	count := 0
	for request, err := range h.admin(t).CertificateRequests(t.Context()) {
		testkit.Check(t, err)
		if request.ID <= last {
			t.Fatalf("request %d comes after %d", request.ID, last)
		}
		last = request.ID
		count++
	}
	if count != copies+1 {
		t.Errorf("%d requests, want %d", count, copies+1)
	}
	var whole struct{ Result []json.RawMessage }
	testkit.Check(t, json.Unmarshal(call(t, h.admin(t), "GET", certificatesPath, nil).Body, &whole))
	if len(whole.Result) != copies+2 { // and the root's own
		t.Errorf("%d certificates, want %d", len(whole.Result), copies+2)
	}
}

// A failure before the first element is an ordinary error response.
func TestListFailsAtTheStart(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	admin := h.admin(t)
	h.hideCertificates(t)
	defer h.restoreCertificates(t)
	for name, path := range streams {
		a := call(t, admin, "GET", path, nil)
		refusal := a.wantRefusal(t, 500, "internal")
		if refusal.RequestID == "" || refusal.RequestID != a.Header.Get("X-Request-Id") {
			t.Errorf("%s: request id %q, in the header %q", name, refusal.RequestID, a.Header.Get("X-Request-Id"))
		}
		if strings.Contains(string(a.Body), "table") {
			t.Errorf("%s: the cause is revealed: %s", name, a.Body)
		}
	}
}

// A failure midway aborts the connection, over HTTP/1.1 and HTTP/2.
func TestListFailsMidway(t *testing.T) {
	t.Parallel()
	h := open(t)
	testkit.Fill(t, h.Store, h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256)), 450) // the store reads 200 at a time
	h.breakOff(t, func() {
		count := 0
		var failed error
		for _, err := range h.admin(t).CertificateRequests(t.Context()) {
			if failed = err; err == nil {
				count++
			}
		}
		testkit.WantKind(t, failed, notary.Unavailable)
		if count == 0 || count > 450 {
			t.Errorf("%d elements arrived before the end", count)
		}
	})
	for name, path := range streams {
		for _, http2 := range []bool{false, true} {
			h.breakOff(t, func() {
				status, proto, body, err := h.read(t, path, http2)
				if status != 200 || proto != map[bool]int{false: 1, true: 2}[http2] {
					t.Fatalf("%s: status %d over HTTP/%d", name, status, proto)
				}
				if !http2 && !errors.Is(err, io.ErrUnexpectedEOF) || err == nil {
					t.Errorf("%s, HTTP/%d: got error %v, want one for a truncated response", name, proto, err)
				}
				if len(body) == 0 || json.Valid(body) {
					t.Errorf("%s, HTTP/%d: %d octets that look like a complete list", name, proto, len(body))
				}
			})
		}
	}
}

// breakOff runs do while each list loses its table as soon as it has started.
func (h *house) breakOff(t *testing.T, do func()) {
	t.Helper()
	h.admin(t) // logs in first
	var once sync.Once
	hide := func() { once.Do(func() { h.hideCertificates(t) }) }
	h.begun.Store(&hide)
	do()
	h.begun.Store(nil)
	h.restoreCertificates(t)
}

func (h *house) hideCertificates(t *testing.T) {
	t.Helper()
	h.Exec(t, `ALTER TABLE certificate RENAME TO hidden`)
}

func (h *house) restoreCertificates(t *testing.T) {
	t.Helper()
	h.Exec(t, `ALTER TABLE hidden RENAME TO certificate`)
}

// read gets a path over the given protocol and returns the body as far as it arrived, with the
// error that ended it.
func (h *house) read(t *testing.T, path string, http2 bool) (status, proto int, body []byte, err error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: h.tls.Clone(), ForceAttemptHTTP2: http2}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), "GET", h.anonymous.Server()+path, nil)
	testkit.Check(t, err)
	request.Header.Set("Authorization", "Bearer "+h.admin(t).Token())
	response, err := transport.RoundTrip(request)
	testkit.Check(t, err)
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, response.ProtoMajor, body, err
}

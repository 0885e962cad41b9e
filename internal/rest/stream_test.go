package rest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

// The lists that are sent element by element.
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

// A list of many pages is whole and in order.
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

// What fails before the first element is an answer like any other, and tells nothing of
// the cause but where to look for it.
func TestListThatCannotBegin(t *testing.T) {
	t.Parallel()
	h := open(t)
	signed := h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	h.damaged(t, h.chainOf(t, signed), func() {
		for name, path := range streams {
			a := call(t, h.admin(t), "GET", path, nil)
			refusal := a.wantRefusal(t, 500, "internal")
			if refusal.RequestID == "" || refusal.RequestID != a.Header.Get("X-Request-Id") {
				t.Errorf("%s: request id %q, in the header %q", name, refusal.RequestID, a.Header.Get("X-Request-Id"))
			}
			if strings.Contains(string(a.Body), "chain") {
				t.Errorf("%s: the cause is told: %s", name, a.Body)
			}
		}
	})
}

// What fails in the middle cuts the connection, over HTTP/1.1 and HTTP/2: nobody can take
// half a list for the whole.
func TestListThatBreaksOff(t *testing.T) {
	t.Parallel()
	h := open(t)
	testkit.Fill(t, h.Store, h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256)), 250) // the store reads 200 at a time
	another := h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	h.damaged(t, h.chainOf(t, another), func() {
		count := 0
		var failed error
		for _, err := range h.admin(t).CertificateRequests(t.Context()) {
			if failed = err; err == nil {
				count++
			}
		}
		testkit.WantKind(t, failed, notary.Unavailable)
		if count == 0 || count > 251 {
			t.Errorf("%d elements came before the end", count)
		}
		for name, path := range streams {
			for _, http2 := range []bool{false, true} {
				status, proto, body, err := h.read(t, path, http2)
				if status != 200 || proto != map[bool]int{false: 1, true: 2}[http2] {
					t.Fatalf("%s: status %d over HTTP/%d", name, status, proto)
				}
				if !http2 && !errors.Is(err, io.ErrUnexpectedEOF) || err == nil {
					t.Errorf("%s, HTTP/%d: got error %v, want one that the answer is not whole", name, proto, err)
				}
				if len(body) == 0 || json.Valid(body) {
					t.Errorf("%s, HTTP/%d: %d octets that look like a whole list", name, proto, len(body))
				}
			}
		}
	})
}

// damaged runs do while the certificates of one issuer chain cannot be read.
func (h *house) damaged(t *testing.T, chain int64, do func()) {
	t.Helper()
	var der []byte
	testkit.Check(t, testkit.SQL(t, h.Database).QueryRow(`SELECT der FROM issuer_chain WHERE id = $1`, chain).Scan(&der))
	h.Exec(t, `UPDATE issuer_chain SET der = $1 WHERE id = $2`, []byte("\x30\x7f"), chain)
	do()
	h.Exec(t, `UPDATE issuer_chain SET der = $1 WHERE id = $2`, der, chain)
}

func (h *house) chainOf(t *testing.T, request int64) (chain int64) {
	t.Helper()
	testkit.Check(t, testkit.SQL(t, h.Database).QueryRow(`SELECT issuer_chain_id FROM certificate WHERE request_id = $1`, request).Scan(&chain))
	return chain
}

// read gets a path over the protocol that is asked for, and gives what came of the body with
// the error that ended it.
func (h *house) read(t *testing.T, path string, http2 bool) (status, proto int, body []byte, err error) {
	t.Helper()
	token, err := h.anonymous.Login(t.Context(), api.Login{Email: h.Admin().Email, Password: testkit.Password})
	testkit.Check(t, err)
	transport := &http.Transport{TLSClientConfig: h.tls.Clone(), ForceAttemptHTTP2: http2}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), "GET", h.anonymous.Server()+path, nil)
	testkit.Check(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := transport.RoundTrip(request)
	testkit.Check(t, err)
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, response.ProtoMajor, body, err
}

package rest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/clock"
	"notary/internal/rest"
	"notary/internal/testkit"
)

const (
	requestsPath     = "/api/v1/certificate_requests"
	certificatesPath = "/api/v1/certificates"
	authoritiesPath  = "/api/v1/certificate_authorities"
	accountsPath     = "/api/v1/accounts"
)

// house is a World behind a real server, wired as by notary start.
type house struct {
	*testkit.World
	anonymous *client.Client
	tls       *tls.Config // trusts the server
	stopping  func()      // announces the shutdown to the API

	begun atomic.Pointer[func()] // called, if set, when the body of a response begins

	mu     sync.Mutex
	logins map[notary.Role]*client.Client

	answeredMu sync.Mutex
	answered   map[string]map[int]bool // statuses by pattern of the mux
}

func open(t *testing.T) *house {
	t.Helper()
	return serve(t, testkit.New(t))
}

func serve(t *testing.T, w *testkit.World) *house {
	t.Helper()
	h := &house{World: w, logins: map[notary.Role]*client.Client{}, answered: map[string]map[int]bool{}}
	stopping, stop := context.WithCancel(context.Background())
	h.stopping = stop
	handler := rest.New(rest.Config{CA: h.CA, Revocation: h.Revocation, Auth: h.Auth,
		Clock: clock.New(w.Store, clock.Options{Now: w.Clock.Now}), Version: "v1.2.3", Ready: w.Store.Ready,
		Log: slog.New(slog.DiscardHandler), Stopping: stopping,
		Settings: func() []notary.Setting {
			return []notary.Setting{{Key: "listen", Value: "127.0.0.1:0", Source: notary.FromFlag, Where: "--listen"},
				{Key: "key_passphrase", Source: notary.FromEnvironment, Secret: true}}
		}})
	served := testkit.Serve(t, w, h.watched(handler))
	h.tls = served.TLS
	var err error
	h.anonymous, err = client.New(client.Config{Server: served.Addr, TLS: h.tls})
	testkit.Check(t, err)
	t.Cleanup(func() {
		h.anonymous.CloseIdleConnections()
		stop()
		served.Stop()
		h.wantDocumented(t, handler)
	})
	return h
}

// watched calls h.begun when a response body begins, and collects the statuses of all responses.
func (h *house) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := &watchedResponse{ResponseWriter: w, begun: func() {}}
		if begun := h.begun.Load(); begun != nil {
			watched.begun = *begun
		}
		next.ServeHTTP(watched, r)
		h.answeredMu.Lock()
		defer h.answeredMu.Unlock()
		if h.answered[r.Pattern] == nil {
			h.answered[r.Pattern] = map[int]bool{}
		}
		h.answered[r.Pattern][watched.status] = true
	})
}

// wantDocumented checks that the OpenAPI document has every returned status.
func (h *house) wantDocumented(t *testing.T, handler http.Handler) {
	t.Helper()
	served := httptest.NewRecorder()
	handler.ServeHTTP(served, httptest.NewRequest("GET", "/api/v1/openapi.json", nil))
	var document described
	testkit.Check(t, json.Unmarshal(served.Body.Bytes(), &document))
	h.answeredMu.Lock()
	defer h.answeredMu.Unlock()
	for pattern, statuses := range h.answered {
		method, path, _ := strings.Cut(pattern, " ")
		call, ok := document.Paths[path][strings.ToLower(method)]
		for status := range statuses {
			if _, documented := call.Responses[strconv.Itoa(status)]; ok && status != 0 && !documented {
				t.Errorf("%s returned %d, which the OpenAPI document does not have", pattern, status)
			}
		}
	}
}

type watchedResponse struct {
	http.ResponseWriter
	status int
	once   sync.Once
	begun  func()
}

func (w *watchedResponse) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *watchedResponse) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	defer w.once.Do(w.begun)
	return w.ResponseWriter.Write(b)
}

func (w *watchedResponse) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (h *house) as(t *testing.T, role notary.Role) *client.Client {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.logins[role] == nil {
		h.logins[role] = h.login(t, h.Caller(role))
	}
	return h.logins[role]
}

func (h *house) admin(t *testing.T) *client.Client { t.Helper(); return h.as(t, notary.Admin) }

func (h *house) login(t *testing.T, caller notary.Caller) *client.Client {
	t.Helper()
	token, err := h.anonymous.Login(t.Context(), api.Login{Email: caller.Principal.Name, Password: testkit.Password})
	testkit.Check(t, err)
	return h.anonymous.WithToken(token)
}

// answer is a response together with its request, for the messages of tests.
type answer struct {
	client.Response
	question string
}

// call sends a string body unchanged and any other as JSON; nil sends none.
func call(t *testing.T, c *client.Client, method, path string, body any, headers ...string) answer {
	t.Helper()
	var sent []byte
	switch body := body.(type) {
	case nil:
	case string:
		sent = []byte(body)
	default:
		var err error
		sent, err = json.Marshal(body)
		testkit.Check(t, err)
	}
	header := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		header.Add(headers[i], headers[i+1])
	}
	response, err := c.Raw(t.Context(), method, path, sent, header)
	question := fmt.Sprintf("%s %.100s %.100s", method, path, sent)
	if err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	return answer{response, question}
}

func (a answer) wantStatus(t *testing.T, status int) answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("%s: got status %d, want %d: %.300s", a.question, a.Status, status, a.Body)
	}
	return a
}

func (a answer) wantBody(t *testing.T, want string) {
	t.Helper()
	if diff := cmp.Diff(parse(t, []byte(want)), parse(t, a.Body)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", a.question, diff)
	}
}

// wantRefusal checks that the response is a complete and well-formed error envelope.
func (a answer) wantRefusal(t *testing.T, status int, code string) api.Error {
	t.Helper()
	a.wantStatus(t, status)
	var refusal api.Error
	decoder := json.NewDecoder(strings.NewReader(string(a.Body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&refusal); err != nil {
		t.Fatalf("%s: not an error envelope (%v): %.300s", a.question, err, a.Body)
	}
	if media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || media != "application/json" {
		t.Errorf("%s: content type %q", a.question, a.Header.Get("Content-Type"))
	}
	if refusal.Code != code {
		t.Errorf("%s: got code %q, want %q: %s", a.question, refusal.Code, code, refusal.Error)
	}
	if a.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s: no X-Request-Id", a.question)
	}
	if status == http.StatusUnauthorized && a.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%s: no WWW-Authenticate", a.question)
	}
	wantSentence(t, a.question, refusal.Error)
	return refusal
}

func wantSentence(t *testing.T, question, sentence string) {
	t.Helper()
	if len(strings.Fields(sentence)) < 3 || len(sentence) > 500 || strings.TrimSpace(sentence) != sentence ||
		strings.ContainsAny(sentence, "\n\x00") {
		t.Errorf("%s: not a sentence: %q", question, sentence)
	}
	for _, inside := range []string{"validation failed", "schema", " expected ", "unmarshal", "api.", "notary.",
		"Go value", "panic", "sql", "SQL", "%!"} {
		if strings.Contains(" "+strings.TrimPrefix(sentence, "expected "), inside) { // "expected" is also a field
			t.Errorf("%s: the words %q are not for users: %q", question, inside, sentence)
		}
	}
}

func parse(t *testing.T, body []byte) (v any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("not JSON (%v): %.300s", err, body)
	}
	return v
}

// wantUnchanged runs do and checks that no row of any table changed.
func (h *house) wantUnchanged(t *testing.T, do func()) {
	t.Helper()
	for _, role := range notary.Roles {
		h.as(t, role) // logins write, too, so log in first
	}
	before := h.Dump(t)
	do()
	if diff := cmp.Diff(before, h.Dump(t)); diff != "" {
		t.Errorf("something was written (-before +after):\n%.2000s", diff)
	}
}

func commonName(name string) pkix.Name { return pkix.Name{CommonName: name} }

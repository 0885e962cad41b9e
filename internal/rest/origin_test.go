package rest_test

import (
	"net/http"
	"testing"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/testkit"
)

// without sends a body without the content type that the client adds by default.
func without(t *testing.T, c *client.Client, path string, body any, headers ...string) answer {
	t.Helper()
	return call(t, c, http.MethodPost, path, body, append([]string{"Content-Type", ""}, headers...)...)
}

// Other sites can send the JSON content type only after a preflight.
func TestContentTypeIsNeededWithoutToken(t *testing.T) {
	t.Parallel()
	h := serve(t, testkit.Empty(t))
	account := api.CreateAccount{Email: "me@example.com", Password: testkit.Password, SetupCode: testkit.SetupCode}
	login := api.Login{Email: account.Email, Password: account.Password}
	without(t, h.anonymous, accountsPath, account).wantRefusal(t, 415, "invalid")
	without(t, h.anonymous, accountsPath, account, "Authorization", "Basic bWU6aHVzaA==").wantRefusal(t, 401,
		"unauthenticated")
	call(t, h.anonymous, "POST", accountsPath, account, "Content-Type", "text/plain").wantRefusal(t, 415, "invalid")
	call(t, h.anonymous, "POST", accountsPath, account).wantStatus(t, 201)
	without(t, h.anonymous, "/login", login).wantRefusal(t, 415, "invalid")
	without(t, h.anonymous, "/login", login, "Authorization", "Basic bWU6aHVzaA==").wantRefusal(t, 415, "invalid")
	call(t, h.anonymous, "POST", "/login", login).wantStatus(t, 200)
}

func TestOtherOriginsNeedAToken(t *testing.T) {
	t.Parallel()
	h := open(t)
	login := api.Login{Email: h.Admin().Principal.Name, Password: testkit.Password}
	for _, from := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example.com"},
		{"Origin", "null"},
	} {
		for _, path := range []string{"/login", "/logout", accountsPath, requestsPath, "/api/v1/nothing"} {
			call(t, h.anonymous, "POST", path, login, from...).wantRefusal(t, 403, "forbidden")
			call(t, h.anonymous, "POST", path, login, append(from, "Authorization", "Basic bWU6aHVzaA==")...).wantRefusal(t,
				403, "forbidden")
		}
		call(t, h.anonymous, "GET", "/status", nil, from...).wantStatus(t, 200)
		call(t, h.admin(t), "POST", requestsPath, map[string]string{"csr": testkit.CSR(t, testkit.Key(t, notary.ECDSAP256),
			"a.example.com")}, from...).
			wantStatus(t, 201)
	}
	for _, from := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"},
		{"Origin", h.anonymous.Server()}} {
		call(t, h.anonymous, "POST", "/login", login, from...).wantStatus(t, 200)
	}
}

// The field username is an alias for email. An empty address or password is rejected.
func TestUsername(t *testing.T) {
	t.Parallel()
	h := serve(t, testkit.Empty(t))
	for _, path := range []string{accountsPath, "/login"} {
		for field, body := range map[string]map[string]string{
			"email":    {"email": "", "username": "", "password": testkit.Password},
			"username": {"email": "a@example.com", "username": "b@example.com", "password": testkit.Password},
			"password": {"username": "a@example.com", "password": ""},
		} {
			if refusal := call(t, h.anonymous, "POST", path, body).wantRefusal(t, 400, "invalid"); refusal.Field != field {
				t.Errorf("%s %v: field %q", path, body, refusal.Field)
			}
		}
	}
	call(t, h.anonymous, "POST", accountsPath, map[string]string{"username": "a@example.com", "password": testkit.Password,
		"setup_code": testkit.SetupCode}).wantStatus(t, 201)
	call(t, h.anonymous, "POST", "/login", map[string]string{"username": "a@example.com",
		"password": testkit.Password}).wantStatus(t, 200)
	call(t, h.anonymous, "POST", "/login", map[string]string{"username": "a@example.com", "email": "a@example.com",
		"password": testkit.Password}).wantStatus(t, 200)
}

// The first account needs the setup code; the error says where to find it.
func TestFirstAccountNeedsTheSetupCode(t *testing.T) {
	t.Parallel()
	h := serve(t, testkit.Empty(t))
	h.wantNoAccount(t, map[string]string{"email": "a@example.com", "password": testkit.Password})
	h.wantNoAccount(t, map[string]string{"email": "a@example.com", "password": testkit.Password, "setup_code": ""})
	h.wantNoAccount(t, map[string]string{"email": "a@example.com", "password": testkit.Password, "setup_code": "AAAAA"})
}

func (h *house) wantNoAccount(t *testing.T, body map[string]string) {
	t.Helper()
	if refusal := call(t, h.anonymous, "POST", accountsPath, body).wantRefusal(t, 403,
		"forbidden"); refusal.Field != "setup_code" {
		t.Errorf("field %q: %s", refusal.Field, refusal.Error)
	}
	if some, err := h.Store.HasAccounts(t.Context()); some || err != nil {
		t.Fatalf("there is an account (%v)", err)
	}
}

package client_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary/api"
	"notary/client"
)

func quiet(*testing.T) *log.Logger { return log.New(io.Discard, "", 0) }

// TestCalls makes every call of the API, and checks what is sent and returned.
func TestCalls(t *testing.T) {
	t.Parallel()
	type c = client.Client
	end := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	three, role := 3, 2
	const success, created = `{"result":{"message":"success"}}`, `{"result":{"message":"success","id":7}}`
	none := func(err error) (any, error) { return nil, err }

	tests := []struct {
		name   string
		call   func(context.Context, *c) (any, error)
		sent   string // method, path and body
		answer string
		want   any
	}{
		{"login", func(ctx context.Context, c *c) (any, error) {
			return c.Login(ctx, api.Login{Email: "a@b.c", Password: "pw"})
		}, `POST /login {"email":"a@b.c","password":"pw"}`, `{"result":{"token":"t"}}`, "t"},
		{"logout", func(ctx context.Context, c *c) (any, error) { return none(c.Logout(ctx)) },
			"POST /logout ", success, nil},
		{"status", func(ctx context.Context, c *c) (any, error) { return c.Status(ctx) },
			"GET /status ", `{"result":{"initialized":true,"version":"v1"}}`, api.Status{Initialized: true, Version: "v1"}},
		{"OpenAPI", func(ctx context.Context, c *c) (any, error) { return c.OpenAPI(ctx) },
			"GET /api/v1/openapi.json ", `{"openapi":"3.1.0"}`, []byte(`{"openapi":"3.1.0"}`)},

		{"get request", func(ctx context.Context, c *c) (any, error) { return c.CertificateRequest(ctx, 5) },
			"GET /api/v1/certificate_requests/5 ", `{"result":{"id":5,"status":"Active","new_field":1}}`,
			api.CertificateRequest{ID: 5, Status: "Active"}},
		{"create request", func(ctx context.Context, c *c) (any, error) {
			return c.CreateCertificateRequest(ctx, api.CreateCertificateRequest{CSR: "PEM\n"})
		}, `POST /api/v1/certificate_requests {"csr":"PEM\n"}`, created, int64(7)},
		{"delete request", func(ctx context.Context, c *c) (any, error) { return none(c.DeleteCertificateRequest(ctx, 5)) },
			"DELETE /api/v1/certificate_requests/5 ", success, nil},
		{"sign request", func(ctx context.Context, c *c) (any, error) {
			return none(c.SignCertificateRequest(ctx, 5, api.SignCertificateRequest{
				CertificateAuthorityID: 2, Profile: "server", NotValidAfter: &end}))
		}, `POST /api/v1/certificate_requests/5/sign {"certificate_authority_id":"2","profile":"server","not_valid_after":"2030-01-02T03:04:05Z"}`, success, nil},
		{"upload certificate", func(ctx context.Context, c *c) (any, error) {
			return c.UploadCertificate(ctx, 5, api.UploadCertificate{Certificate: "PEM"})
		}, `POST /api/v1/certificate_requests/5/certificate {"certificate":"PEM"}`, created, int64(7)},
		{"remove certificate", func(ctx context.Context, c *c) (any, error) { return none(c.RemoveCertificate(ctx, 5)) },
			"DELETE /api/v1/certificate_requests/5/certificate ", success, nil},
		{"reject request for a reason", func(ctx context.Context, c *c) (any, error) {
			return none(c.RejectCertificateRequest(ctx, 5, api.Reject{Reason: "no"}))
		}, `POST /api/v1/certificate_requests/5/reject {"reason":"no"}`, success, nil},
		{"reject request", func(ctx context.Context, c *c) (any, error) {
			return none(c.RejectCertificateRequest(ctx, 5, api.Reject{}))
		},
			"POST /api/v1/certificate_requests/5/reject ", success, nil},
		{"revoke certificate", func(ctx context.Context, c *c) (any, error) {
			return c.RevokeCertificate(ctx, 5, api.RevokeCertificateRequest{Reason: "superseded"})
		}, `POST /api/v1/certificate_requests/5/certificate/revoke {"reason":"superseded"}`, success,
			api.Revocations{Message: "success"}},
		{"revoke certificate without a reason", func(ctx context.Context, c *c) (any, error) {
			return c.RevokeCertificate(ctx, 5, api.RevokeCertificateRequest{})
		}, "POST /api/v1/certificate_requests/5/certificate/revoke ", success, api.Revocations{Message: "success"}},
		{"reopen request", func(ctx context.Context, c *c) (any, error) { return none(c.ReopenCertificateRequest(ctx, 5)) },
			"POST /api/v1/certificate_requests/5/reopen ", success, nil},

		{"get certificate", func(ctx context.Context, c *c) (any, error) { return c.Certificate(ctx, 9) },
			"GET /api/v1/certificates/9 ", `{"result":{"id":9}}`, api.Certificate{ID: 9}},
		{"revoke inventory certificate", func(ctx context.Context, c *c) (any, error) {
			return c.RevokeInventoryCertificate(ctx, 9, api.Revoke{Reason: "keyCompromise"})
		}, `POST /api/v1/certificates/9/revoke {"reason":"keyCompromise"}`, success, api.Revocations{Message: "success"}},

		{"list profiles", func(ctx context.Context, c *c) (any, error) { return c.Profiles(ctx) },
			"GET /api/v1/profiles ", `{"result":[{"id":1,"name":"server","key_usages":["digitalSignature"]}]}`,
			[]api.Profile{{ID: 1, Name: "server", ProfileRules: api.ProfileRules{KeyUsages: []string{"digitalSignature"}}}}},
		{"get profile", func(ctx context.Context, c *c) (any, error) { return c.Profile(ctx, 3, 0) },
			"GET /api/v1/profiles/3 ", `{"result":{"id":3}}`, api.Profile{ID: 3}},
		{"get a version of a profile", func(ctx context.Context, c *c) (any, error) { return c.Profile(ctx, 3, 2) },
			"GET /api/v1/profiles/3?version=2 ", `{"result":{"id":3,"version":2}}`, api.Profile{ID: 3, Version: 2}},
		{"create profile", func(ctx context.Context, c *c) (any, error) {
			return c.CreateProfile(ctx, api.CreateProfile{Name: "web",
				ProfileRules: api.ProfileRules{KeyUsages: []string{"digitalSignature"}, Validity: "30d"}})
		}, `POST /api/v1/profiles {"name":"web","description":"","ca":false,"key_usages":["digitalSignature"],"validity":"30d","ocsp_no_check":false,"sha1_requests":false,"lint_warnings":""}`, created, int64(7)},
		{"update profile", func(ctx context.Context, c *c) (any, error) {
			return c.UpdateProfile(ctx, 3, api.UpdateProfile{Version: &three,
				ProfileRules: api.ProfileRules{KeyUsages: []string{"digitalSignature"}, Validity: "30d"}})
		}, `PUT /api/v1/profiles/3 {"version":3,"description":"","ca":false,"key_usages":["digitalSignature"],"validity":"30d","ocsp_no_check":false,"sha1_requests":false,"lint_warnings":""}`,
			`{"result":{"message":"success","version":4}}`, 4},
		{"delete profile", func(ctx context.Context, c *c) (any, error) { return none(c.DeleteProfile(ctx, 3)) },
			"DELETE /api/v1/profiles/3 ", success, nil},
		{"check profile", func(ctx context.Context, c *c) (any, error) {
			return c.CheckProfile(ctx, 3, api.CheckProfile{CSR: "PEM", CertificateAuthorityID: 2, Last: 9})
		}, `POST /api/v1/profiles/3/check {"csr":"PEM","certificate_authority_id":"2","last":9}`,
			`{"result":{"verdicts":[{"rule":"key","ok":true,"reason":""}],"looked":9}}`,
			api.ProfileCheck{Verdicts: []api.Verdict{{Rule: "key", OK: true}}, Looked: 9}},

		{"list authorities", func(ctx context.Context, c *c) (any, error) { return c.CertificateAuthorities(ctx) },
			"GET /api/v1/certificate_authorities ", `{"result":[{"id":1},{"id":2}]}`,
			[]api.CertificateAuthority{{ID: 1}, {ID: 2}}},
		{"get authority", func(ctx context.Context, c *c) (any, error) { return c.CertificateAuthority(ctx, 1) },
			"GET /api/v1/certificate_authorities/1 ", `{"result":{"id":1}}`, api.CertificateAuthority{ID: 1}},
		{"create authority", func(ctx context.Context, c *c) (any, error) {
			return c.CreateCertificateAuthority(ctx, api.CreateCertificateAuthority{SelfSigned: true, CommonName: "R",
				PathLength: &three})
		}, `POST /api/v1/certificate_authorities {"self_signed":true,"common_name":"R","path_length":3}`, created, int64(7)},
		{"disable authority", func(ctx context.Context, c *c) (any, error) {
			return none(c.UpdateCertificateAuthority(ctx, 1, api.UpdateCertificateAuthority{}))
		}, `PUT /api/v1/certificate_authorities/1 {"enabled":false}`, success, nil},
		{"change an authority's settings", func(ctx context.Context, c *c) (any, error) {
			no := false
			return none(c.ChangeAuthoritySettings(ctx, 1, api.ChangeAuthoritySettings{OCSP: &no, CRLShards: &three}))
		}, `PUT /api/v1/certificate_authorities/1/settings {"ocsp":false,"crl_shards":3}`, success, nil},
		{"delete authority", func(ctx context.Context, c *c) (any, error) {
			return none(c.DeleteCertificateAuthority(ctx, 1, false))
		}, "DELETE /api/v1/certificate_authorities/1 ", success, nil},
		{"delete authority by force", func(ctx context.Context, c *c) (any, error) {
			return none(c.DeleteCertificateAuthority(ctx, 1, true))
		}, "DELETE /api/v1/certificate_authorities/1?force=true ", success, nil},
		{"sign authority", func(ctx context.Context, c *c) (any, error) {
			return none(c.SignCertificateAuthority(ctx, 2, api.SignCertificateAuthority{CertificateAuthorityID: 1}))
		}, `POST /api/v1/certificate_authorities/2/sign {"certificate_authority_id":"1"}`, success, nil},
		{"upload authority certificate", func(ctx context.Context, c *c) (any, error) {
			return none(c.UploadAuthorityCertificate(ctx, 2, api.UploadAuthorityCertificate{CertificateChain: "PEM"}))
		}, `POST /api/v1/certificate_authorities/2/certificate {"certificate_chain":"PEM"}`, created, nil},
		{"revoke authority", func(ctx context.Context, c *c) (any, error) {
			return c.RevokeCertificateAuthority(ctx, 2, api.Revoke{Reason: "cessationOfOperation"})
		}, `POST /api/v1/certificate_authorities/2/revoke {"reason":"cessationOfOperation"}`, success,
			api.Revocations{Message: "success"}},
		{"CRL", func(ctx context.Context, c *c) (any, error) { return c.CRL(ctx, 2) },
			"GET /api/v1/certificate_authorities/2/crl ", "DER", []byte("DER")},

		{"page of requests", func(ctx context.Context, c *c) (any, error) {
			return c.CertificateRequestsPage(ctx, api.RequestQuery{Paging: api.Paging{Limit: 5, After: "a+b", Sort: "-id"},
				RequestFilter: api.RequestFilter{Status: "Active", Filter: api.Filter{CertificateAuthorityID: 3, Q: "x & y"}}})
		}, "GET /api/v1/certificate_requests?after=a%2Bb&certificate_authority_id=3&limit=5&q=x+%26+y&sort=-id&status=Active ",
			`{"result":[{"id":1}],"next":"c"}`, api.Page[api.CertificateRequest]{Result: []api.CertificateRequest{{ID: 1}},
				Next: "c"}},
		{"page of certificates", func(ctx context.Context, c *c) (any, error) {
			return c.CertificatesPage(ctx, api.CertificateQuery{CertificateFilter: api.CertificateFilter{Revoked: "false"}})
		}, "GET /api/v1/certificates?limit=100&revoked=false ", `{"result":[]}`,
			api.Page[api.Certificate]{Result: []api.Certificate{}}},
		{"summary", func(ctx context.Context, c *c) (any, error) { return c.Summary(ctx) },
			"GET /api/v1/summary ", `{"result":{"certificates":3,"expiring":[{"days":1,"count":2}]}}`,
			api.Summary{Certificates: 3, Expiring: []api.Expiring{{Days: 1, Count: 2}}}},

		{"list accounts", func(ctx context.Context, c *c) (any, error) { return c.Accounts(ctx) },
			"GET /api/v1/accounts ", `{"result":[{"id":1,"role_id":3}]}`, []api.Account{{ID: 1, RoleID: 3}}},
		{"get account", func(ctx context.Context, c *c) (any, error) { return c.Account(ctx, 1) },
			"GET /api/v1/accounts/1 ", `{"result":{"id":1}}`, api.Account{ID: 1}},
		{"my account", func(ctx context.Context, c *c) (any, error) { return c.Me(ctx) },
			"GET /api/v1/accounts/me ", `{"result":{"id":1}}`, api.Account{ID: 1}},
		{"create account", func(ctx context.Context, c *c) (any, error) {
			return c.CreateAccount(ctx, api.CreateAccount{Email: "a@b.c", Password: "pw", RoleID: &role})
		}, `POST /api/v1/accounts {"email":"a@b.c","password":"pw","role_id":2}`, created, int64(7)},
		{"delete account", func(ctx context.Context, c *c) (any, error) { return none(c.DeleteAccount(ctx, 1)) },
			"DELETE /api/v1/accounts/1 ", success, nil},
		{"change password", func(ctx context.Context, c *c) (any, error) {
			return none(c.ChangePassword(ctx, 1, api.ChangePassword{Password: "new"}))
		}, `POST /api/v1/accounts/1/change_password {"password":"new"}`, success, nil},
		{"change my password", func(ctx context.Context, c *c) (any, error) {
			return none(c.ChangeMyPassword(ctx, api.ChangeMyPassword{OldPassword: "old", Password: "new"}))
		}, `POST /api/v1/accounts/me/change_password {"old_password":"old","password":"new"}`, success, nil},
		{"sessions", func(ctx context.Context, c *c) (any, error) { return c.Sessions(ctx) },
			"GET /api/v1/sessions ", `{"result":[{"id":1,"current":true}]}`, []api.Session{{ID: 1, Current: true}}},
		{"end session", func(ctx context.Context, c *c) (any, error) { return none(c.EndSession(ctx, 4)) },
			"DELETE /api/v1/sessions/4 ", success, nil},
		{"end other sessions", func(ctx context.Context, c *c) (any, error) { return none(c.EndOtherSessions(ctx)) },
			"DELETE /api/v1/sessions ", success, nil},
		{"events", func(ctx context.Context, c *c) (any, error) {
			return c.EventsPage(ctx, api.EventQuery{EventFilter: api.EventFilter{Kind: "request", ObjectID: 5},
				EventPaging: api.EventPaging{Before: "b"}})
		}, "GET /api/v1/events?before=b&kind=request&limit=100&object_id=5 ",
			`{"result":[{"id":9}],"next":"n","previous":"p"}`,
			api.Page[api.Event]{Result: []api.Event{{ID: 9}}, Next: "n", Previous: "p"}},
		{"overview", func(ctx context.Context, c *c) (any, error) { return c.Overview(ctx) },
			"GET /api/v1/overview ", `{"result":{"weeks":[{"count":3}]}}`, api.Overview{Weeks: []api.Week{{Count: 3}}}},
		{"state of an authority", func(ctx context.Context, c *c) (any, error) { return c.AuthorityState(ctx, 2) },
			"GET /api/v1/certificate_authorities/2/state ", `{"result":{"id":2,"in_force":5}}`,
			api.AuthorityState{ID: 2, InForce: 5}},
		{"settings", func(ctx context.Context, c *c) (any, error) { return c.Settings(ctx) },
			"GET /api/v1/settings ", `{"result":[{"key":"listen"}]}`, []api.Setting{{Key: "listen"}}},
		{"inspect", func(ctx context.Context, c *c) (any, error) { return c.Inspect(ctx, api.Inspect{Text: "PEM"}) },
			`POST /api/v1/inspect {"text":"PEM"}`, `{"result":{"wrong":true,"objects":[{"kind":"chain"}]}}`,
			api.Inspection{Wrong: true, Objects: []api.InspectedObject{{Kind: "chain"}}}},
		{"transfer", func(ctx context.Context, c *c) (any, error) {
			return none(c.TransferCertificateRequest(ctx, 5, api.NewOwner{Kind: "group", Name: "web-team"}))
		}, `PUT /api/v1/certificate_requests/5/owner {"kind":"group","name":"web-team"}`, success, nil},
		{"transfer of a certificate", func(ctx context.Context, c *c) (any, error) {
			return none(c.TransferCertificate(ctx, 9, api.NewOwner{Kind: "account", ID: 2}))
		}, `PUT /api/v1/certificates/9/owner {"kind":"account","id":2}`, success, nil},
		{"history", func(ctx context.Context, c *c) (any, error) { return c.RequestHistory(ctx, 5) },
			"GET /api/v1/certificate_requests/5/history ", `{"result":[{"id":9}]}`, []api.Event{{ID: 9}}},
		{"change role", func(ctx context.Context, c *c) (any, error) {
			return none(c.ChangeRole(ctx, 1, api.ChangeRole{RoleID: 3}))
		}, `PUT /api/v1/accounts/1/role {"role_id":3}`, success, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var sent string
			c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				sent = r.Method + " " + r.URL.RequestURI() + " " + string(body)
				if (len(body) > 0) != (r.Header.Get("Content-Type") == "application/json") {
					t.Errorf("a body of %d octets has the content type %q", len(body), r.Header.Get("Content-Type"))
				}
				wantToken := "Bearer the-token"
				if r.URL.Path == "/login" {
					wantToken = ""
				}
				if got := r.Header.Get("Authorization"); got != wantToken {
					t.Errorf("Authorization: %q, want %q", got, wantToken)
				}
				io.WriteString(w, test.answer)
			})
			got, err := test.call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if sent != test.sent {
				t.Errorf("sent %s\nwant %s", sent, test.sent)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCRLIsAskedForInDER(t *testing.T) {
	t.Parallel()
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept"); got != "application/pkix-crl" {
			t.Errorf("Accept: %q", got)
		}
	})
	if _, err := c.CRL(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
}

func TestWithToken(t *testing.T) {
	t.Parallel()
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("Authorization"))
	})
	for token, want := range map[string]string{"": "", "other": "Bearer other"} {
		answer, err := c.WithToken(token).Raw(t.Context(), "GET", "/", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(answer.Body); got != want {
			t.Errorf("with the token %q sent %q, want %q", token, got, want)
		}
	}
}

func TestRaw(t *testing.T) {
	t.Parallel()
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Saw", r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")+" "+r.Header.Get("X-Own"))
		w.WriteHeader(http.StatusTeapot)
		w.Write(body)
	})
	answer, err := c.Raw(t.Context(), "PATCH", "//elsewhere/x?y=z", []byte("{"),
		http.Header{"Authorization": {"Basic abc"}, "X-Own": {"own"}})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != http.StatusTeapot || string(answer.Body) != "{" {
		t.Errorf("answer %d %q", answer.Status, answer.Body)
	}
	if got, want := answer.Header.Get("X-Saw"), "PATCH //elsewhere/x?y=z Basic abc own"; got != want {
		t.Errorf("the server saw %q, want %q", got, want)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	calls := 0
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	if err := c.Logout(t.Context()); err == nil || !strings.Contains(err.Error(), "302 Found") {
		t.Errorf("error %v, want one that names the redirect", err)
	}
	if calls != 1 {
		t.Errorf("%d calls, want 1: the token must not go elsewhere", calls)
	}
}

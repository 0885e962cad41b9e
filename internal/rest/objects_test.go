package rest_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// To a Certificate Requestor, objects of others are indistinguishable from missing ones.
func TestRequestorCannotProbeOthersObjects(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.as(t, notary.CertificateRequestor)
	root := h.Root(t, notary.ECDSAP256)
	another := h.NewCaller(t, h.Admin(), notary.CertificateRequestor)
	certificateOf := func(request int64) int64 {
		r, err := h.CA.Request(t.Context(), h.Admin(), request)
		testkit.Check(t, err)
		return r.Certificate.ID
	}
	authority, err := h.CA.Authority(t.Context(), h.Admin(), root)
	testkit.Check(t, err)
	others := map[string]struct {
		path string
		id   int64
		part string
	}{
		"another's request":                    {requestsPath, h.Request(t, another), ""},
		"an Admin's request":                   {requestsPath, h.Request(t, h.Admin()), ""},
		"another's request with a certificate": {requestsPath, h.Signed(t, another, root), ""},
		"another's certificate":                {certificatesPath, certificateOf(h.Signed(t, another, root)), ""},
		"the certificate of another's request": {requestsPath, h.Signed(t, another, root), "/certificate"},
		"an authority's certificate":           {certificatesPath, authority.Certificate.ID, ""},
	}
	for name, object := range others {
		for _, accept := range []string{"application/json", "application/x-pem-file", "application/pkix-cert",
			"application/pkcs7-mime"} {
			get := func(id int64) answer {
				return call(t, c, "GET", fmt.Sprintf("%s/%d%s", object.path, id, object.part), nil, "Accept", accept)
			}
			theirs, missing := get(object.id), get(missingID)
			theirs.wantRefusal(t, 404, "not_found")
			if diff := cmp.Diff(withoutIdentity(missing, missingID), withoutIdentity(theirs, object.id)); diff != "" {
				t.Errorf("%s differs from a missing object (-missing +theirs):\n%s", name, diff)
			}
		}
	}
}

// withoutIdentity returns a response without the ID and the headers that always differ.
func withoutIdentity(a answer, id int64) (shown client.Response) {
	header := a.Header.Clone()
	header.Del("X-Request-Id")
	header.Del("Date")
	header.Del("Content-Length") // follows from the body
	body := strings.ReplaceAll(string(a.Body), fmt.Sprint(id), "{id}")
	return client.Response{Status: a.Status, Header: header, Body: []byte(body)}
}

func TestRequestorListsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	mine := h.Caller(notary.CertificateRequestor)
	own := []int64{h.Signed(t, mine, root), h.Request(t, mine)}
	foreign := []int64{h.Signed(t, h.Admin(), root), h.Request(t, h.Admin())}

	for role, want := range map[notary.Role][]int64{
		notary.Admin:                slices.Concat(own, foreign),
		notary.CertificateManager:   slices.Concat(own, foreign),
		notary.ReadOnly:             slices.Concat(own, foreign),
		notary.CertificateRequestor: own,
	} {
		var requests, ofCertificates []int64
		for r, err := range h.as(t, role).CertificateRequests(t.Context()) {
			testkit.Check(t, err)
			requests = append(requests, r.ID)
		}
		for c, err := range h.as(t, role).Certificates(t.Context()) {
			testkit.Check(t, err)
			if c.CertificateRequestID != nil {
				ofCertificates = append(ofCertificates, *c.CertificateRequestID)
			} else if role == notary.CertificateRequestor {
				t.Errorf("%s sees the certificate of an authority", role)
			}
		}
		if diff := cmp.Diff(want, requests); diff != "" {
			t.Errorf("%s, requests (-want +got):\n%s", role, diff)
		}
		var signed []int64
		for _, id := range []int64{own[0], foreign[0]} {
			if slices.Contains(want, id) {
				signed = append(signed, id)
			}
		}
		if diff := cmp.Diff(signed, ofCertificates); diff != "" {
			t.Errorf("%s, certificates of requests (-want +got):\n%s", role, diff)
		}
	}
}

// idsInBodies are the body fields that refer to an object, by call, compared with the OpenAPI document.
var idsInBodies = map[string]string{
	"POST /api/v1/certificate_requests":              "certificate_authority_id",
	"POST /api/v1/certificate_requests/{id}/sign":    "certificate_authority_id",
	"POST /api/v1/certificate_requests/sign":         "certificate_authority_id",
	"POST /api/v1/certificate_requests/sign/preview": "certificate_authority_id",
	"POST /api/v1/certificate_authorities/{id}/sign": "certificate_authority_id",
	"POST /api/v1/profiles/{id}/check":               "certificate_authority_id",
	"POST /api/v1/certificates":                      "certificate_authority_id",
	"POST /api/v1/rules":                             "certificate_authority_id",
	"PUT /api/v1/rules/{id}":                         "certificate_authority_id",
	"POST /api/v1/rules/check":                       "certificate_authority_id",

	"POST /api/v1/certificate_authorities/{id}/cross_sign": "certificate_authority_id",
	"PUT /api/v1/certificate_authorities/{id}/certificate": "certificate_id",
}

func TestEveryIDInABodyIsTested(t *testing.T) {
	t.Parallel()
	h := open(t)
	document := openAPI(t, h)
	for path, methods := range document.Paths {
		for method, described := range methods {
			if described.RequestBody == nil {
				continue
			}
			name := strings.ToUpper(method) + " " + path
			schema := document.resolve(t, described.RequestBody.Content["application/json"].Schema)
			for field := range schema.Properties {
				if strings.HasSuffix(field, "_id") && field != "role_id" && idsInBodies[name] != field {
					t.Errorf("%s accepts an id in %s: test one that the caller may not use", name, field)
				}
			}
		}
	}
}

func TestAuthorityInABodyMustBeAbleToSign(t *testing.T) {
	t.Parallel()
	h := open(t)
	deleted, disabled, revoked, expired := h.Root(t, notary.ECDSAP256), h.Root(t, notary.ECDSAP256), int64(0), int64(0)
	testkit.Check(t, h.CA.DeleteAuthority(t.Context(), h.Admin(), deleted, true))
	testkit.Check(t, h.CA.EnableAuthority(t.Context(), h.Admin(), disabled, false))
	revoked = h.Intermediate(t, h.Root(t, notary.ECDSAP256), notary.ECDSAP256)
	testkit.Check(t, h.RevokeAuthority(t.Context(), h.Admin(), revoked, notary.Unspecified))
	expired, err := h.CA.CreateAuthority(t.Context(), h.Admin(), ca.AuthorityOptions{SelfSigned: true,
		Subject: commonName("Short-lived Root"), PathLen: -1, NotAfter: h.Clock.Now().Add(time.Hour)})
	testkit.Check(t, err)
	h.Clock.Advance(2 * time.Hour)
	offline, _ := anOfflineAuthority(t, h, notary.Caller{})
	ruleToChange, _ := aRule(t, h, notary.Caller{})

	objects := map[string]int64{
		"POST /api/v1/certificate_requests/{id}/sign":    h.Request(t, h.Admin()),
		"POST /api/v1/certificate_requests/sign":         h.Request(t, h.Admin()),
		"POST /api/v1/certificate_requests/sign/preview": h.Request(t, h.Admin()),
		"POST /api/v1/certificate_authorities/{id}/sign": h.Pending(t),
		"POST /api/v1/profiles/{id}/check":               1,
		"PUT /api/v1/rules/{id}":                         ruleToChange,

		"POST /api/v1/certificate_authorities/{id}/cross_sign": h.Intermediate(t, h.Root(t, notary.ECDSAP256),
			notary.ECDSAP256),
	}
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "one-call.example.com")
	for name, field := range idsInBodies {
		if field != "certificate_authority_id" {
			continue
		}
		method, path, _ := strings.Cut(name, " ")
		if path == requestsPath {
			continue // only a wish: TestWishedAuthorityMustExist
		}
		for _, test := range []struct {
			name      string
			authority int64
			status    int
			code      string
			field     string
		}{
			{"missing", missingID, 404, "not_found", "certificate_authority_id"},
			{"deleted", deleted, 404, "not_found", "certificate_authority_id"},
			{"pending", h.Pending(t), 409, "conflict", ""},
			{"disabled", disabled, 409, "conflict", ""},
			{"revoked", revoked, 409, "conflict", ""},
			{"expired", expired, 409, "conflict", ""},
			{"offline", offline, 409, "conflict", ""},
		} {
			t.Run(name+" by one that is "+test.name, func(t *testing.T) {
				h.wantUnchanged(t, func() {
					body := map[string]any{"certificate_authority_id": test.authority}
					switch {
					case path == certificatesPath:
						body["csr"] = csr
					case path == "/api/v1/rules", path == "/api/v1/rules/{id}":
						maps.Copy(body, map[string]any{"name": "x", "priority": 900_000, "expression": "true", "effect": "sign",
							"profile": "server"})
					case strings.HasSuffix(path, "/rules/check"):
					case !strings.Contains(path, "{id}"):
						body["ids"] = []int64{objects[name]}
					}
					if strings.HasSuffix(path, "/check") {
						body["last"] = 1
					}
					refusal := call(t, h.admin(t), method, at(path, objects[name]), body).wantRefusal(t, test.status, test.code)
					if refusal.Field != test.field {
						t.Errorf("field %q, want %q", refusal.Field, test.field)
					}
					for _, role := range notary.Roles {
						if slices.Contains(roleTable[name].roles, role) {
							continue
						}
						call(t, h.as(t, role), method, at(path, objects[name]), body).wantRefusal(t, 403, "forbidden")
					}
				})
			})
		}
	}
}

// A CA that cannot sign now may do so when the request is decided.
func TestWishedAuthorityMustExist(t *testing.T) {
	t.Parallel()
	h := open(t)
	deleted, disabled := h.Root(t, notary.ECDSAP256), h.Root(t, notary.ECDSAP256)
	testkit.Check(t, h.CA.DeleteAuthority(t.Context(), h.Admin(), deleted, true))
	testkit.Check(t, h.CA.EnableAuthority(t.Context(), h.Admin(), disabled, false))
	wish := func(authority int64) map[string]any {
		return map[string]any{"csr": testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "wish.example.com"),
			"certificate_authority_id": authority}
	}
	for _, authority := range []int64{missingID, deleted} {
		h.wantUnchanged(t, func() {
			for _, path := range []string{requestsPath, certificatesPath} {
				refusal := call(t, h.as(t, notary.CertificateRequestor), "POST", path,
					wish(authority)).wantRefusal(t, 404, "not_found")
				if refusal.Field != "certificate_authority_id" {
					t.Errorf("%s: field %q, want certificate_authority_id", path, refusal.Field)
				}
			}
		})
	}
	for _, authority := range []int64{h.Pending(t), disabled} {
		call(t, h.admin(t), "POST", requestsPath, wish(authority)).wantStatus(t, 201)
	}
}

func TestTokensEnd(t *testing.T) {
	t.Parallel()
	h := open(t)
	me := accountsPath + "/me"
	for _, test := range []struct {
		name string
		end  func(t *testing.T, c *client.Client, account string)
	}{
		{"logout", func(t *testing.T, c *client.Client, _ string) {
			testkit.Check(t, c.Logout(t.Context()))
		}},
		{"change of the password by an Admin", func(t *testing.T, _ *client.Client, account string) {
			call(t, h.admin(t), "POST", account+"/change_password", api.ChangePassword{Password: testkit.Password +
				" two"}).wantStatus(t, 200)
		}},
		{"change of the role", func(t *testing.T, _ *client.Client, account string) {
			call(t, h.admin(t), "PUT", account+"/role", api.ChangeRole{RoleID: 3}).wantStatus(t, 200)
		}},
		{"deletion of the account", func(t *testing.T, _ *client.Client, account string) {
			call(t, h.admin(t), "DELETE", account, nil).wantStatus(t, 202)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			caller := h.NewCaller(t, h.Admin(), notary.CertificateManager)
			c := h.login(t, caller)
			call(t, c, "GET", me, nil).wantStatus(t, 200)
			test.end(t, c, fmt.Sprintf("%s/%d", accountsPath, caller.Principal.ID))
			call(t, c, "GET", me, nil).wantRefusal(t, 401, "unauthenticated")
		})
	}
}

// Changing one's own password, by either call, ends all other sessions.
func TestChangingOnesPasswordKeepsTheSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	me := h.NewCaller(t, h.Admin(), notary.Admin)
	c, other := h.login(t, me), h.login(t, me)
	mine := accountsPath + "/me"
	change := api.ChangeMyPassword{OldPassword: testkit.Password, Password: testkit.Password + " two"}
	call(t, c, "POST", mine+"/change_password", change).wantStatus(t, 201).wantBody(t, seedSuccess)
	call(t, other, "GET", mine, nil).wantRefusal(t, 401, "unauthenticated")
	call(t, c, "GET", mine, nil).wantStatus(t, 200)

	path := fmt.Sprintf("%s/%d/change_password", accountsPath, me.Principal.ID)
	call(t, c, "POST", path, api.ChangePassword{Password: testkit.Password + " three"}).wantStatus(t, 200)
	call(t, c, "GET", mine, nil).wantStatus(t, 200)
}

// The status does not change with time.
func TestExpiredCertificateOfARequest(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	want := func(expired bool) {
		t.Helper()
		request, err := h.login(t, h.Admin()).CertificateRequest(t.Context(), id)
		testkit.Check(t, err)
		if request.Status != string(notary.Active) || request.Expired != expired {
			t.Errorf("status %s, expired %t, want %t", request.Status, request.Expired, expired)
		}
	}
	want(false)
	h.Clock.Advance(91 * 24 * time.Hour)
	want(true)
}

// A pending authority is not enabled, whatever is recorded for later.
func TestPendingAuthorityIsNotEnabled(t *testing.T) {
	t.Parallel()
	h := open(t)
	id, root := h.Pending(t), h.Root(t, notary.ECDSAP256)
	path := fmt.Sprintf("%s/%d", authoritiesPath, id)
	want := func(enabled bool, status string) {
		t.Helper()
		a, err := h.admin(t).CertificateAuthority(t.Context(), id)
		testkit.Check(t, err)
		if a.Enabled != enabled || a.Status != status {
			t.Errorf("enabled %t and %s, want %t and %s", a.Enabled, a.Status, enabled, status)
		}
	}
	want(false, "pending")
	call(t, h.admin(t), "PUT", path, map[string]bool{"enabled": true}).wantStatus(t, 200)
	want(false, "pending")
	call(t, h.admin(t), "POST", path+"/sign", map[string]int64{"certificate_authority_id": root}).wantStatus(t, 202)
	want(true, "active")
}

func TestRejectForAReason(t *testing.T) {
	t.Parallel()
	h := open(t)
	requestor := h.Caller(notary.CertificateRequestor)
	for body, want := range map[any]string{nil: "", `{}`: "", `{"reason": "not ours"}`: "not ours"} {
		path := fmt.Sprintf("%s/%d", requestsPath, h.Request(t, requestor))
		call(t, h.admin(t), "POST", path+"/reject", body).wantStatus(t, 202)
		got := parse(t, call(t, h.as(t, notary.CertificateRequestor), "GET", path,
			nil).Body).(map[string]any)["result"].(map[string]any)["rejection_reason"]
		if got != want {
			t.Errorf("%v: the reason is %v, want %q", body, got, want)
		}
	}
	path := fmt.Sprintf("%s/%d/reject", requestsPath, h.Request(t, requestor))
	for _, body := range []string{`{"reason": "a\u0000b"}`, `{"reason": "` + strings.Repeat("x", 501) + `"}`,
		`{"reason": 7}`} {
		if got := call(t, h.admin(t), "POST", path, body).wantRefusal(t, 400, "invalid"); got.Field != "reason" {
			t.Errorf("%.40s: field %q", body, got.Field)
		}
	}
	ids := []int64{h.Request(t, requestor)}
	for o, err := range h.admin(t).RejectCertificateRequests(t.Context(),
		api.BulkReject{Bulk: api.Bulk{IDs: ids}, Reject: api.Reject{Reason: "all of them"}}) {
		testkit.Check(t, err)
		if o.Status != api.Success {
			t.Errorf("%+v", o)
		}
	}
	req, err := h.admin(t).CertificateRequest(t.Context(), ids[0])
	testkit.Check(t, err)
	if req.RejectionReason != "all of them" {
		t.Errorf("the reason is %q", req.RejectionReason)
	}
}

// Only "Bearer <token>" authenticates (RFC 6750, section 2.1).
func TestAuthorizationHeader(t *testing.T) {
	t.Parallel()
	h := open(t)
	token, err := h.anonymous.Login(t.Context(), api.Login{Email: h.Admin().Principal.Name, Password: testkit.Password})
	testkit.Check(t, err)
	for value, status := range map[string]int{
		"Bearer " + token:                       http.StatusOK,
		"bearer " + token:                       http.StatusOK,
		"":                                      http.StatusUnauthorized,
		"Bearer":                                http.StatusUnauthorized,
		"Bearer ":                               http.StatusUnauthorized,
		token:                                   http.StatusUnauthorized,
		"Basic " + token:                        http.StatusUnauthorized,
		"Token " + token:                        http.StatusUnauthorized,
		"Bearer " + token + "x":                 http.StatusUnauthorized,
		"Bearer " + token[1:]:                   http.StatusUnauthorized,
		"Bearer " + token + " x":                http.StatusUnauthorized,
		"Bearer " + token + "," + token:         http.StatusUnauthorized,
		"Bearer " + strings.Repeat("x", 20_000): http.StatusUnauthorized,
		"Bearer \xff":                           http.StatusUnauthorized,
	} {
		a := call(t, h.anonymous, "GET", accountsPath+"/me", nil, "Authorization", value)
		if status == http.StatusOK {
			a.wantStatus(t, status)
		} else if refusal := a.wantRefusal(t, status, "unauthenticated"); strings.Contains(refusal.Error, token) {
			t.Errorf("%.50q: the token is in the response", value)
		}
	}
}

package rest_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"notary"
)

func TestIDsInPaths(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	h.Request(t, h.Admin())
	ids := map[string]int{ // text to status
		"0": 400, "-1": 400, "-0": 400, "+1": 400, "%2B1": 400, "01": 400, "1.0": 400, "1e0": 400, "0x1": 400, "1_0": 400,
		"x": 400, "%20": 400, "1%20": 400, "1%00": 400, "%D9%A1": 400, "1%2F2": 400, "..%2F1": 400, "null": 400, "*": 400,
		"9223372036854775808": 400, "99999999999999999999999999": 400, strings.Repeat("9", 5000): 400,
		"9223372036854775807": 404, "987654321": 404,
	}
	h.wantUnchanged(t, func() {
		for name, rule := range roleTable {
			method, path, _ := strings.Cut(name, " ")
			if !strings.Contains(path, "{id}") {
				continue
			}
			var body any
			if rule.prepare != nil {
				body = bodies[name]
			}
			for id, status := range ids {
				a := call(t, h.admin(t), method, strings.ReplaceAll(path, "{id}", id), body)
				if status == 404 {
					a.wantRefusal(t, 404, "not_found")
				} else if refusal := a.wantRefusal(t, 400, "invalid"); refusal.Field != "id" {
					t.Errorf("%s: field %q", a.question, refusal.Field)
				}
			}
		}
	})
}

var bodies = map[string]string{
	"POST /api/v1/certificate_requests/{id}/certificate":    `{"certificate": "x"}`,
	"POST /api/v1/certificate_requests/{id}/sign":           `{"certificate_authority_id": "1"}`,
	"PATCH /api/v1/certificate_requests/{id}":               `{"labels": {"team": "web"}}`,
	"PUT /api/v1/certificate_requests/{id}/owner":           `{"kind": "account", "id": 1}`,
	"PUT /api/v1/certificates/{id}/owner":                   `{"kind": "account", "id": 1}`,
	"PUT /api/v1/certificate_authorities/{id}":              `{"enabled": false}`,
	"PUT /api/v1/certificate_authorities/{id}/settings":     `{"crl_shards": 4}`,
	"PUT /api/v1/certificate_authorities/{id}/certificate":  `{"certificate_id": 1}`,
	"POST /api/v1/certificate_authorities/{id}/cross_sign":  `{"certificate_authority_id": "1"}`,
	"POST /api/v1/certificate_authorities/{id}/sign":        `{"certificate_authority_id": "1"}`,
	"POST /api/v1/certificate_authorities/{id}/certificate": `{"certificate_chain": "x"}`,
	"POST /api/v1/certificate_authorities/{id}/issued":      `{"certificates": "x"}`,
	"POST /api/v1/certificate_authorities/{id}/crl":         `{"crl": "-----BEGIN X509 CRL-----"}`,
	"POST /api/v1/accounts/{id}/change_password":            `{"password": "plain violet harbour engine"}`,
	"PUT /api/v1/groups/{id}/members":                       `{"add": [1]}`,
	"PUT /api/v1/profiles/{id}":                             `{"key_usages": ["digitalSignature"], "validity": "30d"}`,
	"POST /api/v1/profiles/{id}/check":                      `{"last": 1}`,
	"PUT /api/v1/rules/{id}":                                `{"name": "x", "priority": 900000, "expression": "false", "effect": "hold"}`,
	"PUT /api/v1/accounts/{id}/role":                        `{"role_id": 3}`,
}

// An unknown path is a 404 in the envelope for any caller, never a redirect.
func TestUnknownPaths(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, path := range []string{
		"/", "/api", "/api/v1", "/api/v1/", "/api/v2/certificates", "/api/v1/nothing", "/favicon.ico",
		"/api/v1/certificates/", "/api/v1/certificates/1/", "/api/v1/certificates/1/2", "/status/", "/login/",
		"/API/V1/certificates", "/api/v1/Certificates", "/api/v1/certificates;v=1", "/api/v1/certificates%20",
		"/api/v1/certificates%2F1", "/api%2Fv1/certificates", "/api/v1/certificates%00",
		"//api/v1/certificates", "/api//v1/certificates", "/api/v1//certificates", "/api/v1/certificates//",
		"/api/v1/./certificates", "/api/v1/../v1/certificates", "/api/v1/%2e%2e/v1/certificates", "/api/v1/%2E/certificates",
		"//evil.example/status", "//evil.example/..//status", "/%2F%2Fevil.example/", "/\\evil.example", "/.//evil.example",
		"/..", "/.", "//", "/%2e%2e/%2e%2e/etc/passwd", "/..%2F..%2Fetc%2Fpasswd", "/" + strings.Repeat("a", 10_000),
		"/" + strings.Repeat("../", 3000), "/%FF%FE", "/api/v1/openapi", "/docs", "/metrics",
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "PATCH"} {
			a := call(t, h.anonymous, method, path, nil)
			a.wantRefusal(t, 404, "not_found")
			if location := a.Header.Get("Location"); location != "" {
				t.Errorf("%s: Location %q", a.question, location)
			}
		}
	}
}

// alsoAnID matches the paths with a word in the position of an {id}.
var alsoAnID = regexp.MustCompile(`/accounts/me|/certificate_requests/(sign|revoke|reject|delete|check|count)$|/certificates/(export|revoke|count)$|/certificate_authorities/import$|/rules/check$`)

// An unsupported method is a 405 with the allowed ones.
func TestUnknownMethods(t *testing.T) {
	t.Parallel()
	h := open(t)
	known := map[string][]string{}
	for name := range roleTable {
		method, path, _ := strings.Cut(name, " ")
		known[path] = append(known[path], method)
	}
	known["/api/v1/openapi.json"] = []string{"GET"}
	known["/api/v1/openapi.yaml"] = []string{"GET"}
	for path, methods := range known {
		if alsoAnID.MatchString(path) {
			continue // for other methods
		}
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get", "A" +
			strings.Repeat("B", 500)} {
			if slices.Contains(methods, method) {
				continue
			}
			a := call(t, h.anonymous, method, at(path, 1), nil)
			a.wantRefusal(t, 405, "method_not_allowed")
			allowed := strings.Split(a.Header.Get("Allow"), ", ")
			slices.Sort(allowed)
			slices.Sort(methods)
			if !slices.Equal(allowed, methods) {
				t.Errorf("%s: Allow %v, want %v", a.question, allowed, methods)
			}
		}
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	for path, status := range map[string]int{
		"/status": 200, requestsPath: 200, certificatesPath: 200, certificatesPath + "/1": 200, authoritiesPath +
			"/1/crl": 200,
		"/api/v1/openapi.json": 200, certificatesPath + "/77": 404, certificatesPath + "/x": 400, "/nothing": 404,
		"/login":                  405,
		certificatesPath + "?x=1": 400,
	} {
		a := call(t, h.admin(t), "HEAD", path, nil).wantStatus(t, status)
		if len(a.Body) != 0 || a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: content type %q, %d octets", a.question, a.Header.Get("Content-Type"), len(a.Body))
		}
	}
	call(t, h.anonymous, "HEAD", requestsPath, nil).wantStatus(t, http.StatusUnauthorized)
}

func TestQueries(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	c := h.admin(t)
	h.wantUnchanged(t, func() {
		for name := range roleTable {
			method, path, _ := strings.Cut(name, " ")
			for _, query := range []string{"page=1", "x", "Force=true", "force%5B%5D=1", "%66oo=1", strings.Repeat("x", 5000) +
				"=1"} {
				a := call(t, c, method, at(path, root)+"?"+query, bodies[name])
				if refusal := a.wantRefusal(t, 400, "invalid"); len(refusal.Field) > 100 || refusal.Field == "" {
					t.Errorf("%s: field %.200q", a.question, refusal.Field)
				}
			}
		}
		for _, query := range []string{"%zz=1", "a;b", "force=%", "force=true&force=true", "force=true&force=false"} {
			call(t, c, "DELETE", at(authoritiesPath+"/{id}", root)+"?"+query, nil).wantRefusal(t, 400, "invalid")
		}
		for _, value := range []string{"maybe", "yes", "2", "true%00", "%20true"} {
			a := call(t, c, "DELETE", at(authoritiesPath+"/{id}", root)+"?force="+value, nil)
			if refusal := a.wantRefusal(t, 400, "invalid"); refusal.Field != "force" {
				t.Errorf("%s: field %q", a.question, refusal.Field)
			}
		}
	})
	call(t, c, "DELETE", at(authoritiesPath+"/{id}", root)+"?force=true", nil).wantStatus(t, 200)
}

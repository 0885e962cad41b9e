package rest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func TestBrokenBodies(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	h.Request(t, h.Admin())
	const deep = 10_000
	bodies := map[string]string{
		"cut off":                 `{`,
		"cut off in a string":     `{"csr": "x`,
		"no quotes":               `{csr: 1}`,
		"single quotes":           `{'csr': 'x'}`,
		"a comma too many":        `{"csr": "x",}`,
		"a comment":               `{/* x */}`,
		"white space":             " \n\t",
		"a NUL":                   "\x00",
		"a byte order mark":       "\ufeff{}",
		"not a number":            `{"id": NaN}`,
		"XML":                     `<?xml version="1.0"?><csr/>`,
		"a form":                  `csr=x&certificate_authority_id=1`,
		"PEM":                     seedCSR,
		"null":                    `null`,
		"true":                    `true`,
		"a number":                `1`,
		"a string":                `"x"`,
		"an array":                `[]`,
		"an array of objects":     `[{}]`,
		"two objects":             `{}{}`,
		"trailing data":           `{} x`,
		"a trailing bracket":      `{}}`,
		"not UTF-8":               "{\"csr\": \"\xff\xfe\"}",
		"not UTF-8 in a name":     "{\"\xc3\x28\": 1}",
		"UTF-16":                  "{\x00\"\x00}\x00",
		"an unknown field":        `{"nothing_that_exists": 1}`,
		"arrays 10,000 deep":      strings.Repeat("[", deep) + strings.Repeat("]", deep),
		"objects 10,000 deep":     strings.Repeat(`{"csr":`, deep) + "1" + strings.Repeat("}", deep),
		"10,000 deep and cut off": strings.Repeat(`{"csr":[`, deep),
	}
	h.wantUnchanged(t, func() {
		for name := range openAPI(t, h).bodies() {
			method, path, _ := strings.Cut(name, " ")
			for what, body := range bodies {
				a := call(t, h.admin(t), method, at(path, 1), body)
				if needsNoToken[name] && len(body) > maxOpenBody {
					a.wantRefusal(t, 413, "too_large")
					continue
				}
				if refusal := a.wantRefusal(t, 400, "invalid"); len(refusal.Field) > 100 {
					t.Errorf("%s, %s: the whole field name is echoed", name, what)
				}
			}
			limit := 1 << 20
			if takesMore[name] {
				limit = 32 << 20
			}
			call(t, h.admin(t), method, at(path, 1), strings.Repeat(" ", limit-1)+"{}").wantRefusal(t, 413, "too_large")
		}
		for _, body := range []string{
			"{}" + strings.Repeat("\n", 1<<20-1),            // 1 MiB and one, of which the end may be left out
			`{"csr": "` + strings.Repeat("a", 3<<20) + `"}`, // what the server itself still lets in
			strings.Repeat("[", 33<<20+1),                   // what it does not
		} {
			call(t, h.admin(t), "POST", requestsPath, body).wantRefusal(t, 413, "too_large")
		}
	})
}

// needsNoToken are the calls whose bodies must be small, because they need no token.
var needsNoToken = map[string]bool{"POST /login": true, "POST /api/v1/accounts": true}

var takesMore = map[string]bool{"POST /api/v1/certificate_authorities/import": true,
	"POST /api/v1/certificate_authorities/{id}/issued": true,
	"POST /api/v1/certificate_authorities/{id}/crl":    true}

const maxOpenBody = 16 << 10

func TestUnknownFields(t *testing.T) {
	t.Parallel()
	h := open(t)
	fields := map[string]string{ // with what the refusal calls it
		"nothing_that_exists": "nothing_that_exists", "a.b[0].c": "a.b[0].c", "%s%d{{.}}<script>": "%s%d{{.}}<script>",
		"": "", "\x00\n": "??", strings.Repeat("x", 10_000): strings.Repeat("x", 60) + "…",
		strings.Repeat("x", 59) + "ß": strings.Repeat("x", 59) + "…",
	}
	h.wantUnchanged(t, func() {
		for name, schema := range openAPI(t, h).bodies() {
			method, path, _ := strings.Cut(name, " ")
			for field, shown := range fields {
				body := map[string]any{field: 1}
				for _, required := range schema.Required {
					body[required] = sample(schema.Properties[required])
				}
				a := call(t, h.admin(t), method, at(path, 1), body)
				if refusal := a.wantRefusal(t, 400, "invalid"); refusal.Field != shown ||
					!strings.Contains(refusal.Error, "not a field of this call") {
					t.Errorf("%s: %+v", a.question, refusal)
				}
			}
		}
	})
}

// bodies returns the schemas of the bodies, by call.
func (d described) bodies() map[string]describedSchema {
	all := map[string]describedSchema{}
	for path, methods := range d.Paths {
		for method, call := range methods {
			if call.RequestBody == nil {
				continue
			}
			ref := call.RequestBody.Content["application/json"].Schema.Ref
			all[strings.ToUpper(method)+" "+path] = d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
		}
	}
	return all
}

func TestFieldsOfAWrongType(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	h.Request(t, h.Admin())
	values := map[string]any{"object": map[string]any{}, "array": []any{}, "boolean": true, "string": "text",
		"number":  1.5,
		"integer": json.Number("1e30")}
	h.wantUnchanged(t, func() {
		for name, schema := range openAPI(t, h).bodies() {
			method, path, _ := strings.Cut(name, " ")
			if len(schema.Properties) == 0 {
				t.Errorf("%s has a body without fields", name)
			}
			for field, described := range schema.Properties {
				for of, value := range values {
					if of == described.Type && of != "integer" || of == "object" && described.Ref != "" {
						continue
					}
					body := map[string]any{}
					for _, required := range schema.Required {
						body[required] = sample(schema.Properties[required])
					}
					body[field] = value
					a := call(t, h.admin(t), method, at(path, 1), body)
					if refusal := a.wantRefusal(t, 400, "invalid"); refusal.Field != field ||
						!strings.HasPrefix(refusal.Error, field+" ") {
						t.Errorf("%s: field %q: %s", a.question, refusal.Field, refusal.Error)
					}
				}
			}
			for _, required := range schema.Required {
				body := map[string]any{}
				for _, other := range schema.Required {
					if other != required {
						body[other] = sample(schema.Properties[other])
					}
				}
				for _, value := range []any{nil, "left out"} {
					if value == nil {
						body[required] = nil
					} else {
						delete(body, required)
					}
					a := call(t, h.admin(t), method, at(path, 1), body)
					if refusal := a.wantRefusal(t, 400, "invalid"); refusal.Field != required {
						t.Errorf("%s: field %q", a.question, refusal.Field)
					}
				}
				// Names are case-sensitive: "CSR" and "csr" would be two values for one field.
				body[strings.ToUpper(required)] = sample(schema.Properties[required])
				call(t, h.admin(t), method, at(path, 1), body).wantRefusal(t, 400, "invalid")
			}
		}
	})
}

func sample(s describedSchema) any {
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	switch s.Type {
	case "string":
		return "x"
	case "boolean":
		return false
	case "integer":
		return 3
	case "array":
		return []any{}
	default:
		return "1" // an ID
	}
}

// An ID in a body is a string, as in the seed document, or a number.
func TestIDsInBodies(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	sign := func(t *testing.T, id string) answer {
		path := fmt.Sprintf("%s/%d/sign", requestsPath, h.Request(t, h.Admin()))
		return call(t, h.admin(t), "POST", path, `{"certificate_authority_id": `+id+`}`)
	}
	for _, id := range []string{fmt.Sprint(root), fmt.Sprintf("%q", fmt.Sprint(root))} {
		sign(t, id).wantStatus(t, 202)
	}
	for _, id := range []string{"0", "-1", "1.5", "1.0", "1e0", "1e400", "9223372036854775807", "9223372036854775808",
		`"0"`, `"-1"`, `"+1"`, `"01"`, `" 1"`, `"1 "`, `"1.0"`, `"1e0"`, `"0x1"`, `"x"`, `"\u0661"`, `"1\u0000"`,
		`"9223372036854775808"`, `"99999999999999999999999999"`, "true", "[1]", `{"id": 1}`} {
		refusal := sign(t, id).wantRefusal(t, 400, "invalid")
		if !strings.Contains(refusal.Error, "positive integer") && id != "1e400" {
			t.Errorf("%s: %s", id, refusal.Error)
		}
	}
	for _, absent := range []string{`""`, "null"} {
		if refusal := sign(t, absent).wantRefusal(t, 400, "invalid"); refusal.Field != "certificate_authority_id" {
			t.Errorf("%s: %s", absent, refusal.Error)
		}
	}
	for _, id := range []string{"987654321", `"987654321"`} {
		sign(t, id).wantRefusal(t, 404, "not_found")
	}
}

func TestLargestBody(t *testing.T) {
	t.Parallel()
	h := open(t)
	body, err := json.Marshal(map[string]string{"csr": seedCSR})
	testkit.Check(t, err)
	body = append(body, bytes.Repeat([]byte{' '}, 1<<20-len(body))...)
	call(t, h.admin(t), "POST", requestsPath, string(body)+" ").wantRefusal(t, 413, "too_large")
	call(t, h.admin(t), "POST", requestsPath, string(body)).wantStatus(t, 201)
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	h := open(t)
	body := map[string]string{"csr": seedCSR}
	post := func(c *client.Client, headers ...string) answer {
		return call(t, c, "POST", requestsPath, body, headers...)
	}
	login := api.Login{Email: h.Admin().Principal.Name, Password: testkit.Password}
	h.wantUnchanged(t, func() {
		for _, unfit := range []string{"", "text/plain", "text/json", "application/x-www-form-urlencoded",
			"multipart/form-data; boundary=x",
			"application/x-pem-file", "application/problem+json", "application/json, text/plain",
			"application/json; charset=latin1",
			"application/json; charset", "application", "json", "+;", ";+", ";", "*/*", strings.Repeat("x", 10_000)} {
			call(t, h.anonymous, "POST", "/login", login, "Content-Type", unfit).wantRefusal(t, 415, "invalid")
		}
		for _, second := range []string{"text/plain", "application/json"} {
			call(t, h.anonymous, "POST", "/login", login, "Content-Type", "application/json", "Content-Type", second).
				wantRefusal(t, 415, "invalid")
		}
	})
	for _, fit := range []string{"application/json", "application/json; charset=utf-8", "application/json ;charset=UTF-8",
		"Application/JSON"} {
		call(t, h.anonymous, "POST", "/login", login, "Content-Type", fit).wantStatus(t, 200)
	}
	post(h.admin(t), "Content-Type", "application/json").wantStatus(t, 201)
	for _, withToken := range []string{"", "application/x-www-form-urlencoded", "text/plain",
		"+;"} { // as curl -d sends it
		post(h.admin(t), "Content-Type", withToken).wantRefusal(t, 409, "conflict") // read, and recorded already
	}
}

// An empty string means an absent optional value in every body and query.
func TestEmptyStringsAreAbsent(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	request := func() string { return fmt.Sprintf("%s/%d", requestsPath, h.Request(t, h.Admin())) }
	for _, test := range []struct {
		path, body string
		status     int
	}{
		{request() + "/sign", `{"certificate_authority_id": "` + fmt.Sprint(root) +
			`", "profile": "", "not_valid_after": "", "signing_method": "", "no_renewal": ""}`, 202},
		{request() + "/reject", `{"reason": ""}`, 202},
		{authoritiesPath, `{"self_signed": true, "common_name": "Second Root", "sans_dns": "", "country_name": "", "state_or_province_name": "",
			"locality_name": "", "organization_name": "", "organizational_unit_name": "", "not_valid_after": "", "key_algorithm": "",
			"path_length": "", "name_constraints": ""}`, 201},
		{fmt.Sprintf("%s/%d/roll_over", authoritiesPath, root), `{"key_algorithm": "", "not_valid_after": ""}`, 201},
		{requestsPath + "/count", `{"filter": {"status": "Active", "email": "", "certificate_authority_id": "", "expires_after": "", "q": ""}}`, 200},
		{"/api/v1/profiles/1/check", `{"csr": "", "certificate_authority_id": "", "last": 1}`, 200},
	} {
		call(t, h.admin(t), "POST", test.path, test.body).wantStatus(t, test.status)
	}
	for _, query := range []string{"?limit=&after=&before=&sort=&status=&q=&email=&certificate_authority_id=&expires_after=&domain", ""} {
		if all := envelope(t, call(t, h.admin(t), "GET", requestsPath+query, nil).wantStatus(t, 200)).([]any); len(all) != 2 {
			t.Errorf("%q lists %d requests, want 2", query, len(all))
		}
	}
	call(t, h.admin(t), "DELETE", fmt.Sprintf("%s/%d?force=", authoritiesPath, root), nil).wantRefusal(t, 409, "conflict")
	for field, body := range map[string]string{"csr": `{"csr": ""}`, "unknown": `{"csr": "x", "unknown": ""}`} {
		if refusal := call(t, h.admin(t), "POST", requestsPath, body).wantRefusal(t, 400, "invalid"); refusal.Field != field {
			t.Errorf("%s: field %q: %s", body, refusal.Field, refusal.Error)
		}
	}
}

// A CSR may be as large as a body; anything larger is 413.
func TestLargestCSR(t *testing.T) {
	t.Parallel()
	h := open(t)
	large := func(n int) string { return strings.Replace(seedCSR, "\n", strings.Repeat(" ", n)+"\n", 1) }
	call(t, h.admin(t), "POST", requestsPath, map[string]string{"csr": large(1<<20 - 4<<10)}).wantStatus(t, 201)
	call(t, h.admin(t), "POST", requestsPath, map[string]string{"csr": large(1 << 20)}).wantRefusal(t, 413, "too_large")
	chain := map[string]string{"certificate": large(pki.MaxChainSize)}
	refusal := call(t, h.admin(t), "POST", requestsPath+"/1/certificate", chain).wantRefusal(t, 413, "too_large")
	if refusal.Field != "certificate" {
		t.Errorf("field %q: %s", refusal.Field, refusal.Error)
	}
}

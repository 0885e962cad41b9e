package rest_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

func TestOpenAPIDocument(t *testing.T) {
	t.Parallel()
	h := open(t)
	document := openAPI(t, h)
	if document.OpenAPI != "3.1.0" {
		t.Errorf("version %q", document.OpenAPI)
	}
	if scheme := document.Components.SecuritySchemes["bearer"]; scheme.Type != "http" || scheme.Scheme != "bearer" {
		t.Errorf("the security scheme bearer is %+v", scheme)
	}
	for name, rule := range roleTable {
		method, path, _ := strings.Cut(name, " ")
		described, ok := document.Paths[path][strings.ToLower(method)]
		if !ok {
			t.Errorf("%s is missing", name)
			continue
		}
		t.Run(name, func(t *testing.T) { document.wantCall(t, name, described, rule) })
	}
}

var (
	filters = []string{"certificate_authority_id", "domain", "email", "expires_after", "expires_before", "expiring",
		"fingerprint", "key", "label",
		"name", "name_prefix", "owner", "q", "serial_number"}
	paging = []string{"after", "before", "limit", "sort"}
)

var queries = map[string][]string{
	"DELETE /api/v1/certificate_authorities/{id}": {"force"},
	"GET /api/v1/certificate_requests":            slices.Concat(filters, paging, []string{"status"}),
	"GET /api/v1/certificates":                    slices.Concat(filters, paging, []string{"revoked"}),
	"GET /api/v1/profiles/{id}":                   {"version"},
	"GET /api/v1/rules/{id}":                      {"version"},
	"GET /api/v1/events": {"action", "after", "before", "email", "from", "kind", "limit",
		"object_id", "principal", "request_id", "until"},
	"GET /api/v1/tokens":        {"after", "before", "limit"},
	"POST /api/v1/certificates": {"wait"},
	"GET /api/v1/permissions": {"account_id", "action", "certificate_authority_id", "name", "owner_group_id",
		"owner_id", "profile"},
	"GET /api/v1/certificates/export": slices.Concat(filters, []string{"format", "revoked"}),
}

func (d described) wantCall(t *testing.T, name string, c describedCall, r rule) {
	if c.Responses[strconv.Itoa(r.success)].Content == nil {
		t.Fatalf("no response %d", r.success)
	}
	var roles []string
	for _, role := range r.roles {
		roles = append(roles, role.String())
	}
	if diff := cmp.Diff(roles, c.RequiredRoles); diff != "" {
		t.Errorf("required roles (-want +got):\n%s", diff)
	}
	if c.OperationID == "" || c.Summary == "" || c.Description == "" || len(c.Tags) != 1 {
		t.Errorf("operation id %q, summary %q, description %q, tags %q", c.OperationID, c.Summary, c.Description, c.Tags)
	}
	var inPath, inQuery []string
	for _, parameter := range c.Parameters {
		if parameter.In == "path" {
			inPath = append(inPath, parameter.Name)
		} else if parameter.In == "query" {
			inQuery = append(inQuery, parameter.Name)
		} else if parameter.In != "header" || name != "POST /api/v1/certificates" || parameter.Name != "Idempotency-Key" {
			t.Errorf("%s parameter %s", parameter.In, parameter.Name)
		}
	}
	if want := strings.Count(name, "{id}"); len(inPath) != want || want == 1 && inPath[0] != "id" {
		t.Errorf("path parameters %v", inPath)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(queries[name])), slices.Sorted(slices.Values(inQuery))); diff != "" {
		t.Errorf("query parameters (-want +got):\n%s", diff)
	}
	if c.Security == nil || len(c.Security) == 0 != r.open() {
		t.Errorf("security %v", c.Security)
	}
	content := c.Responses[strconv.Itoa(r.success)].Content
	success := d.resolve(t, content["application/json"].Schema)
	if _, ok := success.Properties["result"]; !isFile(content) &&
		(!ok || !slices.Equal(success.Required, []string{"result"})) {
		t.Errorf("the success has no envelope: %+v", success)
	}
	for status, response := range c.Responses {
		if response.Ref != "" {
			d.wantFailure(t, status, d.Components.Responses[strings.TrimPrefix(response.Ref, "#/components/responses/")])
		}
	}
	for _, status := range []string{"400", "500", "503"} {
		if c.Responses[status].Ref == "" {
			t.Errorf("no response %s", status)
		}
	}
}

// wantFailure checks for the error envelope with an example for each code of the status.
func (d described) wantFailure(t *testing.T, status string, r describedResponse) {
	content := r.Content["application/json"]
	failure := d.resolve(t, content.Schema)
	if got, want := slices.Sorted(maps.Keys(failure.Properties)),
		[]string{"code", "error", "field", "request_id"}; !slices.Equal(got, want) {
		t.Errorf("the error has %v, want %v", got, want)
	}
	if !slices.Equal(failure.Required, []string{"error", "code"}) {
		t.Errorf("the error requires %v", failure.Required)
	}
	for code, of := range api.Statuses {
		if _, ok := content.Examples[code]; strconv.Itoa(of) == status && (!ok || !strings.Contains(r.Description, code)) {
			t.Errorf("%s: the code %s is not documented", status, code)
		}
	}
}

func TestOpenAPIEnums(t *testing.T) {
	t.Parallel()
	document := openAPI(t, open(t))
	codes := append(slices.Collect(maps.Keys(api.Statuses)), "method_not_allowed")
	reasons := slices.DeleteFunc(slices.Collect(maps.Keys(notary.RevocationReasons)),
		func(r notary.RevocationReason) bool {
			return r == notary.CertificateHold // not accepted
		})
	wantEnum(t, document, "Error", "code", codes)
	wantEnum(t, document, "Revoke", "reason", reasons)
	wantEnum(t, document, "CertificateRequest", "status", notary.RequestStatuses)
	wantEnum(t, document, "CreateCertificateAuthority", "key_algorithm", notary.KeyAlgorithms)
	wantEnum(t, document, "RollOverCertificateAuthority", "key_algorithm", notary.KeyAlgorithms)
	wantEnum(t, document, "ProfileRules", "key_usages", notary.KeyUsages)
	wantEnum(t, document, "RuleTerms", "effect", notary.Effects)
	wantEnum(t, document, "RuleDecision", "effect", notary.Effects)
	wantEnum(t, document, "ProfileKeys", "allowed", notary.KeyKinds)
	wantEnum(t, document, "ProfileNameRule", "allow", []notary.Allowance{notary.AllowAny, notary.AllowListed,
		notary.AllowNone})
	wantEnum(t, document, "ProfileSubject", "others", []notary.AttributeAction{notary.Keep, notary.Refuse})
	wantEnum(t, document, "ProfileAttribute", "rule", []notary.AttributeAction{notary.Keep, notary.Fix, notary.Refuse})
	wantEnum(t, document, "ProfileRules", "lint_warnings", []notary.LintWarnings{notary.KeepWarnings,
		notary.RefuseWarnings})
}

func wantEnum[T ~string](t *testing.T, d described, schema, property string, words []T) {
	t.Helper()
	of := d.Components.Schemas[schema].Properties[property]
	if of.Items != nil {
		of = *of.Items
	}
	var want []string
	for _, word := range words {
		want = append(want, string(word))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(of.Enum))); diff != "" {
		t.Errorf("%s.%s (-want +got):\n%s", schema, property, diff)
	}
}

// isFile reports whether a success has only media types of file downloads.
func isFile(content describedContent) bool {
	return slices.Equal(slices.Sorted(maps.Keys(content)), []string{"application/jsonl", "text/csv"})
}

func (d described) resolve(t *testing.T, s describedSchema) describedSchema {
	t.Helper()
	if s.Ref == "" {
		return s
	}
	target, ok := d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	if !ok {
		t.Fatalf("%s does not resolve", s.Ref)
	}
	return target
}

// Creating an account needs no token for the first one only.
func TestOpenAPIFirstAccountNeedsNoToken(t *testing.T) {
	t.Parallel()
	document := openAPI(t, open(t))
	want := []map[string][]string{{"bearer": {}}, {}}
	if diff := cmp.Diff(want, document.Paths[accountsPath]["post"].Security); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOpenAPIMediaTypes(t *testing.T) {
	t.Parallel()
	document := openAPI(t, open(t))
	certificate := []string{"application/json", "application/pkcs7-mime", "application/pkix-cert",
		"application/x-pem-file"}
	for path, want := range map[string][]string{
		certificatesPath + "/{id}":         certificate,
		requestsPath + "/{id}/certificate": certificate,
		authoritiesPath + "/{id}/crl":      {"application/json", "application/pkix-crl"},
	} {
		got := slices.Sorted(maps.Keys(document.Paths[path]["get"].Responses["200"].Content))
		if !slices.Equal(got, want) {
			t.Errorf("%s comes as %v, want %v", path, got, want)
		}
	}
}

// Every reference resolves, no list may be null, and the YAML document is the same.
func TestOpenAPIReferences(t *testing.T) {
	t.Parallel()
	h := open(t)
	asJSON := call(t, h.anonymous, "GET", "/api/v1/openapi.json", nil).wantStatus(t, 200)
	asYAML := call(t, h.anonymous, "GET", "/api/v1/openapi.yaml", nil).wantStatus(t, 200)
	if got := asJSON.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
	if got := asYAML.Header.Get("Content-Type"); got != "application/yaml" {
		t.Errorf("content type %q", got)
	}
	var document, same any
	testkit.Check(t, json.Unmarshal(asJSON.Body, &document))
	testkit.Check(t, yaml.Unmarshal(asYAML.Body, &same))
	encoded, err := json.Marshal(same)
	testkit.Check(t, err)
	if diff := cmp.Diff(document, parseFloats(t, encoded)); diff != "" {
		t.Errorf("the YAML differs from the JSON (-json +yaml):\n%.2000s", diff)
	}
	references := 0
	walk("", document, func(place string, object map[string]any) {
		if ref, ok := object["$ref"].(string); ok {
			references++
			if lookup(document, ref) == nil {
				t.Errorf("%s: %s does not resolve", place, ref)
			}
		}
		if types, ok := object["type"].([]any); ok && slices.Contains(types, any("array")) &&
			slices.Contains(types, any("null")) {
			t.Errorf("%s may be null: lists never are", place)
		}
	})
	if references == 0 {
		t.Error("no references found: the test looks in the wrong place")
	}
}

func parseFloats(t *testing.T, b []byte) (v any) {
	t.Helper()
	testkit.Check(t, json.Unmarshal(b, &v))
	return v
}

func walk(place string, v any, f func(place string, object map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		f(place, v)
		for key, inner := range v {
			walk(place+"/"+key, inner, f)
		}
	case []any:
		for i, inner := range v {
			walk(place+"/"+strconv.Itoa(i), inner, f)
		}
	}
}

// lookup resolves a local reference, or returns nil.
func lookup(document any, ref string) any {
	path, local := strings.CutPrefix(ref, "#/")
	if !local {
		return nil
	}
	for key := range strings.SplitSeq(path, "/") {
		object, _ := document.(map[string]any)
		document = object[key]
	}
	return document
}

// The document is encoded once, also under concurrent first requests.
func TestOpenAPIConcurrentFirstRequests(t *testing.T) {
	t.Parallel()
	h := open(t)
	var fetching sync.WaitGroup
	bodies := make([][]byte, 8)
	for i := range bodies {
		fetching.Go(func() {
			response, err := h.anonymous.Raw(t.Context(), "GET", "/api/v1/openapi.json", nil, nil)
			if err != nil {
				t.Error(err)
			}
			bodies[i] = response.Body
		})
	}
	fetching.Wait()
	for i, body := range bodies {
		if len(body) == 0 || !bytes.Equal(body, bodies[0]) {
			t.Errorf("response %d differs from the first", i)
		}
	}
}

// described is the part of the OpenAPI document that the tests read.
type described struct {
	OpenAPI    string
	Paths      map[string]map[string]describedCall
	Components struct {
		Schemas         map[string]describedSchema
		Responses       map[string]describedResponse
		SecuritySchemes map[string]struct{ Type, Scheme string }
	}
}

type describedCall struct {
	OperationID, Summary, Description string
	Tags                              []string
	RequiredRoles                     []string `json:"x-required-roles"`
	Security                          []map[string][]string
	Parameters                        []struct{ In, Name string }
	RequestBody                       *struct{ Content describedContent }
	Responses                         map[string]describedResponse
}

type describedResponse struct {
	Ref         string `json:"$ref"`
	Description string
	Content     describedContent
}

type describedContent map[string]struct {
	Schema   describedSchema
	Examples map[string]any
}

type describedSchema struct {
	Ref        string `json:"$ref"`
	Type       any
	Format     string
	Properties map[string]describedSchema
	Required   []string
	Enum       []string
	Items      *describedSchema
}

func openAPI(t *testing.T, h *house) (document described) {
	t.Helper()
	body, err := h.anonymous.OpenAPI(t.Context())
	testkit.Check(t, err)
	testkit.Check(t, json.Unmarshal(body, &document))
	return document
}

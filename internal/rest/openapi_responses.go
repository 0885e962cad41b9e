package rest

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"notary/api"
)

// failureDoc documents the errors of one status.
type failureDoc struct {
	name        string // of the component
	description string
	headers     []string
	examples    map[string]string // messages by error code
}

var failureDocs = map[int]failureDoc{
	400: {"Invalid", "The request is malformed. `field` names the input at fault.", nil,
		map[string]string{"invalid": "csr is missing"}},
	401: {"Unauthenticated", "The token is missing, invalid or expired.", []string{"WWW-Authenticate"},
		map[string]string{"unauthenticated": "this call requires a token: log in first"}},
	403: {"Forbidden", "The caller lacks the permission, the setup code is wrong, the call is cross-origin, or the API token cannot be used from the client's address.", nil,
		map[string]string{"forbidden": "the role Read Only does not have permission to manage accounts, which requires the role Admin: ask an Admin"}},
	404: {"NotFound", "The object does not exist or is not visible to the caller.", nil,
		map[string]string{"not_found": "there is no certificate request 7"}},
	408: {"Timeout", "The body did not arrive in time.", nil,
		map[string]string{"invalid": "the request body did not arrive in time"}},
	409: {"Conflict", "The current state does not allow the call.", nil,
		map[string]string{"conflict": "this request is Rejected: reopen it first"}},
	413: {"TooLarge", "The body is larger than 1 MiB (16 KiB without a valid token, 32 MiB for imports).", nil,
		map[string]string{"too_large": "the request body is too large: at most 1 MiB (16 KiB without a valid token, 32 MiB for imports)"}},
	415: {"UnsupportedMediaType", "A body without a token requires `Content-Type: application/json`.", nil,
		map[string]string{"invalid": "unsupported media type: send JSON with the header Content-Type: application/json"}},
	422: {"Unprocessable", "The input is well-formed but violates the profile, a policy or a lint.", nil,
		map[string]string{"unprocessable": "the profile server does not allow the DNS name a.example.org",
			"refused_by_rule": "refused by rule 3 (other domains): only names below example.com (certificate request 7)"}},
	429: {"RateLimited", "Too many failed attempts, new API tokens or trials of rules, or the quota of the API token is used up.", []string{"Retry-After"},
		map[string]string{"rate_limited": "too many failed attempts: try again in 60 seconds"}},
	500: {"InternalError", "An unexpected error. `request_id` identifies it in the server's log.", nil,
		map[string]string{"internal": "internal server error: the server's log has the cause under this request ID"}},
	503: {"Unavailable", "With `unavailable` nothing was changed. With `outcome_unknown` the change may have been made: check before retrying.",
		[]string{"Retry-After"}, map[string]string{
			"unavailable":     "the database does not answer: try again in a moment",
			"outcome_unknown": "the database connection was lost during the commit: check whether the change was made"}},
}

var responseHeaders = map[string]*huma.Param{
	"X-Request-Id": {Description: "Identifies the call in the server's log.",
		Schema: &huma.Schema{Type: huma.TypeString}},
	"Retry-After": {Description: "Seconds to wait before the next attempt.",
		Schema: &huma.Schema{Type: huma.TypeInteger}},
	"Vary": {Description: "Accept, which selects the media type.",
		Schema: &huma.Schema{Type: huma.TypeString}},
	"Content-Disposition": {Description: "The file name.", Schema: &huma.Schema{Type: huma.TypeString}},
	"Location":            {Description: "The path of the created object.", Schema: &huma.Schema{Type: huma.TypeString}},
	"WWW-Authenticate":    {Description: "The scheme, Bearer (RFC 6750).", Schema: &huma.Schema{Type: huma.TypeString}},
}

func headerRefs(names ...string) map[string]*huma.Param {
	refs := map[string]*huma.Param{}
	for _, name := range append(names, "X-Request-Id") {
		refs[name] = &huma.Param{Ref: "#/components/headers/" + name}
	}
	return refs
}

func failureResponses(registry huma.Registry) map[string]*huma.Response {
	schema := registry.Schema(reflect.TypeFor[api.Error](), true, "")
	components := map[string]*huma.Response{}
	for _, doc := range failureDocs {
		examples := map[string]*huma.Example{}
		for code, message := range doc.examples {
			examples[code] = &huma.Example{Value: api.Error{Error: message, Code: code}}
		}
		codes := strings.Join(slices.Sorted(maps.Keys(doc.examples)), "`, `")
		components[doc.name] = &huma.Response{
			Description: doc.description + " Code: `" + codes + "`.",
			Headers:     headerRefs(doc.headers...),
			Content:     map[string]*huma.MediaType{typeJSON: {Schema: schema, Examples: examples}},
		}
	}
	return components
}

const operationKey = "operation"

// addResponses adds the error responses and the common headers to an operation. Huma adds only the success response.
func addResponses(_ *huma.OpenAPI, op *huma.Operation) {
	delete(op.Responses, "default")
	success := op.Responses[strconv.Itoa(op.DefaultStatus)]
	if success.Headers == nil {
		success.Headers = map[string]*huma.Param{}
	}
	maps.Copy(success.Headers, headerRefs())
	o := op.Metadata[operationKey].(operation)
	for _, status := range failureStatuses(o, op.RequestBody != nil) {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + failureDocs[status].name}
	}
}

func failureStatuses(o operation, hasBody bool) []int {
	all := append([]int{http.StatusBadRequest, http.StatusInternalServerError, http.StatusServiceUnavailable}, o.errors...)
	if strings.Contains(o.path, "{id}") {
		all = append(all, http.StatusNotFound)
	}
	if hasBody {
		all = append(all, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge)
	}
	if o.access != open { // an API token can be limited to other addresses
		all = append(all, http.StatusUnauthorized, http.StatusForbidden)
	}
	if o.access != tokenRequired && hasBody {
		all = append(all, http.StatusUnsupportedMediaType)
	}
	// Cross-origin calls are refused for all methods except GET: see [refuseCrossOrigin].
	if o.method != http.MethodGet {
		all = append(all, http.StatusForbidden)
	}
	return all
}

package rest_test

import (
	"testing"

	"notary"
)

func TestMalformedInput(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Request(t, h.Admin())
	const sign, count = requestsPath + "/1/sign", requestsPath + "/count"
	for _, test := range []struct{ method, path, body, want, field string }{
		{"POST", requestsPath, ``, "the request body is missing: send a JSON object", ""},
		{"POST", requestsPath, `[]`, "the request body must be a JSON object", ""},
		{"POST", requestsPath, `"the request"`, "the request body must be a JSON object", ""},
		{"POST", requestsPath, `{`, "the request body is not valid JSON: it is truncated", ""},
		{"POST", requestsPath, ` `, "the request body is not valid JSON: it is truncated", ""},
		{"POST", requestsPath, `{"csr": "unexpected end`, "the request body is not valid JSON: it is truncated", ""},
		{"POST", requestsPath, `{"csr": "x"]`, "the request body is not valid JSON: unexpected ']' at octet 12", ""},
		{"POST", requestsPath, `{} x`, "the request body is not valid JSON: unexpected 'x' at octet 4", ""},
		{"POST", requestsPath, `{}`, "csr is missing", "csr"},
		{"POST", requestsPath, `{"csr": null}`, "csr is missing", "csr"},
		{"POST", requestsPath, `{"csr": 1}`, "csr must be a string", "csr"},
		{"POST", requestsPath, `{"csr": "x", "csr": "y"}`, `the request body has the field "csr" twice: remove one`, ""},
		{"POST", requestsPath, `{"csr": "x", "\u0063sr" : "y"}`,
			`the request body has the field "csr" twice: remove one`, ""},
		{"POST", count, `{"filter": {"key": "x", "q": "key", "key": "y"}}`,
			`the request body has the field "key" twice: remove one`, ""},
		{"POST", requestsPath, `{"csr": "x", "": 1}`, `"" is not a field of this call: check the spelling`, ""},
		{"POST", requestsPath, `{"csr": "x", "CSR": "x"}`, "CSR is not a field of this call: check the spelling", "CSR"},
		{"POST", requestsPath, `{"csr": "x", "csr.y[0]": 1}`, "csr.y[0] is not a field of this call: check the spelling",
			"csr.y[0]"},
		{"POST", sign, `{"certificate_authority_id": true}`,
			"certificate_authority_id must be a positive integer, as a string or a number", "certificate_authority_id"},
		{"POST", count, `{"filter": 1}`, "filter must be a JSON object", "filter"},
		{"POST", count, `{"filter": {"status": "Open"}}`,
			"filter.status must be one of Outstanding, Active, Rejected, Revoked", "filter.status"},
		{"POST", count, `{"filter": {"expires_after": "soon"}}`,
			"filter.expires_after must be a time such as 2027-01-31T12:00:00Z (RFC 3339)", "filter.expires_after"},
		{"POST", count, `{"filter": {"colour": "red"}}`, "filter.colour is not a field of this call: check the spelling",
			"filter.colour"},
		{"POST", requestsPath + "/reject", `{"ids": 1}`, "ids must be a JSON array", "ids"},
		{"POST", requestsPath + "/reject", `{"ids": [1, true]}`, "ids[1] must be a whole number", "ids[1]"},
		{"GET", requestsPath + "?limit=0", "", "limit must be a whole number from 1 to 1000", "limit"},
		{"GET", requestsPath + "?limit=x", "", "limit must be a whole number from 1 to 1000", "limit"},
		{"GET", requestsPath + "?colour=red", "", "colour is not a query parameter of this call: check the spelling",
			"colour"},
		{"GET", requestsPath + "/x", "", "the id in the path must be a positive integer", "id"},
	} {
		var body any
		if test.method != "GET" {
			body = test.body
		}
		a := call(t, h.admin(t), test.method, test.path, body)
		if refusal := a.wantRefusal(t, 400, string(notary.Invalid)); refusal.Error != test.want ||
			refusal.Field != test.field {
			t.Errorf("%s %s %s: got %q at %q, want %q at %q", test.method, test.path, test.body, refusal.Error, refusal.Field,
				test.want, test.field)
		}
	}
}

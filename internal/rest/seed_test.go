package rest_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

// seedCSR is the CSR in the sample responses of the document that the API implements.
const seedCSR = "-----BEGIN CERTIFICATE REQUEST-----\nMIICrjCCAZYCAQAwaTELMAkGA1UEBhMCVFIxDjAMBgNVBAgMBUl6bWlyMRIwEAYD\nVQQHDAlOYXJsaWRlcmUxITAfBgNVBAoMGEludGVybmV0IFdpZGdpdHMgUHR5IEx0\nZDETMBEGA1UEAwwKYmFuYW5hLmNvbTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCC\nAQoCggEBAK+vJMxO1GTty09/E4M/RbTCPABleCuYc/uzj72KWaIvoDaanuJ4NBWM\n2aUiepxWdMNTR6oe31gLq4agLYT309tXwCeBLQnOxvBFWONmBG1qo0fQkvT5kSoq\nAO29D7hkQ0gVwg7EF3qOd0JgbDm/yvexKpYLVvWMQAngHwZRnd5vHGk6M3P7G4oG\nmIj/CL2bF6va7GWODYHb+a7jI1nkcsrk+vapc+doVszcoJ+2ryoK6JndOSGjt9SD\nuxulWZHQO32XC0btyub63pom4QxRtRXmb1mjM37XEwXJSsQO1HOnmc6ycqUK53p0\njF8Qbs0m8y/p2NHFGTUfiyNYA3EdkjUCAwEAAaAAMA0GCSqGSIb3DQEBCwUAA4IB\nAQA+hq8kS2Y1Y6D8qH97Mnnc6Ojm61Q5YJ4MghaTD+XXbueTCx4DfK7ujYzK3IEF\npH1AnSeJCsQeBdjT7p6nv5GcwqWXWztNKn9zibXiASK/yYKwqvQpjSjSeqGEh+Sa\n9C9SHeaPhZrJRj0i3NkqmN8moWasF9onW6MNKBX0B+pvBB+igGPcjCIFIFGUUaky\nupMXY9IG3LlWvlt+HTfuMZV+zSOZgD9oyqkh5K9XRKNq/mnNz/1llUCBZRmfeRBY\n+sJ4M6MJRztiyX4/Fjb8UHQviH931rkiEGtG826IvWIyiRSnAeE8B/VzL0GlT9Zq\nge6lFRxB1FlDuU4Blef8FnOI\n-----END CERTIFICATE REQUEST-----"

// seedSuccess is the sample response of actions.
const seedSuccess = `{"result": {"message": "success"}}`

func seedCreated(id int64) string {
	return fmt.Sprintf(`{"result": {"message": "success", "id": %d}}`, id)
}

// TestSeedDocument makes the document's nine calls in the order of a request's life cycle and compares each with its
// sample response.
func TestSeedDocument(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.admin(t)
	root := h.Root(t, notary.ECDSAP256)
	step := func(name string, f func(t *testing.T)) {
		if !t.Run(name, f) {
			t.FailNow()
		}
	}
	var one = requestsPath + "/1"
	step("list certificate requests: none", func(t *testing.T) {
		call(t, c, "GET", requestsPath, nil).wantStatus(t, 200).wantBody(t, `{"result": []}`)
	})
	step("create a certificate request", func(t *testing.T) {
		call(t, c, "POST", requestsPath, map[string]string{"csr": seedCSR}).wantStatus(t, 201).wantBody(t, seedCreated(1))
	})
	step("list certificate requests", func(t *testing.T) {
		result := envelope(t, call(t, c, "GET", requestsPath, nil).wantStatus(t, 200))
		list, ok := result.([]any)
		if !ok || len(list) != 1 {
			t.Fatalf("got %v, want a list of one", result)
		}
		wantSeedRequest(t, list[0], 1, "", "Outstanding")
	})
	step("get a certificate request", func(t *testing.T) {
		result := envelope(t, call(t, c, "GET", one, nil).wantStatus(t, 200))
		wantSeedRequest(t, result, 1, "", "Outstanding")
		wantExtras(t, result, map[string]any{"email": h.Admin().Principal.Name, "common_name": "banana.com",
			"key":       "RSA 2048",
			"dns_names": []any{"banana.com"}, "ip_addresses": []any{}, "serial_number": "",
			"not_before": nil, "not_after": nil, "certificate_authority_id": nil})
	})
	step("sign a certificate request with a certificate authority", func(t *testing.T) {
		call(t, c, "POST", one+"/sign", map[string]string{"certificate_authority_id": fmt.Sprint(root)}).
			wantStatus(t, 202).wantBody(t, seedSuccess)
		result := envelope(t, call(t, c, "GET", one, nil).wantStatus(t, 200))
		chain, _ := result.(map[string]any)["certificate_chain"].(string)
		leaf := wantChain(t, h, chain, root)
		wantSeedRequest(t, result, 1, chain, "Active")
		wantExtras(t, result, map[string]any{"serial_number": serialOf(leaf),
			"not_before": leaf.NotBefore.Format(time.RFC3339),
			"not_after":  leaf.NotAfter.Format(time.RFC3339), "certificate_authority_id": number(root)})
	})
	step("revoke a certificate", func(t *testing.T) {
		serial := envelope(t, call(t, c, "GET", one, nil)).(map[string]any)["serial_number"].(string)
		id := envelope(t, call(t, c, "GET", one, nil)).(map[string]any)["certificate_id"]
		result := envelope(t, call(t, c, "POST", one+"/certificate/revoke", nil).wantStatus(t, 202))
		wantExtras(t, result, map[string]any{"message": "success",
			"revoked": []any{map[string]any{"id": id, "serial_number": serial}}})
		wantSeedRequest(t, envelope(t, call(t, c, "GET", one, nil).wantStatus(t, 200)), 1, "", "Revoked")
		if listed := revokedSerials(t, h, root); !slices.Equal(listed, []string{serial}) {
			t.Errorf("the CRL lists %v, want %s", listed, serial)
		}
	})
	step("create a certificate for a certificate request", func(t *testing.T) {
		call(t, c, "POST", one+"/reopen", nil).wantStatus(t, 202).wantBody(t, seedSuccess)
		chain := h.outside(t).Chain(t, publicKey(t, seedCSR))
		created := call(t, c, "POST", one+"/certificate", map[string]string{"certificate": chain}).wantStatus(t, 201)
		request, err := c.CertificateRequest(t.Context(), 1)
		testkit.Check(t, err)
		created.wantBody(t, seedCreated(*request.CertificateID))
		wantSeedRequest(t, envelope(t, call(t, c, "GET", one, nil).wantStatus(t, 200)), 1, chain, "Active")
	})
	step("delete a certificate for a certificate request", func(t *testing.T) {
		call(t, c, "DELETE", one+"/certificate", nil).wantStatus(t, 200).wantBody(t, seedSuccess)
		wantSeedRequest(t, envelope(t, call(t, c, "GET", one, nil).wantStatus(t, 200)), 1, "", "Outstanding")
	})
	step("delete a certificate request", func(t *testing.T) {
		call(t, c, "DELETE", one, nil).wantStatus(t, 202).wantBody(t, seedSuccess)
		call(t, c, "GET", one, nil).wantRefusal(t, 404, "not_found")
	})
	step("reject a certificate request", func(t *testing.T) {
		call(t, c, "POST", requestsPath, map[string]string{"csr": seedCSR}).wantStatus(t, 201).wantBody(t, seedCreated(2))
		call(t, c, "POST", requestsPath+"/2/reject", nil).wantStatus(t, 202).wantBody(t, seedSuccess)
		wantSeedRequest(t, envelope(t, call(t, c, "GET", requestsPath+"/2", nil).wantStatus(t, 200)), 2, "", "Rejected")
	})
}

// envelope returns the result of a success, the only field.
func envelope(t *testing.T, a answer) any {
	t.Helper()
	outer, ok := parse(t, a.Body).(map[string]any)
	if keys := slices.Sorted(maps.Keys(outer)); !ok || !slices.Equal(keys, []string{"result"}) {
		t.Fatalf("%s: the envelope has %v, want only result", a.question, keys)
	}
	if got := a.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%s: content type %q", a.question, got)
	}
	return outer["result"]
}

// utc matches a time in UTC to the second.
var utc = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)

func isString(v any) bool { _, ok := v.(string); return ok }
func isBool(v any) bool   { _, ok := v.(bool); return ok }
func isTime(v any) bool   { s, ok := v.(string); return ok && utc.MatchString(s) }
func isID(v any) bool {
	n, ok := v.(json.Number)
	return ok && regexp.MustCompile(`^[1-9][0-9]*$`).MatchString(n.String())
}
func isOwner(v any) bool {
	owner, ok := v.(map[string]any)
	return ok && len(owner) == 2 && (owner["kind"] == "account" || owner["kind"] == "group") && isID(owner["id"])
}
func isRequested(v any) bool {
	wishes, ok := v.(map[string]any)
	return ok && len(wishes) == 3 && isString(wishes["profile"]) && orNull(isID)(wishes["certificate_authority_id"]) &&
		orNull(isTime)(wishes["not_valid_after"])
}
func isLabels(v any) bool {
	labels, ok := v.(map[string]any)
	for _, value := range labels {
		ok = ok && isString(value)
	}
	return ok
}
func isStrings(v any) bool {
	list, ok := v.([]any)
	return ok && !slices.ContainsFunc(list, func(v any) bool { return !isString(v) })
}

func orNull(is func(any) bool) func(any) bool {
	return func(v any) bool { return v == nil || is(v) }
}

// addedFields are documented in docs/api.md in addition to those of the document.
var addedFields = map[string]func(any) bool{
	"email": isString, "rejection_reason": isString, "created_at": isTime, "updated_at": isTime, "common_name": isString,
	"dns_names": isStrings, "ip_addresses": isStrings, "email_addresses": isStrings, "uris": isStrings,
	"user_principal_names": isStrings,
	"key":                  isString, "serial_number": isString, "not_before": orNull(isTime), "not_after": orNull(isTime),
	"certificate_id": orNull(isID), "certificate_authority_id": orNull(isID), "expired": isBool,
	"owner": isOwner, "note": isString, "requested": isRequested, "labels": isLabels,
	"rule_decision": orNull(func(any) bool { return false }),
}

// wantSeedRequest checks that an object has the document's fields with these values, the added fields, and no others.
func wantSeedRequest(t *testing.T, v any, id int64, chain, status string) {
	t.Helper()
	got, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("got %T, want an object", v)
	}
	rest := maps.Clone(got)
	want := map[string]any{"id": number(id), "csr": seedCSR, "certificate_chain": chain, "status": status}
	for field, value := range want {
		if diff := cmp.Diff(value, got[field]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
		delete(rest, field)
	}
	for field, is := range addedFields {
		if value, ok := rest[field]; !ok || !is(value) {
			t.Errorf("%s: got %v (there: %t)", field, value, ok)
		}
		delete(rest, field)
	}
	if findings, ok := rest["findings"]; ok { // absent in lists
		if _, isList := findings.([]any); !isList {
			t.Errorf("findings: got %v", findings)
		}
		delete(rest, "findings")
	}
	if by, ok := rest["submitted_by"]; ok { // absent in lists
		if submitter, isObject := by.(map[string]any); !isObject || submitter["kind"] != notary.AccountPrincipal {
			t.Errorf("submitted_by: got %v", by)
		}
		delete(rest, "submitted_by")
	}
	if len(rest) > 0 {
		t.Errorf("fields that are not documented: %v", rest)
	}
}

func wantExtras(t *testing.T, v any, want map[string]any) {
	t.Helper()
	for field, value := range want {
		if diff := cmp.Diff(value, v.(map[string]any)[field]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
}

func number(id int64) json.Number { return json.Number(fmt.Sprint(id)) }

func serialOf(c *x509.Certificate) string { return fmt.Sprintf("%x", c.SerialNumber.Bytes()) }

func certificates(t *testing.T, text string) (all []*x509.Certificate) {
	t.Helper()
	for rest := []byte(text); len(rest) > 0; {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			t.Fatalf("not a chain in PEM: %.200q", rest)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		testkit.Check(t, err)
		all, rest = append(all, c), after
	}
	return all
}

func wantChain(t *testing.T, h *house, text string, root int64) *x509.Certificate {
	t.Helper()
	chain := certificates(t, text)
	authority, err := h.CA.Authority(t.Context(), h.Admin(), root)
	testkit.Check(t, err)
	if len(chain) != 2 || !slices.Equal(chain[1].Raw, authority.Certificate.DER) {
		t.Fatalf("the chain has %d certificates, want the leaf and its root", len(chain))
	}
	roots := x509.NewCertPool()
	roots.AddCert(chain[1])
	if _, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, CurrentTime: h.Clock.Now()}); err != nil {
		t.Error(err)
	}
	return chain[0]
}

// revokedSerials returns the serial numbers on the authority's CRL, fetched without a token.
func revokedSerials(t *testing.T, h *house, authority int64) (serials []string) {
	t.Helper()
	var crl api.Result[api.CRL]
	a := call(t, h.anonymous, "GET", fmt.Sprintf("%s/%d/crl", authoritiesPath, authority), nil).wantStatus(t, 200)
	testkit.Check(t, json.Unmarshal(a.Body, &crl))
	block, rest := pem.Decode([]byte(crl.Result.CRL))
	if block == nil || block.Type != "X509 CRL" || strings.TrimSpace(string(rest)) != "" {
		t.Fatalf("not a CRL in PEM: %.200q", crl.Result.CRL)
	}
	list, err := x509.ParseRevocationList(block.Bytes)
	testkit.Check(t, err)
	for _, entry := range list.RevokedCertificateEntries {
		serials = append(serials, fmt.Sprintf("%x", entry.SerialNumber.Bytes()))
	}
	return serials
}

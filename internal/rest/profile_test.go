package rest_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/internal/pki"
	"notary/internal/testkit"
)

const profilesPath = "/api/v1/profiles"

const wholeProfile = `{
	"name": "web", "description": "Of the web team", "key_usages": ["digitalSignature", "keyEncipherment"],
	"extended_key_usages": ["serverAuth"], "validity": "30d", "max_validity": "90d",
	"keys": {"allowed": ["rsa", "ecdsa-p256"], "min_rsa_bits": 3072, "max_rsa_bits": 4096},
	"names": {"dns": {"allow": "listed", "listed": ["example.com"]}, "ip": {"allow": "listed", "listed": ["10.0.0.0/8"]},
		"uri": {"allow": "any"}, "upn": {"allow": "listed", "listed": ["corp.example"]},
		"wildcards": true, "underscores": true, "required": true, "max": 200},
	"subject": {"others": "refuse", "attributes": [{"type": "organization_name", "rule": "fixed", "value": "Example"}, {"type": "common_name", "rule": "keep"}]},
	"policies": ["1.3.6.1.4.1.99999.1"], "lint_warnings": "refuse", "sha1_requests": true
}`

// A profile is returned as sent, with defaults filled in, and can
// be sent again.
func TestProfileRoundTrip(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := created(t, call(t, h.admin(t), "POST", profilesPath, wholeProfile))
	got, err := h.admin(t).Profile(t.Context(), id, 0)
	testkit.Check(t, err)
	want := api.Profile{ID: id, Name: "web", Version: 1, CreatedAt: h.Clock.Now(), UpdatedAt: h.Clock.Now(),
		ProfileRules: api.ProfileRules{
			Description: "Of the web team", KeyUsages: []string{"digitalSignature", "keyEncipherment"},
			ExtendedKeyUsages: []string{"serverAuth"},
			Validity:          "30d", MaxValidity: "90d", Keys: &api.ProfileKeys{Allowed: []string{"rsa", "ecdsa-p256"},
				MinRSABits: 3072, MaxRSABits: 4096},
			Names: &api.ProfileNames{DNS: &api.ProfileNameRule{Allow: "listed", Listed: []string{"example.com"}},
				IP:    &api.ProfileNameRule{Allow: "listed", Listed: []string{"10.0.0.0/8"}},
				Email: &api.ProfileNameRule{Allow: "none", Listed: []string{}},
				URI:   &api.ProfileNameRule{Allow: "any", Listed: []string{}},
				UPN:   &api.ProfileNameRule{Allow: "listed", Listed: []string{"corp.example"}}, Wildcards: true, Underscores: true,
				Required: true, Max: 200},
			Subject: &api.ProfileSubject{Others: "refuse", Attributes: []api.ProfileAttribute{
				{Type: "organization_name", Rule: "fixed", Value: "Example"}, {Type: "common_name", Rule: "keep"}}},
			Policies: []string{"1.3.6.1.4.1.99999.1"}, LintWarnings: "refuse", SHA1Requests: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the profile (-want +got):\n%s", diff)
	}
	all, err := h.admin(t).Profiles(t.Context())
	testkit.Check(t, err)
	for _, p := range all {
		version, err := h.admin(t).UpdateProfile(t.Context(), p.ID,
			api.UpdateProfile{Version: &p.Version, ProfileRules: p.ProfileRules})
		testkit.Check(t, err)
		again, err := h.admin(t).Profile(t.Context(), p.ID, version)
		testkit.Check(t, err)
		if diff := cmp.Diff(p.ProfileRules, again.ProfileRules); diff != "" || version != p.Version+1 {
			t.Errorf("%s, sent again, is version %d (-want +got):\n%s", p.Name, version, diff)
		}
	}
}

func TestProfileDefaults(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := created(t, call(t, h.admin(t), "POST", profilesPath,
		`{"name": "least", "key_usages": ["digitalSignature"], "validity": "36h"}`))
	got, err := h.admin(t).Profile(t.Context(), id, 0)
	testkit.Check(t, err)
	none := &api.ProfileNameRule{Allow: "none", Listed: []string{}}
	want := api.ProfileRules{KeyUsages: []string{"digitalSignature"}, ExtendedKeyUsages: []string{}, Validity: "36h",
		Keys:    &api.ProfileKeys{Allowed: []string{"rsa", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519"}},
		Names:   &api.ProfileNames{DNS: none, IP: none, Email: none, URI: none, UPN: none},
		Subject: &api.ProfileSubject{Others: "keep", Attributes: []api.ProfileAttribute{}}, Policies: []string{},
		LintWarnings: "keep"}
	if diff := cmp.Diff(want, got.ProfileRules); diff != "" {
		t.Errorf("the rules (-want +got):\n%s", diff)
	}
}

func TestInvalidProfiles(t *testing.T) {
	t.Parallel()
	h := open(t)
	server := h.profile(t, "server")
	h.wantUnchanged(t, func() {
		for _, tt := range []struct{ rules, field string }{
			{`"validity": "a while"`, "validity"}, {`"validity": "0d"`, "validity"}, {`"validity": ""`, "validity"},
			{`"max_validity": "1y"`, "max_validity"},
			{`"validity": "90d", "max_validity": "30d"`, "validity"}, {`"key_usages": []`, "key_usages"},
			{`"key_usages": ["sign"]`, "key_usages[0]"},
			{`"path_length": 0`, "path_length"}, {`"path_length": -1`, "path_length"},
			{`"ca": true, "extended_key_usages": ["serverAuth"]`, "key_usages"},
			{`"keys": {"allowed": []}`, "keys.allowed"}, {`"keys": {"allowed": ["rsa"], "min_rsa_bits": 512}`,
				"keys.min_rsa_bits"},
			{`"keys": {}`, "keys.allowed"}, {`"names": {"dns": {"allow": "some"}}`, "names.dns.allow"},
			{`"names": {"dns": {}}`, "names.dns.allow"},
			{`"names": {"uri": {"allow": "listed"}}`, "names.uri.listed"}, {`"subject": {"others": "fixed"}`, "subject.others"},
			{`"subject": {"attributes": [{"type": "country_name", "rule": "fixed", "value": "Sweden"}]}`,
				"subject.attributes[0]"},
			{`"subject": {"attributes": [{"rule": "keep"}]}`, "subject.attributes[0].type"}, {`"policies": ["x"]`, "policies"},
			{`"lint_warnings": "log"`, "lint_warnings"}, {`"names": {"dns": {"allow": "any", "deny": []}}`, "names.dns.deny"},
		} {
			body := map[string]any{"key_usages": []string{"digitalSignature"}, "validity": "30d"}
			testkit.Check(t, json.Unmarshal([]byte("{"+tt.rules+"}"), &body))
			for path, wrapped := range map[string]any{
				"PUT " + fmt.Sprintf("%s/%d", profilesPath, server):        body,
				"POST " + fmt.Sprintf("%s/%d/check", profilesPath, server): map[string]any{"last": 1, "profile": body},
			} {
				method, path, _ := strings.Cut(path, " ")
				want := tt.field
				if method == "POST" {
					want = "profile." + want
				}
				if refusal := call(t, h.admin(t), method, path, wrapped).wantRefusal(t, 400, "invalid"); refusal.Field != want {
					t.Errorf("%s %s: field %q, want %q: %s", method, tt.rules, refusal.Field, want, refusal.Error)
				}
			}
			body["name"] = "mine"
			if refusal := call(t, h.admin(t), "POST", profilesPath, body).wantRefusal(t, 400,
				"invalid"); refusal.Field != tt.field {
				t.Errorf("%s: field %q, want %q: %s", tt.rules, refusal.Field, tt.field, refusal.Error)
			}
		}
		rules := `"key_usages": ["digitalSignature"], "validity": "30d"`
		for name, tt := range map[string]struct {
			method, path, body string
			status             int
			code, field        string
		}{
			"a name that is taken": {"POST", profilesPath, `{"name": "server", ` + rules + `}`, 409, "conflict", "name"},
			"a name that none can have": {"POST", profilesPath, `{"name": "My profile", ` + rules + `}`, 400, "invalid",
				"name"},
			"a version that is none": {"PUT", fmt.Sprintf("%s/%d", profilesPath, server), `{"version": 0, ` + rules + `}`,
				400, "invalid", "version"},
			"a version to come": {"PUT", fmt.Sprintf("%s/%d", profilesPath, server), `{"version": 2, ` + rules + `}`,
				409, "conflict", "version"},
			"a new name": {"PUT", fmt.Sprintf("%s/%d", profilesPath, server), `{"name": "other", ` + rules +
				`}`, 400, "invalid", "name"},
			"a built-in one is deleted": {"DELETE", fmt.Sprintf("%s/%d", profilesPath, server), "", 409, "conflict", ""},
			"a version that never was": {"GET", fmt.Sprintf("%s/%d?version=7", profilesPath, server), "", 404, "not_found",
				""},
			"a version that is a word": {"GET", fmt.Sprintf("%s/%d?version=new", profilesPath, server), "", 400, "invalid",
				"version"},
			"nothing to try": {"POST", fmt.Sprintf("%s/%d/check", profilesPath, server), `{}`, 400, "invalid",
				"csr"},
			"more than can be looked at": {"POST", fmt.Sprintf("%s/%d/check", profilesPath, server), `{"last": 1001}`, 400,
				"invalid", "last"},
			"a CSR that is none": {"POST", fmt.Sprintf("%s/%d/check", profilesPath, server), `{"csr": "x"}`, 400, "invalid",
				"csr"},
		} {
			var body any
			if tt.body != "" {
				body = tt.body
			}
			if refusal := call(t, h.admin(t), tt.method, tt.path, body).wantRefusal(t, tt.status,
				tt.code); refusal.Field != tt.field {
				t.Errorf("%s: field %q, want %q", name, refusal.Field, tt.field)
			}
		}
	})
}

func (h *house) profile(t *testing.T, name string) int64 {
	t.Helper()
	all, err := h.CA.Profiles(t.Context(), h.Admin())
	testkit.Check(t, err)
	for _, p := range all {
		if p.Name == name {
			return p.ID
		}
	}
	t.Fatalf("there is no profile %s", name)
	return 0
}

func TestProfileCheck(t *testing.T) {
	t.Parallel()
	h := open(t)
	csr, err := pki.NewCSR(testkit.Key(t, notary.ECDSAP256), pkix.Name{CommonName: "a.example.com",
		ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 42}, Value: strings.Repeat("a", 70)}}}, notary.Names{})
	testkit.Check(t, err)
	id := h.Request(t, h.Admin())
	body := api.CheckProfile{CSR: csr.PEM, Last: 5, CertificateAuthorityID: api.ID(h.Root(t, notary.ECDSAP256)),
		Profile: &api.ProfileRules{
			KeyUsages: []string{"digitalSignature"}, Validity: "30d"}}
	check, err := h.admin(t).CheckProfile(t.Context(), h.profile(t, "client"), body)
	testkit.Check(t, err)
	var rules []string
	for _, v := range check.Verdicts {
		rules = append(rules, v.Rule)
		if v.OK != (v.Rule != "dns_names") || v.OK != (v.Reason == "") {
			t.Errorf("the verdict of %s is %t: %s", v.Rule, v.OK, v.Reason)
		}
	}
	want := []string{"authority", "key", "key_usage", "request_signature", "subject", "names", "dns_names", "wildcards",
		"underscores",
		"ip_addresses", "email_addresses", "uris", "common_name", "user_principal_names", "max_names", "server_name",
		"validity", "path_length",
		"certificate", "constraints", "lint", "compromised_key", "blocked_key", "authority_key"}
	if diff := cmp.Diff(want, rules); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if len(check.Lint) != 1 || check.Lint[0].Level != "warning" || *check.OK {
		t.Errorf("ok %t, lints %+v", *check.OK, check.Lint)
	}
	if check.Looked != 1 || len(check.Refused) != 1 || check.Refused[0].ID != id || len(check.Allowed) != 0 {
		t.Errorf("the recent requests are %+v", check)
	}
}

// A certificate has the version of its profile and, outside of lists, its lint findings.
func TestCertificateFindings(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	request, err := h.CA.Request(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	cert, err := h.admin(t).Certificate(t.Context(), request.Certificate.ID)
	testkit.Check(t, err)
	if cert.Lint == nil || len(cert.Lint) > 0 || cert.Profile != "server-client" || cert.ProfileVersion != 1 {
		t.Errorf("profile %s, version %d, lints %#v", cert.Profile, cert.ProfileVersion, cert.Lint)
	}
	for listed, err := range h.admin(t).Certificates(t.Context()) {
		testkit.Check(t, err)
		if listed.Lint != nil {
			t.Errorf("the list has findings: %v", listed.Lint)
		}
	}
	var e *notary.Error
	if err := h.admin(t).SignCertificateRequest(t.Context(), h.Request(t, h.Admin()), api.SignCertificateRequest{
		CertificateAuthorityID: api.ID(h.Root(t, notary.ECDSAP256)), Profile: "email"}); !errors.As(err, &e) ||
		e.Kind != notary.Unprocessable {
		t.Errorf("the error of the profile is %v", err)
	}
}

func created(t *testing.T, a answer) int64 {
	t.Helper()
	a.wantStatus(t, 201)
	var made api.Result[api.Created]
	testkit.Check(t, json.Unmarshal(a.Body, &made))
	return made.Result.ID
}

package cli

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary/internal/files"
)

func TestActions(t *testing.T) {
	t.Parallel()
	const requests, authorities = "/api/v1/certificate_requests", "/api/v1/certificate_authorities"
	for args, test := range map[string]struct {
		sent []string
		says string
	}{
		// The request is read for the wishes that the signer does not overrule, which are printed.
		"request sign 5 --authority 2": {[]string{"GET " + requests + "/5",
			"POST " + requests + `/5/sign {"certificate_authority_id":"2"}`},
			"request 5 is signed; its certificate: notary request download 5\n"},
		"request sign 5 --authority 2 --profile server --days 30": {[]string{"POST " + requests +
			`/5/sign {"certificate_authority_id":"2","profile":"server","not_valid_after":"2026-07-01T12:00:00Z"}`},
			"is signed"},
		"request sign 5 --authority 2 --not-after 2027-01-01T01:00:00+01:00": {[]string{"GET " + requests + "/5",
			"POST " + requests + `/5/sign {"certificate_authority_id":"2","not_valid_after":"2027-01-01T00:00:00Z"}`}, "is signed"},
		"request reject 5": {[]string{"POST " + requests + "/5/reject"},
			"request 5 is rejected\n"},
		"request reopen 5": {[]string{"POST " + requests + "/5/reopen"}, "outstanding again"},
		"request revoke 5": {[]string{"POST " + requests + "/5/certificate/revoke"}, "is revoked"},
		"request revoke 5 --reason superseded": {[]string{"POST " + requests +
			`/5/certificate/revoke {"reason":"superseded"}`}, "is revoked"},
		"request delete 5 --yes": {[]string{"DELETE " + requests + "/5"}, "is deleted"},
		"request delete 5": {[]string{"DELETE " + requests + "/5"},
			"is deleted"}, // no terminal, no prompt
		"request remove-certificate 5": {[]string{"DELETE " + requests + "/5/certificate"},
			"outstanding again"},
		"certificate revoke 9 --reason keyCompromise": {[]string{`POST /api/v1/certificates/9/revoke {"reason":"keyCompromise"}`}, "certificate 9 is revoked\n"},
		"authority sign 2 --authority 1": {[]string{"POST " + authorities +
			`/2/sign {"certificate_authority_id":"1"}`}, "is signed"},
		"authority enable 2":         {[]string{"PUT " + authorities + `/2 {"enabled":true}`}, "is enabled"},
		"authority disable 2":        {[]string{"PUT " + authorities + `/2 {"enabled":false}`}, "is disabled"},
		"authority delete 2":         {[]string{"DELETE " + authorities + "/2"}, "is deleted"},
		"authority delete 2 --force": {[]string{"DELETE " + authorities + "/2?force=true"}, "is deleted"},
		"authority create --root --common-name R": {[]string{"POST " + authorities +
			` {"self_signed":true,"common_name":"R","key_algorithm":"ecdsa-p256"}`}, "CA 7 was created and can sign"},
		"authority create --self-signed --common-name R --key-algorithm ed25519 --path-length 0": {[]string{"POST " +
			authorities +
			` {"self_signed":true,"common_name":"R","key_algorithm":"ed25519","path_length":0}`}, "CA 7"},
		"authority create --common-name I --dns-name a.b --dns-name c.d --country SE --state S --locality L --organization O --organizational-unit U --days 1": {
			[]string{"POST " + authorities +
				` {"common_name":"I","sans_dns":"a.b,c.d","country_name":"SE","state_or_province_name":"S",` +
				`"locality_name":"L","organization_name":"O","organizational_unit_name":"U","not_valid_after":"2026-06-02T12:00:00Z","key_algorithm":"ecdsa-p256"}`},
			"CA 7 was created and is pending"},
		"authority create --common-name I --issuer 1": {[]string{
			"POST " + authorities + ` {"common_name":"I","key_algorithm":"ecdsa-p256"}`,
			"POST " + authorities + `/7/sign {"certificate_authority_id":"1"}`},
			"CA 7 was created, signed by CA 1"},
		"authority create --root --common-name R --permit dns:example.com --permit ip:2001:db8::/32 --exclude email:.example.com --exclude uri:example.com": {[]string{"POST " + authorities +
			` {"self_signed":true,"common_name":"R","key_algorithm":"ecdsa-p256","name_constraints":{"permitted":{"dns":["example.com"],"ip":["2001:db8::/32"]},"excluded":{"email":[".example.com"],"uri":["example.com"]}}}`}, "CA 7"},
		"account delete 3":         {[]string{"DELETE /api/v1/accounts/3"}, "account 3 deleted\n"},
		"account role 3 read-only": {[]string{`PUT /api/v1/accounts/3/role {"role_id":3}`}, "account 3 is now Read Only"},
		"account role 3 2": {[]string{`PUT /api/v1/accounts/3/role {"role_id":2}`},
			"account 3 is now Certificate Requestor"},
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			s := newShell(t, answer(200, created)).trusted()
			r := s.must(strings.Fields(args)...)
			if diff := cmp.Diff(test.sent, s.server.sent()); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			if !strings.Contains(r.out, test.says) || r.err != "" {
				t.Errorf("output %q, errors %q, want %q and none", r.out, r.err, test.says)
			}
			r = s.must(append(strings.Fields(args), "--json")...)
			if !strings.HasPrefix(r.out, "{\n  \"message\": \"success\"") {
				t.Errorf("as JSON %q", r.out)
			}
		})
	}
}

func TestAuthorityRevokeShowsItsImpact(t *testing.T) {
	t.Parallel()
	const authority = "/api/v1/certificate_authorities/2"
	for args, sent := range map[string]string{
		"authority revoke 2":                        "POST " + authority + "/revoke",
		"authority revoke 2 --reason keyCompromise": "POST " + authority + `/revoke {"reason":"keyCompromise"}`,
	} {
		s := newShell(t, answer(200, created)).trusted()
		r := s.must(strings.Fields(args)...)
		if diff := cmp.Diff([]string{"GET " + authority + "/impact", sent}, s.server.sent()); diff != "" {
			t.Errorf("%s sent (-want +got):\n%s", args, diff)
		}
		if r.out != "CA 2 is revoked\n" || !strings.HasPrefix(r.err, "Valid certificates below it:") {
			t.Errorf("%s: output %q, errors %q", args, r.out, r.err)
		}
	}
}

func TestAuthoritySigningFailureNamesTheAuthority(t *testing.T) {
	t.Parallel()
	s := newShell(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/sign") {
			refuse(409, "conflict", "authority 1 is disabled")(w, r)
			return
		}
		answer(201, created)(w, r)
	})).trusted()
	s.run("authority", "create", "--common-name", "I", "--issuer", "1").
		wantFailure(t, "error: authority 1 is disabled\n", "hint: CA 7 was created and is pending")
}

func TestUpload(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(201, created)).trusted()
	file := s.write("chain.pem", "PEM\n")
	for args, want := range map[string]string{
		"request upload 5 --chain " + file:   `POST /api/v1/certificate_requests/5/certificate {"certificate":"PEM\n"}`,
		"request upload 5 --chain -":         `POST /api/v1/certificate_requests/5/certificate {"certificate":"of stdin\n"}`,
		"authority upload 2 --chain " + file: `POST /api/v1/certificate_authorities/2/certificate {"certificate_chain":"PEM\n"}`,
		"authority upload 2 --chain -":       `POST /api/v1/certificate_authorities/2/certificate {"certificate_chain":"of stdin\n"}`,
	} {
		if r := s.runWith("of stdin\n", strings.Fields(args)...); r.code != 0 {
			t.Errorf("notary %s: %s", args, r.err)
		}
		if diff := cmp.Diff([]string{want}, s.server.sent()); diff != "" {
			t.Errorf("notary %s sent (-want +got):\n%s", args, diff)
		}
	}
	s.run("request", "upload", "5", "--chain", file+".missing").wantFailure(t, "no such file")
	s.run("request", "upload", "5", "--chain", s.write("a.key", "-----BEGIN EC PRIVATE KEY-----\n")).wantFailure(t,
		"a.key contains a private key")
	s.runWith("-----BEGIN PRIVATE KEY-----\n", "request", "create", "--csr", "-").wantFailure(t,
		"standard input contains a private key")
	s.runWith(strings.Repeat("x", files.MaxInput+1), "request", "upload", "5", "--chain", "-").wantFailure(t,
		"larger than 1 MiB")
	if calls := s.server.sent(); calls != nil {
		t.Errorf("sent %q, want nothing", calls)
	}
}

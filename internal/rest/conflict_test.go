package rest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/api"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// TestTransitions tries each action on a request of each status: the value is the status afterwards, or "" for a 409
// that changes nothing.
func TestTransitions(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	outside := h.outside(t)
	statuses := []notary.RequestStatus{notary.Outstanding, notary.Active, notary.Rejected, notary.Revoked}
	for _, action := range []struct {
		name, method, path string
		body               func(id int64) any
		success            int
		next               [4]notary.RequestStatus
	}{
		{"sign", "POST", "/sign", func(int64) any { return api.SignCertificateRequest{CertificateAuthorityID: api.ID(root)} }, 202,
			[4]notary.RequestStatus{"Active", "Active", "", ""}},
		{"upload", "POST", "/certificate", func(id int64) any {
			return api.UploadCertificate{Certificate: outside.Chain(t, h.keyOf(t, id))}
		}, 201, [4]notary.RequestStatus{"Active", "Active", "", ""}},
		{"reject", "POST", "/reject", nil, 202, [4]notary.RequestStatus{"Rejected", "", "", ""}},
		{"revoke", "POST", "/certificate/revoke", nil, 202, [4]notary.RequestStatus{"", "Revoked", "", ""}},
		{"delete certificate", "DELETE", "/certificate", nil, 200, [4]notary.RequestStatus{"", "Outstanding", "", ""}},
		{"reopen", "POST", "/reopen", nil, 202, [4]notary.RequestStatus{"", "", "Outstanding", "Outstanding"}},
	} {
		for i, status := range statuses {
			t.Run(fmt.Sprintf("%s, %s", status, action.name), func(t *testing.T) {
				id := h.requestThatIs(t, status, root)
				path := fmt.Sprintf("%s/%d", requestsPath, id)
				var body any
				if action.body != nil {
					body = action.body(id)
				}
				if action.next[i] == "" {
					h.wantUnchanged(t, func() {
						call(t, h.admin(t), action.method, path+action.path, body).wantRefusal(t, 409, "conflict")
					})
					return
				}
				call(t, h.admin(t), action.method, path+action.path, body).wantStatus(t, action.success)
				request, err := h.admin(t).CertificateRequest(t.Context(), id)
				testkit.Check(t, err)
				if request.Status != string(action.next[i]) || (request.CertificateChain != "") != (request.Status == "Active") {
					t.Errorf("now %s with a chain of %d octets, want %s", request.Status, len(request.CertificateChain),
						action.next[i])
				}
			})
		}
	}
}

func (h *house) requestThatIs(t *testing.T, status notary.RequestStatus, root int64) (id int64) {
	t.Helper()
	switch status {
	case notary.Outstanding:
		return h.Request(t, h.Admin())
	case notary.Rejected:
		id = h.Request(t, h.Admin())
		testkit.Check(t, h.CA.Reject(t.Context(), h.Admin(), id, ""))
	case notary.Revoked:
		id = h.Signed(t, h.Admin(), root)
		testkit.Check(t, h.RevokeRequest(t.Context(), h.Admin(), id, notary.Unspecified))
	default:
		id = h.Signed(t, h.Admin(), root)
	}
	return id
}

type scene struct {
	*house
	root, busyRoot, narrow, outstanding, signed, uploaded, compromised int64
}

func newScene(t *testing.T) *scene {
	t.Helper()
	h := open(t)
	s := &scene{house: h, root: h.Root(t, notary.ECDSAP256), busyRoot: h.Root(t, notary.ECDSAP256),
		outstanding: h.Request(t, h.Admin())}
	s.signed = h.Signed(t, h.Admin(), s.busyRoot)
	s.uploaded = h.Request(t, h.Admin())
	_, err := h.CA.Upload(t.Context(), h.Admin(), s.uploaded, h.outside(t).Chain(t, h.keyOf(t, s.uploaded)))
	testkit.Check(t, err)
	s.compromised = h.Signed(t, h.Admin(), s.root)
	testkit.Check(t, h.RevokeRequest(t.Context(), h.Admin(), s.compromised, notary.KeyCompromise))
	s.narrow, err = h.CA.CreateAuthority(t.Context(), h.Admin(),
		ca.AuthorityOptions{SelfSigned: true, Subject: commonName("Narrow Root"), PathLen: 0})
	testkit.Check(t, err)
	return s
}

// TestRefusals covers the rest of the "refused" column in docs/api.md.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	request := func(id int64, rest string) string { return fmt.Sprintf("%s/%d%s", requestsPath, id, rest) }
	authority := func(id int64, rest string) string { return fmt.Sprintf("%s/%d%s", authoritiesPath, id, rest) }
	account := func(id int64, rest string) string { return fmt.Sprintf("%s/%d%s", accountsPath, id, rest) }
	sign := func(more string) string { return fmt.Sprintf(`{"certificate_authority_id": "%d"%s}`, s.root, more) }
	past := s.Clock.Now().Add(-time.Hour).Format(time.RFC3339)
	last := s.Admin().Principal.ID

	for _, test := range []struct {
		name, method, path, body string
		status                   int
		code, field, says        string
	}{
		{"sign by an unknown profile", "POST", request(s.outstanding, "/sign"), sign(`, "profile": "root"`), 400, "invalid",
			"profile", "server-client"},
		{"sign by ACME", "POST", request(s.outstanding, "/sign"), sign(`, "signing_method": "acme"`), 422, "unprocessable",
			"signing_method", "ca"},
		{"sign until yesterday", "POST", request(s.outstanding, "/sign"), sign(`, "not_valid_after": "` + past + `"`), 400,
			"invalid", "not_valid_after", ""},
		{"sign until the zero time", "POST", request(s.outstanding, "/sign"),
			sign(`, "not_valid_after": "0001-01-01T00:00:00Z"`), 400, "invalid", "not_valid_after", ""},
		{"sign until some day", "POST", request(s.outstanding, "/sign"), sign(`, "not_valid_after": "tomorrow"`), 400,
			"invalid", "not_valid_after", "such as"},
		{"sign an authority below one of path length 0", "POST", authority(s.Pending(t), "/sign"),
			fmt.Sprintf(`{"certificate_authority_id": %d}`, s.narrow), 422, "unprocessable", "", ""},
		{"sign an authority by itself", "POST", authority(s.root, "/sign"),
			fmt.Sprintf(`{"certificate_authority_id": %d}`, s.root), 409, "conflict", "", "root"},
		{"revoke what was signed elsewhere", "POST", request(s.uploaded, "/certificate/revoke"), "", 422, "unprocessable",
			"", "not signed by a CA held here"},
		{"revoke for no reason", "POST", request(s.signed, "/certificate/revoke"), `{"reason": "boredom"}`, 400, "invalid",
			"reason", "keyCompromise"},
		{"revoke for a hold", "POST", request(s.signed, "/certificate/revoke"), `{"reason": "certificateHold"}`, 400,
			"invalid", "reason", "keyCompromise"},
		{"revoke for a number", "POST", request(s.signed, "/certificate/revoke"), `{"reason": 1}`, 400, "invalid", "reason",
			"one of unspecified, keyCompromise"},
		{"reopen after keyCompromise", "POST", request(s.compromised, "/reopen"), "", 409, "conflict", "csr",
			"keyCompromise"},
		{"reject what has had a certificate", "POST", request(s.signed, "/reject"), "", 409, "conflict", "", "revoke"},
		{"revoke a root", "POST", authority(s.root, "/revoke"), "", 422, "unprocessable", "", "root"},
		{"revoke a pending authority", "POST", authority(s.Pending(t), "/revoke"), "", 409, "conflict", "", "no certificate"},
		{"delete an authority in use", "DELETE", authority(s.busyRoot, ""), "", 409, "conflict", "", "1 certificate "},
		{"CRL of a pending authority", "GET", authority(s.Pending(t), "/crl"), "", 409, "conflict", "", "no certificate"},
		{"CRL of no authority", "GET", authority(missingID, "/crl"), "", 404, "not_found", "", ""},

		{"authority without a name", "POST", authoritiesPath, `{"self_signed": true, "common_name": ""}`, 400, "invalid",
			"common_name", ""},
		{"authority with a long name", "POST", authoritiesPath, `{"common_name": "` + strings.Repeat("x", 65) + `"}`, 400,
			"invalid", "common_name", "65"},
		{"authority with NUL in its name", "POST", authoritiesPath, `{"common_name": "a\u0000b"}`, 400, "invalid",
			"common_name", ""},
		{"authority of a long country", "POST", authoritiesPath, `{"common_name": "R", "country_name": "TUR"}`, 400,
			"invalid", "country_name", "2 letters"},
		{"authority with a bad DNS name", "POST", authoritiesPath, `{"common_name": "R", "sans_dns": "a.example.com, b c"}`,
			400, "invalid", "sans_dns", ""},
		{"authority with an IP address", "POST", authoritiesPath, `{"common_name": "R", "sans_dns": "10.0.0.7"}`, 400,
			"invalid", "sans_dns", "DNS"},
		{"authority of an unknown key", "POST", authoritiesPath, `{"common_name": "R", "key_algorithm": "rsa-1024"}`, 400,
			"invalid", "key_algorithm", "rsa-2048"},
		{"authority of a negative path length", "POST", authoritiesPath, `{"common_name": "R", "path_length": -1}`, 400,
			"invalid", "path_length", ""},
		{"authority of a long path length", "POST", authoritiesPath, `{"common_name": "R", "path_length": 99}`, 400,
			"invalid", "path_length", ""},
		{"authority of a huge path length", "POST", authoritiesPath,
			`{"common_name": "R", "path_length": 99999999999999999999}`, 400, "invalid", "path_length", "range"},
		{"authority that permits a wildcard", "POST", authoritiesPath,
			`{"common_name": "R", "name_constraints": {"permitted": {"dns": ["*.example.com"]}}}`, 400, "invalid",
			"name_constraints.permitted.dns", "wildcard"},
		{"authority that excludes no prefix", "POST", authoritiesPath,
			`{"common_name": "R", "name_constraints": {"excluded": {"ip": ["10.0.0.1"]}}}`, 400, "invalid",
			"name_constraints.excluded.ip", "prefix"},
		{"authority that constrains something else", "POST", authoritiesPath,
			`{"common_name": "R", "name_constraints": {"permitted": {"upn": ["a"]}}}`, 400, "invalid",
			"name_constraints.permitted.upn", "not a field"},
		{"authority until the zero time", "POST", authoritiesPath,
			`{"common_name": "R", "not_valid_after": "0001-01-01T00:00:00Z"}`, 400, "invalid", "not_valid_after", ""},
		{"authority until yesterday", "POST", authoritiesPath, `{"common_name": "R", "not_valid_after": "` + past + `"}`,
			400, "invalid", "not_valid_after", ""},

		{"account without an email", "POST", accountsPath,
			`{"email": "me", "password": "plain violet harbour", "role_id": 1}`, 400, "invalid", "email", ""},
		{"account of two emails", "POST", accountsPath,
			`{"email": "a@example.com, b@example.com", "password": "plain violet harbour", "role_id": 1}`, 400, "invalid",
			"email", ""},
		{"account that is there", "POST", accountsPath, `{"email": "` + s.Admin().Principal.Name +
			`", "password": "plain violet harbour", "role_id": 1}`, 409, "conflict", "email", ""},
		{"account without a role", "POST", accountsPath, `{"email": "a@example.com", "password": "plain violet harbour"}`,
			400, "invalid", "role_id", "Admin"},
		{"account of an unknown role", "POST", accountsPath,
			`{"email": "a@example.com", "password": "plain violet harbour", "role_id": 4}`, 400, "invalid", "role_id", "Admin"},
		{"password too short", "POST", accountsPath, `{"email": "a@example.com", "password": "violet", "role_id": 1}`, 400,
			"invalid", "password", "12"},
		{"password too long", "POST", accountsPath, `{"email": "a@example.com", "password": "` +
			strings.Repeat("violet ", 200) + `", "role_id": 1}`, 400, "invalid", "password", "1024"},
		{"password that is common", "POST", accountsPath,
			`{"email": "a@example.com", "password": "password1234", "role_id": 1}`, 400, "invalid", "password", ""},
		{"password that is the email", "POST", accountsPath,
			`{"email": "somebody@example.com", "password": "Somebody@example.com", "role_id": 1}`, 400, "invalid", "password",
			"email"},
		{"delete the last Admin", "DELETE", account(last, ""), "", 409, "conflict", "", "last Admin"},
		{"demote the last Admin", "PUT", account(last, "/role"), `{"role_id": 1}`, 409, "conflict", "", "last Admin"},
		{"an unknown role", "PUT", account(last, "/role"), `{"role_id": -1}`, 400, "invalid", "role_id", "Admin"},
		{"a wrong old password", "POST", accountsPath + "/me/change_password",
			`{"old_password": "x", "password": "plain violet harbour"}`, 400, "invalid", "old_password", "incorrect"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.wantUnchanged(t, func() {
				var body any
				if test.body != "" {
					body = test.body
				}
				refusal := call(t, s.admin(t), test.method, test.path, body).wantRefusal(t, test.status, test.code)
				if refusal.Field != test.field || !strings.Contains(refusal.Error, test.says) {
					t.Errorf("field %q, want %q; %q should say %q", refusal.Field, test.field, refusal.Error, test.says)
				}
			})
		})
	}
}

// A failed login does not reveal whether the account exists, and too many are rate-limited.
func TestRefusedLogins(t *testing.T) {
	t.Parallel()
	h := open(t)
	login := func(email, password string) answer {
		return call(t, h.anonymous, "POST", "/login", api.Login{Email: email, Password: password})
	}
	wrong := login(h.Admin().Principal.Name, "wrong").wantRefusal(t, 401, "unauthenticated")
	unknown := login("nobody@example.com", "wrong").wantRefusal(t, 401, "unauthenticated")
	if wrong != unknown {
		t.Errorf("the errors differ: %+v, %+v", wrong, unknown)
	}
	for range 100 {
		a := login("nobody@example.com", "wrong")
		if a.Status == 401 {
			continue
		}
		a.wantRefusal(t, 429, "rate_limited")
		if after := a.Header.Get("Retry-After"); after == "" || after == "0" {
			t.Errorf("Retry-After %q", after)
		}
		login(h.Admin().Principal.Name, testkit.Password).wantStatus(t, 200) // other accounts are not affected
		return
	}
	t.Error("100 failed logins were not limited")
}

// If several calls with the setup code run concurrently, one creates the first account.
func TestFirstAccount(t *testing.T) {
	t.Parallel()
	h := serve(t, testkit.Empty(t))
	create := func(email string) (answer, error) {
		body := fmt.Sprintf(`{"email": %q, "password": %q, "role_id": 3, "setup_code": %q}`, email, testkit.Password,
			testkit.SetupCode)
		response, err := h.anonymous.Raw(t.Context(), "POST", accountsPath, []byte(body), nil)
		return answer{response, "POST " + accountsPath}, err
	}
	call(t, h.anonymous, "GET", "/status", nil).wantStatus(t, 200).wantBody(t,
		`{"result": {"initialized": false, "version": "v1.2.3"}}`)
	answers := make(chan answer, 8)
	for i := range cap(answers) {
		go func() {
			a, err := create(fmt.Sprintf("racer%d@example.com", i))
			if err != nil {
				t.Error(err)
			}
			answers <- a
		}()
	}
	made := 0
	for range cap(answers) {
		if a := <-answers; a.Status == 201 {
			made++
		} else if a.Status != 401 && a.Status != 409 {
			t.Errorf("status %d: %s", a.Status, a.Body)
		}
	}
	if made != 1 {
		t.Errorf("%d accounts were created, want 1", made)
	}
	call(t, h.anonymous, "GET", "/status", nil).wantStatus(t, 200).wantBody(t,
		`{"result": {"initialized": true, "version": "v1.2.3"}}`)
	all, err := h.Store.Accounts(t.Context())
	testkit.Check(t, err)
	if len(all) != 1 || all[0].Role != notary.Admin {
		t.Errorf("there are %d accounts, the first of role %v", len(all), all[0].Role)
	}
}

package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// Bodies that are too large, malformed or ambiguous record nothing, for every role and without a login.
func TestIssueRefusesHostileBodies(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, valid := newCSRToIssue(t, h, h.Admin())
	issue := valid.(api.IssueCertificate)
	text, err := json.Marshal(issue)
	testkit.Check(t, err)
	with := func(more string) string { return strings.TrimSuffix(string(text), "}") + "," + more + "}" }
	edited := func(edit func(*api.IssueCertificate)) any {
		changed := issue
		edit(&changed)
		return changed
	}
	bodies := map[string]struct {
		body   any
		status int
	}{
		"too large":              {with(`"profile":"` + strings.Repeat("x", 1<<20) + `"`), 413},
		"deep":                   {with(`"owner":` + strings.Repeat("[", 9_000)), 400},
		"many objects":           {with(`"owner":[` + strings.Repeat("{},", 20_000) + `{}]`), 400},
		"not UTF-8":              {with("\"profile\":\"\xff\""), 400},
		"trailing data":          {string(text) + string(text), 400},
		"an unknown field":       {with(`"names":["evil.example.com"]`), 400},
		"a field twice":          {with(`"csr":"x"`), 400},
		"a field twice, escaped": {with(`"\u0063sr":"x"`), 400},
		"a field in capitals":    {with(`"CSR":"x"`), 400},
		"a huge id":              {with(`"owner":{"kind":"group","id":1e400}`), 400},
		"an owner of others":     {with(`"owner":{"kind":"account","id":987654321}`), 400},
		"a strange time":         {with(`"not_valid_after":"2027-02-30T00:00:00Z"`), 400},
		"a negative id": {strings.Replace(string(text), `"certificate_authority_id":"`,
			`"certificate_authority_id":"-`, 1), 400},
		"a CSR twice":     {edited(func(b *api.IssueCertificate) { b.CSR += b.CSR }), 400},
		"a truncated CSR": {edited(func(b *api.IssueCertificate) { b.CSR = b.CSR[:len(b.CSR)/2] }), 400},
		"a changed CSR":   {edited(func(b *api.IssueCertificate) { b.CSR = flipped(b.CSR) }), 400},
	}
	callers := map[string]*client.Client{}
	for _, role := range []notary.Role{notary.Admin, notary.CertificateManager, notary.CertificateRequestor} {
		callers[role.String()] = h.as(t, role)
	}
	h.wantUnchanged(t, func() {
		for name, test := range bodies {
			for role, c := range callers {
				if a := call(t, c, "POST", certificatesPath, test.body); a.Status != test.status {
					t.Errorf("%s, %s: status %d, want %d: %.200s", name, role, a.Status, test.status, a.Body)
				}
			}
			if a := call(t, h.as(t, notary.ReadOnly), "POST", certificatesPath, test.body); a.Status < 400 || a.Status > 413 {
				t.Errorf("%s, Read Only: status %d", name, a.Status)
			}
			if a := call(t, h.anonymous, "POST", certificatesPath, test.body); a.Status != 401 && a.Status != 413 {
				t.Errorf("%s, without login: status %d", name, a.Status)
			}
		}
		for _, key := range []string{strings.Repeat("k", 256)} {
			call(t, callers[notary.Admin.String()], "POST", certificatesPath, issue, "Idempotency-Key", key).
				wantRefusal(t, 400, "invalid")
		}
	})
}

// flipped changes one character in the middle of a PEM text.
func flipped(pem string) string {
	octets := []byte(pem)
	middle := len(octets) / 2
	if octets[middle] == '\n' {
		middle++
	}
	if octets[middle] == 'A' {
		octets[middle] = 'B'
	} else {
		octets[middle] = 'A'
	}
	return string(octets)
}

// A grant signs what is within all its limits. The rest waits for approval like without a grant, and neither the
// answer nor the record shows whether another's CA, profile or request exists.
func TestIssueBeyondAGrant(t *testing.T) {
	t.Parallel()
	h := open(t)
	mine, other := h.Root(t, notary.ECDSAP256), h.Root(t, notary.ECDSAP256)
	me := h.NewCaller(t, h.Admin(), notary.CertificateRequestor)
	_, err := h.Auth.CreateGrant(t.Context(), h.Admin(), &notary.Grant{PrincipalID: me.Principal.ID,
		GrantTerms: notary.GrantTerms{Actions: []string{"request.sign"}, Authorities: []int64{mine},
			Profiles: []string{notary.DefaultProfile}, Names: notary.NameLists{DNS: []string{"team.example.com"}}}})
	testkit.Check(t, err)
	c := h.login(t, me)
	csr := func(names ...string) string { return testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), names...) }
	body := func(authority int64, profile string, names ...string) api.IssueCertificate {
		return api.IssueCertificate{CSR: csr(names...), CertificateAuthorityID: api.ID(authority), Profile: profile}
	}
	for name, test := range map[string]struct {
		body   api.IssueCertificate
		status int
	}{
		"within":            {body(mine, "", "a.team.example.com"), 201},
		"another name":      {body(mine, "", "a.example.com"), 202},
		"one of two names":  {body(mine, "", "a.team.example.com", "a.example.com"), 202},
		"a similar name":    {body(mine, "", "evilteam.example.com"), 202},
		"a name below":      {body(mine, "", "team.example.com.evil.com"), 202},
		"an address":        {body(mine, "", "a.team.example.com", "10.0.0.1"), 202},
		"another CA":        {body(other, "", "a.team.example.com"), 202},
		"a missing CA":      {body(missingID, "", "a.team.example.com"), 404},
		"another profile":   {body(mine, "client", "a.team.example.com"), 202},
		"a CA profile":      {body(mine, "intermediate", "a.team.example.com"), 400},
		"a missing profile": {body(mine, "none", "a.team.example.com"), 400},
	} {
		a := call(t, c, "POST", certificatesPath, test.body)
		if a.Status != test.status {
			t.Errorf("%s: status %d, want %d: %s", name, a.Status, test.status, a.Body)
			continue
		}
		if test.status >= 400 { // a wish that nobody can grant
			continue
		}
		if issued := issuedBy(t, a); (issued.CertificateChain != "") != (test.status == 201) {
			t.Errorf("%s: %+v", name, issued)
		}
	}
	theirs := csr("a.team.example.com")
	first := issuedBy(t, call(t, h.admin(t), "POST", certificatesPath, api.IssueCertificate{CSR: theirs,
		CertificateAuthorityID: api.ID(mine)}).wantStatus(t, 201))
	own := issuedBy(t, call(t, c, "POST", certificatesPath, api.IssueCertificate{CSR: theirs,
		CertificateAuthorityID: api.ID(mine)}).wantStatus(t, 201))
	if own.CertificateRequestID == first.CertificateRequestID || own.SerialNumber == first.SerialNumber {
		t.Errorf("the CSR of another account gives its request: %+v, %+v", own, first)
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), h.Store))
}

// Concurrent calls with one CSR have one request for each account, and what is answered is on record. Repetitions with
// one Idempotency-Key have one certificate.
func TestIssueOfOneCSRAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, valid := newCSRToIssue(t, h, h.Admin())
	body := valid.(api.IssueCertificate)
	text, err := json.Marshal(body)
	testkit.Check(t, err)
	clients := []*client.Client{h.admin(t), h.as(t, notary.CertificateManager)}
	const n = 32
	for name, key := range map[string]string{"without a key": "", "with a key": "once"} {
		answers := make([]answer, n)
		for _, err := range testkit.Race(n, func(i int) error {
			header := http.Header{}
			if key != "" {
				header.Set("Idempotency-Key", key)
			}
			response, err := clients[i%2].Raw(t.Context(), "POST", certificatesPath, text, header)
			answers[i] = answer{response, fmt.Sprint(name, " ", i)}
			return err
		}) {
			testkit.Check(t, err)
		}
		requests, certificates := map[int64]int{}, map[int64]bool{}
		for i, a := range answers {
			if a.Status == http.StatusConflict { // a concurrent renewal won
				continue
			}
			issued := issuedBy(t, a.wantStatus(t, 201))
			requests[issued.CertificateRequestID] = i % 2
			certificates[issued.ID] = true
			cert, err := clients[0].Certificate(t.Context(), issued.ID)
			testkit.Check(t, err)
			if *cert.CertificateRequestID != issued.CertificateRequestID || cert.SerialNumber != issued.SerialNumber {
				t.Errorf("%s: answered %+v, recorded %+v", name, issued, cert)
			}
		}
		if len(requests) != 2 || key != "" && len(certificates) != 2 {
			t.Errorf("%s: the requests %v and certificates %v, want one for each account", name, requests, certificates)
		}
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), h.Store))
}

package notary_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"notary"
)

func TestEventNamesAreTruncated(t *testing.T) {
	if name := notary.NewRef("request", 1, "x"+strings.Repeat("é", 200)).Name; len(name) > 200 ||
		!utf8.ValidString(name) || len(name) < 190 {
		t.Errorf("the name is %q", name)
	}
}

// A token cannot pass for the account whose name it has.
func TestActor(t *testing.T) {
	for want, by := range map[string]notary.Ref{
		"alice@example.com":               {Kind: notary.AccountPrincipal, ID: 7, Name: "alice@example.com"},
		"API token 9 (alice@example.com)": {Kind: notary.TokenPrincipal, ID: 9, Name: "alice@example.com"},
		"system":                          notary.SystemCaller.Principal,
		"":                                {Kind: notary.AnonymousPrincipal},
	} {
		if got := by.Actor(); got != want {
			t.Errorf("%+v: %q, want %q", by, got, want)
		}
	}
}

func TestSentence(t *testing.T) {
	by := notary.Caller{Principal: notary.Ref{Kind: notary.AccountPrincipal, ID: 1, Name: "me@example.com"}}
	req := &notary.Request{ID: 7, Names: notary.Names{DNS: []string{"www.example.com"}}}
	root := &notary.Authority{ID: 3, CommonName: "Root"}
	for want, e := range map[string]notary.Event{
		"Signed: certificate request 7 (www.example.com), certificate authority 3 (Root); previous note: old, serial " +
			"number: 0a, status: Outstanding → Active": notary.EventBy(by, "request.sign", req.Ref()).
			With(root.Ref(), notary.Ref{Kind: "certificate"}).
			Change(notary.Fields{"status": "Outstanding", "same": 1, "note": "old"},
				notary.Fields{"status": "Active", "same": 1, "serial_number": "0a"}),
		"Created: API token 7 (ci); grants: request.create and request.sign only for CA 1 or CA 2, profile server and names " +
			"dns:.ci.example.com or ip:10.0.0.0/8; event.view, quota per hour: 5": {Action: "token.create",
			Object: notary.Ref{Kind: "token", ID: 7, Name: "ci"},
			After: decoded(t, `{"grants": [{"actions": ["request.create", "request.sign"], "authorities": [1, 2],
				"profiles": ["server"], "names": {"ip": ["10.0.0.0/8"], "dns": [".ci.example.com"]}},
				{"actions": ["event.view"]}], "quota_per_hour": 5}`)},
		"Activated: rule 3; active version: 2, test: of the last 10 requests, 3 would be signed, 6 held (5 without a matching " +
			"rule, 1 because a rule failed) and 1 refused; manual decisions that differ: 1 (request 9 is Rejected, and " +
			"rule 3 would sign it)": {Action: "rule.activate", Object: notary.Ref{Kind: "rule", ID: 3},
			After: decoded(t, `{"active_version": 2, "trial": {"looked": 10, "sign": 3, "hold": 6, "refuse": 1,
				"unmatched": 5, "failed": 1, "differing": 1, "first_differing":
				[{"request": 9, "status": "Rejected", "effect": "sign", "rule": 3}]}}`)},
		"Created: grant 4; actions: request.sign, grants: none": {Action: "grant.create",
			Object: notary.Ref{Kind: "grant", ID: 4},
			After:  notary.Fields{"grants": "none", "actions": []string{"request.sign"}}},
		"Clock confirmed": {Action: "clock.confirm", Object: notary.Ref{Kind: "clock"}},
		"other.thing: profile 2; as it was written": {Action: "other.thing", Object: notary.Ref{Kind: "profile", ID: 2},
			Text: "as it was written"},
	} {
		if got := e.Sentence(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// decoded returns fields as the store reads them.
func decoded(t *testing.T, text string) (f notary.Fields) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f
}

package notary_test

import (
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
		"Clock confirmed": {Action: "clock.confirm", Object: notary.Ref{Kind: "clock"}},
		"other.thing: profile 2; as it was written": {Action: "other.thing", Object: notary.Ref{Kind: "profile", ID: 2},
			Text: "as it was written"},
	} {
		if got := e.Sentence(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

package ca_test

import (
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func TestRecordedName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a.example.com":             "a.example.com",
		" A.Example.COM. ":          "a.example.com",
		"*.Example.com":             "*.example.com",
		"bücher.example":            "xn--bcher-kva.example",
		"*.BÜCHER.example":          "*.xn--bcher-kva.example",
		"пример.рф":                 "xn--e1afmkfd.xn--p1ai",
		"10.0.0.7":                  "10.0.0.7",
		"::FFFF:10.0.0.7":           "10.0.0.7",
		"2001:0DB8:0000::0001":      "2001:db8::1",
		"fe80::1%eth0":              "fe80::1",
		"Me@Example.org":            "Me@Example.org", // the store searches in lower case
		"spiffe://example.net/Db":   "spiffe://example.net/Db",
		"Test Root":                 "Test Root",
		"Müller":                    "Müller",
		"Müller GmbH & Co. KG":      "Müller GmbH & Co. KG",
		"10.0.":                     "10.0.",
		"":                          "",
		".":                         ".",
		"a_b.example":               "a_b.example",
		"\xff":                      "\xff",
		"xn--a.example":             "xn--a.example",
		"１０.example":                "10.example", // IDNA maps full-width digits to digits
		"a.example.com:8443":        "a.example.com:8443",
		"a..example.com":            "a..example.com",
		"999.999.999.999":           "999.999.999.999",
		"2001:db8::1/64":            "2001:db8::1/64",
		"xn--bcher-kva.EXAMPLE":     "xn--bcher-kva.example",
		"quite.a.long.name.example": "quite.a.long.name.example",
	} {
		if got := ca.RecordedName(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestRecordedDomain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"example.com": "example.com", ".Example.com": "example.com", "*.example.com.": "example.com", "com": "com",
		"bücher.example": "xn--bcher-kva.example", "рф": "xn--p1ai", "_sip.example.com": "_sip.example.com",
		"": "", ".": "", "*": "", "*.": "", "..": "", "10.0.0.7": "", "[::1]": "", "::1": "", "a b": "", "a@b": "",
		"https://a": "", "a.*.b": "", "=a.example": "",
	} {
		got, err := ca.RecordedDomain(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
		if err != nil {
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, "domain")
		}
	}
}

func TestRecordedSerial(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0a": "0a", "A": "0a", "abc": "0abc", "00:AB": "ab", "3A:f0:01": "3af001", "0": "00", "-1f": "-1f",
		" 7f ": "7f",
		"":     "", ":": "", "g": "", "0x1": "", "+1": "", "1 2": "", "--1": "", "1_0": "",
	} {
		got, err := ca.RecordedSerial(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestInvalidPages(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for _, test := range []struct {
		q     notary.Query
		field string
	}{
		{notary.Query{Sort: notary.ByID}, "limit"},
		{notary.Query{Sort: notary.ByID, Limit: -1}, "limit"},
		{notary.Query{Sort: notary.ByID, Limit: notary.MaxPage + 1}, "limit"},
		{notary.Query{Limit: 1, Sort: "colour"}, "sort"},
		{notary.Query{Limit: 1, Sort: notary.ByID, After: "x"}, "after"},
		{notary.Query{Limit: 1, Sort: notary.ByID, Filter: notary.Filter{Status: "Open"}}, "status"},
		{notary.Query{Limit: 1, Sort: notary.ByID, Filter: notary.Filter{AuthorityID: -1}}, "certificate_authority_id"},
		{notary.Query{Limit: 1, Sort: notary.ByID, Filter: notary.Filter{Name: "a\x00"}}, "name"},
	} {
		for _, role := range notary.Roles {
			_, err := w.CA.Requests(t.Context(), w.Caller(role), test.q)
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, test.field)
			_, err = w.CA.Certificates(t.Context(), w.Caller(role), test.q)
			testkit.WantKind(t, err, notary.Invalid)
		}
	}
}

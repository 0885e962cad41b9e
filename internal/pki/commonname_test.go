package pki_test

import (
	"encoding/asn1"
	"testing"

	"notary/internal/pki"
)

func TestInvisibleCharactersAreRefused(t *testing.T) {
	t.Parallel()
	for _, oid := range []asn1.ObjectIdentifier{{2, 5, 4, 3}, {2, 5, 4, 10}, {2, 5, 4, 11}} {
		for name, text := range map[string]string{
			"zero-width space": "pay\u200bpal.com", "zero-width joiner": "pay\u200dpal.com", "word joiner": "pay\u2060pal.com",
			"byte order mark": "\ufeffpaypal.com", "soft hyphen": "pay\u00adpal.com", "right-to-left mark": "\u200fpaypal.com",
			"line separator": "pay\u2028pal.com", "paragraph separator": "pay\u2029pal.com", "tag": "pay\U000e0061pal.com",
			"variation selector": "pay\ufe0fpal.com", "Hangul filler": "pay\u3164pal.com",
		} {
			if _, err := pki.ParseCSR(withSubject(t, oid, asn1.TagUTF8String, text)); err == nil {
				t.Errorf("%s in %s is accepted", name, oid)
			} else {
				wantInvalid(t, err, "csr", "")
			}
		}
	}
	for _, text := range []string{"Jürgen Müller", "山田　太郎", "Łódź", "d’Arc"} {
		if _, err := pki.ParseCSR(withSubject(t, asn1.ObjectIdentifier{2, 5, 4, 3}, asn1.TagUTF8String, text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLooksLikeHost(t *testing.T) {
	t.Parallel()
	for commonName, want := range map[string]string{
		"example.com": "example.com", "Example.COM.": "example.com", "*.example.com.": "*.example.com",
		" example.com ": "example.com", "\u200bexample.com": "example.com", "example\uff0ecom": "example.com",
		"ｅxample.com": "example.com", "example。com": "example.com", "example․com": "example.com",
		"a_b.example.com": "a_b.example.com", "müller.example": "xn--mller-kva.example", "аpple.com": "xn--pple-43d.com",
		"a..b": "a..b", "10.0.0.1": "10.0.0.1", "10.0.0.1.": "10.0.0.1", "fe80::1%eth0": "fe80::1",
		"[2001:DB8::1]":   "2001:db8::1",
		"::ffff:10.0.0.1": "10.0.0.1",
		"":                "", "nas01": "", "Jane Doe": "", "Example Inc.": "", "me@example.com": "",
		"https://example.com/": "",
		"Version 1.2":          "", "1.2": "", ".": "", "O'Neil.Ann": "", "svc_backup": "",
	} {
		if host, ok := pki.LooksLikeHost(commonName); host != want || ok != (want != "") {
			t.Errorf("%q looks like the host %q (%t), want %q", commonName, host, ok, want)
		}
	}
}

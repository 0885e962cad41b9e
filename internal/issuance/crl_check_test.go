package issuance

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"testing"
	"time"

	"notary"
	"notary/internal/pki"
)

func checked(t *testing.T) (*CRL, []byte, CRLTerms) {
	t.Helper()
	key, err := pki.GenerateKey(notary.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := pki.NewCSR(key, pkix.Name{CommonName: "Root"}, notary.Names{})
	if err != nil {
		t.Fatal(err)
	}
	issuer := Issuer{Signer: key, Certificate: &x509.Certificate{RawSubject: csr.RawSubject, Subject: csr.Subject,
		PublicKey:               csr.PublicKey,
		RawSubjectPublicKeyInfo: csr.RawSubjectPublicKeyInfo, KeyUsage: x509.KeyUsageCRLSign}}
	list, err := NewCRL(issuer, 0)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for serial, reason := range map[string]notary.RevocationReason{"0102": notary.Unspecified,
		"ff02": notary.KeyCompromise, "03": notary.Superseded} {
		if err := list.Add(notary.Revocation{Serial: serial, At: at, Reason: reason}); err != nil {
			t.Fatal(err)
		}
	}
	hold := notary.Revocation{Serial: "04", At: at, Reason: notary.CertificateHold, HoldInstruction: "1.2.840.10040.2.2",
		InvalidityDate: at.AddDate(-1, 0, 0)}
	if err := list.Add(hold); err != nil {
		t.Fatal(err)
	}
	terms := CRLTerms{Number: 300, ThisUpdate: at, NextUpdate: at.Add(time.Hour),
		URLs: []string{"http://a/1-1.crl", "http://b/1-1.crl"}}
	der, err := list.Sign(terms)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	return list, slices.Clone(parsed.RawTBSRevocationList), terms
}

// The check finds any changed octet, except in the algorithm and where another serial number, time or reason would be
// valid.
func TestCheckDetectsEveryChange(t *testing.T) {
	t.Parallel()
	list, tbs, terms := checked(t)
	if err := list.check(tbs, terms); err != nil {
		t.Fatal(err)
	}
	parsed := map[int]bool{} // offsets where a change may be undetected
	in := func(part []byte) {
		for start := 0; ; {
			i := slices.Index(tbs[start:], part[0])
			if i < 0 {
				return
			}
			if start += i; start+len(part) <= len(tbs) && slices.Equal(tbs[start:start+len(part)], part) {
				for n := range part {
					parsed[start+n] = true
				}
			}
			start++
		}
	}
	in([]byte("\x06\x03\x2b\x65\x70"))                                                            // id-Ed25519
	for _, serial := range []string{"\x02\x01\x02", "\x03\x00\xff\x02", "\x01\x03", "\x01\x04"} { // with their lengths
		in([]byte("\x02" + serial))
	}
	in([]byte("300102030405Z"))
	in([]byte("20290102030405Z"))              // the invalidity date
	in([]byte("\x2a\x86\x48\xce\x38\x02\x02")) // the hold instruction
	for _, code := range []string{"\x01", "\x04", "\x06"} {
		in([]byte(reasonExtension + code))
	}
	for i := range tbs {
		for _, change := range []byte{0x01, 0x02, 0x04, 0x20, 0x80, 0xff} {
			tbs[i] ^= change
			err := list.check(tbs, terms)
			if err == nil && !parsed[i] {
				t.Errorf("octet %d of %x may be %x", i, tbs, tbs[i])
			}
			tbs[i] ^= change
		}
	}
	for n := range tbs {
		if list.check(tbs[:n], terms) == nil {
			t.Errorf("it may end after %d octets", n)
		}
	}
}

func TestCheckComparesWithTheIntendedContent(t *testing.T) {
	t.Parallel()
	list, tbs, terms := checked(t)
	for name, edit := range map[string]func(*CRLTerms){
		"number":     func(c *CRLTerms) { c.Number++ },
		"thisUpdate": func(c *CRLTerms) { c.ThisUpdate = c.ThisUpdate.Add(-time.Second) },
		"nextUpdate": func(c *CRLTerms) { c.NextUpdate = c.NextUpdate.Add(time.Second) },
		"one URL":    func(c *CRLTerms) { c.URLs = c.URLs[:1] },
		"no URL":     func(c *CRLTerms) { c.URLs = nil },
	} {
		meant := terms
		edit(&meant)
		if list.check(tbs, meant) == nil {
			t.Errorf("another %s was not found", name)
		}
	}
	list.entries++
	if list.check(tbs, terms) == nil {
		t.Error("a missing entry was not found")
	}
}

// Reason codes that a full CRL cannot have: 0, that of delta CRLs, the unassigned one and those above the range.
func TestReasonsThatCannotBeListed(t *testing.T) {
	t.Parallel()
	for code := range 256 {
		want := code != 0 && code != 7 && code != 8 && code <= 10
		if got := properExtensions(append([]byte("\x30\x0c"+reasonExtension), byte(code))); got != want {
			t.Errorf("the code %d may be listed: %v", code, got)
		}
	}
}

// A CRL with an entry revoked after thisUpdate is not signed, in either form of time.
func TestEntriesLaterThanThisUpdate(t *testing.T) {
	t.Parallel()
	list, _, terms := checked(t)
	for _, tt := range []struct {
		at, thisUpdate time.Time
		late           bool
	}{
		{terms.ThisUpdate, terms.ThisUpdate, false},
		{terms.ThisUpdate.Add(time.Second), terms.ThisUpdate, true},
		{time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC), terms.ThisUpdate, false},
		{time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC), terms.ThisUpdate, true},
		{time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC), false},
		{time.Date(2050, 1, 1, 0, 0, 1, 0, time.UTC), time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), true},
	} {
		one, err := NewCRL(list.issuer, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := one.Add(notary.Revocation{Serial: "01", At: tt.at, Reason: notary.Superseded}); err != nil {
			t.Fatal(err)
		}
		_, err = one.Sign(CRLTerms{Number: 1, ThisUpdate: tt.thisUpdate, NextUpdate: tt.thisUpdate.Add(time.Hour)})
		if (err != nil) != tt.late {
			t.Errorf("revoked at %s, thisUpdate %s: %v", tt.at, tt.thisUpdate, err)
		}
	}
}

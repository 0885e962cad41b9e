package issuance_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3/lint"

	"notary"
	"notary/internal/issuance"
)

type crlList struct {
	issuance.CRLTerms
	revocations []notary.Revocation
}

func newList(entries int) crlList {
	l := crlList{CRLTerms: issuance.CRLTerms{Number: 7, ThisUpdate: now, NextUpdate: now.Add(24 * time.Hour)}}
	for n := range entries {
		l.revocations = append(l.revocations, notary.Revocation{
			Serial: fmt.Sprintf("%032x", n+1), At: now, Reason: notary.Superseded})
	}
	return l
}

func (l crlList) sign(issuer issuance.Issuer) ([]byte, error) {
	crl, err := issuance.NewCRL(issuer, 50*len(l.revocations))
	if err != nil {
		return nil, err
	}
	for _, v := range l.revocations {
		if err := crl.Add(v); err != nil {
			return nil, err
		}
	}
	return crl.Sign(l.CRLTerms)
}

func (l crlList) template() *x509.RevocationList {
	t := &x509.RevocationList{Number: big.NewInt(l.Number), ThisUpdate: l.ThisUpdate.Truncate(time.Second),
		NextUpdate: l.NextUpdate.Truncate(time.Second)}
	for _, v := range l.revocations {
		serial, _ := new(big.Int).SetString(v.Serial, 16)
		t.RevokedCertificateEntries = append(t.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: serial, RevocationTime: v.At, ReasonCode: notary.RevocationReasons[v.Reason]})
	}
	if len(l.URLs) > 0 {
		t.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: point(l.URLs)}}
	}
	return t
}

func point(urls []string) []byte {
	var idp struct {
		Point struct {
			Names []asn1.RawValue `asn1:"tag:0"`
		} `asn1:"tag:0"`
	}
	for _, url := range urls {
		idp.Point.Names = append(idp.Point.Names, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(url)})
	}
	der, err := asn1.Marshal(idp)
	if err != nil {
		panic(err)
	}
	return der
}

// everyKind returns a list with every reason, and serial numbers and times of every form.
func everyKind() crlList {
	l := newList(0)
	l.Number, l.ThisUpdate, l.NextUpdate = 42, time.Date(2051, 2, 3, 4, 5, 6, 0, time.UTC),
		time.Date(2051, 2, 4, 4, 5, 6, 0, time.UTC)
	times := []time.Time{now.Add(-time.Hour), time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC),
		time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2050, 12, 31, 23, 59, 59, 0, time.UTC)}
	serials := []string{"01", "7f", "80", "00ff", "ff00000000000000000000000000000000",
		"0000000000000000000000000000000000000002",
		"7fffffffffffffffffffffffffffffffffffffff"}
	for reason := range notary.RevocationReasons {
		l.revocations = append(l.revocations, notary.Revocation{Serial: fmt.Sprintf("abcd%02x", len(l.revocations)), At: now,
			Reason: reason})
	}
	for i, serial := range serials {
		l.revocations = append(l.revocations, notary.Revocation{Serial: serial, At: times[i%len(times)],
			Reason: notary.Unspecified})
	}
	return l
}

// The signed CRL is, byte for byte, what the standard library would sign.
func TestCRL(t *testing.T) {
	t.Parallel()
	sharded := everyKind()
	sharded.URLs = []string{"http://a.example.com/crl/1-1.crl", "http://b.example.com/pki/crl/1-1.crl"}
	lists := map[string]crlList{"empty": newList(0), "one entry": newList(1), "of every kind": everyKind(),
		"of a shard": sharded,
		"of 100":     newList(100), "of 5,000": newList(5000)}
	for _, alg := range algorithms {
		for name, l := range lists {
			t.Run(string(alg)+"/"+name, func(t *testing.T) {
				t.Parallel()
				root := newRoot(t, alg, -1)
				der, err := l.sign(root)
				if err != nil {
					t.Fatal(err)
				}
				crl, err := x509.ParseRevocationList(der)
				if err != nil {
					t.Fatal(err)
				}
				if err := crl.CheckSignatureFrom(root.Certificate); err != nil {
					t.Error(err)
				}
				template := l.template()
				if crl.Number.Cmp(template.Number) != 0 || len(crl.RevokedCertificateEntries) != len(l.revocations) {
					t.Errorf("number %d, %d entries", crl.Number, len(crl.RevokedCertificateEntries))
				}
				floor, err := x509.CreateRevocationList(rand.Reader, template, root.Certificate, root.Signer)
				if err != nil {
					t.Fatal(err)
				}
				want, err := x509.ParseRevocationList(floor)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(crl.RawTBSRevocationList, want.RawTBSRevocationList) {
					t.Errorf("signed is\n%x\nwant\n%x", crl.RawTBSRevocationList, want.RawTBSRevocationList)
				}
				if alg == notary.Ed25519 && !bytes.Equal(der, floor) {
					t.Error("the whole is another")
				}
				if diff := cmp.Diff(l.URLs, issuance.ListURLs(der)); diff != "" {
					t.Errorf("the URLs: -want +got\n%s", diff)
				}
				lintCRL(t, der)
			})
		}
	}
}

func TestCRLGrows(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.Ed25519, -1)
	crl, err := issuance.NewCRL(root, 0)
	if err != nil {
		t.Fatal(err)
	}
	l := newList(10_000)
	for _, v := range l.revocations {
		if err := crl.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	if crl.Len() != 10_000 {
		t.Errorf("%d entries", crl.Len())
	}
	der, err := crl.Sign(l.CRLTerms)
	if err != nil {
		t.Fatal(err)
	}
	want, err := l.sign(root)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(der, want) {
		t.Error("the list is another")
	}
}

func lintCRL(t *testing.T, der []byte) {
	t.Helper()
	crl, err := zx509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	applied := 0
	for _, check := range lint.GlobalRegistry().RevocationListLints().Lints() {
		if check.Name == "e_crl_revocation_date_too_early" { // some CRLs here have entries from 1950
			continue
		}
		result := check.Execute(crl, lint.Configuration{})
		if result.Status >= lint.Warn {
			t.Errorf("%s: %s", check.Name, result.Details)
		}
		if result.Status == lint.Pass {
			applied++
		}
	}
	if applied == 0 {
		t.Error("no lint applied")
	}
}

func TestCRLRefused(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.ECDSAP256, -1)
	tests := []struct {
		name string
		edit func(*crlList)
	}{
		{"number zero", func(l *crlList) { l.Number = 0 }},
		{"negative number", func(l *crlList) { l.Number = -3 }},
		{"ends before it begins", func(l *crlList) { l.NextUpdate = l.ThisUpdate.Add(-time.Second) }},
		{"ends in the second in which it begins", func(l *crlList) { l.NextUpdate = l.ThisUpdate.Add(time.Millisecond) }},
		{"an end that cannot be written", func(l *crlList) { l.NextUpdate = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"serial that is none", func(l *crlList) { l.revocations[0].Serial = "xyz" }},
		{"serial of half an octet", func(l *crlList) { l.revocations[0].Serial = "abc" }},
		{"no serial", func(l *crlList) { l.revocations[0].Serial = "" }},
		{"serial zero", func(l *crlList) { l.revocations[0].Serial = "00" }},
		{"serial of 162 bits", func(l *crlList) { l.revocations[0].Serial = "0300000000000000000000000000000000000000ff" }},
		{"serial of 22 octets", func(l *crlList) { l.revocations[0].Serial = "01000000000000000000000000000000000000000000" }},
		{"unknown reason", func(l *crlList) { l.revocations[0].Reason = "removeFromCRL" }},
		{"no time", func(l *crlList) { l.revocations[0].At = time.Time{} }},
		{"a time that cannot be written", func(l *crlList) {
			l.revocations[0].At = time.Date(10000, 1, 1, 0, 0, 0, 0,
				time.UTC)
		}},
		{"two entries for one serial", func(l *crlList) { l.revocations[1].Serial = "00" + l.revocations[0].Serial }},
		{"an empty URL", func(l *crlList) { l.URLs = []string{"http://a.example.com", ""} }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newList(2)
			test.edit(&l)
			der, err := l.sign(root)
			wantError(t, err, notary.Internal)
			if der != nil {
				t.Error("a list came out all the same")
			}
		})
	}
	mute := outside(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	_, err := newList(1).sign(mute)
	wantError(t, err, notary.Unprocessable, "Outside Authority", "CRLs")
}

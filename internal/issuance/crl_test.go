package issuance_test

import (
	"bytes"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3/lint"

	"notary"
	"notary/internal/issuance"
)

func TestCRL(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			root := newRoot(t, alg, -1)
			list := issuance.List{Number: 42, ThisUpdate: now, NextUpdate: now.Add(24 * time.Hour)}
			for reason, code := range notary.RevocationReasons {
				list.Revocations = append(list.Revocations, notary.Revocation{
					Serial: "ff0" + string(rune('a'+code%6)), At: now.Add(-time.Hour), Reason: reason})
			}
			der, err := issuance.CRL(root, list)
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
			second := now.Truncate(time.Second)
			if crl.Number.Cmp(big.NewInt(42)) != 0 || !crl.ThisUpdate.Equal(second) || !crl.NextUpdate.Equal(second.Add(24*time.Hour)) {
				t.Errorf("number %d, from %s to %s", crl.Number, crl.ThisUpdate, crl.NextUpdate)
			}
			if !bytes.Equal(crl.AuthorityKeyId, root.Certificate.SubjectKeyId) || !bytes.Equal(crl.RawIssuer, root.Certificate.RawSubject) {
				t.Error("the list does not name its issuer")
			}
			for i, entry := range crl.RevokedCertificateEntries {
				want := list.Revocations[i]
				serial, _ := new(big.Int).SetString(want.Serial, 16)
				if entry.SerialNumber.Cmp(serial) != 0 || entry.ReasonCode != notary.RevocationReasons[want.Reason] ||
					!entry.RevocationTime.Equal(second.Add(-time.Hour)) {
					t.Errorf("entry %d is %x, %d, %s", i, entry.SerialNumber, entry.ReasonCode, entry.RevocationTime)
				}
				if has := len(entry.Extensions) > 0; has == (want.Reason == notary.Unspecified) {
					t.Errorf("reason %s: there are extensions: %t", want.Reason, has)
				}
			}
			lintCRL(t, der)
		})
	}
}

func TestEmptyCRL(t *testing.T) {
	t.Parallel()
	der, err := issuance.CRL(newRoot(t, notary.ECDSAP256, -1), newList(0))
	if err != nil {
		t.Fatal(err)
	}
	lintCRL(t, der) // among the rules: no empty list of revoked certificates
}

// lintCRL runs all lints for CRLs that there are.
func lintCRL(t *testing.T, der []byte) {
	t.Helper()
	crl, err := zx509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	applied := 0
	for _, check := range lint.GlobalRegistry().RevocationListLints().Lints() {
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
		edit func(*issuance.List)
	}{
		{"number zero", func(l *issuance.List) { l.Number = 0 }},
		{"negative number", func(l *issuance.List) { l.Number = -3 }},
		{"ends before it begins", func(l *issuance.List) { l.NextUpdate = l.ThisUpdate.Add(-time.Second) }},
		{"ends in the second in which it begins", func(l *issuance.List) { l.NextUpdate = l.ThisUpdate.Add(time.Millisecond) }},
		{"serial that is none", func(l *issuance.List) { l.Revocations[0].Serial = "xyz" }},
		{"serial zero", func(l *issuance.List) { l.Revocations[0].Serial = "00" }},
		{"unknown reason", func(l *issuance.List) { l.Revocations[0].Reason = "certificateHold" }},
		{"no time", func(l *issuance.List) { l.Revocations[0].At = time.Time{} }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			list := newList(1)
			test.edit(&list)
			der, err := issuance.CRL(root, list)
			wantError(t, err, notary.Internal)
			if der != nil {
				t.Error("a list came out all the same")
			}
		})
	}
	mute := outside(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	_, err := issuance.CRL(mute, newList(1))
	wantError(t, err, notary.Unprocessable, "Outside Authority", "CRLs")
}

package issuance_test

import (
	"crypto/x509"
	"testing"
	"time"

	"notary"
	"notary/internal/issuance"
)

// For a long CRL, zlint lints its first thousand entries with the real frame and issuing distribution point.
func TestLintOfAList(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.ECDSAP256, -1)
	for _, n := range []int{0, 1, 1000, 1001, 5000} {
		for _, early := range []bool{false, true} {
			if n == 0 && early {
				continue
			}
			l := newList(n)
			l.URLs = []string{"http://a.example.com/crl/1-1.crl"}
			if early {
				l.revocations[min(n, 1000)-1].At = time.Date(1998, 1, 1, 0, 0, 0, 0, time.UTC)
			}
			crl, err := issuance.NewCRL(root, 50*n)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range l.revocations {
				if err := crl.Add(v); err != nil {
					t.Fatal(err)
				}
			}
			der, err := crl.Sign(l.CRLTerms)
			if err != nil {
				t.Fatal(err)
			}
			findings, err := crl.Lint()
			if err != nil {
				t.Fatal(err)
			}
			if early != (len(findings) == 1 && findings[0].Lint == "e_crl_revocation_date_too_early") || !early &&
				len(findings) > 0 {
				t.Errorf("%d entries, early %t: %+v", n, early, findings)
			}
			if parsed, err := x509.ParseRevocationList(der); err != nil || len(parsed.RevokedCertificateEntries) != n {
				t.Errorf("%d entries: the list itself: %v", n, err)
			}
		}
	}
}

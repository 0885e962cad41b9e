package issuance_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/issuance"
)

func TestRootFields(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		for _, pathLen := range []int{-1, 0, 3} {
			key := authorityKey(alg)
			csr := newCSR(t, key, pkix.Name{CommonName: "Example Root", Country: []string{"DE"}}, "ca.example.com")
			issued, err := issuance.Root(key, csr, pathLen, terms)
			if err != nil {
				t.Fatal(err)
			}
			root := issued.Certificate
			if err := root.CheckSignatureFrom(root); err != nil {
				t.Errorf("%s: %v", alg, err)
			}
			if !root.IsCA || root.MaxPathLen != pathLen || root.MaxPathLenZero != (pathLen == 0) {
				t.Errorf("%s: CA %t, path length %d instead of %d", alg, root.IsCA, root.MaxPathLen, pathLen)
			}
			if root.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || root.ExtKeyUsage != nil {
				t.Errorf("%s: key usage %b, extended %v", alg, root.KeyUsage, root.ExtKeyUsage)
			}
			if want := root.NotBefore.AddDate(10, 0, 0).Add(-time.Second); !root.NotAfter.Equal(want) {
				t.Errorf("%s: ends at %s, want %s", alg, root.NotAfter, want)
			}
			if !bytes.Equal(root.AuthorityKeyId, root.SubjectKeyId) {
				t.Errorf("%s: key identifiers %x and %x", alg, root.AuthorityKeyId, root.SubjectKeyId)
			}
			if diff := cmp.Diff([]string{"ca.example.com"}, root.DNSNames); diff != "" {
				t.Errorf("%s: names: -want +got\n%s", alg, diff)
			}
			wantCritical(t, root, "2.5.29.15", "2.5.29.19")
			wantReadBack(t, root)
		}
	}
}

func TestRootRefused(t *testing.T) {
	t.Parallel()
	key := authorityKey(notary.ECDSAP256)
	csr := newCSR(t, key, title("Example Root"))
	_, err := issuance.Root(leafKey(notary.ECDSAP256), csr, -1, terms)
	wantError(t, err, notary.Internal, "signature")
	for _, pathLen := range []int{-2, 11, int(^uint(0) >> 1)} {
		_, err = issuance.Root(key, csr, pathLen, terms)
		wantError(t, err, notary.Invalid, "path length")
	}
	_, err = issuance.Root(key, csr, -1, issuance.Terms{Now: now, NotAfter: now.Add(-time.Hour)})
	wantError(t, err, notary.Invalid, "future")
	_, err = issuance.Root(key, newCSR(t, key, pkix.Name{}, "ca.example.com"), -1, terms)
	wantError(t, err, notary.Unprocessable, "lint e_ca_subject_field_empty")
}

func TestIntermediateFields(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		root := newRoot(t, alg, -1)
		key := leafKey(alg)
		issued, err := issuance.Intermediate(root, intermediate(), newCSR(t, key, title("Issuing Authority")), 0, terms)
		if err != nil {
			t.Fatal(err)
		}
		certificate := issued.Certificate
		if !certificate.IsCA || certificate.MaxPathLen != 0 || !certificate.MaxPathLenZero ||
			certificate.ExtKeyUsage != nil ||
			certificate.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign {
			t.Errorf("%s: CA %t, path length %d, key usage %b, extended %v", alg, certificate.IsCA,
				certificate.MaxPathLen, certificate.KeyUsage, certificate.ExtKeyUsage)
		}
		if want := certificate.NotBefore.AddDate(5, 0, 0).Add(-time.Second); !certificate.NotAfter.Equal(want) {
			t.Errorf("%s: ends at %s, want %s", alg, certificate.NotAfter, want)
		}
		issuing := issuance.Issuer{Certificate: certificate, Signer: key, Ancestors: []*x509.Certificate{root.Certificate}}
		csr := newCSR(t, newKey(t), pkix.Name{}, "a.example.com")
		verify(t, issueLeaf(t, issuing, csr, terms), issuing, x509.ExtKeyUsageServerAuth)
		whole, err := issuance.Intermediate(root, intermediate(), newCSR(t, key, title("Issuing Authority")), 0,
			issuance.Terms{Now: now, NotAfter: now.AddDate(30, 0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		if whole := whole.Certificate; !whole.NotAfter.Equal(root.Certificate.NotAfter) {
			t.Errorf("%s: outlives its issuer until %s", alg, whole.NotAfter)
		}
	}
}

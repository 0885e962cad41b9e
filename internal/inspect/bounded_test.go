package inspect_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/inspect"
	"notary/internal/testkit"
)

func withSerial(serial int64) func(*x509.Certificate) {
	return edited(func(c *x509.Certificate) { c.SerialNumber = big.NewInt(serial) })
}

func hasNotice(objects []inspect.Object, code string) bool {
	return slices.ContainsFunc(objects, func(o inspect.Object) bool {
		return slices.ContainsFunc(o.Problems, func(p inspect.Problem) bool {
			return p.Code == code && p.Level == notary.FindingNotice
		})
	})
}

func manyTimes(before []byte, n int, again []byte) []byte {
	return append(bytes.Clone(before), bytes.Repeat(again, n)...)
}

// The number of verifications is bounded. Reaching the limit is reported and causes no errors.
func TestVerificationsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf := w.issuer.Issue(t, w.key.Public(), withSerial(5))
	issuer := []byte(testkit.PEM(w.issuer.Certificate))
	delegate := func(r *ocsp.Response) {
		r.Certificate = w.issuer.Issue(t, w.key.Public(), func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
		})
	}
	leaves := manyTimes(issuer, 40, []byte(testkit.PEM(leaf)))
	for name, data := range map[string][]byte{
		"responses and certificates of one serial number": manyTimes(leaves, 40,
			toPEM("OCSP RESPONSE", w.ocsp(t, leaf, ocsp.Good, delegate))),
		"responses": manyTimes(issuer, 300, toPEM("OCSP RESPONSE", w.ocsp(t, leaf, ocsp.Good))),
		"lists":     manyTimes(issuer, 300, toPEM("X509 CRL", crl(t, w.issuer, nil))),
		"requests":  manyTimes(nil, 300, []byte(testkit.CSR(t, w.key, "a.example.com"))),
	} {
		objects, verified, _, err := inspect.Work(data, now)
		testkit.Check(t, err)
		if verified != inspect.MaxVerifications {
			t.Errorf("%s: %d signatures are verified, want %d", name, verified, inspect.MaxVerifications)
		}
		if !hasNotice(objects, "not_verified") {
			t.Errorf("%s: it is not told that not all is verified", name)
		}
		if codes := wrong(objects...); slices.Contains(codes, "signature") ||
			slices.Contains(codes, "responder_certificate") {
			t.Errorf("%s: wrong is %v", name, codes)
		}
	}
}

// sameNames returns certificates of authorities with one name and different keys, and the last authority.
func sameNames(t *testing.T, n int) ([]*x509.Certificate, *testkit.Outside) {
	t.Helper()
	root := testkit.OutsideRoot(t, notary.ECDSAP256, now)
	var all []*x509.Certificate
	var last *testkit.Outside
	for range n {
		last = root.Intermediate(t, notary.ECDSAP256, func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: "Same"} })
		all = append(all, last.Certificate)
	}
	return all, last
}

// Among many issuers of one name, the one with the matching key identifier is tried first; among many
// certificates, the responder named in an OCSP response.
func TestTheNamedKeyIsTriedFirst(t *testing.T) {
	t.Parallel()
	all, last := sameNames(t, 50)
	w := newWorld(t)
	beside := []byte(testkit.PEM(all...))
	for name, data := range map[string][]byte{
		"a list": append(toPEM("X509 CRL", crl(t, last, nil)), beside...),
		"a response": append(toPEM("OCSP RESPONSE", w.ocsp(t, w.leaf, ocsp.Good)),
			testkit.PEM(append(all, w.issuer.Certificate)...)...),
		"a signature": append([]byte(testkit.PEM(last.Issue(t, w.key.Public(), asServer))), beside...),
	} {
		objects, verified, _, err := inspect.Work(data, now)
		testkit.Check(t, err)
		if codes := wrong(objects...); slices.Contains(codes, "signature") || slices.Contains(codes, "link") ||
			hasNotice(objects, "not_verified") {
			t.Errorf("%s: it is not verified: %v", name, codes)
		}
		if verified > 3 {
			t.Errorf("%s: %d signatures are verified", name, verified)
		}
	}
}

// Without a key identifier some of them are tried, and the rest is reported.
func TestTooManyIssuersOfOneName(t *testing.T) {
	t.Parallel()
	all, last := sameNames(t, 50)
	for _, c := range all {
		c.SubjectKeyId = nil
	}
	unnamed := crl(t, last, func(l *x509.RevocationList) {
		last.Certificate.SubjectKeyId = []byte{1} // of no certificate in the file
	})
	data := append(toPEM("X509 CRL", unnamed), testkit.PEM(all...)...)
	objects, verified, _, err := inspect.Work(data, now)
	testkit.Check(t, err)
	if verified > 20 || !hasNotice(objects[:1], "not_verified") || slices.Contains(wrong(objects[0]), "signature") {
		t.Errorf("after %d verifications:\n%s", verified, problemTexts(objects[:1]))
	}
}

func TestLintsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	objects, _, linted, err := inspect.Work(manyTimes(nil, 300, []byte(testkit.PEM(w.leaf))), now)
	testkit.Check(t, err)
	if linted != inspect.MaxLinted || !hasNotice(objects, "not_linted") {
		t.Errorf("%d of 300 are linted, want %d and a notice", linted, inspect.MaxLinted)
	}
}

// The report does not grow with the product of the parts of a file.
func TestProblemsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf := w.issuer.Issue(t, w.key.Public(), withSerial(5))
	same := make([]*x509.Certificate, 500)
	for i := range same {
		same[i] = leaf
	}
	leaves := manyTimes([]byte(testkit.PEM(w.issuer.Certificate)), 20, []byte(testkit.PEM(leaf)))
	objects := read(t, append(leaves, toPEM("X509 CRL", crl(t, w.issuer, nil, same...))...))
	for _, o := range objects {
		if n := len(o.Problems); n > 5 {
			t.Errorf("the %s %s has %d problems", o.Kind, o.Name, n)
		}
	}
	if !slices.Contains(wrong(objects...), "revoked") {
		t.Errorf("nothing is revoked:\n%s", problemTexts(objects))
	}
	strange := read(t, crl(t, w.issuer, func(l *x509.RevocationList) {
		for i := range 1000 {
			l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{
				Id: asn1.ObjectIdentifier{1, 2, 3, i}, Critical: true, Value: []byte{5, 0}})
		}
	}))
	if n := len(strange[0].Problems); n != inspect.MaxProblems+1 || strange[0].Problems[n-1].Code != "omitted" {
		t.Errorf("%d problems are told", n)
	}
}

// A responder may be identified by the hash of its key.
func TestTheResponderNamedByItsKeyIsTriedFirst(t *testing.T) {
	t.Parallel()
	all, _ := sameNames(t, 30)
	folder := t.TempDir()
	openssl(t, folder, "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout a.key -subj /CN=Same -out a.pem")
	testkit.Check(t, os.WriteFile(filepath.Join(folder, "index.txt"), nil, 0o600))
	openssl(t, folder, "ocsp -index index.txt -CA a.pem -rsigner a.pem -rkey a.key -issuer a.pem -cert a.pem -resp_no_certs -resp_key_id -respout a.der")
	data := append(toPEM("OCSP RESPONSE", file(t, folder, "a.der")), testkit.PEM(all...)...)
	objects, _, _, err := inspect.Work(append(data, file(t, folder, "a.pem")...), now)
	testkit.Check(t, err)
	if objects[0].OCSP.VerifiedBy != "Same" {
		t.Errorf("it is not verified:\n%s", problemTexts(objects[:1]))
	}
}

package issuance_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

// now is the time in the tests; its fraction of a second is intentional.
var now = time.Date(2030, 5, 6, 7, 8, 9, 500, time.UTC)

var algorithms = []notary.KeyAlgorithm{notary.ECDSAP256, notary.ECDSAP384, notary.ECDSAP521,
	notary.Ed25519, notary.RSA2048}

var keys = sync.OnceValue(func() map[notary.KeyAlgorithm][2]crypto.Signer {
	made := make(map[notary.KeyAlgorithm][2]crypto.Signer)
	for _, alg := range algorithms {
		var pair [2]crypto.Signer
		for i := range pair {
			key, err := pki.GenerateKey(alg)
			if err != nil {
				panic(err)
			}
			pair[i] = key
		}
		made[alg] = pair
	}
	return made
})

func authorityKey(alg notary.KeyAlgorithm) crypto.Signer { return keys()[alg][0] }
func leafKey(alg notary.KeyAlgorithm) crypto.Signer      { return keys()[alg][1] }

func newKey(tb testing.TB) crypto.Signer {
	tb.Helper()
	key, err := pki.GenerateKey(notary.ECDSAP256)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func newCSR(tb testing.TB, key crypto.Signer, subject pkix.Name, names ...string) *pki.CSR {
	tb.Helper()
	parsed, err := pki.ParseNames(names)
	if err != nil {
		tb.Fatal(err)
	}
	csr, err := pki.NewCSR(key, subject, parsed)
	if err != nil {
		tb.Fatal(err)
	}
	return csr
}

func leafCSR(tb testing.TB, names ...string) *pki.CSR {
	tb.Helper()
	return newCSR(tb, leafKey(notary.ECDSAP256), pkix.Name{}, names...)
}

func title(text string) pkix.Name { return pkix.Name{CommonName: text} }

var terms = issuance.Terms{Now: now}

func newRoot(tb testing.TB, alg notary.KeyAlgorithm, pathLen int) issuance.Issuer {
	tb.Helper()
	key := authorityKey(alg)
	root, err := issuance.Root(key, newCSR(tb, key, title("Test Root")), pathLen, terms)
	if err != nil {
		tb.Fatal(err)
	}
	return issuance.Issuer{Certificate: root.Certificate, Signer: key}
}

func under(tb testing.TB, issuer issuance.Issuer, name string, pathLen int) issuance.Issuer {
	tb.Helper()
	key := newKey(tb)
	below, err := issuance.Intermediate(issuer, intermediate(), newCSR(tb, key, title(name)), pathLen, terms)
	if err != nil {
		tb.Fatal(err)
	}
	return issuance.Issuer{Certificate: below.Certificate, Signer: key,
		Ancestors: append([]*x509.Certificate{issuer.Certificate}, issuer.Ancestors...)}
}

// outside creates an authority without our checks, as an external one could be.
func outside(tb testing.TB, edit func(*x509.Certificate)) issuance.Issuer {
	tb.Helper()
	return outsideWith(tb, newKey(tb), edit)
}

func outsideWith(tb testing.TB, key crypto.Signer, edit func(*x509.Certificate)) issuance.Issuer {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: title("Outside Authority"),
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		BasicConstraintsValid: true, IsCA: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	edit(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return issuance.Issuer{Certificate: certificate, Signer: key}
}

func profile(tb testing.TB, name string) *notary.Profile {
	tb.Helper()
	if name == "" {
		name = notary.DefaultProfile
	}
	for _, p := range issuance.Builtins() {
		if p.Name == name {
			return p
		}
	}
	tb.Fatalf("there is no built-in profile %s", name)
	return nil
}

func intermediate() *notary.Profile {
	for _, p := range issuance.Builtins() {
		if p.CA {
			return p
		}
	}
	panic("no built-in profile is for authorities")
}

func issueLeaf(tb testing.TB, issuer issuance.Issuer, csr *pki.CSR, terms issuance.Terms) *x509.Certificate {
	tb.Helper()
	issued, err := issuance.Leaf(issuer, profile(tb, ""), csr, terms)
	if err != nil {
		tb.Fatal(err)
	}
	return issued.Certificate
}

func wantError(tb testing.TB, err error, kind notary.Kind, words ...string) {
	tb.Helper()
	if err == nil || notary.KindOf(err) != kind {
		tb.Fatalf("got error %v, want one of kind %s", err, kind)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			tb.Errorf("error %q does not mention %q", err, word)
		}
	}
}

func verify(tb testing.TB, certificate *x509.Certificate, issuer issuance.Issuer, usage x509.ExtKeyUsage) {
	tb.Helper()
	chain := append([]*x509.Certificate{issuer.Certificate}, issuer.Ancestors...)
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(chain[len(chain)-1])
	for _, c := range chain[:len(chain)-1] {
		intermediates.AddCert(c)
	}
	_, err := certificate.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates,
		CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}})
	if err != nil {
		tb.Errorf("the certificate does not verify: %v", err)
	}
}

type countingSigner struct {
	crypto.Signer
	calls int
	last  []byte
}

func (c *countingSigner) Sign(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	c.calls++
	c.last = bytes.Clone(message)
	return c.Signer.Sign(random, message, opts)
}

func newWeakKey(tb testing.TB) crypto.PublicKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		tb.Fatal(err)
	}
	return key.Public()
}

package ca_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func request(t testing.TB, w *testkit.World, id int64) *notary.Request {
	t.Helper()
	req, err := w.CA.Request(t.Context(), w.Admin(), id)
	testkit.Check(t, err)
	return req
}

func authority(t testing.TB, w *testkit.World, id int64) *notary.Authority {
	t.Helper()
	a, err := w.CA.Authority(t.Context(), w.Admin(), id)
	testkit.Check(t, err)
	return a
}

// wantStatus wants the request to be in that state.
func wantStatus(t testing.TB, w *testkit.World, id int64, want notary.RequestStatus) {
	t.Helper()
	if got := request(t, w, id).Status; got != want {
		t.Errorf("the request %d is %s, want %s", id, got, want)
	}
}

// inventory are all certificates by id.
func inventory(t testing.TB, w *testkit.World) map[int64]*notary.Certificate {
	t.Helper()
	all := map[int64]*notary.Certificate{}
	testkit.Check(t, w.CA.EachCertificate(t.Context(), w.Admin(), notary.Filter{}, func(c *notary.Certificate) error {
		all[c.ID] = c
		return nil
	}))
	return all
}

// parsed is the certificate as relying parties read it.
func parsed(t testing.TB, c *notary.Certificate) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(c.DER)
	testkit.Check(t, err)
	return cert
}

// fetchCRL gets the authority's list, checks it as relying parties do, and gives it.
func fetchCRL(t testing.TB, w *testkit.World, authorityID int64) *x509.RevocationList {
	t.Helper()
	list, err := readCRL(t.Context(), w, authorityID)
	testkit.Check(t, err)
	return list
}

func readCRL(ctx context.Context, w *testkit.World, authorityID int64) (*x509.RevocationList, error) {
	crl, err := w.CA.CRL(ctx, authorityID)
	if err != nil {
		return nil, err
	}
	list, err := x509.ParseRevocationList(crl.DER)
	if err != nil {
		return nil, err
	}
	a, err := w.CA.Authority(ctx, w.Admin(), authorityID)
	if err != nil {
		return nil, err
	}
	issuer, err := x509.ParseCertificate(a.Certificate.DER)
	if err != nil {
		return nil, err
	}
	return list, list.CheckSignatureFrom(issuer)
}

// issuedCRLs returns how many CRLs of the authority, and of its shards, are on record.
func issuedCRLs(t testing.TB, w *testkit.World, authorityID int64) (n int) {
	t.Helper()
	for _, e := range w.Events(t) {
		if e.Action == "authority.crl" && e.ObjectID == authorityID {
			n++
		}
	}
	return n
}

// listed is the entry of the serial number (in hexadecimal) on the list; nil where there is
// none.
func listed(list *x509.RevocationList, serial string) *x509.RevocationListEntry {
	want, _ := new(big.Int).SetString(serial, 16)
	for i, entry := range list.RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(want) == 0 {
			return &list.RevokedCertificateEntries[i]
		}
	}
	return nil
}

// requestFor submits a signing request for the key.
func requestFor(t testing.TB, w *testkit.World, key crypto.Signer, name string) int64 {
	t.Helper()
	id, err := w.CA.Submit(t.Context(), w.Admin(), testkit.CSR(t, key, name))
	testkit.Check(t, err)
	return id
}

// publicKey is the key of a request.
func publicKey(t testing.TB, w *testkit.World, id int64) crypto.PublicKey {
	t.Helper()
	return csrKey(t, request(t, w, id).CSR)
}

func sign(t testing.TB, w *testkit.World, id, authorityID int64) error {
	t.Helper()
	return w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: authorityID})
}

// newAuthority makes an authority with the options, the missing ones filled in.
func newAuthority(t testing.TB, w *testkit.World, o ca.AuthorityOptions) int64 {
	t.Helper()
	if o.Subject.CommonName == "" {
		o.Subject = pkix.Name{CommonName: "Authority " + rand.Text()}
	}
	id, err := w.CA.CreateAuthority(t.Context(), w.Admin(), o)
	testkit.Check(t, err)
	return id
}

func csrKey(t testing.TB, csrPEM string) crypto.PublicKey {
	t.Helper()
	csr, err := pki.ParseCSR(csrPEM)
	testkit.Check(t, err)
	return csr.PublicKey
}

// opensslAccepts has OpenSSL verify a certificate with its chain at that time, and look it up on
// its issuer's list.
func opensslAccepts(t testing.TB, at time.Time, c *notary.Certificate, crl *notary.CRL) (says string, ok bool) {
	t.Helper()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		testkit.Check(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	last := len(c.IssuerChain) - 1
	out, err := exec.CommandContext(t.Context(), "openssl", "verify", "-crl_check", "-attime", fmt.Sprint(at.Unix()),
		"-CAfile", file("root.pem", notary.CertificatesPEM(c.IssuerChain[last])),
		"-untrusted", file("chain.pem", c.ChainPEM()), "-CRLfile", file("list.pem", crl.PEM()), file("leaf.pem", c.PEM())).CombinedOutput()
	return string(out), err == nil
}

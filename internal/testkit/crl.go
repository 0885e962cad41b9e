package testkit

import (
	"context"
	"crypto/x509"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"notary"
)

// FetchCRL is like [ReadCRL] but fails the test on an error.
func FetchCRL(t testing.TB, w *World, authorityID int64) *x509.RevocationList {
	t.Helper()
	list, err := ReadCRL(t.Context(), w, authorityID)
	Check(t, err)
	return list
}

// ReadCRL returns the full CRL of an authority after verifying its signature.
func ReadCRL(ctx context.Context, w *World, authorityID int64) (*x509.RevocationList, error) {
	crl, err := w.Revocation.CRL(ctx, authorityID)
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

// Published returns the published full CRL (shard 0) or partitioned CRL of an authority. It verifies the signature, and
// compares number and dates with the recorded values.
func Published(t testing.TB, w *World, authorityID int64, shard int) *x509.RevocationList {
	t.Helper()
	crl, err := w.Revocation.PublishedCRL(t.Context(), authorityID, shard)
	Check(t, err)
	list, err := x509.ParseRevocationList(crl.DER)
	Check(t, err)
	Check(t, list.CheckSignatureFrom(Parsed(t, GetAuthority(t, w, authorityID).Certificate)))
	if list.Number.Int64() != crl.Number || !list.ThisUpdate.Equal(crl.ThisUpdate.Add(-time.Minute)) ||
		!list.NextUpdate.Equal(crl.NextUpdate) {
		t.Errorf("the list is number %v of %v until %v, not %d, %v, %v", list.Number, list.ThisUpdate, list.NextUpdate,
			crl.Number, crl.ThisUpdate, crl.NextUpdate)
	}
	return list
}

// IssuedCRLs returns how many full and partitioned CRLs the authority has issued according to the events.
func IssuedCRLs(t testing.TB, w *World, authorityID int64) (n int) {
	t.Helper()
	for _, e := range w.Events(t) {
		if e.Action == "authority.crl" && e.Object.ID == authorityID {
			n++
		}
	}
	return n
}

// Listed returns the list's entry for a hexadecimal serial number, or nil if it has none.
func Listed(list *x509.RevocationList, serial string) *x509.RevocationListEntry {
	want, _ := new(big.Int).SetString(serial, 16)
	for i, entry := range list.RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(want) == 0 {
			return &list.RevokedCertificateEntries[i]
		}
	}
	return nil
}

// OpenSSLAccepts reports whether OpenSSL accepts a certificate at the given time, with its chain and its issuer's CRL.
// It also returns OpenSSL's output.
func OpenSSLAccepts(t testing.TB, at time.Time, c *notary.Certificate, crl *notary.CRL) (says string, ok bool) {
	t.Helper()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		Check(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	last := len(c.Issuers.DER()) - 1
	out, err := exec.CommandContext(t.Context(), "openssl", "verify", "-crl_check", "-attime", fmt.Sprint(at.Unix()),
		"-CAfile", file("root.pem", notary.CertificatesPEM(c.Issuers.DER()[last])),
		"-untrusted", file("chain.pem", c.ChainPEM()), "-CRLfile", file("list.pem", crl.PEM()),
		file("leaf.pem", c.PEM())).CombinedOutput()
	return string(out), err == nil
}

package testkit

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"notary"
	"notary/internal/ca"
)

// GetRequest returns a request.
func GetRequest(t testing.TB, w *World, id int64) *notary.Request {
	t.Helper()
	req, err := w.CA.Request(t.Context(), w.Admin(), id)
	Check(t, err)
	return req
}

// GetAuthority returns an authority.
func GetAuthority(t testing.TB, w *World, id int64) *notary.Authority {
	t.Helper()
	a, err := w.CA.Authority(t.Context(), w.Admin(), id)
	Check(t, err)
	return a
}

// Inventory returns all certificates by ID.
func Inventory(t testing.TB, w *World) map[int64]*notary.Certificate {
	t.Helper()
	all := map[int64]*notary.Certificate{}
	Check(t, w.CA.EachCertificate(t.Context(), w.Admin(), notary.Filter{}, func(c *notary.Certificate) error {
		all[c.ID] = c
		return nil
	}))
	return all
}

// Parsed parses the DER of a recorded certificate.
func Parsed(t testing.TB, c *notary.Certificate) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(c.DER)
	Check(t, err)
	return cert
}

// SerialOf returns the serial number of a request's current certificate.
func SerialOf(t testing.TB, w *World, id int64) string {
	t.Helper()
	return GetRequest(t, w, id).Certificate.Serial
}

// AuthorityCertificate returns the current certificate of an authority.
func AuthorityCertificate(t testing.TB, w *World, id int64) *x509.Certificate {
	t.Helper()
	return Parsed(t, GetAuthority(t, w, id).Certificate)
}

// RequestFor submits a signing request for the key and returns its ID.
func RequestFor(t testing.TB, w *World, key crypto.Signer, name string) int64 {
	t.Helper()
	id, err := w.CA.Submit(t.Context(), w.Admin(), CSR(t, key, name))
	Check(t, err)
	return id
}

// Sign signs a request with an authority.
func Sign(t testing.TB, w *World, id, authorityID int64) error {
	t.Helper()
	return w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: authorityID})
}

// Revoked issues a certificate for a new request and revokes it as superseded. It returns the certificate as it was
// before the revocation.
func Revoked(t testing.TB, w *World, authorityID int64) *notary.Certificate {
	t.Helper()
	id := w.Signed(t, w.Admin(), authorityID)
	cert := GetRequest(t, w, id).Certificate
	Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
	return cert
}

// NewAuthority creates an authority, by default with a random common name, and returns its ID.
func NewAuthority(t testing.TB, w *World, o ca.AuthorityOptions) int64 {
	t.Helper()
	if o.Subject.CommonName == "" {
		o.Subject = pkix.Name{CommonName: "Authority " + rand.Text()}
	}
	id, err := w.CA.CreateAuthority(t.Context(), w.Admin(), o)
	Check(t, err)
	return id
}

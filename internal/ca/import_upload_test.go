package ca_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/testkit"
)

// A certificate that an authority signed elsewhere can be uploaded, and revoked by it, after its import.
func TestUploadFromAnImportedAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	held, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, root))
	testkit.Check(t, err)

	id := w.Request(t, w.Admin())
	_, err = w.CA.Upload(t.Context(), w.Admin(), id, root.Chain(t, keyOf(t, request(t, w, id).CSR)))
	testkit.Check(t, err)
	leaf := request(t, w, id).Certificate
	if leaf.AuthorityID != held {
		t.Errorf("the issuer of the request's certificate is %d, want %d", leaf.AuthorityID, held)
	}
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))

	lower := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	_, err = w.CA.UploadAuthority(t.Context(), w.Admin(), lower, root.Chain(t, keyOf(t, authority(t, w, lower).CSR),
		asAuthority))
	testkit.Check(t, err)
	below := authority(t, w, lower)
	if below.IssuerID() != held {
		t.Errorf("the issuer of the authority is %d, want %d", below.IssuerID(), held)
	}
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), lower, notary.Superseded))
	if _, entries := entriesOf(t, w, held); len(entries) != 2 || entries[leaf.Serial].Reason != notary.Superseded ||
		entries[below.Certificate.Serial].Reason != notary.Superseded {
		t.Errorf("the list has %v", entries)
	}
}

func TestUploadOfARevokedCertificate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	id := w.Request(t, w.Admin())
	chain := root.Chain(t, keyOf(t, request(t, w, id).CSR))
	block, _ := pem.Decode([]byte(chain))
	leaf, err := x509.ParseCertificate(block.Bytes)
	testkit.Check(t, err)
	in := importOf(t, root)
	in.CRL = lastCRL(t, w, root, 7, notary.Revocation{Serial: pki.SerialString(leaf.SerialNumber), At: w.Clock.Now(),
		Reason: notary.Superseded})
	_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)

	_, err = w.CA.Upload(t.Context(), w.Admin(), id, chain)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "certificate")
	testkit.WantText(t, err, "has revoked this certificate")
	if got := request(t, w, id).Status; got != notary.Outstanding {
		t.Errorf("the request is %s", got)
	}
}

func asAuthority(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.Subject = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign, pkix.Name{CommonName: "Authority"}
}

func keyOf(t *testing.T, csrPEM string) any {
	t.Helper()
	csr, err := pki.ParseCSR(csrPEM)
	testkit.Check(t, err)
	return csr.PublicKey
}

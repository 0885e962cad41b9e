package rest_test

import (
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"testing"
	"time"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

func anOfflineAuthority(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	t.Helper()
	id, _ := registered(t, h)
	return id, nil
}

func aSignedCRL(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	t.Helper()
	id, o := registered(t, h)
	h.Clock.Advance(time.Second)
	return id, api.UploadCRL{CRL: base64.StdEncoding.EncodeToString(testkit.LastCRL(t, h.World, o, 1))}
}

func registered(t *testing.T, h *house) (int64, *testkit.Outside) {
	t.Helper()
	o := testkit.OutsideRoot(t, notary.ECDSAP384, h.Clock.Now())
	id, err := h.as(t, notary.Admin).ImportCertificateAuthority(t.Context(),
		api.ImportCertificateAuthority{Offline: true, CertificateChain: testkit.PEM(o.Certificate)})
	testkit.Check(t, err)
	return id, o
}

// The CRL of an offline CA is exported, signed elsewhere and uploaded, and then served.
func TestOfflineCRL(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.admin(t)
	id, o := registered(t, h)
	a, err := c.CertificateAuthority(t.Context(), id)
	testkit.Check(t, err)
	if !a.Offline || a.CSR != "" || a.CRL != "" {
		t.Errorf("the authority is %+v", a)
	}
	end := h.Clock.Now().UTC().Truncate(time.Second).AddDate(0, 0, 30)
	unsigned, err := c.ExportUnsignedCRL(t.Context(), id, api.ExportUnsignedCRL{NextUpdate: &end})
	testkit.Check(t, err)
	if unsigned.Digest != "sha384" || !unsigned.NextUpdate.Equal(end) || unsigned.Entries != 0 {
		t.Errorf("exported %+v", unsigned)
	}
	tbs, err := base64.StdEncoding.DecodeString(unsigned.UnsignedCRL)
	testkit.Check(t, err)
	signature, err := crypto.SignMessage(o.Key, rand.Reader, tbs, crypto.SHA384)
	testkit.Check(t, err)
	done, err := c.UploadCRL(t.Context(), id, api.UploadCRL{UnsignedCRL: unsigned.UnsignedCRL,
		Signature: base64.StdEncoding.EncodeToString(signature)})
	testkit.Check(t, err)
	if done.CRLNumber != unsigned.CRLNumber || !done.NextUpdate.Equal(end) {
		t.Errorf("uploaded %+v", done)
	}
	if list := testkit.FetchCRL(t, h.World, id); list.Number.Int64() != unsigned.CRLNumber {
		t.Errorf("the CRL %v is served, want %d", list.Number, unsigned.CRLNumber)
	}
	state, err := c.AuthorityState(t.Context(), id)
	testkit.Check(t, err)
	if !state.Offline || state.CRLDue || state.Unpublished != 0 {
		t.Errorf("the state is %+v", state)
	}
	call(t, c, "POST", at(authoritiesPath+"/{id}/crl", id), api.UploadCRL{CRL: "no"}).wantStatus(t, 400)
}

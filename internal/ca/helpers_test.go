package ca_test

import (
	"crypto"
	"testing"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

var (
	request        = testkit.GetRequest
	authority      = testkit.GetAuthority
	inventory      = testkit.Inventory
	parsed         = testkit.Parsed
	serialOf       = testkit.SerialOf
	requestFor     = testkit.RequestFor
	sign           = testkit.Sign
	revoked        = testkit.Revoked
	newAuthority   = testkit.NewAuthority
	fetchCRL       = testkit.FetchCRL
	published      = testkit.Published
	listed         = testkit.Listed
	opensslAccepts = testkit.OpenSSLAccepts
	status         = testkit.OCSPStatus
	responderOf    = testkit.ResponderOf
	ask            = testkit.Ask
	importOf       = testkit.ImportOf
	lastCRL        = testkit.LastCRL
)

func wantStatus(t testing.TB, w *testkit.World, id int64, want notary.RequestStatus) {
	t.Helper()
	if got := request(t, w, id).Status; got != want {
		t.Errorf("the request %d is %s, want %s", id, got, want)
	}
}

func publicKey(t testing.TB, w *testkit.World, id int64) crypto.PublicKey {
	t.Helper()
	return csrKey(t, request(t, w, id).CSR)
}

func csrKey(t testing.TB, csrPEM string) crypto.PublicKey {
	t.Helper()
	csr, err := pki.ParseCSR(csrPEM)
	testkit.Check(t, err)
	return csr.PublicKey
}

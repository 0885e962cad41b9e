package cli

import (
	"testing"

	"notary"
	"notary/api"
	"notary/internal/app/apptest"
	"notary/internal/testkit"
)

// A server whose newest record is in the future stops issuing until an Admin confirms the clock. Revocation and
// publication continue.
func TestClockIsConfirmed(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	url, stop := apptest.Start(t, c)
	l := prepare(t, connect(t, url))
	testkit.Check(t, stop())
	_, err := testkit.SQL(t, c.DB).Exec(`UPDATE event SET at = at + 7200`)
	testkit.Check(t, err)

	url, _ = apptest.Start(t, c)
	client := connect(t, url).WithToken(l.client.Token())
	state, err := client.Clock(t.Context())
	testkit.Check(t, err)
	testkit.WantText(t, notary.Errorf(notary.Internal, "%s", state.Stopped), "the server's clock moved backwards from")
	root := api.CreateCertificateAuthority{SelfSigned: true, CommonName: "Second Root"}
	_, err = client.CreateCertificateAuthority(t.Context(), root)
	testkit.WantKind(t, err, notary.Unavailable)
	testkit.WantText(t, err, "the server's clock moved backwards from", "notary clock confirm")
	_, err = client.CRL(t.Context(), l.authority)
	testkit.Check(t, err)

	s := newShell(t, nil)
	s.env["NOTARY_SERVER"], s.env["NOTARY_TOKEN"] = url, l.client.Token()
	s.env["NOTARY_CA_CERT"] = c.Data + "/self-signed.crt"
	s.must("clock", "show")
	s.must("clock", "confirm")
	_, err = client.CreateCertificateAuthority(t.Context(), root)
	testkit.Check(t, err)
}

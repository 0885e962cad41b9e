package ca_test

import (
	"context"
	"crypto/x509/pkix"
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// While the clock is untrusted, nothing is issued or recorded. Revocation, CRLs and OCSP continue.
func TestNoIssuanceWithUntrustedClock(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	other := w.Root(t, notary.ECDSAP256)
	pending, admin := w.Pending(t), w.Admin()
	signed, request := w.Signed(t, admin, root), w.Request(t, admin)
	service, err := testkit.OpenNode(t.Context(), w.Store, w.Keys,
		testkit.NodeOptions{Now: w.Clock.Now, PublishURL: testkit.PublishURL,
			MayIssue: func() error { return notary.Errorf(notary.Unavailable, "the clock moved backwards") }})
	testkit.Check(t, err)
	var ctx context.Context = t.Context()
	before := w.Dump(t)
	for name, issue := range map[string]func() error{
		"sign": func() error {
			return service.CA.Sign(ctx, admin, request, ca.SignOptions{AuthorityID: root})
		},
		"renew": func() error {
			return service.CA.Sign(ctx, admin, signed, ca.SignOptions{AuthorityID: root})
		},
		"sign a subordinate": func() error { return service.CA.SignAuthority(ctx, admin, pending, root) },
		"create a root": func() error {
			_, err := service.CA.CreateAuthority(ctx, admin,
				ca.AuthorityOptions{SelfSigned: true, Subject: pkix.Name{CommonName: "Root"}, PathLen: -1})
			return err
		},
		"cross-sign": func() error { _, err := service.CA.CrossSign(ctx, admin, other, root, ""); return err },
		"roll over": func() error {
			_, err := service.CA.RollOver(ctx, admin, root, ca.RollOverOptions{})
			return err
		},
	} {
		err := issue()
		testkit.WantKind(t, err, notary.Unavailable)
		testkit.WantText(t, err, "the clock moved backwards")
		if len(w.Dump(t)["certificate"]) != len(before["certificate"]) ||
			len(w.Dump(t)["event"]) != len(before["event"]) {
			t.Errorf("%s: something was recorded", name)
		}
	}
	testkit.Check(t, second(service.CA.RevokeRequest(ctx, admin, signed,
		ca.RevokeOptions{Reason: notary.KeyCompromise})))
	crl, err := service.Revocation.CRL(ctx, root)
	if err != nil || crl.Revocations != 1 {
		t.Errorf("the CRL lists %v: %v, want the revoked certificate", crl, err)
	}
}

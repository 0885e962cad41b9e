package rest_test

import (
	"fmt"
	"testing"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

func TestCrossSigningAndRollOver(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.admin(t)
	ctx := t.Context()
	root := func(name string) int64 {
		id, err := c.CreateCertificateAuthority(ctx, api.CreateCertificateAuthority{SelfSigned: true, CommonName: name})
		testkit.Check(t, err)
		return id
	}
	one, two := root("Root One"), root("Root Two")
	lower := h.Intermediate(t, one, notary.ECDSAP256)
	cross, err := c.CrossSignCertificateAuthority(ctx, lower,
		api.CrossSignCertificateAuthority{CertificateAuthorityID: api.ID(two)})
	testkit.Check(t, err)
	all, err := c.AuthorityCertificates(ctx, lower)
	testkit.Check(t, err)
	if len(all) != 2 || !all[0].InUse || all[1].InUse || all[1].ID != cross || *all[1].CertificateAuthorityID != two {
		t.Errorf("the certificates are %+v", all)
	}
	chains, err := c.CertificateChains(ctx, leafOf(t, h, h.Signed(t, h.Admin(), lower)))
	testkit.Check(t, err)
	if len(chains.Chains) != 2 || !chains.Complete || chains.Chains[0].Names[2] != "Root One" ||
		chains.Chains[1].Names[2] != "Root Two" {
		t.Errorf("the chains are %+v", chains)
	}
	testkit.Check(t, c.UseAuthorityCertificate(ctx, lower, api.UseAuthorityCertificate{CertificateID: api.ID(cross)}))
	a, err := c.CertificateAuthority(ctx, lower)
	testkit.Check(t, err)
	if *a.IssuerID != two {
		t.Errorf("the issuer is %d", *a.IssuerID)
	}
	err = c.UploadAuthorityCertificate(ctx, lower, api.UploadAuthorityCertificate{CertificateChain: a.Certificate,
		Cross: true})
	testkit.WantKind(t, err, notary.Conflict)

	successor, err := c.RollOverCertificateAuthority(ctx, lower, api.RollOverCertificateAuthority{})
	testkit.Check(t, err)
	a, err = c.CertificateAuthority(ctx, successor)
	testkit.Check(t, err)
	if *a.PredecessorID != lower || *a.IssuerID != two || a.Status != "active" {
		t.Errorf("the successor is %+v", a)
	}
	_, err = c.RollOverCertificateAuthority(ctx, successor, api.RollOverCertificateAuthority{KeyAlgorithm: "rsa-1024"})
	testkit.WantKind(t, err, notary.Invalid)
	testkit.WantField(t, err, "key_algorithm")
}

func leafOf(t *testing.T, h *house, request int64) int64 {
	t.Helper()
	r, err := h.CA.Request(t.Context(), h.Admin(), request)
	testkit.Check(t, err)
	return r.Certificate.ID
}

// Ids in a body must exist and be of the right kind.
func TestCrossSigningRefusesOtherIDs(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	lower := h.Intermediate(t, root, notary.ECDSAP256)
	pending := h.Pending(t)
	leaf := leafOf(t, h, h.Signed(t, h.Admin(), lower))
	h.wantUnchanged(t, func() {
		for _, test := range []struct {
			method, call string
			id           int64
			body         string
			status       int
			code, field  string
		}{
			{"POST", "cross_sign", lower, fmt.Sprintf(`{"certificate_authority_id": %d}`, missingID), 404, "not_found",
				"certificate_authority_id"},
			{"POST", "cross_sign", lower, fmt.Sprintf(`{"certificate_authority_id": %d}`, pending), 409, "conflict", ""},
			{"POST", "cross_sign", lower, fmt.Sprintf(`{"certificate_authority_id": %d}`, lower), 409, "conflict", ""},
			{"POST", "cross_sign", pending, fmt.Sprintf(`{"certificate_authority_id": %d}`, root), 409, "conflict", ""},
			{"POST", "cross_sign", lower, `{"certificate_authority_id": "x"}`, 400, "invalid", "certificate_authority_id"},
			{"PUT", "certificate", lower, fmt.Sprintf(`{"certificate_id": %d}`, missingID), 404, "not_found", "certificate_id"},
			{"PUT", "certificate", lower, fmt.Sprintf(`{"certificate_id": %d}`, leaf), 422, "unprocessable", "certificate_id"},
			{"PUT", "certificate", pending, fmt.Sprintf(`{"certificate_id": %d}`, leaf), 409, "conflict", ""},
			{"PUT", "certificate", lower, `{"certificate_id": 0}`, 400, "invalid", "certificate_id"},
			{"POST", "roll_over", pending, `{}`, 409, "conflict", ""},
		} {
			a := call(t, h.admin(t), test.method, fmt.Sprintf("%s/%d/%s", authoritiesPath, test.id, test.call), test.body)
			if refusal := a.wantRefusal(t, test.status, test.code); refusal.Field != test.field {
				t.Errorf("%s %s: field %q, want %q", a.question, test.body, refusal.Field, test.field)
			}
		}
	})
}

package rest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// The response has the revoked certificates, those whose reason was corrected, and those that stay valid.
func TestRevocationResponse(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.as(t, notary.CertificateManager)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Signed(t, h.Admin(), root)
	older, err := h.CA.RequestCertificate(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{}))
	newer, err := h.CA.RequestCertificate(t.Context(), h.Admin(), id)
	testkit.Check(t, err)

	refusal := call(t, c, "POST", fmt.Sprintf("%s/%d/certificate/revoke", requestsPath, id),
		`{"reason": "keyCompromise", "only_current": true}`).wantRefusal(t, 400, "invalid")
	if refusal.Field != "only_current" {
		t.Errorf("refused with %+v", refusal)
	}
	done, err := c.RevokeCertificate(t.Context(), id, api.RevokeCertificateRequest{Reason: "superseded",
		OnlyCurrent: true})
	testkit.Check(t, err)
	want := api.Revocations{Message: "success", Revoked: []api.RevokedCertificate{{ID: newer.ID,
		SerialNumber: newer.Serial}}}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("with only_current (-want +got):\n%s", diff)
	}
	call(t, c, "POST", fmt.Sprintf("%s/%d/certificate/revoke", requestsPath, id),
		`{"reason": "superseded"}`).wantRefusal(t, 409, "conflict")
	done, err = c.RevokeCertificate(t.Context(), id, api.RevokeCertificateRequest{Reason: "keyCompromise"})
	testkit.Check(t, err)
	want.Revoked = []api.RevokedCertificate{{ID: older.ID, SerialNumber: older.Serial},
		{ID: newer.ID, SerialNumber: newer.Serial, PreviousReason: "superseded"}}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("for keyCompromise later (-want +got):\n%s", diff)
	}
	cert, err := c.Certificate(t.Context(), newer.ID)
	testkit.Check(t, err)
	if cert.RevocationReason != "keyCompromise" {
		t.Errorf("the certificate is revoked for %q", cert.RevocationReason)
	}
	call(t, c, "POST", fmt.Sprintf("%s/%d/revoke", certificatesPath, newer.ID),
		`{"reason": "keyCompromise"}`).wantRefusal(t, 409, "conflict")
}

func TestBulkRevocationOfCertificates(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.as(t, notary.CertificateManager)
	root := h.Root(t, notary.ECDSAP256)
	var ids []int64
	for range 3 {
		cert, err := h.CA.RequestCertificate(t.Context(), h.Admin(), h.Signed(t, h.Admin(), root))
		testkit.Check(t, err)
		ids = append(ids, cert.ID)
	}
	filter := api.CertificateFilter{Revoked: "false", Filter: api.Filter{Domain: "example.com"}}
	n, err := c.CountCertificates(t.Context(), filter)
	testkit.Check(t, err)
	if n.Count != 3 {
		t.Errorf("%d certificates match, want 3", n.Count)
	}
	path := certificatesPath + "/revoke"
	call(t, c, "POST", path, map[string]any{"filter": filter, "expected": 2}).wantRefusal(t, 409, "conflict")
	call(t, c, "POST", path, map[string]any{"filter": map[string]any{}, "expected": 2}).wantRefusal(t, 400, "invalid")
	call(t, c, "POST", path, map[string]any{"ids": ids, "reason": "certificateHold"}).wantRefusal(t, 400, "invalid")
	call(t, c, "POST", path, map[string]any{"reason": "superseded"}).wantRefusal(t, 400, "invalid")
	got := outcomes(t, call(t, c, "POST", path, map[string]any{"ids": []int64{ids[2], missingID}, "reason": "superseded"}))
	want := []api.Outcome{succeeded(ids[2])[0], failed(missingID, "not_found",
		fmt.Sprintf("there is no certificate %d", int64(missingID)))}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("by ids (-want +got):\n%s", diff)
	}
	var answer api.Result[[]api.Outcome]
	a := call(t, c, "POST", path, map[string]any{"filter": filter, "expected": 2,
		"reason": "keyCompromise"}).wantStatus(t, 200)
	testkit.Check(t, json.Unmarshal(a.Body, &answer))
	for i, o := range answer.Result {
		if o.ID != ids[i] || o.Status != "success" || len(o.Revoked) != 1 || o.Revoked[0].ID != o.ID {
			t.Errorf("by filter: %+v", o)
		}
	}
	if n, err = c.CountCertificates(t.Context(), filter); n.Count != 0 || err != nil {
		t.Errorf("%d are left (%v)", n.Count, err)
	}
}

// A bulk call rejects the selection of a count or preview once other objects match.
func TestBulkBySelection(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.as(t, notary.CertificateManager)
	root := h.Root(t, notary.ECDSAP256)
	first := h.Signed(t, h.Admin(), root)
	filter := api.CertificateFilter{Revoked: "false", Filter: api.Filter{Domain: "example.com"}}
	old, err := c.CountCertificates(t.Context(), filter)
	testkit.Check(t, err)
	body := api.BulkSign{Bulk: api.Bulk{Filter: &api.RequestFilter{Status: "Active"}}}
	preview, err := c.PreviewSign(t.Context(), body)
	testkit.Check(t, err)
	_, err = h.CA.RevokeRequest(t.Context(), h.Admin(), first, ca.RevokeOptions{})
	testkit.Check(t, err)
	h.Signed(t, h.Admin(), root)

	signPath, revokePath := requestsPath+"/sign", certificatesPath+"/revoke"
	refusal := call(t, c, "POST", signPath, map[string]any{"filter": body.Filter,
		"selection": preview.Selection}).wantRefusal(t, 409, "conflict")
	if refusal.Field != "selection" || !strings.Contains(refusal.Error, "the selection has changed") {
		t.Errorf("refused with %+v", refusal)
	}
	call(t, c, "POST", revokePath, map[string]any{"filter": filter, "selection": old.Selection}).wantRefusal(t, 409,
		"conflict")

	now, err := c.CountCertificateRequests(t.Context(), *body.Filter)
	testkit.Check(t, err)
	got := outcomes(t, call(t, c, "POST", signPath, map[string]any{"filter": body.Filter, "selection": now.Selection}))
	if len(got) != 1 || got[0].Status != "success" {
		t.Errorf("signed: %+v", got)
	}
}

// The preview groups the requests by outcome; a renewal keeps its authority and profile by default.
func TestPreviewOfSigning(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.as(t, notary.CertificateManager)
	one, two := h.Root(t, notary.ECDSAP256), h.Root(t, notary.ECDSAP256)
	id := h.Request(t, h.Admin())
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: two, Profile: "client"}))
	fresh := h.Request(t, h.Admin())
	body := api.BulkSign{Bulk: api.Bulk{IDs: []int64{id, fresh}}}
	got, err := c.PreviewSign(t.Context(), body)
	testkit.Check(t, err)
	if len(got.Groups) != 2 || got.Count != 2 {
		t.Fatalf("preview %+v", got)
	}
	for _, g := range got.Groups {
		switch {
		case g.Renewal && (*g.CertificateAuthorityID != two || g.Profile != "client" || g.FormerProfile != "client" ||
			g.Error != ""):
			t.Errorf("the renewal is previewed as %+v", g)
		case !g.Renewal && (g.CertificateAuthorityID != nil || g.Error == ""):
			t.Errorf("the first signature is previewed as %+v", g)
		}
	}
	call(t, c, "POST", fmt.Sprintf("%s/%d/sign", requestsPath, id), `{}`).wantStatus(t, 202)
	refusal := call(t, c, "POST", fmt.Sprintf("%s/%d/sign", requestsPath, fresh), `{}`).wantRefusal(t, 400, "invalid")
	if refusal.Field != "certificate_authority_id" {
		t.Errorf("refused with %+v", refusal)
	}
	body.CertificateAuthorityID, body.KeepFormer = api.ID(one), true
	for o, err := range c.SignCertificateRequests(t.Context(), body) {
		testkit.Check(t, err)
		if o.Status != "success" {
			t.Errorf("signed: %+v", o)
		}
	}
	cert, err := c.RequestCertificate(t.Context(), id)
	testkit.Check(t, err)
	if *cert.CertificateAuthorityID != two || cert.Profile != "client" {
		t.Errorf("renewed by authority %d, profile %s", *cert.CertificateAuthorityID, cert.Profile)
	}
}

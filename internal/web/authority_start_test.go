package web_test

import (
	"net/url"
	"testing"

	"notary"
	"notary/internal/testkit"
)

func TestTheFirstAuthoritiesAreMadeInOneClick(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browseAs(t, notary.Admin)
	b.press(t, "Authorities")
	b.look(t, "authorities-empty")
	b.press(t, "Make the first ones")
	b.look(t, "authority-start")
	b.fill(t, "Organisation", "Example Inc.")
	b.press(t, "Make both authorities")
	b.wantHeading(t, "Authorities")
	b.wantText(t, "Both authorities are made.", "Example Inc. Root", "Example Inc. Issuing", "active")

	all, err := h.CA.Authorities(t.Context(), h.Admin())
	testkit.Check(t, err)
	root, issuing := all[0], all[1]
	if len(all) != 2 || !root.SelfSigned() || issuing.IssuerID() != root.ID || issuing.PathLen != 0 || root.Key != "ECDSA P-256" {
		t.Errorf("made %+v and %+v", root, issuing)
	}
	h.Signed(t, h.Admin(), issuing.ID)
}

// After a partial failure the page shows what exists, and the form continues from there.
func TestTheFirstAuthoritiesGoOnFromHalfWay(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.CertificateManager)
	form := url.Values{"organization_name": {"Example Inc."}, "key_algorithm": {"ecdsa-p256"}, "issuing_path_length": {"0"}, "issuing_not_valid_after": {"2001-01-01"}}
	a := v.post(t, "/authorities/start", form).wantStatus(t, 400).
		wantText(t, "It stopped half way", "Example Inc. Root", `id="f-issuing_not_valid_after-error"`, "must lie in the future", `value="2001-01-01"`, "<details open>")
	form = formOf(t, a.body)
	form.Set("issuing_not_valid_after", "")
	v.post(t, "/authorities/start", form).wantAt(t, "/authorities").wantText(t, "Both authorities are made.")
	all, err := h.CA.Authorities(t.Context(), h.Admin())
	testkit.Check(t, err)
	if len(all) != 2 || all[1].IssuerID() != all[0].ID {
		t.Errorf("there are %d authorities", len(all))
	}
}

package web_test

import (
	"net/url"
	"testing"

	"notary"
	"notary/internal/testkit"
)

func TestTwoTierSetup(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browseAs(t, notary.Admin)
	b.press(t, "CAs")
	b.look(t, "authorities-empty")
	b.press(t, "Create root and issuing CA")
	b.look(t, "authority-start")
	b.fill(t, "Organization", "Example Inc.")
	b.press(t, "Create root and issuing CA")
	b.wantHeading(t, "Certificate authorities")
	b.wantText(t, "Root and issuing CA created.", "Example Inc. Root", "Example Inc. Issuing", "active")

	all, err := h.CA.Authorities(t.Context(), h.Admin())
	testkit.Check(t, err)
	root, issuing := all[0], all[1]
	if len(all) != 2 || !root.SelfSigned() || issuing.IssuerID() != root.ID || issuing.PathLen != 0 ||
		root.Key != "ECDSA P-256" {
		t.Errorf("created %+v and %+v", root, issuing)
	}
	h.Signed(t, h.Admin(), issuing.ID)
}

// After a partial failure the page shows what exists, and the form continues from there.
func TestTwoTierSetupContinues(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.CertificateManager)
	form := url.Values{"organization_name": {"Example Inc."}, "key_algorithm": {"ecdsa-p256"},
		"issuing_path_length": {"0"}, "issuing_not_valid_after": {"2001-01-01"}}
	a := v.post(t, "/authorities/start", form).wantStatus(t, 400).
		wantText(t, "Setup didn’t finish", "Example Inc. Root", `id="f-issuing_not_valid_after-error"`,
			"must be in the future", `value="2001-01-01"`, "<details open>")
	form = formOf(t, a.body)
	form.Set("issuing_not_valid_after", "")
	v.post(t, "/authorities/start", form).wantAt(t, "/authorities").wantText(t, "Root and issuing CA created.")
	all, err := h.CA.Authorities(t.Context(), h.Admin())
	testkit.Check(t, err)
	if len(all) != 2 || all[1].IssuerID() != all[0].ID {
		t.Errorf("got %d authorities, want 2", len(all))
	}
}

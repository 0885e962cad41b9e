package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notary"
	"notary/internal/testkit"
)

func TestProfileLifecycle(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, name := range []string{"a.example.com", "b.example.net"} {
		_, err := h.CA.Submit(t.Context(), h.Admin(), testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), name))
		testkit.Check(t, err)
	}
	b := h.browseAs(t, notary.CertificateManager)
	b.press(t, "Profiles")
	b.look(t, "profiles")
	b.press(t, "server")
	b.look(t, "profile")
	b.press(t, "Duplicate")
	b.fill(t, "Name", "web")
	b.press(t, "Create profile")
	b.wantHeading(t, "Profile web")
	b.wantText(t, "Profile created.")

	b.press(t, "Edit")
	b.fill(t, "DNS names", "listed")
	b.fill(t, "Allowed DNS names", "example.com")
	b.press(t, "Run test")
	b.wantText(t, "Last 2 requests", "1 request would now be rejected, 0 newly allowed", "b.example.net")
	b.look(t, "profile-edit")
	b.press(t, "Save new version")
	b.wantText(t, "Profile web updated to version 2.")

	b.tick(t, "Delete profile web")
	b.press(t, "Delete profile")
	b.wantText(t, "Profile deleted.")
}

// Enter in any field tests the profile; only the button saves it.
func TestEnterTestsAProfile(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browseAs(t, notary.CertificateManager)
	b.open(t, "/profiles/1/edit")
	for _, label := range []string{"Description", "Default validity", "Against recent requests"} {
		b.run(t, chromedp.Focus(b.labelled(t, label)))
		if _, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent("\r")); err != nil {
			t.Fatal(err)
		}
		b.wantText(t, "No requests to test yet.")
	}
	p, err := h.CA.Profile(t.Context(), h.Admin(), 1, 0)
	testkit.Check(t, err)
	if p.Version != 1 {
		t.Errorf("Enter saved version %d", p.Version)
	}
}

func TestProfileFormRoundTrip(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	all, err := h.CA.Profiles(t.Context(), h.Admin())
	testkit.Check(t, err)
	for _, p := range all {
		path := fmt.Sprintf("/profiles/%d/edit", p.ID)
		form := formOf(t, v.get(t, path).wantStatus(t, 200).body)
		v.post(t, path, form).wantStatus(t, 200)
		now, err := h.CA.Profile(t.Context(), h.Admin(), p.ID, 0)
		testkit.Check(t, err)
		if diff := cmp.Diff(p.Rules, now.Rules, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-before +after):\n%s", p.Name, diff)
		}
	}
}

func TestProfileFieldErrors(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	form := formOf(t, v.get(t, "/profiles/1/edit").body)
	for field, value := range map[string]string{"validity": "soon", "keys.min_rsa_bits": "many",
		"subject.attributes": "surname",
		"names.dns.listed":   "*.example.com", "policies": "one"} {
		changed := url.Values{}
		for name, values := range form {
			changed[name] = values
		}
		changed.Set(field, value)
		if strings.HasPrefix(field, "names.") {
			changed.Set("names.dns.allow", "listed")
		}
		a := v.post(t, "/profiles/1/edit", changed)
		if a.StatusCode != 400 && a.StatusCode != 422 {
			t.Errorf("%s %q: status %d", field, value, a.StatusCode)
		}
		a.wantText(t, `id="f-`+field+`-error"`, value)
	}
	form.Set("version", "99")
	v.post(t, "/profiles/1/edit", form).wantStatus(t, 409)
}

func TestProfileErrorExpandsItsSection(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.Admin)
	b.open(t, "/profiles/1/edit")
	b.run(t, chromedp.Click("summary"))
	b.fill(t, "Path length", "0")
	b.press(t, "Save new version")
	b.run(t, chromedp.WaitVisible("#f-path_length-error"))
	if at := get(t, b, chromedp.Evaluate[string]("document.activeElement.id")); at != "f-path_length" {
		t.Errorf("the focus is on %q", at)
	}
	b.look(t, "profile-failed")
	b.open(t, "/requests?status=nothing")
	b.look(t, "requests-failed")
}

func TestRolesOnProfilePages(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.ReadOnly)
	v.get(t, "/profiles").wantStatus(t, 200).wantText(t, "read-only access to profiles")
	v.get(t, "/profiles/1").wantStatus(t, 200)
	v.get(t, "/profiles/1/edit").wantStatus(t, 403)
	h.as(t, notary.CertificateRequestor).get(t, "/profiles").wantStatus(t, 403)
}

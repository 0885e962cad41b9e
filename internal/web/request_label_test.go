package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// What a requester adds to a CSR is shown to the signer and preset, and can be changed and searched for.
func TestLabelsAndWishes(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	b := h.browseAs(t, notary.Admin)
	b.open(t, "/requests/new")
	b.fill(t, "Certificate signing request (CSR)", testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com"))
	b.fill(t, "Profile", "client")
	b.press(t, "Review request")
	b.run(t, chromedp.Click(`//summary[normalize-space(.)="CA, validity, labels and note"]`))
	b.fill(t, "Labels (one per line)", "team=payments\nteam2")
	b.press(t, "Submit request")
	b.wantText(t, "The label team2 has no value")
	b.fill(t, "Labels (one per line)", "team=payments, env=prod")
	b.press(t, "Submit request")
	b.wantText(t, "looks like several labels")
	b.fill(t, "Labels (one per line)", "team=payments\nenv=prod")
	b.fill(t, "Validity", "2099-01-31")
	b.fill(t, "Note", "New shop")
	b.press(t, "Submit request")
	b.wantText(t, "Requested: profile client, expiry 2099-01-31", "env=prod team=payments", "New shop",
		"Default: 2099-01-31, as requested.")
	b.look(t, "request-labels")

	b.run(t, chromedp.Click(`//summary[normalize-space(.)="Edit labels and note"]`))
	other := "one"
	testkit.Check(t, h.CA.Annotate(t.Context(), h.Admin(), 1, ca.Change{Labels: map[string]*string{"added": &other}}))
	b.fill(t, "Labels (one per line)", "team=web")
	b.press(t, "Save")
	b.wantText(t, "Labels and note saved.", "added=one team=web", "New shop")

	b.open(t, "/requests")
	b.fill(t, "Label", "team:web")
	b.press(t, "Filter")
	b.wantText(t, "www.example.com")
	b.fill(t, "Label", "env")
	b.press(t, "Filter")
	b.wantText(t, "No requests match.")
	b.fill(t, "Label", "Not a label")
	b.press(t, "Filter")
	b.wantText(t, "cannot be the key of a label")
}

// A saved form changes the labels that the user changed, and no others: not those that were changed meanwhile,
// and not those that cannot be entered in a form.
func TestEditedLabels(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := h.Request(t, h.Admin())
	list := "web, env=prod"
	testkit.Check(t, h.CA.Annotate(t.Context(), h.Admin(), id, ca.Change{Labels: map[string]*string{"list": &list}}))
	admin := h.as(t, notary.Admin)
	save := func(shown, entered string) answer {
		return admin.post(t, requestURL(id)+"/annotate", url.Values{"labels_shown": {shown}, "labels": {entered}})
	}
	save("list=web, env=prod\r\nkept=1\r\nold=1", "list=web, env=prod\r\nkept=1\r\nteam=a").wantText(t, "Labels and note saved.")
	req, err := h.CA.Request(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	if diff := cmp.Diff(notary.Labels{"list": list, "team": "a"}, req.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	for entered, want := range map[string]string{
		"team=a\nteam=b":     "The label team is given twice",
		"team=a\nteam=a":     "The label team is given twice",
		"team=b\nteam=c":     "The label team is given twice",
		"team=":              "The label team has no value",
		"team=a\nb=1, c=2":   "looks like several labels",
		"team=a\nb=1\nb=1\n": "The label b is given twice",
	} {
		save("team=a", entered).wantStatus(t, 400).wantText(t, want, `id="f-labels-error"`,
			`name="labels_shown" value="team=a"`)
	}
}

// The signer's form selects what is requested, unless a CA that cannot sign was asked for.
func TestSignFormIsPreset(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com")
	id, err := h.CA.SubmitWith(t.Context(), h.Caller(notary.CertificateRequestor), csr, ca.SubmitOptions{
		Annotation: ca.Annotation{Wishes: notary.Wishes{Profile: "client", AuthorityID: root,
			NotAfter: h.Clock.Now().Add(48 * time.Hour)}}})
	testkit.Check(t, err)
	b := h.browseAs(t, notary.CertificateManager)
	b.open(t, "/requests/1")
	b.press(t, "Sign")
	b.wantText(t, "Request signed.")
	req, err := h.CA.Request(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	if c := req.Certificate; c.Profile != "client" || c.NotAfter.After(h.Clock.Now().Add(48*time.Hour)) {
		t.Errorf("signed with profile %s until %s", c.Profile, c.NotAfter)
	}
}

// Lists show the first labels of a row. Each links to what has the label, within the present filter.
func TestLabelsInLists(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	changes := map[string]*string{}
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		value := strings.Repeat("long & wide ", 20) + key
		changes[key] = &value
	}
	testkit.Check(t, h.CA.Annotate(t.Context(), h.Admin(), id, ca.Change{Labels: changes}))
	b := h.browseAs(t, notary.Admin)
	b.open(t, "/certificates")
	b.wantText(t, "+2")
	b.look(t, "certificates-labels")
	b.open(t, "/requests?status=Active")
	b.wantText(t, "+2")
	b.look(t, "requests-labels")
	b.click(t, `//a[contains(@class, "chip") and starts-with(., "c=")]`)
	if at := get(t, b, chromedp.Evaluate[string]("location.search")); !strings.Contains(at, "status=Active") ||
		!strings.Contains(at, "label=c%3Dlong+%26+wide") {
		t.Errorf("the label links to %s", at)
	}
	b.wantText(t, ".example.com")
	b.open(t, requestURL(id))
	b.look(t, "request-many-labels")
	b.click(t, `//a[contains(@class, "chip") and starts-with(., "e=")]`)
	b.wantHeading(t, "Requests")
}

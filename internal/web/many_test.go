package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"notary"
	"notary/internal/ca"
	"notary/internal/store"
	"notary/internal/testkit"
)

func (a answer) wantSmall(t *testing.T) answer {
	t.Helper()
	if len(a.body) > maxPage {
		t.Errorf("%s has %d octets, more than %d", a.Request.URL, len(a.body), maxPage)
	}
	return a
}

func TestManyAccounts(t *testing.T) {
	t.Parallel()
	h := open(t)
	testkit.Check(t, h.Store.Write(t.Context(), func(tx *store.Tx) error {
		for i := range 1000 {
			account := notary.Account{Email: fmt.Sprintf("%0200d@example.com", i), Role: notary.ReadOnly}
			id, err := tx.InsertAccount(&account, "", false)
			if err == nil {
				err = tx.Event(notary.EventBy(h.Admin(), "account.create", notary.NewRef("account", id, "")))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
	v := h.as(t, notary.Admin)
	v.get(t, "/accounts").wantStatus(t, 200).wantSmall(t).wantText(t,
		`rel="next" href="/accounts?from=100"`).wantNoText(t, `rel="prev"`)
	v.get(t, "/accounts?from=100").wantSmall(t).wantText(t, `rel="prev" href="/accounts?from=0"`,
		`rel="next" href="/accounts?from=200"`)
	v.get(t, "/accounts?from=1000").wantStatus(t, 200).wantNoText(t, `rel="next"`)
	for _, from := range []string{"-1", "99999999999999999999", "x"} {
		v.get(t, "/accounts?from="+from).wantStatus(t, 200).wantText(t, `rel="next" href="/accounts?from=100"`)
	}
	v.get(t, "/accounts?email=0999@EXAMPLE").wantText(t, "0999@example.com").wantNoText(t, `rel="next"`)
	v.get(t, "/accounts?email=nobody").wantText(t, "No accounts match.")
}

func TestManyAuthorities(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	for range 2 {
		h.Intermediate(t, root, notary.ECDSAP256)
	}
	for range 250 {
		h.Pending(t)
	}
	id := h.Signed(t, h.Admin(), root)
	v := h.as(t, notary.Admin)
	v.get(t, "/").wantSmall(t).wantText(t, "View all CAs", "203 more")
	v.get(t, "/authorities").wantSmall(t).wantText(t, `rel="next" href="/authorities?from=100"`)
	v.get(t, "/requests?certificate_authority_id=1").wantSmall(t).wantText(t, "CA ID", fmt.Sprintf("/requests/%d", id))
	v.get(t, "/certificates").wantSmall(t).wantText(t, "CA ID")
	v.get(t, "/authorities/1").wantSmall(t)
}

// Lists show only one name of a request with a hundred long names.
func TestLongNamesInLists(t *testing.T) {
	t.Parallel()
	h := open(t)
	var names []string
	for i := range 99 {
		names = append(names, fmt.Sprintf("n%02d.", i)+strings.Repeat(strings.Repeat("a", 60)+".", 3)+strings.Repeat("b",
			60)+".org")
	}
	key := testkit.Key(t, notary.ECDSAP256)
	csr := testkit.CSR(t, key, append([]string{"short.example.com"}, names...)...)
	id, err := h.CA.Submit(t.Context(), h.Admin(), csr)
	testkit.Check(t, err)
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: h.Root(t, notary.ECDSAP256)}))
	v := h.as(t, notary.Admin)
	for _, path := range []string{"/", "/requests", "/certificates", "/events"} {
		v.get(t, path).wantStatus(t, 200).wantSmall(t).wantNoText(t, names[98])
	}
	v.get(t, fmt.Sprintf("/requests/%d", id)).wantText(t, names[98])
}

// A field that the user emptied stays empty while an error in another field is corrected.
func TestEmptiedFieldStaysEmpty(t *testing.T) {
	t.Parallel()
	v := empty(t).visit(t)
	v.post(t, "/start", url.Values{"setup_code": {testkit.SetupCode}, "email": {"a@example.com"},
		"password":       {testkit.Password},
		"password_again": {testkit.Password}})
	if got := formOf(t, v.get(t, "/authorities/start").body).Get("issuing_path_length"); got != "0" {
		t.Errorf("the default path length is %q", got)
	}
	a := v.post(t, "/authorities/start", url.Values{"issuing_path_length": {""}, "organization_name": {""}}).wantStatus(t,
		400)
	if got := formOf(t, a.body).Get("issuing_path_length"); got != "" {
		t.Errorf("the emptied path length is %q", got)
	}
}

// Without JavaScript a file replaces a text, which must not be required then.
func TestFileReplacesRequiredText(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Pending(t)
	h.Intermediate(t, h.Root(t, notary.ECDSAP256), notary.ECDSAP256)
	v := h.as(t, notary.Admin)
	for _, path := range []string{"/authorities/1", "/authorities/2", "/authorities/3", "/authorities/3/cross-sign",
		"/authorities/import", "/requests/new"} {
		root, err := html.Parse(strings.NewReader(v.get(t, path).wantStatus(t, 200).body))
		testkit.Check(t, err)
		files, needed := map[string]bool{}, map[string]bool{}
		for node := range root.Descendants() {
			name := attribute(node, "name")
			files[name] = files[name] || node.Data == "input" && attribute(node, "type") == "file"
			needed[name] = needed[name] || node.Data == "textarea" && has(node, "required")
		}
		for name := range files {
			if files[name] && needed[name] {
				t.Errorf("%s: the text %s is required even if a file is chosen", path, name)
			}
		}
	}
}

// After a conflicting update the user gets an error, keeps the input and has a link to the latest version.
func TestConflictingProfileUpdates(t *testing.T) {
	t.Parallel()
	v := open(t).as(t, notary.Admin)
	mine := formOf(t, v.get(t, "/profiles/1/edit").body)
	other := url.Values{}
	for name, values := range mine {
		other[name] = values
	}
	other.Set("do", "save")
	other.Set("description", "changed by somebody else")
	v.post(t, "/profiles/1/edit", other).wantAt(t, "/profiles/1")
	mine.Set("do", "save")
	mine.Set("description", "mine")
	v.post(t, "/profiles/1/edit", mine).wantStatus(t, 409).wantText(t, `value="mine"`,
		`<a href="/profiles/1/edit">Reload the latest version`)
}

// The bar takes at most two lines, with a shortened account name.
func TestHeaderFitsANarrowScreen(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.CertificateRequestor)
	b.size(t, 360, 700)
	const apart = `document.querySelector(".bar form[action='/sign-out']").getBoundingClientRect().top - document.querySelector(".brand").getBoundingClientRect().bottom`
	if below := get(t, b, chromedp.Evaluate[float64](apart)); below >= 0 {
		t.Errorf("the sign-out button is %.0f pixels below the brand", below)
	}
}

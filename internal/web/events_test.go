package web_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"notary"
	"notary/internal/testkit"
)

func TestEventFilterAndPaging(t *testing.T) {
	t.Parallel()
	h := open(t)
	for range 60 {
		h.Request(t, h.Admin())
	}
	b := h.browseAs(t, notary.Admin)
	b.press(t, "Events")
	b.look(t, "events")
	b.fill(t, "Object type", "request")
	b.press(t, "Filter")
	b.wantText(t, "Submitted request.create", "certificate request 60 (")
	b.press(t, "Next")
	b.wantText(t, "certificate request 1 (")
	b.press(t, "Previous")
	b.wantText(t, "certificate request 60 (")
}

func TestEventFilterFieldErrors(t *testing.T) {
	t.Parallel()
	v := open(t).as(t, notary.Admin)
	for field, value := range map[string]string{"from": "yesterday", "until": "2027-13-01"} {
		v.get(t, "/events?"+url.Values{field: {value}}.Encode()).wantStatus(t, 400).
			wantText(t, fmt.Sprintf(`id="f-%s-error"`, field), value)
	}
	v.get(t, "/events?after=nonsense").wantStatus(t, 400).wantText(t,
		"This page of the list no longer exists").wantNoText(t, "No events")
}

func TestEventPermissions(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.as(t, notary.CertificateRequestor).get(t, "/events").wantStatus(t, 403)
	h.as(t, notary.ReadOnly).get(t, "/events").wantStatus(t, 200).wantText(t, "Only Admins see account events.")
	if a := h.as(t, notary.ReadOnly).get(t, "/events?kind=account"); a.StatusCode != 403 {
		t.Errorf("events of accounts: status %d", a.StatusCode)
	}
}

// An ID belongs to one kind of object, so choosing another kind drops the ID.
func TestEventFormDropsObjectID(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	h.Request(t, h.Admin())
	h.Request(t, h.Admin())
	b := h.browseAs(t, notary.Admin)
	b.open(t, "/events?kind=authority&object_id=1")
	b.wantText(t, "Showing events of CA 1.")
	b.fill(t, "Object type", "request")
	b.press(t, "Filter")
	b.wantText(t, "certificate request 1 (", "certificate request 2 (")
	h.as(t, notary.Admin).get(t, "/events?object_id=1").wantStatus(t, 400).wantNoText(t, "Showing events of")
}

func TestDeletionEventHasNoLink(t *testing.T) {
	t.Parallel()
	h := open(t)
	testkit.Check(t, h.CA.Delete(t.Context(), h.Admin(), h.Request(t, h.Admin())))
	row := regexp.MustCompile(`(?s)request\.delete</span>.*?</tr>`).FindString(h.as(t, notary.Admin).get(t,
		"/events").body)
	if !strings.Contains(row, "request 1 (") || strings.Contains(row, "href") {
		t.Errorf("the deletion is shown as %s", row)
	}
}

func TestInvalidFilterIsNotAnEmptyList(t *testing.T) {
	t.Parallel()
	v := open(t).as(t, notary.Admin)
	for _, path := range []string{"/requests", "/certificates", "/events"} {
		long := strings.Repeat("a", 400)
		for _, query := range []string{"?after=garbage", "?sort=foo&email=" + long + "&principal=" + long} {
			v.get(t, path+query).wantStatus(t, 400).wantText(t, `class="failure"`).wantNoText(t, `class="empty"`)
		}
	}
}

// The page shows principal, action, object and changes, and links to the other events of the same call.
func TestEventFilters(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Request(t, h.Admin())
	manager := h.Caller(notary.CertificateManager)
	manager.RequestID = "call-1"
	testkit.Check(t, h.CA.EnableAuthority(t.Context(), manager, root, false))
	testkit.Check(t, h.CA.Reject(t.Context(), h.Admin(), id, ""))
	v := h.as(t, notary.Admin)
	for _, query := range []string{"action=authority.disable", "principal=" + manager.Principal.Name, "principal=" +
		fmt.Sprint(manager.Principal.ID), "request_id=call-1"} {
		v.get(t, "/events?"+query).wantText(t, "enabled: true → false", "certificate authority 1 (Test Root)",
			`href="/events?request_id=call-1"`).
			wantNoText(t, "Rejected")
	}
	v.get(t, "/events?request_id=none").wantNoText(t, "Disabled")
}

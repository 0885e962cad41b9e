package web_test

import (
	"fmt"
	"net/url"
	"testing"

	"notary"
)

func TestTheRecordOfWhoDidWhatIsFilteredAndTurned(t *testing.T) {
	t.Parallel()
	h := open(t)
	for range 60 {
		h.Request(t, h.Admin())
	}
	b := h.browseAs(t, notary.Admin)
	b.press(t, "Events")
	b.look(t, "events")
	b.fill(t, "About", "request")
	b.press(t, "Show")
	b.wantText(t, "Submitted request.create", "request 60")
	b.press(t, "Next")
	b.wantText(t, "request 1")
	b.press(t, "Previous")
	b.wantText(t, "request 60")
}

func TestAFilterOfEventsThatIsNoneIsRefusedAtItsField(t *testing.T) {
	t.Parallel()
	v := open(t).as(t, notary.Admin)
	for field, value := range map[string]string{"from": "yesterday", "until": "2027-13-01"} {
		v.get(t, "/events?"+url.Values{field: {value}}.Encode()).wantStatus(t, 400).
			wantText(t, fmt.Sprintf(`id="f-%s-error"`, field), value)
	}
	v.get(t, "/events?after=nonsense").wantStatus(t, 400).wantText(t, "This is not a cursor")
}

func TestEventsAreForThoseWhoMayReadThem(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.as(t, notary.CertificateRequestor).get(t, "/events").wantStatus(t, 403)
	h.as(t, notary.ReadOnly).get(t, "/events").wantStatus(t, 200).wantText(t, "Those about accounts are for Admins.")
	if a := h.as(t, notary.ReadOnly).get(t, "/events?kind=account"); a.StatusCode != 403 {
		t.Errorf("the events of accounts: status %d", a.StatusCode)
	}
}

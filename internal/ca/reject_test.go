package ca_test

import (
	"strings"
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// The requester sees why a request was rejected until it is reopened. The event keeps the reason.
func TestRejectionReason(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	requestor := w.Caller(notary.CertificateRequestor)
	id := w.Request(t, requestor)
	wantReason := func(want string) {
		t.Helper()
		req, err := w.CA.Request(t.Context(), requestor, id)
		testkit.Check(t, err)
		page, err := w.CA.Requests(t.Context(), requestor, notary.Query{Sort: notary.ByID, Limit: 1})
		testkit.Check(t, err)
		if req.Rejection != want || page.Items[0].Rejection != want {
			t.Errorf("the reason is %q, in the list %q, want %q", req.Rejection, page.Items[0].Rejection, want)
		}
	}
	wantReason("")
	testkit.Check(t, w.CA.Reject(t.Context(), w.Admin(), id,
		"  Not a host of ours.\r\nAsk for <b>web</b>.example.com.\n"))
	const reason = "Not a host of ours.\nAsk for <b>web</b>.example.com."
	wantReason(reason)
	events := w.Events(t)
	if last := events[len(events)-1]; last.Action != "request.reject" || last.After["reason"] != reason {
		t.Errorf("the event is %+v", last)
	}
	testkit.Check(t, w.CA.Reopen(t.Context(), w.Admin(), id))
	wantReason("")
	testkit.Check(t, w.CA.Reject(t.Context(), w.Admin(), id, ""))
	wantReason("")
	testkit.Check(t, w.CA.Reopen(t.Context(), w.Admin(), id))
	err := w.CA.RejectMany(t.Context(), w.Admin(), ca.Many{IDs: []int64{id}}, "all of them", func(o ca.Outcome) error {
		return o.Err
	})
	testkit.Check(t, err)
	wantReason("all of them")
}

func TestInvalidRejectionReasons(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	id := w.Request(t, w.Admin())
	for name, reason := range map[string]string{
		"too long":                   strings.Repeat("ü", 501),
		"a control character":        "no\x1b[31m",
		"a tab":                      "no\tway",
		"no UTF-8":                   "no\xff",
		"a change of direction":      "no\u202eway",
		"a lone carriage return":     "no\rway",
		"a zero, and blanks beside":  " \x00 ",
		"far more than is ever read": strings.Repeat("x", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			err := w.CA.Reject(t.Context(), w.Admin(), id, reason)
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, "reason")
			err = w.CA.RejectMany(t.Context(), w.Admin(), ca.Many{IDs: []int64{id}}, reason, func(ca.Outcome) error {
				return nil
			})
			testkit.WantField(t, err, "reason")
		})
	}
	testkit.Check(t, w.CA.Reject(t.Context(), w.Admin(), id, strings.Repeat("ü", 500)))
}

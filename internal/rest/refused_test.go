package rest_test

import (
	"strings"
	"testing"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

func TestRecordedCalls(t *testing.T) {
	t.Parallel()
	h := open(t)
	requestor, admin := h.as(t, notary.CertificateRequestor), h.admin(t)
	call(t, requestor, "GET", "/api/v1/settings", nil).wantRefusal(t, 403, "forbidden")
	call(t, requestor, "GET", "/api/v1/accounts", nil).wantRefusal(t, 403, "forbidden")
	call(t, h.anonymous, "GET", "/api/v1/accounts", nil).wantRefusal(t, 401, "unauthenticated")
	testkit.Check(t, h.Auth.RecordRefusals(t.Context()))
	call(t, admin, "GET", "/api/v1/settings", nil).wantStatus(t, 200)
	call(t, requestor, "GET", "/api/v1/certificates/export?format=jsonl&q=printer", nil).wantStatus(t, 200)
	call(t, requestor, "GET", "/api/v1/certificates", nil).wantStatus(t, 200)
	call(t, requestor, "GET", "/api/v1/certificate_requests", nil).wantStatus(t, 200)
	call(t, requestor, "GET", "/api/v1/certificates?limit=1", nil).wantStatus(t, 200)
	for action, want := range map[string][]string{
		"call.refused": {"Access denied: listSettings; count: 1", "Access denied: listAccounts; count: 1",
			"Access denied; count: 1"},
		"settings.read": {"Settings viewed"},
		"inventory.export": {"Inventory exported; filter: q=printer, format: jsonl", "Inventory exported; format: json",
			"Inventory exported; format: json, list: certificate_requests"},
	} {
		page, err := admin.EventsPage(t.Context(), api.EventQuery{EventFilter: api.EventFilter{Action: action}})
		testkit.Check(t, err)
		var texts []string
		for _, e := range page.Result {
			texts = append(texts, e.Text)
			if action != "call.refused" && e.RequestID == "" {
				t.Errorf("%s has no request id", action)
			}
		}
		for _, one := range want {
			if all := strings.Join(texts, "\n") + "\n"; !strings.Contains(all, one+"\n") || len(texts) != len(want) {
				t.Errorf("%s: the events are\n%swant %s", action, all, one)
			}
		}
	}
}

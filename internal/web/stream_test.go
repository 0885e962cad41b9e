package web

import (
	"net/http/httptest"
	"strings"
	"testing"

	"notary"
	"notary/internal/ca"
)

func TestOutcomesAreStreamed(t *testing.T) {
	t.Parallel()
	s := &site{}
	s.pages = parsePages(s)
	sent := httptest.NewRecorder()
	c := &call{site: s, w: sent, r: httptest.NewRequest("POST", "/requests/many/run", nil)}
	outcomes := func(yield func(ca.Outcome, error) bool) {
		if !yield(ca.Outcome{ID: 7}, nil) {
			return
		}
		if body := sent.Body.String(); !sent.Flushed || !strings.Contains(body, "Request 7") ||
			!strings.Contains(body, `max="3" value="1"`) {
			t.Errorf("before the second request, the response was: %s", body)
		}
		if !yield(ca.Outcome{ID: 8, Err: notary.Errorf(notary.Conflict, "it is <late>")}, nil) {
			return
		}
		yield(ca.Outcome{}, notary.Errorf(notary.Unavailable, "the server is stopping"))
	}
	if err := s.showOutcomes(c, manyActions[0], 3, outcomes); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"It is &lt;late&gt;.", "1 of 3 requests signed.", "1 request failed",
		"Stopped early: The server is stopping.", "</html>"} {
		if !strings.Contains(sent.Body.String(), text) {
			t.Errorf("no %q on the page: %s", text, sent.Body)
		}
	}
}

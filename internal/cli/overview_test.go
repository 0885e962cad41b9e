package cli

import (
	"strings"
	"testing"
)

// Certificates with blocked keys are listed in the overview, with advice.
func TestOverviewShowsBlockedKeys(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, `{"result":{"blocked_certificates":[{"id":12,"common_name":"a.example.com","email":"a@example.com"}],"blocked_more":true}}`)).trusted()
	r := s.must("overview")
	for _, want := range []string{"certificate 12, a.example.com, a@example.com: replace it",
		"notary certificate revoke 12 --reason keyCompromise", "and more certificates"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("the overview lacks %q:\n%s", want, r.out)
		}
	}
}

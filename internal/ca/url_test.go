package ca_test

import (
	"strings"
	"testing"

	"notary/internal/testkit"
)

func TestPublishWarning(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for url, want := range map[string]bool{
		"": false, "http://pki.example.com": false, "http://192.0.2.1:2112": false,
		"http://localhost.example.com": false,
		"http://localhost:2112":        true, "http://LOCALHOST/pki": true, "http://ca.localhost": true,
		"http://127.0.0.1:2112": true,
		"http://127.1.2.3":      true, "http://[::1]:2112": true, "http://0.0.0.0:2112": true,
	} {
		s, err := testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: w.Clock.Now, PublishURL: url})
		testkit.Check(t, err)
		if warning := s.CA.PublishWarning(); (warning != "") != want {
			t.Errorf("%q is warned of: %q", url, warning)
		} else if strings.Contains(warning, "the first certificate") { // there may be some
			t.Errorf("the warning holds only without certificates: %q", warning)
		}
	}
}

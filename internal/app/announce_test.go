package app

import (
	"bytes"
	"testing"

	"notary/internal/config"
)

func TestAnnouncement(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		addr      string
		published string
		url       string
	}{
		"as by default":        {"127.0.0.1:2111", "", "https://127.0.0.1:2111"},
		"on another port":      {"127.0.0.1:3000", "", "https://127.0.0.1:3000"},
		"on all interfaces":    {"[::]:2111", "", "https://notary.example.com:2111"},
		"publishing":           {"127.0.0.1:2111", "127.0.0.1:2112", "https://127.0.0.1:2111"},
		"on all IPv4 ones too": {"0.0.0.0:2111", "", "https://notary.example.com:2111"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			announce(&out, &config.Config{Data: "/srv/notary", ExternalHostname: "notary.example.com"},
				endpoints{test.addr, test.published, "http://notary.example.com:2112", "", "abcd"})
			want := "Notary listens on " + test.url + "\n  data:        /srv/notary\n"
			if test.published != "" {
				want += "  publishes:   on " + test.published +
					", which certificates name http://notary.example.com:2112\n"
			}
			want += "  certificate: SHA-256 abcd\n"
			if out.String() != want {
				t.Errorf("got\n%s\nwant\n%s", &out, want)
			}
		})
	}
}

package web_test

import (
	"testing"

	"notary"
	"notary/internal/testkit"
	"notary/internal/web"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	h := serve(t, testkit.New(t), func(c *web.Config) {
		c.Settings = func() []notary.Setting {
			return []notary.Setting{
				{Key: "crl_delay", Value: "10s", Source: notary.FromDefault},
				{Key: "listen", Value: "0.0.0.0:2111", Source: notary.FromFlag, Where: "--listen"},
				{Key: "key_passphrase", Source: notary.FromEnvironment, Where: "NOTARY_KEY_PASSPHRASE", Secret: true},
			}
		}
	})
	b := h.browseAs(t, notary.Admin)
	b.press(t, "Settings")
	b.wantText(t, "crl_delay", "10s", "default", "--listen", "Set (hidden)")
	b.look(t, "settings")
	for _, role := range []notary.Role{notary.CertificateManager, notary.CertificateRequestor, notary.ReadOnly} {
		h.as(t, role).get(t, "/settings").wantStatus(t, 403)
	}
}

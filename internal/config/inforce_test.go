package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/testkit"
)

func TestSettingsInForce(t *testing.T) {
	t.Parallel()
	file := testkit.ConfigFile(t, "{port: 3000, crl_delay: 1m, publish_listen: off}")
	c, err := Load(file, []string{"NOTARY_CRL_DELAY=30s", "NOTARY_SESSION_IDLE=90m",
		"NOTARY_TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.10"}, map[string]any{KeyData: "d"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]notary.Setting{}
	for _, s := range c.inForce {
		got[s.Key] = s
	}
	for _, want := range []notary.Setting{
		{Key: "data", Value: "d", Source: notary.FromFlag, Where: "--data"},
		{Key: "listen", Value: "127.0.0.1:3000", Source: notary.FromDefault},
		{Key: "port", Value: "3000", Source: notary.FromFile, Where: file + ": port"},
		{Key: "db_path", Value: "d/notary.db", Source: notary.FromDefault},
		{Key: "database", Source: notary.FromDefault},
		{Key: "seal_key_path", Value: "d/seal.key", Source: notary.FromDefault},
		{Key: "publish_listen", Value: "off", Source: notary.FromFile, Where: file + ": publish_listen"},
		{Key: "publish_url", Source: notary.FromDefault},
		{Key: "crl_delay", Value: "30s", Source: notary.FromEnvironment, Where: "NOTARY_CRL_DELAY"},
		{Key: "read_timeout", Value: "5s", Source: notary.FromDefault},
		{Key: "session_idle", Value: "1h30m0s", Source: notary.FromEnvironment, Where: "NOTARY_SESSION_IDLE"},
		{Key: "session_life", Value: "12h0m0s", Source: notary.FromDefault},
		{Key: "token_life", Value: "8760h0m0s", Source: notary.FromDefault},
		{Key: "trusted_proxies", Value: "10.0.0.0/8, 192.0.2.10", Source: notary.FromEnvironment,
			Where: "NOTARY_TRUSTED_PROXIES"},
		{Key: "logging.system.level", Value: "info", Source: notary.FromDefault},
	} {
		if diff := cmp.Diff(want, got[want.Key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Key, diff)
		}
	}
	if len(c.inForce) != len(Keys) {
		t.Errorf("%d settings of %d", len(c.inForce), len(Keys))
	}
}

func TestSettingsInForceKnowWhereThePortIsFrom(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file, listen string
		want         notary.Setting
	}{
		"of listen": {"{}", ":3001", notary.Setting{Value: "3001", Source: notary.FromFlag,
			Where: "--listen"}},
		"of listen, above its own": {"{port: 3000}", ":3001", notary.Setting{Value: "3001", Source: notary.FromFlag,
			Where: "--listen"}},
		"its own, below a mere host": {"{port: 3000}", "0.0.0.0",
			notary.Setting{Value: "3000", Source: notary.FromFile, Where: "FILE: port"}},
		"of neither, with a host": {"{}", "0.0.0.0", notary.Setting{Value: "2111", Source: notary.FromDefault}},
		"of both, which say the same": {"{port: 3000, listen: ':3000'}", "",
			notary.Setting{Value: "3000", Source: notary.FromFile, Where: "FILE: port"}},
	} {
		flags := map[string]any{}
		if test.listen != "" {
			flags[KeyListen] = test.listen
		}
		file := testkit.ConfigFile(t, test.file)
		c, err := Load(file, nil, flags)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		test.want.Key, test.want.Where = KeyPort, strings.Replace(test.want.Where, "FILE", file, 1)
		got := c.inForce[slices.Index(Keys, KeyPort)]
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSettingsInForceHideSecrets(t *testing.T) {
	t.Parallel()
	for _, database := range []string{
		"postgres://me:hush@db.example.com:5432/notary?sslmode=verify-full",
		"postgres://db.example.com:5432/notary?password=hush",
		"postgres://me:hush@a.example.com:5432,b.example.com/notary",
	} {
		c, err := Load("", []string{"NOTARY_DATABASE=" + database, "NOTARY_KEY_PASSPHRASE=hush"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprint(c.inForce); strings.Contains(text, "hush") {
			t.Errorf("a secret is in %s", text)
		}
		last := c.inForce[len(c.inForce)-1]
		if want := (notary.Setting{Key: "key_passphrase", Source: notary.FromEnvironment, Where: "NOTARY_KEY_PASSPHRASE",
			Secret: true}); last != want {
			t.Errorf("the passphrase is %+v", last)
		}
		for _, s := range c.inForce {
			if s.Key == KeyDatabase && !strings.HasSuffix(s.Value, "/notary") || s.Key == KeySealKey && s.Value != "" {
				t.Errorf("%s is %q", s.Key, s.Value)
			}
		}
	}
}

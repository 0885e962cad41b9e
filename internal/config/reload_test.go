package config

import (
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"notary/internal/testkit"
)

type reloading struct {
	*Live
	file string
	log  *testkit.Buffer
}

func newReloading(t *testing.T, content string) *reloading {
	t.Helper()
	r := &reloading{file: testkit.ConfigFile(t, content), log: &testkit.Buffer{}}
	load := func() (*Config, error) { return Load(r.file, nil, nil) }
	c, err := load()
	testkit.Check(t, err)
	r.Live = NewLive(c, load, slog.New(slog.NewTextHandler(r.log, nil)))
	return r
}

func (r *reloading) write(t *testing.T, content string) {
	t.Helper()
	testkit.Check(t, os.WriteFile(r.file, []byte(content), 0o600))
}

func (r *reloading) value(key string) string {
	return r.Settings()[slices.Index(Keys, key)].Value
}

func TestReloadAppliesWhatCanChange(t *testing.T) {
	t.Parallel()
	r := newReloading(t, "{crl_delay: 10s, port: 3000}")
	var got *Config
	r.OnReload(func(c *Config) { got = c })
	r.write(t, "{crl_delay: 30s, port: 3001, session_idle: 5m, external_hostname: pki.example.com}")
	r.Reload()
	if got == nil || got != r.Get() {
		t.Fatalf("subscriber was given %p, in force is %p", got, r.Get())
	}
	if got.CRLDelay != 30*time.Second || got.SessionIdle != 5*time.Minute {
		t.Errorf("crl_delay %v, session_idle %v", got.CRLDelay, got.SessionIdle)
	}
	if got.Listen != "127.0.0.1:3000" || got.ExternalHostname != "localhost" {
		t.Errorf("listen %s and external_hostname %s were changed", got.Listen, got.ExternalHostname)
	}
	for key, want := range map[string]string{KeyCRLDelay: "30s", KeySessionIdle: "5m0s", KeyPort: "3000",
		KeyExternalHostname: "localhost"} {
		if value := r.value(key); value != want {
			t.Errorf("settings show %s %s, want %s", key, value, want)
		}
	}
	for _, want := range []string{`msg="configuration reloaded" changed="crl_delay, session_idle"`,
		"need a restart", `settings="listen, port, external_hostname, publish_url"`} {
		if !strings.Contains(r.log.String(), want) {
			t.Errorf("log has no %q:\n%s", want, r.log)
		}
	}
}

// A setting that needs a restart is reported by each reload until it is reverted.
func TestReloadComparesWithWhatRuns(t *testing.T) {
	t.Parallel()
	r := newReloading(t, "{port: 3000}")
	r.write(t, "{port: 3001}")
	r.Reload()
	r.Reload()
	if n := strings.Count(r.log.String(), "need a restart"); n != 2 {
		t.Errorf("%d warnings, want 2:\n%s", n, r.log)
	}
	r.write(t, "{port: 3000, crl_delay: 10s}") // the default, explicitly
	r.Reload()
	if n := strings.Count(r.log.String(), "need a restart"); n != 2 ||
		!strings.HasSuffix(r.log.String(), "changed=none\n") {
		t.Errorf("%d warnings, want 2, and no change:\n%s", n, r.log)
	}
}

func TestReloadKeepsTheConfigurationOnErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ content, want string }{
		"not YAML":       {"{crl_delay: 30s", "is not a YAML mapping"},
		"unknown key":    {"{crl_delay: 30s, crl_dealy: 30s}", "did you mean crl_delay?"},
		"unusable value": {"{crl_delay: 1h}", "is not a delay"},
		"missing certificate": {"{crl_delay: 30s, cert_path: /missing.crt, key_path: /missing.key}",
			"there is no file /missing.crt"},
	} {
		r := newReloading(t, "{crl_delay: 10s}")
		r.OnReload(func(*Config) { t.Errorf("%s: applied", name) })
		before := r.Get()
		r.write(t, test.content)
		r.Reload()
		if r.Get() != before {
			t.Errorf("%s: the configuration in force changed", name)
		}
		if log := r.log.String(); !strings.Contains(log, "configuration not reloaded") || !strings.Contains(log, test.want) {
			t.Errorf("%s: log without %q:\n%s", name, test.want, log)
		}
	}
}

func TestReloadIsAllOrNothing(t *testing.T) {
	t.Parallel()
	r := newReloading(t, "{crl_delay: 10s}")
	r.OnReload(func(*Config) { t.Error("applied") })
	r.BeforeReload(func(*Config) (func(), error) { return nil, errors.New("no such thing") })
	r.write(t, "{crl_delay: 30s}")
	r.Reload()
	if r.Get().CRLDelay != 10*time.Second || !strings.Contains(r.log.String(), "no such thing") {
		t.Errorf("crl_delay %v, log:\n%s", r.Get().CRLDelay, r.log)
	}
}

func TestReloadableSettings(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*Config){
		KeyTLSCert:        func(c *Config) { c.TLSCert = "new.crt" },
		KeyTLSKey:         func(c *Config) { c.TLSKey = "new.key" },
		KeyBlockedKeys:    func(c *Config) { c.BlockedKeys = "blocked-keys" },
		KeyCRLDelay:       func(c *Config) { c.CRLDelay = time.Minute },
		KeySessionIdle:    func(c *Config) { c.SessionIdle = 10 * time.Minute },
		KeySessionLife:    func(c *Config) { c.SessionLife = 10 * time.Hour },
		KeyTokenLife:      func(c *Config) { c.TokenLife = 10 * time.Hour },
		KeyMetricsToken:   func(c *Config) { c.MetricsToken = scrapeToken },
		KeyTrustedProxies: func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} },
		KeyLogLevel:       func(c *Config) { c.Log.Level = slog.LevelDebug },
		KeyLogOutput:      func(c *Config) { c.Log.Output = "stdout" },
	}
	for key := range reloadable {
		change := changes[key]
		if change == nil || !slices.Contains(Keys, key) {
			t.Errorf("%s: not a setting of this test", key)
			continue
		}
		running, err := Load("", nil, nil)
		testkit.Check(t, err)
		loaded, err := Load("", nil, nil)
		testkit.Check(t, err)
		change(loaded)
		loaded.values = effectiveValues(loaded)
		next, changed, fixed := merge(running, loaded)
		if !slices.Equal(changed, []string{key}) || fixed != nil {
			t.Errorf("%s: changed %q, fixed %q", key, changed, fixed)
		}
		if got := effectiveValues(next); got[key] != loaded.values[key] || got[key] == running.values[key] {
			t.Errorf("%s: now %q, want %q", key, got[key], loaded.values[key])
		}
	}
}

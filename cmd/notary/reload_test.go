package main

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

// reloading is a configuration that follows a file of the test's own.
type reloading struct {
	*liveConfig
	file string
	log  *testkit.Buffer
}

func newReloading(t *testing.T, content string) *reloading {
	t.Helper()
	r := &reloading{file: testkit.ConfigFile(t, content), log: &testkit.Buffer{}}
	load := func() (*config, error) { return loadConfig(r.file, nil, nil) }
	c, err := load()
	testkit.Check(t, err)
	r.liveConfig = newLiveConfig(c, load, slog.New(slog.NewTextHandler(r.log, nil)))
	return r
}

func (r *reloading) write(t *testing.T, content string) {
	t.Helper()
	testkit.Check(t, os.WriteFile(r.file, []byte(content), 0o600))
}

// value returns a setting in force, as it is displayed.
func (r *reloading) value(key string) string {
	return r.settings()[slices.Index(configKeys, key)].Value
}

func TestReloadAppliesWhatCanChange(t *testing.T) {
	t.Parallel()
	r := newReloading(t, "{crl_delay: 10s, port: 3000}")
	var got *config
	r.onReload(func(c *config) { got = c })
	r.write(t, "{crl_delay: 30s, port: 3001, session_idle: 5m, external_hostname: pki.example.com}")
	r.reload()
	if got == nil || got != r.get() {
		t.Fatalf("subscriber was given %p, in force is %p", got, r.get())
	}
	if got.crlDelay != 30*time.Second || got.sessionIdle != 5*time.Minute {
		t.Errorf("crl_delay %v, session_idle %v", got.crlDelay, got.sessionIdle)
	}
	if got.listen != "127.0.0.1:3000" || got.externalHostname != "localhost" {
		t.Errorf("listen %s and external_hostname %s were changed", got.listen, got.externalHostname)
	}
	for key, want := range map[string]string{keyCRLDelay: "30s", keySessionIdle: "5m0s", keyPort: "3000", keyExternalHostname: "localhost"} {
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

// A setting that waits for a restart is named again by each reload, until it is put back.
func TestReloadComparesWithWhatRuns(t *testing.T) {
	t.Parallel()
	r := newReloading(t, "{port: 3000}")
	r.write(t, "{port: 3001}")
	r.reload()
	r.reload()
	if n := strings.Count(r.log.String(), "need a restart"); n != 2 {
		t.Errorf("%d warnings, want 2:\n%s", n, r.log)
	}
	r.write(t, "{port: 3000, crl_delay: 10s}") // the default, spelled out
	r.reload()
	if n := strings.Count(r.log.String(), "need a restart"); n != 2 || !strings.HasSuffix(r.log.String(), "changed=none\n") {
		t.Errorf("%d warnings, want 2, and no change:\n%s", n, r.log)
	}
}

func TestReloadKeepsTheConfigurationOnErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ content, want string }{
		"not YAML":            {"{crl_delay: 30s", "is not YAML"},
		"unknown key":         {"{crl_delay: 30s, crl_dealy: 30s}", "did you mean crl_delay?"},
		"unusable value":      {"{crl_delay: 1h}", "is not a delay"},
		"missing certificate": {"{crl_delay: 30s, cert_path: /missing.crt, key_path: /missing.key}", "there is no file /missing.crt"},
	} {
		r := newReloading(t, "{crl_delay: 10s}")
		r.onReload(func(*config) { t.Errorf("%s: applied", name) })
		before := r.get()
		r.write(t, test.content)
		r.reload()
		if r.get() != before {
			t.Errorf("%s: the configuration in force changed", name)
		}
		if log := r.log.String(); !strings.Contains(log, "configuration not reloaded") || !strings.Contains(log, test.want) {
			t.Errorf("%s: log without %q:\n%s", name, test.want, log)
		}
	}
}

// If one part cannot be prepared, no part is changed.
func TestReloadIsAllOrNothing(t *testing.T) {
	t.Parallel()
	r := newReloading(t, "{crl_delay: 10s}")
	r.onReload(func(*config) { t.Error("applied") })
	r.beforeReload(func(*config) (func(), error) { return nil, errors.New("no such thing") })
	r.write(t, "{crl_delay: 30s}")
	r.reload()
	if r.get().crlDelay != 10*time.Second || !strings.Contains(r.log.String(), "no such thing") {
		t.Errorf("crl_delay %v, log:\n%s", r.get().crlDelay, r.log)
	}
}

// Each key that can be reloaded is one of the configuration, and is taken over.
func TestReloadableSettings(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*config){
		keyTLSCert:        func(c *config) { c.tlsCert = "new.crt" },
		keyTLSKey:         func(c *config) { c.tlsKey = "new.key" },
		keyBlockedKeys:    func(c *config) { c.blockedKeys = "blocked-keys" },
		keyCRLDelay:       func(c *config) { c.crlDelay = time.Minute },
		keySessionIdle:    func(c *config) { c.sessionIdle = 10 * time.Minute },
		keySessionLife:    func(c *config) { c.sessionLife = 10 * time.Hour },
		keyMetricsToken:   func(c *config) { c.metricsToken = scrapeToken },
		keyTrustedProxies: func(c *config) { c.trustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} },
		keyLogLevel:       func(c *config) { c.log.level = slog.LevelDebug },
		keyLogOutput:      func(c *config) { c.log.output = "stdout" },
	}
	for key := range reloadable {
		change := changes[key]
		if change == nil || !slices.Contains(configKeys, key) {
			t.Errorf("%s: not a setting of this test", key)
			continue
		}
		running, err := loadConfig("", nil, nil)
		testkit.Check(t, err)
		loaded, err := loadConfig("", nil, nil)
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

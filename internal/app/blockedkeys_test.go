package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"notary"
	"notary/internal/config"
	"notary/internal/pki"
	"notary/internal/testkit"
)

// The blocklist of keys is read at startup and at each reload. A malformed list prevents the start; at a reload the
// previous list remains in use.
func TestBlockedKeysFollowTheirFile(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	name := filepath.Join(t.TempDir(), "blocked-keys")
	block := func(text string) { testkit.Check(t, os.WriteFile(name, []byte(text), 0o600)) }
	keys := make([]string, 2)
	csrs := make([]string, len(keys))
	for i := range keys {
		key := testkit.Key(t, notary.ECDSAP256)
		fingerprint, err := pki.KeyFingerprint(key.Public())
		testkit.Check(t, err)
		keys[i], csrs[i] = fingerprint, testkit.CSR(t, key, "a.example.com")
	}
	want := func(blocked ...bool) {
		t.Helper()
		for i, csr := range csrs {
			trial, err := w.CA.TryRequest(t.Context(), w.Admin(), csr, "")
			testkit.Check(t, err)
			if trial.OK() == blocked[i] {
				t.Errorf("key %d: verdict %q, want blocked %t", i, trial.Reason(), blocked[i])
			}
		}
	}
	block(keys[0] + " *firmware.pem\n")
	var written testkit.Buffer
	log := slog.New(slog.NewTextHandler(&written, nil))
	file := testkit.ConfigFile(t, "{blocked_keys_path: "+name+"}")
	load := func() (*config.Config, error) { return config.Load(file, nil, nil) }
	c, err := load()
	testkit.Check(t, err)
	live := config.NewLive(c, load, log)
	a := &App{live: live, config: c, log: log, authorities: w.CA}
	testkit.Check(t, a.blockKeys())
	want(true, false)
	<-a.blockedKeys // also starts the search for certificates with such keys
	block("# the other one\n" + keys[1])
	live.Reload()
	if want(false, true); len(a.blockedKeys) != 1 {
		t.Error("the reload does not look for certificates with blocked keys")
	}
	block(keys[0] + "\nmistake\n")
	live.Reload()
	want(false, true)
	if !strings.Contains(written.String(), "line 2") {
		t.Errorf("the log does not name the mistake:\n%s", written.String())
	}
	if err := a.blockKeys(); err == nil || !strings.Contains(err.Error(), "blocked_keys_path: "+name+": line 2") {
		t.Errorf("a start with the mistake: %v", err)
	}
	testkit.Check(t, os.WriteFile(file, []byte("{}"), 0o600))
	live.Reload()
	want(false, false)
}

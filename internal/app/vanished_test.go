package app_test

import (
	"os"
	"testing"

	"notary"
	"notary/internal/app"
	"notary/internal/app/apptest"
	"notary/internal/config"
	"notary/internal/keystore"
	"notary/internal/testkit"
)

// A data folder without its database is refused, by the server and by a migration, and left unchanged.
func TestMissingDatabase(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare func(t *testing.T, c *config.Config)
		refused bool
		says    string
	}{
		"a new folder": {func(*testing.T, *config.Config) {}, false, ""},
		"a key file alone": {func(t *testing.T, c *config.Config) {
			testkit.Check(t, keystore.CreateFile(c.SealKey))
		}, true, "is missing, but"},
		"an empty file in its place": {func(t *testing.T, c *config.Config) {
			testkit.Check(t, keystore.CreateFile(c.SealKey))
			testkit.Check(t, os.WriteFile(c.DB, nil, 0o600))
		}, true, "is empty, but"},
		"a log of changes alone": {func(t *testing.T, c *config.Config) {
			testkit.Check(t, os.WriteFile(c.DB+"-wal", []byte("changes"), 0o600))
		}, true, "is missing, but"},
		"a passphrase and an old key file": {func(t *testing.T, c *config.Config) {
			testkit.Check(t, keystore.CreateFile(c.SealKey))
			c.Passphrase = testkit.Password
		}, false, ""},
		"PostgreSQL": {func(t *testing.T, c *config.Config) {
			testkit.Check(t, keystore.CreateFile(c.SealKey))
			c.DB = "postgres://db.example.com/notary"
		}, false, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Config(t)
			testkit.Check(t, os.MkdirAll(c.Data, 0o700))
			test.prepare(t, c)
			err := app.RequireDatabase(c)
			if !test.refused {
				testkit.Check(t, err)
				return
			}
			testkit.WantKind(t, err, notary.Conflict)
			testkit.WantText(t, err, test.says, "notary restore", "move")
		})
	}
}

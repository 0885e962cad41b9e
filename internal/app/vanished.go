package app

import (
	"fmt"
	"os"

	"notary"
	"notary/internal/config"
	"notary/internal/files"
	"notary/internal/store"
)

// RequireDatabase returns an error if the SQLite database is missing or empty although its write-ahead log or the key
// file exists. The first start creates the database before the key file, so the database was lost or moved, or is not
// mounted. An empty database must not replace it.
func RequireDatabase(c *config.Config) error {
	if store.IsPostgres(c.DB) || hasContent(c.DB) {
		return nil
	}
	trace := ""
	switch {
	case hasContent(c.DB + "-wal"):
		trace = c.DB + "-wal"
	case c.Passphrase == "" && hasContent(c.SealKey):
		trace = c.SealKey
	default:
		return nil
	}
	missing := "is missing"
	if files.IsFile(c.DB) {
		missing = "is empty"
	}
	return &notary.Error{Kind: notary.Conflict, Field: config.KeyDB, Message: fmt.Sprintf(
		"the database %s %s, but %s exists, so it was lost or moved: restore it with notary restore, correct %s or "+
			"mount its folder. To start over with an empty database, move %s away first",
		c.DB, missing, trace, config.KeyDB, trace)}
}

func hasContent(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir() && info.Size() > 0
}

package main

import (
	"fmt"
	"os"

	"notary"
	"notary/internal/files"
	"notary/internal/store"
)

// requireDatabase refuses to create a SQLite database in place of one that vanished. A first start
// creates the database before the key file, so a key file without a database means that the
// database was lost, is not mounted, or is elsewhere. An empty one would forget every certificate
// and revocation.
func requireDatabase(c *config) error {
	if store.IsPostgres(c.db) || hasContent(c.db) {
		return nil
	}
	trace := ""
	switch {
	case hasContent(c.db + "-wal"):
		trace = c.db + "-wal"
	case c.passphrase == "" && hasContent(c.sealKey):
		trace = c.sealKey
	default:
		return nil
	}
	missing := "is missing"
	if files.IsFile(c.db) {
		missing = "is empty"
	}
	return &notary.Error{Kind: notary.Conflict, Field: keyDB, Message: fmt.Sprintf(
		"the database %s %s, but %s exists: an empty database would forget every certificate. "+
			"Restore it with notary restore, correct %s or mount its folder; to start over, move %s away first",
		c.db, missing, trace, keyDB, trace)}
}

func hasContent(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir() && info.Size() > 0
}

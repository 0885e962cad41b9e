package main

import (
	"io/fs"
	"path/filepath"

	"notary"
	"notary/internal/store"
)

// requirePrivate refuses a data folder that others can write, and files in it that others can read or write.
func requirePrivate(c *config) error {
	const writable, accessible fs.FileMode = 0o022, 0o077
	if err := requireMode(c.data, writable, "go-w"); err != nil {
		return err
	}
	files := []string{c.sealKey, filepath.Join(c.data, setupCodeName), filepath.Join(c.data, "self-signed.key")}
	if c.tlsKey != "" {
		files = append(files, c.tlsKey)
	}
	for _, name := range files {
		if err := requireMode(name, writable, "go-w"); err != nil {
			return err
		}
	}
	if err := requireMode(c.sealKey, accessible, "go="); err != nil {
		return err
	}
	if store.IsPostgres(c.db) {
		return nil
	}
	for _, name := range []string{c.db, c.db + "-wal", c.db + "-shm"} {
		if err := requireMode(name, writable, "go-w"); err != nil {
			return err
		}
	}
	return nil
}

// requireMode refuses a file of another user, and one with any of these bits. One that is missing is not refused.
func requireMode(name string, bits fs.FileMode, change string) error {
	foreign, mode, ok := ownerAndMode(name)
	switch {
	case !ok:
		return nil
	case foreign:
		return notary.Errorf(notary.Forbidden, "%s belongs to another user, who could change it: run chown on it, or start the server as that user", name)
	case mode&bits != 0:
		return notary.Errorf(notary.Forbidden, "%s is open to other users (mode %04o): run chmod %s %s", name, mode.Perm(), change, name)
	}
	return nil
}

package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"notary"
	"notary/internal/config"
	"notary/internal/keystore"
	"notary/internal/store"
)

func openStore(ctx context.Context, c *config.Config, log *slog.Logger) (*store.Store, error) {
	if store.IsPostgres(c.DB) {
		log.Info("opening the PostgreSQL database, waiting up to 30 seconds for it to respond")
	}
	return store.Open(ctx, c.DB, time.Now, store.ReadTimeout(c.ReadTimeout))
}

// hasSealedKeys returns a function that reports whether the database may contain keys sealed with an existing key file
// or passphrase.
func hasSealedKeys(st *store.Store) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		some, err := st.HasAuthorities(ctx)
		if some || err != nil {
			return some, err
		}
		sample, err := st.Agreed(ctx, keystore.SealedSample)
		return sample != "", err
	}
}

// MakeDataFolder creates the data folder, accessible only to its owner. It does not change an existing one.
func MakeDataFolder(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	err := os.MkdirAll(path, 0o700)
	if err == nil {
		err = os.Chmod(path, 0o700) // regardless of the umask
	}
	if errors.Is(err, fs.ErrPermission) {
		return &notary.Error{Kind: notary.Forbidden, Err: err, Message: fmt.Sprintf(
			"no permission to create the data folder %s: create it for this user, or choose another with --data", path)}
	}
	if err != nil { // includes the cause because no log is open yet
		return notary.Errorf(notary.Internal, "could not create the data folder: %v", err)
	}
	return nil
}

// openKeystore opens the keystore with the passphrase or the key file. It creates a missing key file unless
// hasSealedKeys reports that the database depends on an existing one.
func openKeystore(ctx context.Context, c *config.Config, hasSealedKeys func(context.Context) (bool, error),
	log *slog.Logger) (keystore.Keys, error) {
	if c.Passphrase != "" {
		return keystore.FromPassphrase(c.Passphrase)
	}
	if _, err := os.Stat(c.SealKey); !errors.Is(err, fs.ErrNotExist) {
		return keystore.FromFile(c.SealKey)
	}
	sealed, err := hasSealedKeys(ctx)
	if err != nil {
		return nil, err
	}
	if sealed {
		return nil, notary.Errorf(notary.Conflict, "the key file %s is missing, and the private keys of the CAs in "+
			"%s cannot be decrypted without it: restore it from a backup, copy it from another node, or set %s if a "+
			"passphrase was used",
			c.SealKey, c.DatabaseName(), config.EnvPassphrase)
	}
	if err := keystore.CreateFile(c.SealKey); err != nil {
		return nil, err
	}
	log.Info("key file created: back it up separately from the database; without it the keys of all CAs are lost",
		"file", c.SealKey)
	return keystore.FromFile(c.SealKey)
}

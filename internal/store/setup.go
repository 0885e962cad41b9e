package store

import (
	"context"

	"notary"
)

// setupCode names the row of table agreement with the hash of the setup code.
const setupCode = "setup code"

// SetupCodeHash returns the hash of the setup code, or "" if there is none.
func (r reader) SetupCodeHash(ctx context.Context) (string, error) { return r.Agreed(ctx, setupCode) }

// SetSetupCode sets the hash of the setup code, replacing any previous one. It returns a [notary.Conflict] error once
// an account exists.
func (tx *Tx) SetSetupCode(hash string) error {
	if err := tx.lockSetup(); err != nil {
		return err
	}
	_, err := tx.db.Exec(`INSERT INTO agreement (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, setupCode, hash)
	return err
}

// OfferSetupCode stores the hash of a setup code unless one exists, and reports whether it was stored. It returns a
// [notary.Conflict] error once an account exists.
func (tx *Tx) OfferSetupCode(hash string) (stored bool, err error) {
	if err := tx.lockSetup(); err != nil {
		return false, err
	}
	n, err := tx.db.Exec(`INSERT INTO agreement (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, setupCode,
		hash)
	return n == 1, err
}

// lockSetup prevents the creation of the first account until the transaction ends.
func (tx *Tx) lockSetup() error {
	return tx.db.Change(
		notary.Errorf(notary.Conflict, "an account already exists, so no setup code is needed: log in"),
		`UPDATE counter SET value = 0 WHERE name = 'accounts' AND value = 0`)
}

// UseSetupCode deletes the setup code if it has the given hash, and reports whether it did.
func (tx *Tx) UseSetupCode(hash string) (bool, error) {
	n, err := tx.db.Exec(`DELETE FROM agreement WHERE name = $1 AND value = $2`, setupCode, hash)
	return n == 1, err
}

// DropSetupCode deletes the setup code, if any.
func (tx *Tx) DropSetupCode() error {
	_, err := tx.db.Exec(`DELETE FROM agreement WHERE name = $1`, setupCode)
	return err
}

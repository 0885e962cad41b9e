package ca

import (
	"context"

	"notary"
	"notary/internal/pki"
	"notary/internal/store"
)

const compromisedKey = "a certificate with this key was revoked for keyCompromise: make a new key and a new request"

// refuseCompromised refuses a CSR whose key was reported as compromised.
func refuseCompromised(ctx context.Context, tx *store.Tx, csr *pki.CSR) error {
	compromised, err := shareKey(ctx, tx, csr.Identity)
	if err == nil && compromised {
		return &notary.Error{Kind: notary.Conflict, Field: "csr", Message: compromisedKey}
	}
	return err
}

// shareKey reports whether a key was reported as compromised, and keeps it from being reported
// until the transaction has ended.
func shareKey(ctx context.Context, tx *store.Tx, key pki.KeyIdentity) (bool, error) {
	if err := tx.ShareKey(key.Fingerprint); err != nil {
		return false, err
	}
	return compromised(ctx, tx, key)
}

// reports is where compromised keys are looked up: the store, or a transaction.
type reports interface {
	Compromised(ctx context.Context, fingerprints ...string) (bool, error)
}

// compromised reports whether a key, or another one of the same private key, was reported as
// compromised. A report whose key was not found when fingerprints became canonical is still
// recorded under the former one.
func compromised(ctx context.Context, in reports, key pki.KeyIdentity) (bool, error) {
	return in.Compromised(ctx, key.Fingerprint, key.Former)
}

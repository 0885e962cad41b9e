package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"notary"
	"notary/internal/db"
)

// The classes of locks: what a transaction relies on or changes. See [db.Tx.Lock].
const (
	lockKey         db.LockClass = iota + 1 // that a key is not compromised, by its fingerprint
	lockAuthority                           // that an authority can sign
	lockCertificate                         // that a certificate is not revoked
	lockAccount                             // the password, role and sessions of an account: see [Tx.verify]
	lockProfile                             // the version of a profile
	lockUpgrade                             // the progress of an upgrade of records
	lockNames                               // which of the certificates with the same names are current
	lockGrants                              // memberships and grants, all of them: they seldom change
	lockSequence                            // the positions of events
)

// ShareKey keeps the key with this fingerprint from being reported as compromised until the
// end of the transaction, so that [reader.Compromised] stays true.
func (tx *Tx) ShareKey(fingerprint string) error {
	return tx.db.LockShared(lockKey, lockID(fingerprint))
}

// ClaimKey waits for the transactions that use the key, and blocks others.
func (tx *Tx) ClaimKey(fingerprint string) error {
	return tx.db.Lock(lockKey, lockID(fingerprint))
}

// lockID returns the number by which a fingerprint is locked. Two with the same number only wait for
// one another.
func lockID(fingerprint string) int64 {
	sum := sha256.Sum256([]byte(fingerprint))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// ClaimAuthority waits for the transactions that record what the authority signed, and blocks
// others: see [Tx.RequireUsable]. Read the authority afterwards.
func (tx *Tx) ClaimAuthority(id int64) error { return tx.db.Lock(lockAuthority, id) }

// ShareAuthority keeps the authority from being changed or deleted until the end of the
// transaction.
func (tx *Tx) ShareAuthority(id int64) error { return tx.db.LockShared(lockAuthority, id) }

// ClaimCertificate keeps others from revoking the certificate and from taking it into use,
// and returns its current state.
func (tx *Tx) ClaimCertificate(ctx context.Context, c *notary.Certificate) (*notary.Certificate, error) {
	if tx.db.Alone() { // since it was read, too
		return c, nil
	}
	if err := tx.db.Lock(lockCertificate, c.ID); err != nil {
		return nil, err
	}
	return tx.Certificate(ctx, c.ID)
}

// ClaimAccount waits for the transactions that rely on the account, and blocks others: see
// [Store.WriteAccount].
func (tx *Tx) ClaimAccount(id int64) error { return tx.db.Lock(lockAccount, id) }

// ShareProfile keeps the profile in its version until the end of the transaction.
func (tx *Tx) ShareProfile(id int64) error { return tx.db.LockShared(lockProfile, id) }

// ClaimProfile waits for the transactions that record what was issued by the profile, and blocks
// others.
func (tx *Tx) ClaimProfile(id int64) error { return tx.db.Lock(lockProfile, id) }

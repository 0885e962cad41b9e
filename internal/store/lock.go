package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"notary"
	"notary/internal/db"
)

// Lock classes name what a transaction relies on or changes: see [db.Tx.Lock].
const (
	lockKey         db.LockClass = iota + 1 // whether a key is compromised, by its fingerprint
	lockAuthority                           // whether an authority can sign
	lockCertificate                         // whether a certificate is revoked
	lockAccount                             // the password, role and sessions of an account: see [Tx.verify]
	lockProfile                             // the version of a profile
	lockUpgrade                             // the progress of an upgrade of records
	lockNames                               // which of the certificates with the same names are current
	lockGrants                              // all memberships and grants, which seldom change
	lockSequence                            // the positions of events
	lockContent                             // which CSRs the requests of a group have
	lockRules                               // all rules, which seldom change
)

// LockKeyShared prevents the key from being reported as compromised until the transaction ends.
func (tx *Tx) LockKeyShared(fingerprint string) error {
	return tx.db.LockShared(lockKey, lockID(fingerprint))
}

// LockKey locks the key for update.
func (tx *Tx) LockKey(fingerprint string) error {
	return tx.db.Lock(lockKey, lockID(fingerprint))
}

// lockID hashes a fingerprint to the ID of its lock. A collision only causes needless waiting.
func lockID(fingerprint string) int64 {
	sum := sha256.Sum256([]byte(fingerprint))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// LockAuthority locks the authority for update: see [Tx.RequireUsable]. Read the authority afterwards.
func (tx *Tx) LockAuthority(id int64) error { return tx.db.Lock(lockAuthority, id) }

// LockAuthorityShared locks the authority against changes and deletion until the transaction ends.
func (tx *Tx) LockAuthorityShared(id int64) error { return tx.db.LockShared(lockAuthority, id) }

// LockCertificate prevents other transactions from revoking the certificate or making it a request's current one. It
// returns the certificate's present state.
func (tx *Tx) LockCertificate(ctx context.Context, c *notary.Certificate) (*notary.Certificate, error) {
	if tx.db.Alone() { // no other transaction has run since c was read
		return c, nil
	}
	if err := tx.db.Lock(lockCertificate, c.ID); err != nil {
		return nil, err
	}
	return tx.Certificate(ctx, c.ID)
}

// LockAccount locks the account for update: see [Store.WriteAccount].
func (tx *Tx) LockAccount(id int64) error { return tx.db.Lock(lockAccount, id) }

// LockProfileShared locks the profile against changes until the transaction ends.
func (tx *Tx) LockProfileShared(id int64) error { return tx.db.LockShared(lockProfile, id) }

// LockProfile locks the profile for update.
func (tx *Tx) LockProfile(id int64) error { return tx.db.Lock(lockProfile, id) }

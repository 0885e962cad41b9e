package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"notary"
)

// On SQLite one transaction runs at a time. On PostgreSQL they run beside each other, each
// statement seeing what was committed before it (READ COMMITTED). What a transaction decides
// on is kept true until its commit in one of three ways: it is a condition of the UPDATE that
// acts on it; or a constraint; or it is under a lock of this file, taken before it is read.
// Those who change a thing claim it; those who only rely on it share it.

// topic is what transactions take turns about.
type topic int64

const (
	theKey         topic = iota + 1 // that a key is not compromised, by its fingerprint
	theAuthority                    // that an authority can sign
	theCertificate                  // that a certificate is not revoked
	theAccount                      // the password, role and sessions of an account: see [Tx.verify]
	theProfile                      // the version of a profile
	theUpgrade                      // how far an upgrade of what is recorded has come
	theNames                        // which of the certificates with the same names are current
)

// share waits until nobody claims the thing, and keeps others from claiming it.
func (tx *Tx) share(t topic, id int64) error {
	return tx.turn(`SELECT pg_advisory_xact_lock_shared($1)`, false, t, id)
}

// claim waits until nobody shares or claims the thing, and keeps others from it.
func (tx *Tx) claim(t topic, id int64) error {
	return tx.turn(`SELECT pg_advisory_xact_lock($1)`, true, t, id)
}

func (tx *Tx) turn(text string, claim bool, t topic, id int64) error {
	thing := int64(t)<<56 | id&(1<<56-1)
	if claimed, taken := tx.turns[thing]; tx.alone || taken && (claimed || !claim) {
		return nil
	}
	if tx.turns == nil {
		tx.turns = map[int64]bool{}
	}
	tx.turns[thing] = claim
	return tx.later(text, thing) // before what is read next
}

// ShareKey keeps the key with this fingerprint from being reported as compromised until the
// end of the transaction, so that [reader.Compromised] stays true.
func (tx *Tx) ShareKey(fingerprint string) error { return tx.share(theKey, keyTurn(fingerprint)) }

// ClaimKey waits for those who are using the key, and keeps others from it.
func (tx *Tx) ClaimKey(fingerprint string) error { return tx.claim(theKey, keyTurn(fingerprint)) }

// keyTurn is a number for a fingerprint. Two keys with the same number only wait for one
// another.
func keyTurn(fingerprint string) int64 {
	sum := sha256.Sum256([]byte(fingerprint))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// ClaimAuthority waits for those who record what the authority signed, and keeps others
// from it: see [Tx.RequireUsable]. Read the authority afterwards.
func (tx *Tx) ClaimAuthority(id int64) error { return tx.claim(theAuthority, id) }

// ShareAuthority keeps the authority from being changed or deleted until the end of the
// transaction.
func (tx *Tx) ShareAuthority(id int64) error { return tx.share(theAuthority, id) }

// ClaimCertificate keeps others from revoking the certificate and from taking it into use,
// and gives it as it is now.
func (tx *Tx) ClaimCertificate(ctx context.Context, c *notary.Certificate) (*notary.Certificate, error) {
	if tx.alone { // since it was read, too
		return c, nil
	}
	if err := tx.claim(theCertificate, c.ID); err != nil {
		return nil, err
	}
	return tx.Certificate(ctx, c.ID)
}

// ClaimAccount waits for the transactions that rely on the account, and blocks others: see
// [Store.WriteAccount].
func (tx *Tx) ClaimAccount(id int64) error { return tx.claim(theAccount, id) }

// ShareProfile keeps the profile in its version until the end of the transaction.
func (tx *Tx) ShareProfile(id int64) error { return tx.share(theProfile, id) }

// ClaimProfile waits for those who record what was issued by the profile, and keeps others
// from it.
func (tx *Tx) ClaimProfile(id int64) error { return tx.claim(theProfile, id) }

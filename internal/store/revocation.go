package store

import (
	"context"
	"errors"
	"slices"

	"notary"
	"notary/internal/db"
)

// InsertRevocation revokes a certificate issued by an authority held here. It returns a [notary.Conflict] error if the
// certificate is already revoked.
func (tx *Tx) InsertRevocation(c *notary.Certificate, reason notary.RevocationReason) error {
	_, err := tx.db.Exec(`INSERT INTO revocation (authority_id, certificate_id, shard, serial, revoked_at, reason, listed_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		c.AuthorityID, c.ID, c.Shard, c.Serial, db.Seconds(tx.db.Now()), reason, listedUntil(c, tx.db.Now()))
	if errors.Is(err, db.ErrUnique) {
		return notary.Errorf(notary.Conflict, "this certificate is already revoked")
	} else if err != nil {
		return err
	}
	tx.changedCertificate(c)
	tx.countRevocation(c.AuthorityID, c.Shard)
	tx.db.Count(LiveCounter(c.AuthorityID, c.NotAfter), -1)
	tx.revoked = append(tx.revoked, notary.RevokedCertificate{ID: c.ID, Serial: c.Serial})
	return tx.leaveNames(c)
}

// CorrectRevocation replaces the reason of a certificate's revocation and keeps its time. It returns a
// [notary.Conflict] error if the revocation has changed since it was read. The next CRL lists the entry even if the
// certificate has expired.
func (tx *Tx) CorrectRevocation(c *notary.Certificate, reason notary.RevocationReason) error {
	until := listedUntil(c, tx.db.Now())
	err := tx.db.Change(db.Raced(), `UPDATE revocation SET reason = $1,
			listed_until = CASE WHEN listed_until > $2 THEN listed_until ELSE $2 END
		WHERE certificate_id = $3 AND reason = $4`, reason, until, c.ID, c.Revocation.Reason)
	if err != nil {
		return err
	}
	tx.changedCertificate(c)
	tx.revokedBy(c.AuthorityID)
	tx.db.Count(correctedCounter(c.AuthorityID, 0), 1)
	if c.Shard > 0 {
		tx.db.Count(correctedCounter(c.AuthorityID, c.Shard), 1)
	}
	tx.revoked = append(tx.revoked, notary.RevokedCertificate{ID: c.ID, Serial: c.Serial, Previous: c.Revocation.Reason})
	return nil
}

// RevokedCertificates returns the certificates that this transaction has revoked so far, or whose revocation reasons it
// has corrected.
func (tx *Tx) RevokedCertificates() []notary.RevokedCertificate { return tx.revoked }

func (tx *Tx) countRevocation(authorityID int64, shard int) {
	tx.revokedBy(authorityID)
	tx.db.Count(revokedCounter(authorityID, 0), 1)
	if shard > 0 {
		tx.db.Count(revokedCounter(authorityID, shard), 1)
	}
}

// RevokedIssuers returns the IDs of the authorities whose revocations this transaction has changed so far.
func (tx *Tx) RevokedIssuers() (authorityIDs []int64) { return tx.issuers }

func (tx *Tx) revokedBy(authorityID int64) {
	if !slices.Contains(tx.issuers, authorityID) {
		tx.issuers = append(tx.issuers, authorityID)
	}
}

// ReportCompromised records that the key with the given fingerprint is compromised, so that it is not certified again.
func (tx *Tx) ReportCompromised(keyFingerprint string) error {
	_, err := tx.db.Exec(`INSERT INTO compromised_key (fingerprint, reported_at) VALUES ($1, $2)
		ON CONFLICT (fingerprint) DO NOTHING`, keyFingerprint, db.Seconds(tx.db.Now()))
	return err
}

// Compromised reports whether a key with one of the given fingerprints was reported as compromised.
func (r reader) Compromised(ctx context.Context, fingerprints ...string) (bool, error) {
	key, err := r.KeyRecord(ctx, fingerprints...)
	return key.Compromised, err
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"notary"
	"notary/internal/db"
)

// noExpiry is the value of listed_until for an entry whose certificate, and therefore expiry, is unknown.
const noExpiry = 1 << 60

const entriesTogether = 200

// ImportRevocations records CRL entries of the authority for certificates that are unknown here. A serial number must
// not occur twice.
func (tx *Tx) ImportRevocations(authorityID int64, entries []notary.Revocation) error {
	for some := range slices.Chunk(entries, entriesTogether) {
		b := &db.Binder{}
		authority, end, values := b.Bind(authorityID), b.Bind(int64(noExpiry)), ""
		for _, v := range some {
			values += ", (" + authority + ", 0, " + b.Bind(v.Serial) + ", " + b.Bind(db.Seconds(v.At)) + ", " +
				b.Bind(string(v.Reason)) + ", " + end + ", " + b.Bind(dateOrNull(v.InvalidityDate)) + ", " +
				b.Bind(textOrNull(v.HoldInstruction)) + ")"
		}
		err := tx.db.Later(`INSERT INTO revocation (authority_id, shard, serial, revoked_at, reason, listed_until,
			invalidity_date,
			hold_instruction) VALUES `+values[2:], b.Args...)
		if err != nil {
			return err
		}
	}
	tx.revokedBy(authorityID)
	tx.db.Count(revokedCounter(authorityID, 0), int64(len(entries)))
	tx.db.Count(unknownCounter, int64(len(entries)))
	return nil
}

func dateOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// LinkRevocation links a certificate to the imported revocation with its serial number. It returns the revocation, or
// nil if there is none.
func (tx *Tx) LinkRevocation(c *notary.Certificate) (*notary.Revocation, error) {
	v := revocationRow{serial: c.Serial}
	err := tx.q.QueryRow(context.Background(), `UPDATE revocation SET certificate_id = $1, shard = $2,
			listed_until = (CASE WHEN revoked_at > $3 THEN revoked_at ELSE $3 END) + $4
		WHERE authority_id = $5 AND serial = $6 AND certificate_id IS NULL RETURNING revoked_at, reason`,
		c.ID, c.Shard, db.Seconds(c.NotAfter), int64(listingMargin.Seconds()), c.AuthorityID, c.Serial).
		Scan(&v.at, &v.reason)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, db.MapError(err)
	}
	if c.Shard > 0 {
		tx.db.Count(revokedCounter(c.AuthorityID, c.Shard), 1)
	}
	tx.db.Count(unknownCounter, -1)
	tx.db.Count(LiveCounter(c.AuthorityID, c.NotAfter), -1)
	tx.changedCertificate(c)
	revocation := v.value()
	return &revocation, tx.leaveNames(c)
}

// SetIssuer sets the authority as the issuer of a certificate that was recorded as issued by an external CA.
func (tx *Tx) SetIssuer(c *notary.Certificate, authorityID int64) error {
	if _, err := tx.LockCertificate(context.Background(), c); err != nil {
		return err
	}
	err := tx.db.Change(db.Raced(), `UPDATE certificate SET authority_id = $1 WHERE id = $2 AND authority_id IS NULL`,
		authorityID, c.ID)
	if errors.Is(err, db.ErrUnique) {
		return notary.Errorf(notary.Conflict, "this CA already has another certificate with the serial number %s",
			c.Serial)
	} else if err != nil {
		return err
	}
	tx.db.Count(issuedCounter(authorityID), 1)
	tx.db.Count(LiveCounter(0, c.NotAfter), -1)
	tx.db.Count(LiveCounter(authorityID, c.NotAfter), 1)
	tx.changedCertificate(c)
	return tx.db.Later(`UPDATE request SET authority_id = $1 WHERE certificate_id = $2`, authorityID, c.ID)
}

// RecordOutsideKey records that a copy of the key with the given fingerprint may exist outside this service.
func (tx *Tx) RecordOutsideKey(keyFingerprint string) error {
	_, err := tx.db.Exec(`INSERT INTO outside_key (fingerprint) VALUES ($1) ON CONFLICT (fingerprint) DO NOTHING`,
		keyFingerprint)
	return err
}

// KeyKnownOutside reports whether the key belongs to an imported authority, even a deleted one.
func (r reader) KeyKnownOutside(ctx context.Context, keyFingerprint string) (bool, error) {
	var n int
	err := r.q.QueryRow(ctx, `SELECT COUNT(*) FROM outside_key WHERE fingerprint = $1`, keyFingerprint).Scan(&n)
	return n > 0, db.MapError(err)
}

// DeletedAuthority returns the ID of the deleted authority that had the key with the given fingerprint, or 0 if there
// is none.
func (r reader) DeletedAuthority(ctx context.Context, keyFingerprint string) (id int64, err error) {
	err = r.q.QueryRow(ctx, `SELECT COALESCE(MAX(a.id), 0) FROM certificate k JOIN authority a ON a.certificate_id = k.id
		WHERE k.key_fingerprint = $1 AND a.deleted_at IS NOT NULL`, keyFingerprint).Scan(&id)
	return id, db.MapError(err)
}

// ReviveAuthority restores a deleted authority. The sealed key is empty if the authority is now offline. The CSR is
// stored only if the authority had none. CRL numbers continue from the greater of crlNumber and the last number
// allocated. The full CRL is deleted, because newer ones may exist elsewhere.
func (tx *Tx) ReviveAuthority(id int64, csr string, sealedKey []byte, crlNumber int64) error {
	err := tx.db.Change(db.Raced(), `UPDATE authority SET sealed_key = $1, enabled = 1, deleted_at = NULL, key_known_outside = 1,
			csr = CASE WHEN csr = '' THEN $5 ELSE csr END,
			crl_number = CASE WHEN crl_number > $2 THEN crl_number ELSE $2 END,
			crl_base = CASE WHEN crl_base > $4 THEN crl_base ELSE $4 END
		WHERE id = $3 AND deleted_at IS NOT NULL`, sealedKey, crlNumber, id, tx.crlBase(crlNumber), csr)
	if err != nil {
		return err
	}
	return tx.db.Later(`DELETE FROM crl WHERE authority_id = $1 AND shard = 0`, id)
}

// CertificateBySerial returns the certificate that the authority issued with the given serial number, or nil if there
// is none.
func (r reader) CertificateBySerial(ctx context.Context, authorityID int64,
	serial string) (*notary.Certificate, error) {
	cert, err := r.scanCertificate(r.q.QueryRow(ctx, selectCertificate+`WHERE k.serial = $1 AND k.authority_id = $2`,
		serial, authorityID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return cert, db.MapError(err)
}

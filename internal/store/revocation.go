package store

import (
	"context"
	"database/sql"
	"errors"

	"notary"
)

// InsertRevocation revokes a certificate of an authority held here. A second time is a
// [notary.Conflict].
func (tx *Tx) InsertRevocation(c *notary.Certificate, reason notary.RevocationReason) error {
	_, err := tx.exec(`INSERT INTO revocation (certificate_id, authority_id, serial, revoked_at, reason)
		VALUES ($1, $2, $3, $4, $5)`, c.ID, c.AuthorityID, c.Serial, seconds(tx.now), reason)
	if errors.Is(err, errUnique) {
		return notary.Errorf(notary.Conflict, "this certificate is revoked already")
	} else if err != nil {
		return err
	}
	tx.counts[revokedCounter(c.AuthorityID)]++
	return nil
}

// ReportCompromised records that the key with this fingerprint (SHA-256 of its
// SubjectPublicKeyInfo) must not be certified again.
func (tx *Tx) ReportCompromised(keyFingerprint string) error {
	_, err := tx.exec(`INSERT INTO compromised_key (fingerprint, reported_at) VALUES ($1, $2)
		ON CONFLICT (fingerprint) DO NOTHING`, keyFingerprint, seconds(tx.now))
	return err
}

// Compromised says whether the key with this fingerprint was reported.
func (r reader) Compromised(ctx context.Context, keyFingerprint string) (bool, error) {
	var n int
	err := r.q.queryRow(ctx, `SELECT COUNT(*) FROM compromised_key WHERE fingerprint = $1`, keyFingerprint).Scan(&n)
	return n > 0, mapped(err)
}

// RevocationCount is how many revocations of the authority are known. It only rises: a CRL
// made from that many is true while it stays the same.
func (r reader) RevocationCount(ctx context.Context, authorityID int64) (int64, error) {
	return r.counter(ctx, revokedCounter(authorityID))
}

// Revocations are the authority's revoked certificates in the order of their ids.
func (r reader) Revocations(ctx context.Context, authorityID int64) ([]notary.Revocation, error) {
	return collect(ctx, r, scanRevocation, `SELECT serial, revoked_at, reason FROM revocation
		WHERE authority_id = $1 ORDER BY certificate_id`, authorityID)
}

func scanRevocation(row row) (v notary.Revocation, err error) {
	var at int64
	err = row.Scan(&v.Serial, &at, &v.Reason)
	v.At = timeOf(at)
	return v, err
}

// CRL is the authority's newest list; nil where there is none yet.
func (r reader) CRL(ctx context.Context, authorityID int64) (*notary.CRL, error) {
	crl := &notary.CRL{AuthorityID: authorityID}
	var this, next int64
	err := r.q.queryRow(ctx, `SELECT number, der, this_update, next_update, revocations FROM crl
		WHERE authority_id = $1`, authorityID).Scan(&crl.Number, &crl.DER, &this, &next, &crl.Revocations)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	crl.ThisUpdate, crl.NextUpdate = timeOf(this), timeOf(next)
	return crl, mapped(err)
}

// NextCRLNumber gives the authority's next CRL number to a list of that many revocations.
// None is ever given twice; one may stay unused. A list that knows fewer revocations than one
// that has a number already gets none, but a [notary.Conflict]: what is on a list must be on
// all later ones.
func (tx *Tx) NextCRLNumber(authorityID, known int64) (number int64, err error) {
	err = tx.q.queryRow(context.Background(), `UPDATE authority SET crl_number = crl_number + 1, crl_known = $1
		WHERE id = $2 AND deleted_at IS NULL AND crl_known <= $1 RETURNING crl_number`, known, authorityID).Scan(&number)
	if !errors.Is(err, sql.ErrNoRows) {
		return number, mapped(err)
	}
	if _, err := tx.Authority(context.Background(), authorityID); err != nil {
		return 0, err
	}
	return 0, raced()
}

// CRLNumber is the number of the authority's newest list; 0 where there is none.
func (r reader) CRLNumber(ctx context.Context, authorityID int64) (number int64, err error) {
	err = r.q.queryRow(ctx, `SELECT number FROM crl WHERE authority_id = $1`, authorityID).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return number, mapped(err)
}

// SaveCRL keeps the list. Where a newer one is there it is a [notary.Conflict].
func (tx *Tx) SaveCRL(c *notary.CRL) error {
	return tx.change(raced(), `INSERT INTO crl (authority_id, number, der, this_update, next_update, revocations)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (authority_id) DO UPDATE SET number = excluded.number, der = excluded.der,
			this_update = excluded.this_update, next_update = excluded.next_update,
			revocations = excluded.revocations
		WHERE crl.number < excluded.number`,
		c.AuthorityID, c.Number, c.DER, seconds(c.ThisUpdate), seconds(c.NextUpdate), c.Revocations)
}

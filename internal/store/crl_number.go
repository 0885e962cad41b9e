package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"notary/internal/db"
)

// CRLNumber returns the number of the authority's newest CRL (shard 0: the full one), or 0 if there is none.
func (r reader) CRLNumber(ctx context.Context, authorityID int64, shard int) (number int64, err error) {
	err = r.q.QueryRow(ctx, `SELECT number FROM crl WHERE authority_id = $1 AND shard = $2`, authorityID, shard).
		Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return number, db.MapError(err)
}

// NextCRLNumber allocates the authority's next CRL number to a CRL (shard 0: the full one) with the given
// [reader.RevocationCount]. No number is allocated twice, but some may remain unused. If a CRL with a higher count
// already has a number, NextCRLNumber returns a [notary.Conflict] error: later CRLs must list these revocations, too.
//
// The number is greater than the authority's last number and than above, and at least crl_base plus the microseconds
// since 1970 (RFC 5280, section 5.2.3). No authority issues more than one CRL a microsecond, so a restored database
// never allocates a published number again.
func (tx *Tx) NextCRLNumber(authorityID int64, shard int, known, above int64) (number int64, err error) {
	err = tx.q.QueryRow(context.Background(), `UPDATE authority SET crl_number = CASE
			WHEN crl_number >= crl_base + $2 AND crl_number >= $3 THEN crl_number + 1
			WHEN crl_base + $2 > $3 THEN crl_base + $2
			ELSE $3 + 1 END
		WHERE id = $1 AND deleted_at IS NULL RETURNING crl_number`, authorityID, tx.db.Now().UnixMicro(), above).
		Scan(&number)
	if err != nil {
		return 0, found(err, "certificate authority", authorityID)
	}
	err = tx.db.Change(db.Raced(), `INSERT INTO crl
		(authority_id, shard, known, number, der, this_update, next_update, revocations)
		VALUES ($1, $2, $3, 0, $4, 0, 0, 0)
		ON CONFLICT (authority_id, shard) DO UPDATE SET known = excluded.known WHERE crl.known <= excluded.known`,
		authorityID, shard, known, []byte{})
	if err != nil {
		return 0, err
	}
	return number, nil
}

func (tx *Tx) crlBase(number int64) int64 { return max(0, number-tx.db.Now().UnixMicro()) }

// LaterCRLNumber returns the number that [Tx.NextCRLNumber] would allocate at the time now.
func (r reader) LaterCRLNumber(ctx context.Context, authorityID int64, now time.Time) (number int64, err error) {
	err = r.q.QueryRow(ctx, `SELECT CASE WHEN crl_number >= crl_base + $2 THEN crl_number + 1 ELSE crl_base + $2 END
		FROM authority WHERE id = $1 AND deleted_at IS NULL`, authorityID, now.UnixMicro()).Scan(&number)
	return number, found(err, "certificate authority", authorityID)
}

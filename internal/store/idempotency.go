package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"notary"
	"notary/internal/db"
)

// idempotencyLife is the time after which a key expires.
const idempotencyLife = 24 * time.Hour

// Idempotency is a caller's idempotency key together with what the call recorded.
type Idempotency struct {
	PrincipalID   int64
	Key           string // chosen by the caller
	Digest        string // of the call's content; reusing the key with other content is an error
	RequestID     int64
	CertificateID int64 // 0 if none
}

// Idempotency returns what the caller's last call with the given key recorded within the last day, or nil if nothing
// was recorded.
func (r reader) Idempotency(ctx context.Context, principalID int64, key string, now time.Time) (*Idempotency, error) {
	k := &Idempotency{PrincipalID: principalID, Key: key}
	var certificate number
	err := r.q.QueryRow(ctx, `SELECT digest, request_id, certificate_id FROM idempotency
		WHERE principal_id = $1 AND idempotency_key = $2 AND created_at > $3`,
		principalID, key, db.Seconds(now.Add(-idempotencyLife))).Scan(&k.Digest, &k.RequestID, &certificate)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	k.CertificateID = certificate.Int64
	return k, db.MapError(err)
}

// InsertIdempotency records a key. It returns a [notary.Conflict] error if the key is already recorded and has not
// expired. It also deletes some expired keys.
func (tx *Tx) InsertIdempotency(k Idempotency) error {
	_, err := tx.db.Exec(`DELETE FROM idempotency WHERE created_at <= $1 AND idempotency_key IN (
		SELECT idempotency_key FROM idempotency WHERE created_at <= $1 ORDER BY created_at LIMIT 10)`,
		db.Seconds(tx.db.Now().Add(-idempotencyLife)))
	if err != nil {
		return err
	}
	n, err := tx.db.Exec(`INSERT INTO idempotency (principal_id, idempotency_key, digest, request_id, certificate_id, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (principal_id, idempotency_key) DO UPDATE SET digest = excluded.digest, request_id = excluded.request_id,
			certificate_id = excluded.certificate_id, created_at = excluded.created_at
		WHERE idempotency.created_at <= $7`,
		k.PrincipalID, k.Key, k.Digest, k.RequestID, nullable(k.CertificateID), db.Seconds(tx.db.Now()),
		db.Seconds(tx.db.Now().Add(-idempotencyLife)))
	if err == nil && n == 0 {
		err = notary.Errorf(notary.Conflict, "another call with this Idempotency-Key is in progress: try again in a moment")
	}
	return err
}

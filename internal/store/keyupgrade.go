package store

import (
	"context"
	"time"

	"notary/internal/db"
)

// keysUpgraded names the row of table agreement that holds the ID of the last certificate upgraded. The row is deleted
// when the upgrade is complete. Earlier versions recorded the fingerprint of the SubjectPublicKeyInfo as encoded in the
// certificate.
const keysUpgraded = "key fingerprints are canonical up to certificate"

type keyFingerprinter = func(der []byte, recorded string) string

// UpgradeKeyFingerprints recomputes with fn the key fingerprints of the next certificates recorded by an earlier
// version, and copies the records of these keys to the new fingerprints. It returns the ID of the last certificate
// read, and whether the upgrade is complete.
func (s *Store) UpgradeKeyFingerprints(ctx context.Context, fn keyFingerprinter) (last int64, done bool, err error) {
	return s.upgrade(ctx, keysUpgraded, func(tx *Tx, after int64) (int64, error) {
		last, changed, err := tx.changedKeys(ctx, after, fn)
		if err != nil {
			return 0, err
		}
		for _, c := range changed {
			if err := tx.changeKey(c); err != nil {
				return 0, err
			}
		}
		return last, nil
	})
}

type changedKey struct {
	certificate int64
	from, to    string
}

// changedKeys reads the next certificates and returns those whose key fingerprint changes, and the ID of the last
// certificate read. It keeps only the changes in memory.
func (tx *Tx) changedKeys(ctx context.Context, after int64,
	fn keyFingerprinter) (last int64, changed []changedKey, err error) {
	rows, err := tx.q.Query(ctx, `SELECT k.id, k.key_fingerprint, d.der FROM certificate k
		LEFT JOIN certificate_der d ON d.certificate_id = k.id
		WHERE k.id > $1 ORDER BY k.id LIMIT $2`, after, upgradeStep)
	if err != nil {
		return 0, nil, db.MapError(err)
	}
	defer rows.Close()
	last = after
	for rows.Next() {
		var c changedKey
		var der []byte
		if err := rows.Scan(&c.certificate, &c.from, &der); err != nil {
			return 0, nil, db.MapError(err)
		}
		last = c.certificate
		if c.to = fn(der, c.from); c.to != c.from {
			changed = append(changed, c)
		}
	}
	return last, changed, db.MapError(rows.Err())
}

// changeKey changes the fingerprint of a certificate's key. The records under the old fingerprint (compromised, held
// here or known outside) are copied to the new one, and remain for certificates that have not been upgraded yet.
func (tx *Tx) changeKey(c changedKey) error {
	if err := tx.db.Later(`INSERT INTO compromised_key (fingerprint, reported_at)
		SELECT CAST($1 AS TEXT), reported_at FROM compromised_key WHERE fingerprint = $2
		ON CONFLICT (fingerprint) DO NOTHING`, c.to, c.from); err != nil {
		return err
	}
	if err := tx.db.Later(`INSERT INTO outside_key (fingerprint)
		SELECT CAST($1 AS TEXT) FROM outside_key WHERE fingerprint = $2
		ON CONFLICT (fingerprint) DO NOTHING`, c.to, c.from); err != nil {
		return err
	}
	if err := tx.db.Later(`INSERT INTO held_key (fingerprint, authority_id, responder)
		SELECT CAST($1 AS TEXT), authority_id, responder FROM held_key WHERE fingerprint = $2
		ON CONFLICT (fingerprint) DO NOTHING`, c.to, c.from); err != nil {
		return err
	}
	return tx.db.Later(`UPDATE certificate SET key_fingerprint = $1 WHERE id = $2`, c.to, c.certificate)
}

// CompromisedInUse returns the IDs of up to limit unexpired certificates issued here that have a compromised key but
// are not revoked. It omits the current certificates of roots, which cannot be revoked.
func (r reader) CompromisedInUse(ctx context.Context, now time.Time, limit int) ([]int64, error) {
	return db.Collect(ctx, r.q, func(row db.Row) (id int64, err error) {
		err = row.Scan(&id)
		return id, err
	}, `SELECT k.id FROM compromised_key c JOIN certificate k ON k.key_fingerprint = c.fingerprint
		LEFT JOIN revocation v ON v.certificate_id = k.id
		LEFT JOIN authority a ON a.certificate_id = k.id AND a.id = k.authority_id
		WHERE v.certificate_id IS NULL AND a.id IS NULL AND k.authority_id IS NOT NULL AND k.not_after >= $1
		ORDER BY k.id LIMIT $2`, db.Seconds(now), limit)
}

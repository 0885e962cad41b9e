package store

import (
	"context"

	"notary/internal/db"
)

// KeyRecord is the record of a key.
type KeyRecord struct {
	Compromised bool

	// AuthorityID is the authority that has or had the key, for itself or for its OCSP responder; 0 if none.
	AuthorityID int64
}

// KeyRecord returns the record of the key that has any of the given fingerprints.
func (r reader) KeyRecord(ctx context.Context, fingerprints ...string) (k KeyRecord, err error) {
	b := &db.Binder{}
	in := `(` + db.BindAll(b, fingerprints) + `)`
	err = r.q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM compromised_key WHERE fingerprint IN `+in+`),
		COALESCE((SELECT MIN(h.authority_id) FROM held_key h WHERE h.fingerprint IN `+in+`), 0)`, b.Args...).
		Scan(&k.Compromised, &k.AuthorityID)
	return k, db.MapError(err)
}

// RecordHeldKey records that the authority has the key with the given fingerprint. The record outlives the authority.
func (tx *Tx) RecordHeldKey(fingerprint string, authorityID int64) error {
	return tx.db.Later(`INSERT INTO held_key (fingerprint, authority_id, responder) VALUES ($1, $2, 0)
		ON CONFLICT (fingerprint) DO NOTHING`, fingerprint, authorityID)
}

func (tx *Tx) recordResponderKey(authorityID, certificateID int64) error {
	return tx.db.Later(`INSERT INTO held_key (fingerprint, authority_id, responder)
		SELECT k.key_fingerprint, CAST($1 AS BIGINT), 1 FROM certificate k WHERE k.id = $2
		ON CONFLICT (fingerprint) DO NOTHING`, authorityID, certificateID)
}

// UnrecordedKey holds the CSR of an authority whose key is not recorded.
type UnrecordedKey struct {
	AuthorityID int64
	CSR         string
}

// UnrecordedKeys returns the authorities, including deleted ones, whose keys an earlier version did not record.
func (r reader) UnrecordedKeys(ctx context.Context) ([]UnrecordedKey, error) {
	return db.Collect(ctx, r.q, func(row db.Row) (k UnrecordedKey, err error) {
		err = row.Scan(&k.AuthorityID, &k.CSR)
		return k, err
	}, `SELECT a.id, a.csr FROM authority a WHERE a.csr <> '' AND NOT EXISTS (
			SELECT 1 FROM held_key h WHERE h.authority_id = a.id AND h.responder = 0)
		ORDER BY a.id`)
}

package store

import "notary/internal/db"

func (tx *Tx) insertPrincipal(kind, name string) (int64, error) {
	return tx.db.Insert(`INSERT INTO principal (kind, name, created_at) VALUES ($1, $2, $3) RETURNING id`, kind, name,
		db.Seconds(tx.db.Now()))
}

// endPrincipal marks a principal as deleted. Its row remains, so that its ID is never used again.
func (tx *Tx) endPrincipal(id int64) error {
	return tx.db.Later(`UPDATE principal SET deleted_at = $1 WHERE id = $2`, db.Seconds(tx.db.Now()), id)
}

package store

import (
	"context"

	"notary/internal/db"
)

// Successor returns the ID of the authority that succeeded this one and is not deleted, or 0.
func (r reader) Successor(ctx context.Context, id int64) (successor int64, err error) {
	err = r.q.QueryRow(ctx, `SELECT COALESCE(MAX(a.id), 0) FROM authority a WHERE a.predecessor_id = $1 AND a.deleted_at IS NULL`,
		id).Scan(&successor)
	return successor, db.MapError(err)
}

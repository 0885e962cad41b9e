package store

import (
	"context"

	"notary/internal/db"
)

// Successor is the authority, not deleted, that goes on with the work of this one; 0 where
// there is none.
func (r reader) Successor(ctx context.Context, id int64) (successor int64, err error) {
	err = r.q.QueryRow(ctx, `SELECT COALESCE(MAX(a.id), 0) FROM authority a WHERE a.predecessor_id = $1 AND a.deleted_at IS NULL`,
		id).Scan(&successor)
	return successor, db.MapError(err)
}

package store

import (
	"context"

	"notary/internal/db"
)

// contentsRecorded names the row of table agreement that holds the ID of the last request upgraded. The row is deleted
// when the upgrade is complete.
const contentsRecorded = "request contents are recorded up to request"

// UpgradeContents records the content hash of the next requests recorded by an earlier version. The function fn returns
// the hash of a PEM CSR, or "" if it is unreadable. If several requests have the same content and requester, only the
// oldest gets the hash. UpgradeContents returns the ID of the last request read, and whether the upgrade is complete.
func (s *Store) UpgradeContents(ctx context.Context, fn func(csr string) string) (last int64, done bool, err error) {
	return s.upgrade(ctx, contentsRecorded, func(tx *Tx, after int64) (int64, error) {
		last, contents, err := tx.contentsAfter(ctx, after, fn)
		if err != nil {
			return 0, err
		}
		for _, c := range contents {
			if err := tx.db.Later(`UPDATE request SET content = $1 WHERE id = $2 AND content = '' AND NOT EXISTS
				(SELECT 1 FROM request o WHERE o.requester_id = $3 AND o.content = $1 AND o.content <> '')`, c.content, c.id,
				c.requester); err != nil {
				return 0, err
			}
		}
		return last, nil
	})
}

type requestContent struct {
	id, requester int64
	content       string
}

// contentsAfter computes the content hashes of the next requests after an ID, omitting unreadable CSRs. It returns the
// ID of the last request read.
func (tx *Tx) contentsAfter(ctx context.Context, after int64,
	fn func(csr string) string) (last int64, all []requestContent, err error) {
	rows, err := tx.q.Query(ctx, `SELECT r.id, r.requester_id, c.csr FROM request r
		JOIN request_csr c ON c.request_id = r.id
		WHERE r.id > $1 ORDER BY r.id LIMIT $2`, after, upgradeStep)
	if err != nil {
		return 0, nil, db.MapError(err)
	}
	defer rows.Close()
	last = after
	for rows.Next() {
		var c requestContent
		var csr string
		if err := rows.Scan(&c.id, &c.requester, &csr); err != nil {
			return 0, nil, db.MapError(err)
		}
		last = c.id
		if c.content = fn(csr); c.content != "" {
			all = append(all, c)
		}
	}
	return last, all, db.MapError(rows.Err())
}

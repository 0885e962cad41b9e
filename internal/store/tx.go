package store

import (
	"database/sql"
	"errors"

	"notary"
	"notary/internal/db"
)

// Tx is a transaction in progress, valid only inside the function of [Store.Write]. It reads its own writes.
type Tx struct {
	reader
	db      *db.Tx
	revoked []notary.RevokedCertificate // certificates whose revocations it has added or corrected
	issuers []int64                     // authorities whose revocations this transaction has changed
}

// found maps a database error. It converts sql.ErrNoRows to [notary.NotFound].
func found(err error, what string, id int64) error {
	if errors.Is(err, sql.ErrNoRows) {
		return notary.Errorf(notary.NotFound, "there is no %s %d", what, id)
	}
	return db.MapError(err)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func nullable(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

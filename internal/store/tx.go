package store

import (
	"database/sql"
	"errors"

	"notary"
	"notary/internal/db"
)

// Tx is a transaction in progress: see [Store.Write]. It belongs to the function that it was passed
// to and must not be kept. It reads what it has written.
type Tx struct {
	reader
	db      *db.Tx
	revoked []notary.RevokedCertificate // by this transaction
}

// The topics of [Store.Watch]: what nodes keep in memory.
const (
	Authorities = "authorities"
	Profiles    = "profiles"
)

var topics = []string{Authorities, Profiles}

// Changed tells the other nodes at the commit of a change to what they keep in memory of a topic.
func (tx *Tx) Changed(topic string) error { return tx.db.Notify(topic) }

// found maps the absence of a row to [notary.NotFound].
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

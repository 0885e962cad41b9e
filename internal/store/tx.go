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

// The topics of [Store.OnChange] and [Store.Watch]: what nodes keep in memory.
const (
	Authorities = "authorities" // with the certificates for their keys and the revocations of these
	Profiles    = "profiles"
)

// topics are the tables that hold what nodes keep in memory. See also [Tx.changedCertificate].
var topics = []db.Topic{
	{Name: Authorities, Tables: []string{"authority"},
		Except: []string{"UPDATE authority SET crl_number", "UPDATE authority SET crl_base"}}, // of each CRL
	{Name: Profiles, Tables: []string{"profile"}, // which names the version in force
		Except: []string{"INSERT INTO profile (builtin"}}, // of the first start, before anybody could have read one
}

// changedCertificate invalidates the authorities if a certificate that was recorded or revoked may be one of a CA. Old ones
// from elsewhere need not say so.
func (tx *Tx) changedCertificate(c *notary.Certificate) {
	if c.ClaimsCA() || c.RequestID == 0 && c.Profile == "" {
		tx.db.Changed(Authorities)
	}
}

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

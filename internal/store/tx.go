package store

import (
	"database/sql"
	"errors"

	"notary"
	"notary/internal/db"
)

// Tx is a transaction in progress: see [Store.Write]. It is only valid inside that function. It reads its own writes.
type Tx struct {
	reader
	db      *db.Tx
	revoked []notary.RevokedCertificate // by this transaction
	issuers []int64                     // of revocations that this transaction has changed
}

// The topics of [Store.OnChange] and [Store.Watch]: what nodes cache.
const (
	Authorities = "authorities" // with the certificates of their keys and revocations of these
	Profiles    = "profiles"
)

// topics lists the tables behind each topic. See also [Tx.changedCertificate].
var topics = []db.Topic{
	{Name: Authorities, Tables: []string{"authority"},
		Except: []string{"UPDATE authority SET crl_number", "UPDATE authority SET crl_base"}}, // by each CRL
	{Name: Profiles, Tables: []string{"profile"}, // holds the version in force
		Except: []string{"INSERT INTO profile (builtin"}}, // by the first start, before anything is cached
}

// changedCertificate invalidates the authorities if a recorded or revoked certificate may belong to a CA. Old imported
// certificates may lack basicConstraints.
func (tx *Tx) changedCertificate(c *notary.Certificate) {
	if c.ClaimsCA() || c.RequestID == 0 && c.Profile == "" {
		tx.db.Changed(Authorities)
	}
}

// found maps sql.ErrNoRows to [notary.NotFound].
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

package store

import (
	"notary"
	"notary/internal/db"
)

// Topics of [Store.OnChange] and [Store.Watch] name what nodes cache.
const (
	Authorities = "authorities" // with the certificates for their keys and their revocations
	Profiles    = "profiles"
	Rules       = "rules" // the active ones
)

// topics lists the topics, with the tables whose changes package db reports to all nodes. See also
// [Tx.changedCertificate].
var topics = []db.Topic{
	{Name: Authorities, Tables: []string{"authority"},
		Except: []string{"UPDATE authority SET crl_number", "UPDATE authority SET crl_base"}}, // executed for each CRL
	{Name: Profiles, Tables: []string{"profile"}, // holds the current version
		Except: []string{"INSERT INTO profile (builtin"}}, // executed by the first start, before anything is cached
	{Name: Rules, Tables: []string{"rule_set"}},
}

// changedCertificate invalidates the cached authorities if a certificate may belong to a CA. Old imported CA
// certificates may lack basicConstraints.
func (tx *Tx) changedCertificate(c *notary.Certificate) {
	if c.ClaimsCA() || c.RequestID == 0 && c.Profile == "" {
		tx.db.Changed(Authorities)
	}
}

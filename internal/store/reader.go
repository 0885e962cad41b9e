package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

// reader holds the methods that [Store] and [Tx] share.
type reader struct {
	q      db.Querier
	damage *damageReport
	search query.Limits
	seal   *query.Seal
	chains *chainCache
}

// certificateColumns lists the columns that [certificateRow] scans: a certificate with its revocation. All are NULL if
// a LEFT JOIN finds no certificate.
const certificateColumns = ` k.id, k.request_id, k.requester_id, k.email, k.authority_id, k.common_name, k.names,
	k.key, k.key_fingerprint, k.serial, k.fingerprint, k.not_before, k.not_after, k.profile,
	k.profile_version, k.shard, k.created_at, k.owner_group_id, k.labels,
	v.revoked_at, v.reason, d.der, ch.der `

// certificateJoins joins the tables of certificateColumns. It must follow a table or join with the alias k.
const certificateJoins = `
	LEFT JOIN revocation v ON v.certificate_id = k.id
	LEFT JOIN certificate_der d ON d.certificate_id = k.id
	LEFT JOIN issuer_chain ch ON ch.id = k.issuer_chain_id `

type certificateRow struct {
	id, request, requester, authority, group                                                    number
	email, commonName, names, key, keyFingerprint, serial, fingerprint, profile, reason, labels sql.NullString
	notBefore, notAfter, createdAt, revokedAt                                                   instant
	profileVersion, shard                                                                       number
	der, chain                                                                                  []byte

	problems []string // set by method certificate
}

func (c *certificateRow) dest() []any { return c.appendDest(nil) }

func (c *certificateRow) appendDest(dest []any) []any {
	return append(dest, &c.id, &c.request, &c.requester, &c.email, &c.authority, &c.commonName, &c.names, &c.key,
		&c.keyFingerprint, &c.serial, &c.fingerprint, &c.notBefore, &c.notAfter, &c.profile, &c.profileVersion,
		&c.shard, &c.createdAt, &c.group, &c.labels, &c.revokedAt, &c.reason, &c.der, &c.chain)
}

func (c *certificateRow) unreadable(chain error) []string {
	return unreadable(column{"request_id", c.request.bad}, column{"requester_id", c.requester.bad},
		column{"authority_id", c.authority.bad}, column{"owner_group_id", c.group.bad},
		column{"not_before", c.notBefore.unreadable()}, column{"not_after", c.notAfter.unreadable()},
		column{"profile_version", c.profileVersion.bad}, column{"shard", c.shard.bad},
		column{"created_at", c.createdAt.unreadable()},
		column{"der of its issuer chain", chain != nil}, column{"der", c.id.Valid && len(c.der) == 0})
}

// intact reports whether the DER, if any, has the recorded fingerprint. Altered DER is never served.
func (c *certificateRow) intact() bool {
	var fingerprint [2 * sha256.Size]byte
	digest := sha256.Sum256(c.der)
	hex.Encode(fingerprint[:], digest[:])
	return len(c.der) == 0 || string(fingerprint[:]) == c.fingerprint.String
}

// certificate returns the readable parts of the certificate, or nil if the join found none.
func (c *certificateRow) certificate(r reader) *notary.Certificate {
	if !c.id.Valid {
		return nil
	}
	chain, err := r.chains.get(c.chain)
	c.problems = c.unreadable(err)
	labels, err := decodeLabels(c.labels)
	if err != nil {
		c.problems = append(c.problems, "its labels cannot be read")
	}
	if !c.intact() {
		c.problems, c.der = append(c.problems, "its DER does not match its fingerprint"), nil
	}
	r.damage.add("certificate", c.id.Int64, c.problems)
	cert := &notary.Certificate{
		ID: c.id.Int64, RequestID: c.request.Int64, RequesterID: c.requester.Int64, Email: c.email.String,
		AuthorityID: c.authority.Int64,
		CommonName:  c.commonName.String, Names: notary.ParseNames(c.names.String), Key: c.key.String,
		KeyFingerprint: c.keyFingerprint.String,
		Serial:         c.serial.String, Fingerprint: c.fingerprint.String, Profile: c.profile.String,
		ProfileVersion: int(c.profileVersion.Int64), Shard: int(c.shard.Int64),
		NotBefore: c.notBefore.time(), NotAfter: c.notAfter.time(), CreatedAt: c.createdAt.time(),
		OwnerGroupID: c.group.Int64, Labels: labels, DER: c.der, Issuers: chain,
	}
	if c.reason.Valid {
		v := revocationRow{serial: cert.Serial, at: c.revokedAt, reason: c.reason.String}.value()
		cert.Revocation = &v
	}
	return cert
}

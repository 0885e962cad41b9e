package store

import (
	"context"
	"time"

	"notary"
	"notary/internal/db"
)

// Certified is a certificate for the key of an authority.
type Certified struct {
	AuthorityID   int64
	CommonName    string // of the authority
	Deleted       bool   // whether the authority is deleted
	CertificateID int64
	IssuerID      int64 // signing authority, possibly deleted; 0 for an external CA
	NotAfter      time.Time
	Revoked       bool
}

// CertifiedAuthorities returns the certificates for the keys of all authorities, including deleted ones, in no
// particular order. Its cost depends only on the number of authorities.
func (r reader) CertifiedAuthorities(ctx context.Context) ([]Certified, error) {
	return db.Collect(ctx, r.q, scanCertified,
		`SELECT a.id, a.common_name, CASE WHEN a.deleted_at IS NULL THEN 0 ELSE 1 END,
			c.id, COALESCE(c.authority_id, 0), c.not_after, CASE WHEN v.certificate_id IS NULL THEN 0 ELSE 1 END
		FROM authority a
		CROSS JOIN certificate k
		CROSS JOIN certificate c
		LEFT JOIN revocation v ON v.certificate_id = c.id
		WHERE k.id = a.certificate_id AND c.key_fingerprint = k.key_fingerprint AND c.requester_id = 0`)
}

func scanCertified(row db.Row) (c Certified, err error) {
	var notAfter instant
	err = row.Scan(&c.AuthorityID, &c.CommonName, &c.Deleted, &c.CertificateID, &c.IssuerID, &notAfter, &c.Revoked)
	c.NotAfter = notAfter.time()
	return c, err
}

// Issued holds the parts of a certificate that show who is affected when it becomes invalid.
type Issued struct {
	ID        int64
	NotAfter  time.Time
	Email     string // of the request's submitter; "" if unknown
	Responder bool   // whether it belongs to the authority's OCSP responder
	Revoked   bool
}

// LastIssued returns up to limit certificates issued by the authority that have not expired at the given time, latest
// expiry first. It includes revoked ones.
func (r reader) LastIssued(ctx context.Context, authorityID int64, now time.Time, limit int) ([]Issued, error) {
	return r.issued(ctx, authorityID, now, "DESC", limit)
}

// FirstIssued is like [Store.LastIssued], but returns the earliest expiry first.
func (r reader) FirstIssued(ctx context.Context, authorityID int64, now time.Time, limit int) ([]Issued, error) {
	return r.issued(ctx, authorityID, now, "ASC", limit)
}

func (r reader) issued(ctx context.Context, authorityID int64, now time.Time, direction string,
	limit int) ([]Issued, error) {
	return db.CollectPlanned(ctx, r.q, scanIssued, `SELECT t.id, t.not_after, t.email,
			CASE WHEN t.profile = $4 AND t.requester_id = 0 THEN 1 ELSE 0 END,
			CASE WHEN v.certificate_id IS NULL THEN 0 ELSE 1 END
		FROM (SELECT k.id, k.not_after, k.email, k.profile, k.requester_id FROM certificate k
			WHERE k.authority_id = $1 AND k.not_after >= $2
			ORDER BY k.authority_id `+direction+`, k.not_after `+direction+` LIMIT $3) t
		LEFT JOIN revocation v ON v.certificate_id = t.id`,
		authorityID, db.Seconds(now), limit, notary.OCSPProfile)
}

func scanIssued(row db.Row) (i Issued, err error) {
	var notAfter instant
	err = row.Scan(&i.ID, &notAfter, &i.Email, &i.Responder, &i.Revoked)
	i.NotAfter = notAfter.time()
	return i, err
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"notary"
	"notary/internal/db"
)

const selectAuthority = `SELECT a.id, a.enabled, a.csr, a.common_name, a.key, a.not_after, a.path_len,
	a.constraints, a.predecessor_id, a.names_crl, a.names_ocsp, a.names_issuer, a.crl_shards, a.crl_number, a.created_at,
	a.key_known_outside,
	COALESCE(LENGTH(a.sealed_key), 1) = 0,` + certificateColumns + `
	FROM authority a
	LEFT JOIN certificate k ON k.id = a.certificate_id` + certificateJoins

// Authority returns an authority that is not deleted, with its certificate and chain.
func (r reader) Authority(ctx context.Context, id int64) (*notary.Authority, error) {
	a, err := r.scanAuthority(r.q.QueryRow(ctx, selectAuthority+`WHERE a.id = $1 AND a.deleted_at IS NULL`, id))
	return a, found(err, "certificate authority", id)
}

// Issuer returns an authority with only the fields that [notary.Certificate.Revocable] needs, or nil if it does not
// exist or is deleted.
func (r reader) Issuer(ctx context.Context, id int64) (*notary.Authority, error) {
	var certificate number
	var key sql.NullString
	err := r.q.QueryRow(ctx, `SELECT k.id, k.key_fingerprint FROM authority a
		LEFT JOIN certificate k ON k.id = a.certificate_id
		WHERE a.id = $1 AND a.deleted_at IS NULL`, id).Scan(&certificate, &key)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, db.MapError(err)
	case !certificate.Valid:
		return &notary.Authority{ID: id}, nil
	}
	return &notary.Authority{ID: id, Certificate: &notary.Certificate{ID: certificate.Int64, KeyFingerprint: key.String}},
		nil
}

// AuthorityWithCertificate returns the authority whose current certificate has the given ID, or nil if there is none.
// Deleted authorities are not found.
func (r reader) AuthorityWithCertificate(ctx context.Context, certificateID int64) (*notary.Authority, error) {
	a, err := r.scanAuthority(r.q.QueryRow(ctx, selectAuthority+`WHERE a.certificate_id = $1 AND a.deleted_at IS NULL`,
		certificateID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return a, db.MapError(err)
}

// Authorities returns all authorities that are not deleted, ordered by ID.
func (r reader) Authorities(ctx context.Context) ([]*notary.Authority, error) {
	return db.Collect(ctx, r.q, r.scanAuthority, selectAuthority+`WHERE a.deleted_at IS NULL ORDER BY a.id`)
}

// HasAuthorities reports whether the database contains the private key of any authority. Only the database's key file
// can decrypt such a key.
func (r reader) HasAuthorities(ctx context.Context) (bool, error) {
	var n int
	err := r.q.QueryRow(ctx, `SELECT COUNT(*) FROM authority WHERE LENGTH(sealed_key) > 0`).Scan(&n)
	return n > 0, db.MapError(err)
}

// SealedKey returns an authority's sealed private key, which is empty if the authority is offline.
func (r reader) SealedKey(ctx context.Context, id int64) (sealed []byte, err error) {
	err = r.q.QueryRow(ctx, `SELECT sealed_key FROM authority WHERE id = $1 AND deleted_at IS NULL`, id).Scan(&sealed)
	return sealed, found(err, "certificate authority", id)
}

// MaxValidCount is the highest count that [Store.CountValidIssuedBy] determines exactly.
const MaxValidCount = 10_000

// CountValidIssuedBy counts the valid certificates that the authority has issued, excluding its own certificates and
// its OCSP responder's. It stops at [MaxValidCount] + 1.
func (r reader) CountValidIssuedBy(ctx context.Context, a *notary.Authority, now time.Time) (n int64, err error) {
	own := ""
	if a.Certificate != nil {
		own = a.Certificate.KeyFingerprint
	}
	err = r.q.QueryRow(ctx, `SELECT COUNT(*) FROM (
		SELECT 1 FROM certificate k
		WHERE k.authority_id = $1 AND k.not_after >= $2 AND k.key_fingerprint <> $3
			AND NOT (k.profile = $5 AND k.requester_id = 0)
			AND NOT EXISTS (SELECT 1 FROM revocation v WHERE v.certificate_id = k.id)
		ORDER BY k.not_after LIMIT $4) t`,
		a.ID, db.Seconds(now), own, MaxValidCount+1, notary.OCSPProfile).Scan(&n)
	return n, db.MapError(err)
}

func (r reader) scanAuthority(row db.Row) (*notary.Authority, error) {
	var (
		a                            notary.Authority
		crl, ocsp, issuer            bool
		notAfter, created            instant
		pathLen, shards, predecessor number
		crlNumber                    number
		constraints                  string
		cert                         certificateRow
	)
	dest := []any{&a.ID, &a.Enabled, &a.CSR, &a.CommonName, &a.Key, &notAfter, &pathLen,
		&constraints, &predecessor, &crl, &ocsp, &issuer, &shards, &crlNumber, &created, &a.KeyKnownOutside, &a.Offline}
	if err := row.Scan(append(dest, cert.dest()...)...); err != nil {
		return nil, err
	}
	a.PathLen, a.PredecessorID, a.CRLNumber = int(pathLen.Int64), predecessor.Int64, crlNumber.Int64
	a.NotAfter, a.CreatedAt = notAfter.time(), created.time()
	a.Publication = notary.Publication{NoCRL: !crl, NoOCSP: !ocsp, NoIssuer: !issuer, Shards: int(shards.Int64)}
	a.Certificate = cert.certificate(r)
	var err error
	a.Constraints, err = decodeConstraints(constraints)
	problems := unreadable(column{"not_after", notAfter.unreadable()}, column{"path_len", pathLen.bad},
		column{"constraints", err != nil},
		column{"predecessor_id", predecessor.bad}, column{"crl_shards", shards.bad},
		column{"crl_number", crlNumber.bad},
		column{"created_at", created.unreadable()})
	r.damage.add("authority", a.ID, problems)
	if all := append(problems, cert.problems...); len(all) > 0 {
		a.Damaged = all[0]
	}
	return &a, nil
}

// InsertAuthority records a new authority without a certificate and returns its ID. The sealed key of an offline
// authority is empty. CRL numbers continue from a.CRLNumber: see [Tx.NextCRLNumber].
func (tx *Tx) InsertAuthority(a *notary.Authority, sealedKey []byte) (int64, error) {
	constraints, err := encodeConstraints(a.Constraints)
	if err != nil {
		return 0, err
	}
	return tx.db.Insert(`INSERT INTO authority (enabled, csr, common_name, key, sealed_key, not_after, path_len, constraints,
		predecessor_id, crl_number, crl_base, created_at, key_known_outside)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id`,
		boolInt(a.Enabled), a.CSR, a.CommonName, a.Key, sealedKey, db.Seconds(a.NotAfter), a.PathLen, constraints,
		nullable(a.PredecessorID), a.CRLNumber, tx.crlBase(a.CRLNumber), db.Seconds(tx.db.Now()),
		boolInt(a.KeyKnownOutside))
}

// SetAuthorityCertificate sets the current certificate of an authority. It returns a [notary.Conflict] error if the
// previous certificate is revoked or has been replaced since the authority was read, or if the authority is deleted.
func (tx *Tx) SetAuthorityCertificate(a *notary.Authority, certificateID int64) error {
	if err := tx.LockAuthority(a.ID); err != nil {
		return err
	}
	return tx.db.Change(db.Raced(), `UPDATE authority SET certificate_id = $1
		WHERE id = $2 AND COALESCE(certificate_id, 0) = $3 AND deleted_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM revocation v WHERE v.certificate_id = $3)`,
		certificateID, a.ID, authorityCertificate(a))
}

func authorityCertificate(a *notary.Authority) int64 {
	if a.Certificate == nil {
		return 0
	}
	return a.Certificate.ID
}

// EnableAuthority enables or disables an authority.
func (tx *Tx) EnableAuthority(id int64, enabled bool) error {
	return tx.db.Change(found(sql.ErrNoRows, "certificate authority", id),
		`UPDATE authority SET enabled = $1 WHERE id = $2 AND deleted_at IS NULL`, boolInt(enabled), id)
}

// SetPublication sets which publication URLs the certificates issued by the authority will contain, and the number of
// its partitioned CRLs.
func (tx *Tx) SetPublication(id int64, p notary.Publication) error {
	return tx.db.Change(found(sql.ErrNoRows, "certificate authority", id),
		`UPDATE authority SET names_crl = $1, names_ocsp = $2, names_issuer = $3, crl_shards = $4
		WHERE id = $5 AND deleted_at IS NULL`,
		boolInt(!p.NoCRL), boolInt(!p.NoOCSP), boolInt(!p.NoIssuer), p.Shards, id)
}

// DeleteAuthority erases the keys of the authority and its OCSP responder, and hides the authority. Its row remains for
// the certificates that it issued.
func (tx *Tx) DeleteAuthority(a *notary.Authority) error {
	err := tx.db.Change(db.Raced(), `UPDATE authority SET sealed_key = NULL, enabled = 0, deleted_at = $1
		WHERE id = $2 AND COALESCE(certificate_id, 0) = $3 AND deleted_at IS NULL`,
		db.Seconds(tx.db.Now()), a.ID, authorityCertificate(a))
	if err != nil {
		return err
	}
	_, err = tx.db.Exec(`DELETE FROM responder WHERE authority_id = $1`, a.ID)
	return err
}

// ErrOldProfile is the cause of a [notary.Conflict] error about a profile that has changed since it was read.
var ErrOldProfile = errors.New("the profile has changed since it was read")

// RequireUsable returns a [notary.Conflict] error unless the authority is enabled, is not revoked and still has the
// same certificate, and the profile still has the same version. It locks both against changes until the transaction
// ends. Call it in the transaction that records what the authority signed.
func (tx *Tx) RequireUsable(a *notary.Authority, p *notary.Profile) error {
	if err := tx.LockAuthorityShared(a.ID); err != nil {
		return err
	}
	if err := tx.LockProfileShared(p.ID); err != nil {
		return err
	}
	if err := tx.db.Need(
		notary.Errorf(notary.Conflict, "CA %d has just been disabled or changed: check it and try again", a.ID),
		`SELECT 1 FROM authority a LEFT JOIN revocation v ON v.certificate_id = a.certificate_id
			WHERE a.id = $1 AND a.enabled = 1 AND a.deleted_at IS NULL AND a.certificate_id = $2
				AND v.certificate_id IS NULL`, a.ID, authorityCertificate(a)); err != nil {
		return err
	}
	return tx.db.Need(&notary.Error{Kind: notary.Conflict, Field: "profile", Err: ErrOldProfile,
		Message: "the profile " + p.Name + " has just been changed: check it and try again"},
		`SELECT 1 FROM profile p WHERE p.id = $1 AND p.version = $2 AND p.deleted_at IS NULL`, p.ID, p.Version)
}

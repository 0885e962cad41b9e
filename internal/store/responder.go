package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"notary"
	"notary/internal/db"
)

// Responder returns the authority's OCSP responder certificate and its sealed private key, or nil for both.
func (r reader) Responder(ctx context.Context,
	authorityID int64) (cert *notary.Certificate, sealedKey []byte, err error) {
	var row certificateRow
	err = r.q.QueryRow(ctx, `SELECT o.sealed_key,`+certificateColumns+`FROM responder o
		JOIN certificate k ON k.id = o.certificate_id`+certificateJoins+`WHERE o.authority_id = $1`, authorityID).Scan(
		append([]any{&sealedKey}, row.dest()...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, nil
	} else if err != nil {
		return nil, nil, db.MapError(err)
	}
	return row.certificate(r), sealedKey, nil
}

// ResponderEnds returns when the OCSP responder certificate of each authority expires.
func (r reader) ResponderEnds(ctx context.Context) (map[int64]time.Time, error) {
	all := map[int64]time.Time{}
	_, err := db.Collect(ctx, r.q, func(row db.Row) (none struct{}, err error) {
		var authority int64
		var notAfter instant
		err = row.Scan(&authority, &notAfter)
		all[authority] = notAfter.time()
		return none, err
	}, `SELECT a.id, k.not_after FROM authority a JOIN responder o ON o.authority_id = a.id
		JOIN certificate k ON k.id = o.certificate_id WHERE a.deleted_at IS NULL`)
	return all, err
}

// SetResponder replaces the responder certificate and its sealed key. The argument before is the ID of the previous
// certificate, or 0 if there was none. If another node was faster, SetResponder returns a [notary.Conflict] error.
func (tx *Tx) SetResponder(authorityID, before, certificateID int64, sealedKey []byte) error {
	if err := tx.recordResponderKey(authorityID, certificateID); err != nil {
		return err
	}
	if before == 0 {
		return tx.db.Change(db.Raced(), `INSERT INTO responder (authority_id, certificate_id, sealed_key) VALUES ($1, $2, $3)
			ON CONFLICT (authority_id) DO NOTHING`, authorityID, certificateID, sealedKey)
	}
	return tx.db.Change(db.Raced(), `UPDATE responder SET certificate_id = $1, sealed_key = $2
		WHERE authority_id = $3 AND certificate_id = $4`, certificateID, sealedKey, authorityID, before)
}

// CertificateStatus reports whether the authority issued a certificate with the given serial number, or an imported CRL
// lists it. It also returns the revocation, if any.
func (r reader) CertificateStatus(ctx context.Context, authorityID int64,
	serial string) (known bool, v *notary.Revocation, err error) {
	type status struct {
		id     number
		at     instant
		reason sql.NullString
	}
	found, err := db.Collect(ctx, r.q, func(row db.Row) (s status, err error) {
		err = row.Scan(&s.id, &s.at, &s.reason)
		return s, err
	}, `SELECT v.id, v.revoked_at, v.reason FROM certificate k
		LEFT JOIN revocation v ON v.certificate_id = k.id WHERE k.serial = $1 AND k.authority_id = $2
		UNION ALL
		SELECT v.id, v.revoked_at, v.reason FROM revocation v
		WHERE v.authority_id = $2 AND v.serial = $1 AND v.certificate_id IS NULL`, serial, authorityID)
	for _, s := range found {
		if s.id.Valid {
			row := revocationRow{id: s.id.Int64, serial: serial, at: s.at, reason: s.reason.String}
			r.damage.add("revocation", row.id, row.problems())
			revocation := row.value()
			v = &revocation
		}
	}
	return len(found) > 0, v, err
}

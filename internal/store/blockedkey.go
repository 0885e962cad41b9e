package store

import (
	"context"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

// CertificateKey holds a certificate's DER, from which its key can be read.
type CertificateKey struct {
	ID  int64
	DER []byte // nil if the record is damaged
}

// inForce is the condition that certificate k is neither revoked nor expired at the time in $1.
var inForce = query.NumberWithoutIndex("k.not_after") + ` >= $1
	AND NOT EXISTS (SELECT 1 FROM revocation x WHERE x.certificate_id = k.id)`

// KeysInForce returns up to limit certificates that are neither revoked nor expired and have an ID greater than after,
// ordered by ID.
func (r reader) KeysInForce(ctx context.Context, now time.Time, after int64, limit int) ([]CertificateKey, error) {
	return db.Collect(ctx, r.q, func(row db.Row) (c CertificateKey, err error) {
		err = row.Scan(&c.ID, &c.DER)
		return c, err
	}, `SELECT k.id, d.der FROM certificate k LEFT JOIN certificate_der d ON d.certificate_id = k.id
		WHERE `+inForce+` AND k.id > $2 ORDER BY k.id LIMIT $3`, db.Seconds(now), after, limit)
}

// CertificatesInForce returns the certificates with the given IDs that are neither revoked nor expired, ordered by ID.
func (r reader) CertificatesInForce(ctx context.Context, now time.Time, ids []int64) ([]*notary.Certificate, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	b := &db.Binder{}
	b.Bind(db.Seconds(now))
	in := db.BindAll(b, ids)
	return db.Collect(ctx, r.q, r.scanCertificate,
		selectCertificate+`WHERE `+inForce+` AND k.id IN (`+in+`) ORDER BY k.id`, b.Args...)
}

package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

const selectCertificate = `SELECT` + certificateColumns + `FROM certificate k` + certificateJoins

// Certificate returns the certificate with the given ID, including its DER, chain and lint findings.
func (r reader) Certificate(ctx context.Context, id int64) (*notary.Certificate, error) {
	var row certificateRow
	var lint sql.NullString
	err := r.q.QueryRow(ctx, `SELECT`+certificateColumns+`, l.findings FROM certificate k`+certificateJoins+`
		LEFT JOIN certificate_lint l ON l.certificate_id = k.id
		WHERE k.id = $1`, id).Scan(append(row.dest(), &lint)...)
	if err != nil {
		return nil, found(err, "certificate", id)
	}
	cert := row.certificate(r)
	if cert.Findings, err = decodeFindings(lint); err != nil {
		r.damage.add("certificate", id, []string{"its lint findings cannot be read"})
	}
	return cert, nil
}

// CertificateByFingerprint returns the certificate with the given fingerprint, or nil if there is none.
func (r reader) CertificateByFingerprint(ctx context.Context, fingerprint string) (*notary.Certificate, error) {
	cert, err := r.scanCertificate(r.q.QueryRow(ctx, selectCertificate+`WHERE k.fingerprint = $1`, fingerprint))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return cert, db.MapError(err)
}

// CertificatesOfRequest returns all certificates ever issued or uploaded for the request.
func (r reader) CertificatesOfRequest(ctx context.Context, requestID int64) ([]*notary.Certificate, error) {
	return db.Collect(ctx, r.q, r.scanCertificate, selectCertificate+`WHERE k.request_id = $1 ORDER BY k.id`, requestID)
}

// LatestIssuances returns how the latest certificate of each request was issued. It omits requests without
// certificates.
func (r reader) LatestIssuances(ctx context.Context, requestIDs []int64) (map[int64]notary.Issuance, error) {
	all := map[int64]notary.Issuance{}
	for some := range slices.Chunk(requestIDs, issuancesTogether) {
		b := &db.Binder{}
		in := db.BindAll(b, some)
		_, err := db.Collect(ctx, r.q, func(row db.Row) (none struct{}, err error) {
			var cert notary.Certificate
			var requestID, authority number
			err = row.Scan(&requestID, &authority, &cert.Profile)
			cert.AuthorityID = authority.Int64
			all[requestID.Int64] = cert.Issuance()
			return none, err
		}, `SELECT k.request_id, k.authority_id, k.profile FROM certificate k WHERE k.id IN (
			SELECT MAX(id) FROM certificate WHERE request_id IN (`+in+`) GROUP BY request_id)`, b.Args...)
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

const issuancesTogether = 200

// CertificatesWithKey returns all certificates for the key with the given fingerprint, ordered by ID.
func (r reader) CertificatesWithKey(ctx context.Context, keyFingerprint string) ([]*notary.Certificate, error) {
	return db.Collect(ctx, r.q, r.scanCertificate, selectCertificate+`WHERE k.key_fingerprint = $1 ORDER BY k.id`,
		keyFingerprint)
}

func (r reader) scanCertificate(row db.Row) (*notary.Certificate, error) {
	var cert certificateRow
	if err := row.Scan(cert.dest()...); err != nil {
		return nil, err
	}
	return cert.certificate(r), nil
}

// InsertCertificate adds a certificate to the inventory and returns its ID.
func (tx *Tx) InsertCertificate(c *notary.Certificate) (int64, error) {
	m := memberOf(c, newMember)
	if err := tx.claimNames(m.set); err != nil {
		return 0, err
	}
	chain, err := tx.recordChain(bytes.Join(c.Issuers.DER(), nil))
	if err != nil {
		return 0, err
	}
	terms := query.TermsOf(c.CommonName, c.Names)
	id, err := tx.insertCertificate(c, m, chain, terms.Search)
	if errors.Is(err, db.ErrUnique) {
		return 0, notary.Errorf(notary.Conflict, "this certificate is already recorded")
	} else if err != nil {
		return 0, err
	}
	tx.changedCertificate(c)
	tx.db.Count(certificatesCounter, 1)
	tx.db.Count(LiveCounter(c.AuthorityID, c.NotAfter), 1)
	if c.AuthorityID != 0 {
		tx.db.Count(issuedCounter(c.AuthorityID), 1)
	}
	if err = tx.db.Later(`INSERT INTO certificate_der (certificate_id, der) VALUES ($1, $2)`, id, c.DER); err != nil {
		return 0, err
	}
	if len(c.Findings) > 0 {
		findings, err := encodeFindings(c.Findings)
		if err != nil {
			return 0, err
		}
		if err := tx.db.Later(`INSERT INTO certificate_lint (certificate_id, findings) VALUES ($1, $2)`, id,
			findings); err != nil {
			return 0, err
		}
	}
	if err := tx.insertLabels("certificate", id, query.LabelTerms(c.Labels)); err != nil {
		return 0, err
	}
	return id, tx.insertNames("certificate", id, terms.Names)
}

func (tx *Tx) insertCertificate(c *notary.Certificate, m member, chain, search string) (int64, error) {
	labels, err := encodeLabels(c.Labels)
	if err != nil {
		return 0, err
	}
	b := &db.Binder{}
	values := ""
	for _, value := range []any{nullable(c.RequestID), c.RequesterID, c.Email, nullable(c.AuthorityID),
		c.CommonName, c.Names.String(), c.Key, search, c.KeyFingerprint, c.Serial, c.Fingerprint,
		db.Seconds(c.NotBefore), db.Seconds(c.NotAfter), c.Profile, c.ProfileVersion, c.Shard,
		db.Seconds(tx.db.Now()), nullable(c.OwnerGroupID), labels} {
		values += b.Bind(value) + ", "
	}
	values += "(SELECT id FROM issuer_chain WHERE fingerprint = " + b.Bind(chain) + "), "
	set, replacement, replaced := "NULL, ", "NULL", "0"
	if m.set != "" {
		set, replacement, replaced = b.Bind(m.set)+", ", m.replacement(b), m.countReplaced(b)
	}
	var count int64
	err = tx.q.QueryRow(context.Background(), `INSERT INTO certificate (request_id, requester_id, email, authority_id,
		common_name, names, key, search, key_fingerprint, serial, fingerprint, not_before, not_after, profile,
		profile_version, shard, created_at, owner_group_id, labels, issuer_chain_id, name_set, replaced_by)
		VALUES (`+values+set+replacement+`) RETURNING id, COALESCE(replaced_by, 0), `+replaced, b.Args...).Scan(&m.id,
		&m.replacedBy, &count)
	if err != nil || m.set == "" {
		return m.id, db.MapError(err)
	}
	return m.id, tx.joined(m, count)
}

// recordChain records a chain of issuers unless it is known, and returns its fingerprint.
func (tx *Tx) recordChain(der []byte) (fingerprint string, err error) {
	sum := sha256.Sum256(der)
	fingerprint = hex.EncodeToString(sum[:])
	return fingerprint, tx.db.Later(`INSERT INTO issuer_chain (fingerprint, der) VALUES ($1, $2)
		ON CONFLICT (fingerprint) DO NOTHING`, fingerprint, der)
}

// AdoptCertificate assigns a certificate that has no request to req. The certificate gets the owner and labels of req.
func (tx *Tx) AdoptCertificate(c *notary.Certificate, req *notary.Request) error {
	if err := tx.leaveNames(c); err != nil {
		return err
	}
	err := tx.db.Change(db.Raced(), `UPDATE certificate SET request_id = $1, requester_id = $2, email = $3,
		owner_group_id = $4 WHERE id = $5 AND request_id IS NULL`, req.ID, req.RequesterID, req.Email,
		nullable(req.OwnerGroupID), c.ID)
	if err != nil {
		return err
	}
	if err := tx.relabel(c, req.Labels); err != nil {
		return err
	}
	m := memberOf(c, c.ID)
	m.owner = ownerOf(req.RequesterID, req.OwnerGroupID)
	return tx.joinNames(m)
}

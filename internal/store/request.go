package store

import (
	"context"
	"database/sql"
	"errors"

	"notary"
)

const selectRequest = `SELECT r.id, c.csr, r.fingerprint, r.status, r.requester_id, r.email,
	r.common_name, r.names, r.key, r.created_at, r.updated_at,` + certificateColumns + `
	FROM request r
	JOIN request_csr c ON c.request_id = r.id
	LEFT JOIN certificate k ON k.id = r.certificate_id` + certificateJoins

// Request is the request with that id, its certificate and chain included.
func (r reader) Request(ctx context.Context, id int64) (*notary.Request, error) {
	req, err := scanRequest(r.q.queryRow(ctx, selectRequest+`WHERE r.id = $1`, id))
	return req, found(err, "certificate request", id)
}

// EachRequest calls fn for every request in the order of the ids, certificates included.
// An owner other than 0 gives only the requests of that account.
func (r reader) EachRequest(ctx context.Context, owner int64, fn func(*notary.Request) error) error {
	id := func(req *notary.Request) int64 { return req.ID }
	if owner != 0 {
		return each(ctx, r, scanRequest, id, fn,
			selectRequest+`WHERE r.requester_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3`, owner)
	}
	return each(ctx, r, scanRequest, id, fn, selectRequest+`WHERE r.id > $1 ORDER BY r.id LIMIT $2`)
}

func scanRequest(row row) (*notary.Request, error) {
	var (
		req              notary.Request
		names            string
		created, updated int64
		cert             certificateRow
	)
	dest := []any{&req.ID, &req.CSR, &req.Fingerprint, &req.Status, &req.RequesterID, &req.Email,
		&req.CommonName, &names, &req.Key, &created, &updated}
	if err := row.Scan(append(dest, cert.dest()...)...); err != nil {
		return nil, err
	}
	req.Names = notary.ParseNames(names)
	req.CreatedAt, req.UpdatedAt = timeOf(created), timeOf(updated)
	var err error
	req.Certificate, err = cert.certificate()
	return &req, err
}

// InsertRequest records a new Outstanding request and gives its id. The same CSR twice is a
// [notary.Conflict].
func (tx *Tx) InsertRequest(req *notary.Request) (int64, error) {
	var earlier int64
	err := tx.q.queryRow(context.Background(), `SELECT id FROM request WHERE fingerprint = $1`,
		req.Fingerprint).Scan(&earlier)
	if err == nil {
		return 0, &notary.Error{Kind: notary.Conflict, Field: "csr", Message: "this CSR is recorded already"}
	} else if !errors.Is(err, sql.ErrNoRows) {
		return 0, mapped(err)
	}
	id, err := tx.insert(`INSERT INTO request
		(fingerprint, status, requester_id, email, common_name, names, key, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id`,
		req.Fingerprint, notary.Outstanding, req.RequesterID, req.Email, req.CommonName,
		req.Names.String(), req.Key, seconds(tx.now))
	if errors.Is(err, errUnique) { // another transaction was quicker
		return 0, &notary.Error{Kind: notary.Conflict, Field: "csr", Message: "this CSR is recorded already"}
	} else if err != nil {
		return 0, err
	}
	tx.counts[statusCounter(notary.Outstanding)]++
	_, err = tx.exec(`INSERT INTO request_csr (request_id, csr) VALUES ($1, $2)`, id, req.CSR)
	return id, err
}

// Transition moves the request from the state in which it was read to the next one, with
// the certificate that is then in use (0: none). Where the request is no longer in that
// state, or has another certificate, it is a [notary.Conflict].
func (tx *Tx) Transition(req *notary.Request, next notary.RequestStatus, certificateID int64) error {
	err := tx.change(raced(), `UPDATE request SET status = $1, certificate_id = $2, updated_at = $3
		WHERE id = $4 AND status = $5 AND COALESCE(certificate_id, 0) = $6`,
		next, nullable(certificateID), seconds(tx.now), req.ID, req.Status, certificateOf(req))
	if err != nil {
		return err
	}
	return tx.countRequest(req, next, certificateID)
}

func certificateOf(req *notary.Request) int64 {
	if req.Certificate == nil {
		return 0
	}
	return req.Certificate.ID
}

// DeleteRequest removes the request in the state in which it was read. The certificates
// issued for it stay.
func (tx *Tx) DeleteRequest(req *notary.Request) error {
	if _, err := tx.exec(`UPDATE certificate SET request_id = NULL WHERE request_id = $1`, req.ID); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM request_csr WHERE request_id = $1`, req.ID); err != nil {
		return err
	}
	err := tx.change(raced(), `DELETE FROM request
		WHERE id = $1 AND status = $2 AND COALESCE(certificate_id, 0) = $3`, req.ID, req.Status, certificateOf(req))
	if err != nil {
		return err
	}
	return tx.countRequest(req, "", 0)
}

// countRequest keeps the counts true when a request changes its status, and the
// certificate that is in use.
func (tx *Tx) countRequest(was *notary.Request, next notary.RequestStatus, certificateID int64) error {
	tx.counts[statusCounter(was.Status)]--
	if next != "" {
		tx.counts[statusCounter(next)]++
	}
	if was.Certificate != nil {
		tx.counts[expiryCounter(was.Certificate.NotAfter)]--
	}
	return tx.countInUse(certificateID)
}

// countInUse counts a certificate that has come into use.
func (tx *Tx) countInUse(certificateID int64) error {
	if certificateID == 0 {
		return nil
	}
	var notAfter int64
	err := tx.q.queryRow(context.Background(), `SELECT not_after FROM certificate WHERE id = $1`,
		certificateID).Scan(&notAfter)
	if err != nil {
		return found(err, "certificate", certificateID)
	}
	tx.counts[expiryCounter(timeOf(notAfter))]++
	return nil
}

func raced() error {
	return notary.Errorf(notary.Conflict, "somebody else has just changed this: look at it again")
}

func nullable(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

package store

import (
	"context"
	"database/sql"
	"errors"

	"notary"
)

// noEnd stands for the end of validity of a request without a certificate: in a list by
// expiry it comes last.
const noEnd = 1 << 60

const requestColumns = ` r.id, c.csr, r.fingerprint, r.status, r.requester_id, r.email,
	r.common_name, r.names, r.key, r.created_at, r.updated_at, r.rejection,` + certificateColumns

// requestJoins goes with requestColumns, after a table or join named r.
const requestJoins = `
	JOIN request_csr c ON c.request_id = r.id
	LEFT JOIN certificate k ON k.id = r.certificate_id` + certificateJoins

const selectRequest = `SELECT` + requestColumns + `FROM request r` + requestJoins

// Request is the request with that id, its certificate and chain included.
func (r reader) Request(ctx context.Context, id int64) (*notary.Request, error) {
	req, err := r.scanRequest(r.q.queryRow(ctx, selectRequest+`WHERE r.id = $1`, id))
	return req, found(err, "certificate request", id)
}

func (r reader) scanRequest(row row) (*notary.Request, error) {
	var (
		req              notary.Request
		names            string
		requester        number
		created, updated instant
		cert             certificateRow
	)
	dest := []any{&req.ID, &req.CSR, &req.Fingerprint, &req.Status, &requester, &req.Email,
		&req.CommonName, &names, &req.Key, &created, &updated, &req.Rejection}
	if err := row.Scan(append(dest, cert.dest()...)...); err != nil {
		return nil, err
	}
	req.Names = notary.ParseNames(names)
	req.RequesterID, req.CreatedAt, req.UpdatedAt = requester.Int64, created.time(), updated.time()
	req.Certificate = cert.certificate(r)
	r.damage.add("request", req.ID, unreadable(column{"requester_id", requester.bad}, column{"created_at", created.unreadable()},
		column{"updated_at", updated.unreadable()}))
	return &req, nil
}

// InsertRequest records a new Outstanding request and gives its id. The same CSR twice is a
// [notary.Conflict].
func (tx *Tx) InsertRequest(req *notary.Request) (int64, error) {
	terms := termsOf(req.CommonName, req.Names)
	id, err := tx.insert(`INSERT INTO request
		(fingerprint, status, requester_id, email, common_name, names, key, search, not_after, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) RETURNING id`,
		req.Fingerprint, notary.Outstanding, req.RequesterID, req.Email, req.CommonName,
		req.Names.String(), req.Key, terms.search, noEnd, seconds(tx.now))
	if errors.Is(err, errUnique) {
		return 0, &notary.Error{Kind: notary.Conflict, Field: "csr", Message: "this CSR is recorded already"}
	} else if err != nil {
		return 0, err
	}
	tx.counts[statusCounter(notary.Outstanding)]++
	if err := tx.later(`INSERT INTO request_csr (request_id, csr) VALUES ($1, $2)`, id, req.CSR); err != nil {
		return 0, err
	}
	return id, tx.insertNames("request", id, terms.names)
}

// Transition moves the request from the state in which it was read to the next one, with
// the certificate that is then in use (0: none). Where the request is no longer in that
// state, or has another certificate, it is a [notary.Conflict].
func (tx *Tx) Transition(req *notary.Request, next notary.RequestStatus, certificateID int64) error {
	err := tx.change(raced(), `UPDATE request SET status = $1, certificate_id = $2, updated_at = $3, rejection = '',
			authority_id = (SELECT authority_id FROM certificate WHERE id = $2),
			not_after = COALESCE((SELECT not_after FROM certificate WHERE id = $2), $4)
		WHERE id = $5 AND status = $6 AND COALESCE(certificate_id, 0) = $7`,
		next, nullable(certificateID), seconds(tx.now), noEnd, req.ID, req.Status, certificateOf(req))
	if err == nil {
		tx.countRequest(req, next)
	}
	return err
}

// SetRejection says why the request was rejected, once that is done. The next transition
// forgets it.
func (tx *Tx) SetRejection(id int64, reason string) error {
	return tx.change(raced(), `UPDATE request SET rejection = $1 WHERE id = $2 AND status = 'Rejected'`, reason, id)
}

// RequireStatus wants that the transaction has brought the request to that status. Where it
// has not, because another one was quicker, it is a [notary.Conflict].
func (tx *Tx) RequireStatus(ctx context.Context, id int64, want notary.RequestStatus) error {
	if tx.alone {
		return nil
	}
	var status notary.RequestStatus
	err := tx.q.queryRow(ctx, `SELECT status FROM request WHERE id = $1`, id).Scan(&status)
	if errors.Is(err, sql.ErrNoRows) || err == nil && status != want {
		return raced()
	}
	return mapped(err)
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
	var search string
	err := tx.q.queryRow(context.Background(), `SELECT search FROM request WHERE id = $1`, req.ID).Scan(&search)
	if errors.Is(err, sql.ErrNoRows) {
		return raced()
	} else if err != nil {
		return mapped(err)
	}
	if err := tx.deleteNames("request", req.ID, namesIn(search)); err != nil {
		return err
	}
	err = tx.change(raced(), `DELETE FROM request
		WHERE id = $1 AND status = $2 AND COALESCE(certificate_id, 0) = $3`, req.ID, req.Status, certificateOf(req))
	if err != nil {
		return err
	}
	tx.countRequest(req, "")
	return nil
}

// countRequest counts a request that leaves its status for another one ("" for its deletion).
func (tx *Tx) countRequest(was *notary.Request, next notary.RequestStatus) {
	tx.counts[statusCounter(was.Status)]--
	if next != "" {
		tx.counts[statusCounter(next)]++
	}
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

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

const requestColumns = ` r.id, c.csr, r.fingerprint, r.status, r.requester_id, r.email,
	r.common_name, r.names, r.key, r.created_at, r.updated_at, r.rejection, r.content, r.findings,
	r.owner_group_id, r.wishes, r.note, r.labels, r.decision,` + certificateColumns

const requestJoins = `
	JOIN request_csr c ON c.request_id = r.id
	LEFT JOIN certificate k ON k.id = r.certificate_id` + certificateJoins

// Request returns the request with the given ID, including its current certificate and chain, the lint findings on the
// request and on the certificate, and how its latest certificate was issued.
func (r reader) Request(ctx context.Context, id int64) (*notary.Request, error) {
	var lint, profile sql.NullString
	var authority number
	req, err := r.scanRequestAnd(r.q.QueryRow(ctx, `SELECT`+requestColumns+
		`, l.findings, latest.authority_id, latest.profile
		FROM request r`+requestJoins+`
		LEFT JOIN certificate_lint l ON l.certificate_id = r.certificate_id
		LEFT JOIN certificate latest ON latest.id = (SELECT MAX(id) FROM certificate WHERE request_id = r.id)
		WHERE r.id = $1`, id), &lint, &authority, &profile)
	if err != nil {
		return nil, found(err, "certificate request", id)
	}
	req.Latest = (&notary.Certificate{AuthorityID: authority.Int64, Profile: profile.String}).Issuance()
	if req.Certificate != nil {
		if req.Certificate.Findings, err = decodeFindings(lint); err != nil {
			r.damage.add("certificate", req.Certificate.ID, []string{"its lint findings cannot be read"})
		}
	}
	return req, nil
}

func (r reader) scanRequest(row db.Row) (*notary.Request, error) { return r.scanRequestAnd(row) }

func (r reader) scanRequestAnd(row db.Row, more ...any) (*notary.Request, error) {
	var (
		req              notary.Request
		names            string
		findings         sql.NullString
		notes            annotationRow
		decision         sql.NullString
		requester, group number
		created, updated instant
		cert             certificateRow
	)
	dest := append(make([]any, 0, 48), &req.ID, &req.CSR, &req.Fingerprint, &req.Status, &requester, &req.Email,
		&req.CommonName, &names, &req.Key, &created, &updated, &req.Rejection, &req.Content, &findings, &group,
		&notes.wishes, &notes.note, &notes.labels, &decision)
	if err := row.Scan(append(cert.appendDest(dest), more...)...); err != nil {
		return nil, err
	}
	req.Names = notary.ParseNames(names)
	req.OwnerGroupID = group.Int64
	req.RequesterID, req.CreatedAt, req.UpdatedAt = requester.Int64, created.time(), updated.time()
	req.Certificate = cert.certificate(r)
	var err error
	if req.Findings, err = decodeFindings(findings); err != nil {
		r.damage.add("request", req.ID, []string{"its findings cannot be read"})
	}
	r.damage.add("request", req.ID, notes.into(&req))
	if req.Decision, err = decodeDecision(decision); err != nil {
		r.damage.add("request", req.ID, []string{"the decision of the rules cannot be read"})
	}
	r.damage.add("request", req.ID, unreadable(column{"requester_id", requester.bad},
		column{"owner_group_id", group.bad}, column{"created_at", created.unreadable()},
		column{"updated_at", updated.unreadable()}))
	return &req, nil
}

// RequestToRevoke is a request with the certificates that its revocation affects. Only the fields of the request that
// its transition and events need are set.
type RequestToRevoke struct {
	*notary.Request
	Older []*notary.Certificate // the others that are neither revoked nor expired, ordered by ID
}

// RequestToRevoke returns the request with the given ID and the certificates that its revocation affects.
func (r reader) RequestToRevoke(ctx context.Context, id int64, now time.Time) (all RequestToRevoke, err error) {
	rows, err := db.Collect(ctx, r.q, r.scanRequestToRevoke, `SELECT`+statusColumns+`, r.certificate_id,`+certificateColumns+`
		FROM request r LEFT JOIN certificate k ON k.request_id = r.id AND (k.id = r.certificate_id OR k.not_after >= $2
			AND NOT EXISTS (SELECT 1 FROM revocation x WHERE x.certificate_id = k.id))`+certificateJoins+`
		WHERE r.id = $1 ORDER BY k.id`, id, db.Seconds(now))
	if err != nil {
		return all, err
	} else if len(rows) == 0 {
		return all, found(sql.ErrNoRows, "certificate request", id)
	}
	all.Request = rows[0].Request
	for _, row := range rows {
		if row.current {
			all.Certificate = row.cert
		} else if row.cert != nil {
			all.Older = append(all.Older, row.cert)
		}
	}
	return all, nil
}

type requestToRevoke struct {
	*notary.Request
	cert    *notary.Certificate
	current bool
}

func (r reader) scanRequestToRevoke(row db.Row) (one requestToRevoke, err error) {
	var current number
	var cert certificateRow
	one.Request, err = scanStatus(row, cert.appendDest([]any{&current})...)
	if one.cert = cert.certificate(r); one.cert != nil {
		one.current = one.cert.ID == current.Int64
	}
	return one, err
}

// RequestUsing returns the request whose current certificate is c, or nil if there is none. Only the fields that its
// transition and events need are set.
func (r reader) RequestUsing(ctx context.Context, c *notary.Certificate) (*notary.Request, error) {
	req, err := scanStatus(r.q.QueryRow(ctx, `SELECT`+statusColumns+`FROM request r
		WHERE r.id = $1 AND r.certificate_id = $2`, c.RequestID, c.ID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, db.MapError(err)
	}
	req.Certificate = c
	return req, nil
}

const statusColumns = ` r.id, r.status, r.requester_id, r.owner_group_id, r.common_name, r.names `

func scanStatus(row db.Row, more ...any) (*notary.Request, error) {
	var req notary.Request
	var names string
	var requester, group number
	err := row.Scan(append([]any{&req.ID, &req.Status, &requester, &group, &req.CommonName, &names}, more...)...)
	if err != nil {
		return nil, err
	}
	req.RequesterID, req.OwnerGroupID, req.Names = requester.Int64, group.Int64, notary.ParseNames(names)
	return &req, nil
}

// RequestWithContent returns the ID of a request with the given content, or 0 if there is none. It prefers a request of
// the group (if groupID is not 0), then the requester's own, then a request of the requester's groups.
func (r reader) RequestWithContent(ctx context.Context, requesterID, groupID int64, content string) (id int64,
	err error) {
	err = r.q.QueryRow(ctx, `SELECT COALESCE(
		(SELECT MIN(id) FROM request WHERE owner_group_id = $2 AND content = $3 AND content <> ''),
		(SELECT id FROM request WHERE requester_id = $1 AND content = $3 AND content <> ''),
		(SELECT MIN(r.id) FROM membership m CROSS JOIN request r
			WHERE m.account_id = $1 AND r.owner_group_id = m.group_id AND r.content = $3 AND r.content <> ''), 0)`,
		requesterID, groupID, content).Scan(&id)
	return id, db.MapError(err)
}

// LockContent waits for other transactions that assign a request with the given content to the group, and blocks new
// ones.
func (tx *Tx) LockContent(groupID int64, content string) error {
	return tx.db.Lock(lockContent, lockID(fmt.Sprint(groupID, " ", content)))
}

// InsertRequest records a new Outstanding request and returns its ID. If the requester already has a request with the
// same content, it returns a [notary.Conflict] error.
func (tx *Tx) InsertRequest(req *notary.Request) (int64, error) {
	terms := query.TermsOf(req.CommonName, req.Names)
	var findings any
	if len(req.Findings) > 0 {
		encoded, err := encodeFindings(req.Findings)
		if err != nil {
			return 0, err
		}
		findings = encoded
	}
	wishes, labels, err := encodeAnnotation(req)
	if err != nil {
		return 0, err
	}
	decision, err := encodeDecision(req.Decision)
	if err != nil {
		return 0, err
	}
	id, err := tx.db.Insert(`INSERT INTO request
		(fingerprint, content, status, requester_id, email, common_name, names, key, search, findings, not_after,
			owner_group_id, wishes, note, labels, decision, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17) RETURNING id`,
		req.Fingerprint, req.Content, notary.Outstanding, req.RequesterID, req.Email, req.CommonName,
		req.Names.String(), req.Key, terms.Search, findings, query.NoEnd, nullable(req.OwnerGroupID),
		wishes, nonempty(req.Note), labels, decision, db.Seconds(tx.db.Now()))
	if errors.Is(err, db.ErrUnique) {
		return 0, &notary.Error{Kind: notary.Conflict, Field: "csr", Message: "you have already submitted this CSR"}
	} else if err != nil {
		return 0, err
	}
	tx.db.Count(statusCounter(notary.Outstanding), 1)
	if err := tx.db.Later(`INSERT INTO request_csr (request_id, csr) VALUES ($1, $2)`, id, req.CSR); err != nil {
		return 0, err
	}
	if err := tx.insertLabels("request", id, query.LabelTerms(req.Labels)); err != nil {
		return 0, err
	}
	return id, tx.insertNames("request", id, terms.Names)
}

// Transition moves a request to the next status and sets its current certificate (0: none). The transaction fails with
// a [notary.Conflict] error if the request's status, certificate or owner has changed since it was read. If a
// certificate is set, the request's labels must also be unchanged, because the certificate has the same labels.
func (tx *Tx) Transition(req *notary.Request, next notary.RequestStatus, certificateID int64) error {
	labels, err := encodeLabels(req.Labels)
	if err != nil {
		return err
	}
	err = tx.db.ChangeLater(db.Raced(), `UPDATE request SET status = $1, certificate_id = $2, updated_at = $3, rejection = '',
			authority_id = (SELECT authority_id FROM certificate WHERE id = $2),
			not_after = COALESCE((SELECT not_after FROM certificate WHERE id = $2), $4)
		WHERE id = $5 AND status = $6 AND COALESCE(certificate_id, 0) = $7 AND requester_id = $8
			AND COALESCE(owner_group_id, 0) = $9
			AND (CAST($2 AS BIGINT) IS NULL OR COALESCE(labels, '') = COALESCE($10, ''))`,
		next, nullable(certificateID), db.Seconds(tx.db.Now()), query.NoEnd, req.ID, req.Status, certificateOf(req),
		req.RequesterID, req.OwnerGroupID, labels)
	if err == nil {
		tx.countRequest(req, next)
	}
	return err
}

// SetRejection records why a Rejected request was rejected. The next transition clears it.
func (tx *Tx) SetRejection(id int64, reason string) error {
	return tx.db.Change(db.Raced(), `UPDATE request SET rejection = $1 WHERE id = $2 AND status = 'Rejected'`,
		reason, id)
}

// SetDecision records what the rules decided about an existing request.
func (tx *Tx) SetDecision(id int64, d *notary.RuleDecision) error {
	decision, err := encodeDecision(d)
	if err != nil {
		return err
	}
	return tx.db.Change(db.Raced(), `UPDATE request SET decision = $1 WHERE id = $2`, decision, id)
}

// RequireStatus returns a [notary.Conflict] error if the request does not have the status that this transaction has
// set. It does nothing if no other transaction can run at the same time.
func (tx *Tx) RequireStatus(ctx context.Context, id int64, want notary.RequestStatus) error {
	if tx.db.Alone() {
		return nil
	}
	var status notary.RequestStatus
	err := tx.q.QueryRow(ctx, `SELECT status FROM request WHERE id = $1`, id).Scan(&status)
	if errors.Is(err, sql.ErrNoRows) || err == nil && status != want {
		return db.Raced()
	}
	return db.MapError(err)
}

func certificateOf(req *notary.Request) int64 {
	if req.Certificate == nil {
		return 0
	}
	return req.Certificate.ID
}

// DeleteRequest deletes a request that is unchanged since it was read. The certificates issued for it remain.
func (tx *Tx) DeleteRequest(req *notary.Request) error {
	if _, err := tx.db.Exec(`UPDATE certificate SET request_id = NULL WHERE request_id = $1`, req.ID); err != nil {
		return err
	}
	if _, err := tx.db.Exec(`DELETE FROM request_csr WHERE request_id = $1`, req.ID); err != nil {
		return err
	}
	var search string
	var labels sql.NullString
	err := tx.q.QueryRow(context.Background(), `SELECT search, labels FROM request WHERE id = $1`, req.ID).Scan(&search,
		&labels)
	if errors.Is(err, sql.ErrNoRows) {
		return db.Raced()
	} else if err != nil {
		return db.MapError(err)
	}
	if err := tx.deleteNames("request", req.ID, query.NamesIn(search)); err != nil {
		return err
	}
	if err := tx.deleteRequestLabels(req.ID, labels); err != nil {
		return err
	}
	err = tx.db.Change(db.Raced(), `DELETE FROM request
		WHERE id = $1 AND status = $2 AND COALESCE(certificate_id, 0) = $3 AND requester_id = $4
			AND COALESCE(owner_group_id, 0) = $5`,
		req.ID, req.Status, certificateOf(req), req.RequesterID, req.OwnerGroupID)
	if err != nil {
		return err
	}
	tx.countRequest(req, "")
	return nil
}

// countRequest updates the counters for a change of status; next is "" for a deletion.
func (tx *Tx) countRequest(was *notary.Request, next notary.RequestStatus) {
	tx.db.Count(statusCounter(was.Status), -1)
	if next != "" {
		tx.db.Count(statusCounter(next), 1)
	}
}

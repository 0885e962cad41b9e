package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

// annotationRow holds the columns of a request's wishes, note and labels.
type annotationRow struct{ wishes, note, labels sql.NullString }

// into sets the fields of the request and describes those that cannot be read.
func (a annotationRow) into(req *notary.Request) (problems []string) {
	var err error
	req.Note = a.note.String
	if req.Labels, err = decodeLabels(a.labels); err != nil {
		problems = append(problems, "its labels cannot be read")
	}
	if req.Wishes, err = decodeWishes(a.wishes); err != nil {
		problems = append(problems, "its wishes cannot be read")
	}
	return problems
}

func decodeLabels(text sql.NullString) (labels notary.Labels, err error) {
	if !text.Valid {
		return nil, nil
	}
	err = json.Unmarshal([]byte(text.String), &labels)
	return labels, err
}

// encodeLabels returns labels as JSON, or nil if labels is empty.
func encodeLabels(labels notary.Labels) (any, error) {
	if len(labels) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(labels) // with sorted keys
	if err != nil {
		return nil, notary.InternalError("encode the labels", err)
	}
	return string(text), nil
}

// wishes is the JSON form of [notary.Wishes].
type wishes struct {
	Profile     string `json:"profile,omitempty"`
	AuthorityID int64  `json:"authority_id,omitempty"`
	NotAfter    int64  `json:"not_after,omitempty"` // in seconds since 1970
}

func decodeWishes(text sql.NullString) (w notary.Wishes, err error) {
	if !text.Valid {
		return w, nil
	}
	var read wishes
	if err := json.Unmarshal([]byte(text.String), &read); err != nil {
		return w, err
	}
	w.Profile, w.AuthorityID = read.Profile, read.AuthorityID
	if read.NotAfter != 0 {
		w.NotAfter = time.Unix(read.NotAfter, 0).UTC()
	}
	return w, nil
}

func encodeWishes(w notary.Wishes) (any, error) {
	if w.IsZero() {
		return nil, nil
	}
	read := wishes{Profile: w.Profile, AuthorityID: w.AuthorityID}
	if !w.NotAfter.IsZero() {
		read.NotAfter = db.Seconds(w.NotAfter)
	}
	text, err := json.Marshal(read)
	if err != nil {
		return nil, notary.InternalError("encode the wishes", err)
	}
	return string(text), nil
}

func encodeAnnotation(req *notary.Request) (wishes, labels any, err error) {
	if wishes, err = encodeWishes(req.Wishes); err != nil {
		return nil, nil, err
	}
	labels, err = encodeLabels(req.Labels)
	return wishes, labels, err
}

func nonempty(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// LockRequest locks a request against changes until the transaction ends, and returns its current state.
func (tx *Tx) LockRequest(ctx context.Context, id int64) (*notary.Request, error) {
	if !tx.db.Alone() {
		if _, err := tx.db.Exec(`UPDATE request SET note = note WHERE id = $1`, id); err != nil {
			return nil, err
		}
	}
	return tx.Request(ctx, id)
}

// Annotate replaces the wishes, note and labels of a locked request, and the labels of its certificates.
func (tx *Tx) Annotate(req *notary.Request, w notary.Wishes, note string, labels notary.Labels) error {
	next := *req
	next.Wishes, next.Note, next.Labels = w, note, labels
	encodedWishes, encoded, err := encodeAnnotation(&next)
	if err != nil {
		return err
	}
	err = tx.db.Change(db.Raced(), `UPDATE request SET wishes = $1, note = $2, labels = $3, updated_at = $4 WHERE id = $5`,
		encodedWishes, nonempty(note), encoded, db.Seconds(tx.db.Now()), req.ID)
	if err != nil {
		return err
	}
	former, err := encodeLabels(req.Labels)
	if err != nil || former == encoded {
		return err
	}
	if _, err := tx.db.Exec(`UPDATE certificate SET labels = $1 WHERE request_id = $2`, encoded, req.ID); err != nil {
		return err
	}
	had, has := query.LabelTerms(req.Labels), query.LabelTerms(labels)
	for _, term := range without(had, has) {
		if err := tx.removeLabel(req.ID, term); err != nil {
			return err
		}
	}
	for _, term := range without(has, had) {
		if _, err := tx.db.Exec(`INSERT INTO certificate_label (label, certificate_id)
			SELECT CAST($1 AS TEXT), id FROM certificate WHERE request_id = $2`, term, req.ID); err != nil {
			return err
		}
	}
	return tx.insertLabels("request", req.ID, without(has, had))
}

func (tx *Tx) removeLabel(requestID int64, term string) error {
	if err := tx.db.Later(`DELETE FROM certificate_label WHERE label = $1
		AND certificate_id IN (SELECT id FROM certificate WHERE request_id = $2)`, term, requestID); err != nil {
		return err
	}
	return tx.deleteLabel("request", requestID, term)
}

func without(terms, others []string) []string {
	return slices.DeleteFunc(slices.Clone(terms), func(term string) bool { return slices.Contains(others, term) })
}

// relabel replaces the labels of a certificate.
func (tx *Tx) relabel(c *notary.Certificate, labels notary.Labels) error {
	former, err := encodeLabels(c.Labels)
	if err != nil {
		return err
	}
	next, err := encodeLabels(labels)
	if err != nil || former == next {
		return err
	}
	if _, err := tx.db.Exec(`UPDATE certificate SET labels = $1 WHERE id = $2`, next, c.ID); err != nil {
		return err
	}
	for _, term := range query.LabelTerms(c.Labels) {
		if err := tx.deleteLabel("certificate", c.ID, term); err != nil {
			return err
		}
	}
	return tx.insertLabels("certificate", c.ID, query.LabelTerms(labels))
}

func (tx *Tx) insertLabels(table string, id int64, terms []string) error {
	if len(terms) == 0 {
		return nil
	}
	b := &db.Binder{}
	values, bound := "", b.Bind(id)
	for _, term := range terms {
		values += ", (" + bound + ", " + b.Bind(term) + ")"
	}
	return tx.db.Later("INSERT INTO "+table+"_label ("+table+"_id, label) VALUES "+values[2:], b.Args...)
}

func (tx *Tx) deleteLabel(table string, id int64, term string) error {
	return tx.db.Later(`DELETE FROM `+table+`_label WHERE `+table+`_id = $1 AND label = $2`, id, term)
}

func (tx *Tx) deleteRequestLabels(id int64, text sql.NullString) error {
	labels, err := decodeLabels(text)
	if err != nil {
		return nil // archive.CheckInvariants reports the rows that remain
	}
	for _, term := range query.LabelTerms(labels) {
		if err := tx.deleteLabel("request", id, term); err != nil {
			return err
		}
	}
	return nil
}

package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

const eventColumns = ` e.id, e.at, e.action, e.kind, e.object_id, e.object_name, e.refs, e.principal, e.account_id, e.email,
	e.address, e.request_id, e.state_before, e.state_after, e.detail `

const insertEvent = `INSERT INTO event (at, account_id, email, address, kind, action, object_id, detail,
		principal, object_name, refs, request_id, state_before, state_after)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`

const insertEventPair = insertEvent +
	`, ($15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)`

// Event records an event. It must be the last step of every change.
func (tx *Tx) Event(e notary.Event) error {
	return tx.db.Later(insertEvent, eventRow(e, db.Seconds(tx.db.Now()))...)
}

// EventPair records two events in the given order: see [Tx.Event].
func (tx *Tx) EventPair(first, second notary.Event) error {
	at := db.Seconds(tx.db.Now())
	return tx.db.Later(insertEventPair, append(eventRow(first, at), eventRow(second, at)...)...)
}

// RecordOnFile records an event of the program itself in a SQLite file, which a server may be using.
func RecordOnFile(ctx context.Context, path string, e notary.Event, at time.Time) error {
	return db.OnFile(ctx, path, db.AppendFile, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, insertEvent, eventRow(e, db.Seconds(at))...)
		return db.MapError(err)
	})
}

func eventRow(e notary.Event, at int64) []any {
	return []any{at, e.Principal.ID, e.Principal.Name, e.Address, e.Object.Kind, e.Action, e.Object.ID, e.Text,
		e.Principal.Kind, nullableText(e.Object.Name), nullableText(encodeRefs(e.Refs)), nullableText(e.RequestID),
		nullableText(canonical(e.Before)), nullableText(canonical(e.After))}
}

func nullableText(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func encodeRefs(refs []notary.Ref) string {
	if len(refs) == 0 {
		return ""
	}
	text, err := json.Marshal(refs)
	if err != nil {
		panic(err) // cannot happen: strings and numbers
	}
	return string(text)
}

// canonical returns the canonical JSON of an event's fields: members sorted by name, no white space, no escaped HTML
// characters.
func canonical(f notary.Fields) string {
	if len(f) == 0 {
		return ""
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(map[string]any(f)); err != nil {
		panic(err) // cannot happen: strings, numbers, booleans, and lists and objects of these
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func readFields(object string) (f notary.Fields, ok bool) {
	if object == "" {
		return nil, true
	}
	decoder := json.NewDecoder(strings.NewReader(object))
	decoder.UseNumber()
	if decoder.Decode(&f) != nil {
		return nil, false
	}
	for name, value := range f {
		if number, isNumber := value.(json.Number); isNumber {
			if n, err := number.Int64(); err == nil {
				f[name] = n
			}
		}
	}
	return f, true
}

func (r reader) scanEvent(row db.Row) (*notary.Event, error) {
	var e notary.Event
	var at instant
	var account, object number
	var principal, objectName, refs, requestID, before, after sql.NullString
	err := row.Scan(&e.ID, &at, &e.Action, &e.Object.Kind, &object, &objectName, &refs, &principal, &account,
		&e.Principal.Name, &e.Address, &requestID, &before, &after, &e.Text)
	e.At, e.Object.ID, e.Object.Name = at.time(), object.Int64, objectName.String
	e.Principal.Kind, e.Principal.ID = principal.String, account.Int64
	if e.Principal.Kind == "" { // recorded by an earlier version
		e.Principal.Kind = formerPrincipal(e.Principal.ID)
	}
	e.RequestID = requestID.String
	unread := unreadable(column{"at", at.unreadable()}, column{"account_id", account.bad},
		column{"object_id", object.bad})
	if refs.String != "" && json.Unmarshal([]byte(refs.String), &e.Refs) != nil {
		unread = append(unread, "its references cannot be read")
	}
	var readBefore, readAfter bool
	e.Before, readBefore = readFields(before.String)
	if e.After, readAfter = readFields(after.String); !readBefore || !readAfter {
		unread = append(unread, "its changes cannot be read")
	}
	r.damage.add("event", e.ID, unread)
	return &e, err
}

func formerPrincipal(accountID int64) string {
	if accountID == 0 {
		return notary.SystemPrincipal
	}
	return notary.AccountPrincipal
}

func (r reader) events() query.List[*notary.Event] {
	return query.List[*notary.Event]{Q: r.q, Limits: r.search, Table: "event", Alias: "e", Columns: eventColumns,
		Scan: r.scanEvent, Key: func(e *notary.Event) query.Key { return query.Key{ID: e.ID, NotAfter: e.At} }}
}

// Events returns a page of the event log, newest first. It returns the same errors as [query.List.Page]. An index finds
// the events of one object. Any other filter scans the log backwards in steps.
func (r reader) Events(ctx context.Context, q notary.EventQuery) (notary.Page[*notary.Event], error) {
	w := query.Want{Sort: notary.ByIDDown, Limit: q.Limit, After: q.After, Before: q.Before}
	q.Limit, q.After, q.Before = 0, "", ""
	w.Filter = q
	var err error
	if w.Conditions, err = r.eventConditions(ctx, q); err != nil {
		return notary.Page[*notary.Event]{}, err
	}
	return r.events().Page(ctx, w)
}

func (r reader) eventConditions(ctx context.Context, q notary.EventQuery) (all []query.Condition, err error) {
	if q.ObjectID != 0 {
		all = append(all, query.Condition{Column: "id", Indexed: func(b *db.Binder) {
			b.And("e.object_id = " + b.Bind(q.ObjectID))
			b.And("e.kind = " + b.Bind(q.Kind))
		}})
	} else if !q.From.IsZero() || !q.Until.IsZero() {
		within, err := r.eventsWithin(ctx, q.From, q.Until)
		if err != nil {
			return nil, err
		}
		all = append(all, within)
	}
	holds := func(fits string, value any) {
		all = append(all, query.Condition{Holds: func(b *db.Binder) { b.And(fits + b.Bind(value)) }})
	}
	if q.Kind != "" && q.ObjectID == 0 {
		holds(query.WithoutIndex("e.kind")+" = ", q.Kind)
	}
	for _, kind := range q.NotKinds {
		holds(query.WithoutIndex("e.kind")+" <> ", kind)
	}
	if q.Email != "" {
		holds("e.email = ", q.Email)
	}
	if id, err := strconv.ParseInt(q.Principal, 10, 64); err == nil {
		holds("e.account_id = ", id)
	} else if q.Principal != "" {
		// Email addresses are recorded in lower case, names of tokens as typed.
		all = append(all, query.Condition{Holds: func(b *db.Binder) {
			b.And("e.email IN (" + b.Bind(q.Principal) + ", " + b.Bind(strings.ToLower(q.Principal)) + ")")
		}})
	}
	if q.RequestID != "" {
		holds("e.request_id = ", q.RequestID)
	}
	if q.Action != "" {
		holds("e.action = ", q.Action)
	}
	if !q.From.IsZero() {
		holds("e.at >= ", db.Seconds(q.From))
	}
	if !q.Until.IsZero() {
		holds("e.at < ", db.Seconds(q.Until))
	}
	return all, nil
}

// disorder limits how far the order of events by ID may deviate from their order by time. The orders differ because
// transactions overtake one another and the clocks of nodes differ.
const disorder = time.Hour

func (r reader) eventsWithin(ctx context.Context, from, until time.Time) (query.Condition, error) {
	first, last := int64(0), int64(1<<62)
	var err error
	if !from.IsZero() {
		if first, err = r.eventSince(ctx, from.Add(-disorder)); err != nil {
			return query.Condition{}, err
		}
	}
	if !until.IsZero() {
		if last, err = r.eventSince(ctx, until.Add(disorder)); err != nil {
			return query.Condition{}, err
		}
	}
	return query.Condition{Column: "id", Indexed: func(b *db.Binder) {
		b.And("e.id >= " + b.Bind(first))
		b.And("e.id <= " + b.Bind(last))
	}}, nil
}

// eventSince returns the ID of the first event at or after t, found by binary search as if times increased with IDs. If
// all events are older, it returns the last ID plus 1.
func (r reader) eventSince(ctx context.Context, t time.Time) (int64, error) {
	var low, high int64 // events with IDs below low are older than t; those from high on are not
	err := r.q.QueryRow(ctx, `SELECT id + 1 FROM event WHERE id >= $1 ORDER BY id DESC LIMIT 1`, low).Scan(&high)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, db.MapError(err)
	}
	for low < high {
		middle := low + (high-low)/2
		var id int64
		var at number
		err := r.q.QueryRow(ctx, `SELECT id, at FROM event WHERE id >= $1 ORDER BY id LIMIT 1`, middle).Scan(&id, &at)
		switch {
		case errors.Is(err, sql.ErrNoRows) || err == nil && at.Int64 >= db.Seconds(t):
			high = middle
		case err != nil:
			return 0, db.MapError(err)
		default:
			low = id + 1
		}
	}
	return low, nil
}

// RequestSubmitter returns the principal that submitted a request, or a zero reference if no event tells.
func (r reader) RequestSubmitter(ctx context.Context, requestID int64) (notary.Ref, error) {
	created, err := db.Collect(ctx, r.q, r.scanEvent, `SELECT`+eventColumns+`FROM event e
		WHERE e.object_id = $1 AND e.kind = 'request' AND e.action = 'request.create' ORDER BY e.id LIMIT 1`, requestID)
	if err != nil || len(created) == 0 {
		return notary.Ref{}, err
	}
	return created[0].Principal, nil
}

// RequestEvents returns up to limit events of a request and its certificates, newest first.
func (r reader) RequestEvents(ctx context.Context, requestID int64, limit int) ([]*notary.Event, error) {
	own, err := db.Collect(ctx, r.q, r.scanEvent, `SELECT`+eventColumns+`FROM event e
		WHERE e.object_id = $1 AND e.kind = 'request' ORDER BY e.id DESC LIMIT $2`, requestID, limit)
	if err != nil {
		return nil, err
	}
	others, err := db.Collect(ctx, r.q, r.scanEvent, `SELECT`+eventColumns+`FROM certificate k CROSS JOIN event e
		WHERE k.request_id = $1 AND e.object_id = k.id AND e.kind = 'certificate' ORDER BY k.id DESC LIMIT $2`, requestID,
		limit)
	if err != nil {
		return nil, err
	}
	all := append(own, others...)
	slices.SortFunc(all, func(a, b *notary.Event) int { return int(b.ID - a.ID) })
	return all[:min(len(all), limit)], nil
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

const eventColumns = ` e.id, e.at, e.account_id, e.email, e.address, e.action, e.object_id, e.detail `

// Event records who did what. It is the last step of every change.
func (tx *Tx) Event(e notary.Event) error {
	return tx.db.Later(`INSERT INTO event (at, account_id, email, address, kind, action, object_id, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		db.Seconds(tx.db.Now()), e.AccountID, e.Email, e.Address, e.Kind(), e.Action, e.ObjectID, e.Detail)
}

func (r reader) scanEvent(row db.Row) (*notary.Event, error) {
	var e notary.Event
	var at instant
	var account, object number
	err := row.Scan(&e.ID, &at, &account, &e.Email, &e.Address, &e.Action, &object, &e.Detail)
	e.At, e.AccountID, e.ObjectID = at.time(), account.Int64, object.Int64
	r.damage.add("event", e.ID, unreadable(column{"at", at.unreadable()}, column{"account_id", account.bad}, column{"object_id", object.bad}))
	return &e, err
}

func (r reader) events() query.List[*notary.Event] {
	return query.List[*notary.Event]{Q: r.q, Limits: r.search, Table: "event", Alias: "e", Columns: eventColumns, Scan: r.scanEvent,
		Key: func(e *notary.Event) query.Key { return query.Key{ID: e.ID, NotAfter: e.At} }}
}

// Events is one page of the record, the newest first. What happened to one object is found by
// an index; otherwise the record is read backwards, in steps. Errors are those of
// [Store.Requests].
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

// disorder is by how much an event may be older than one with a smaller id: transactions
// overtake one another, and the clocks of nodes differ.
const disorder = time.Hour

// eventsWithin are the ids that the events of a time can have.
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

// eventSince is the id of the first event since a time, or the one that the next event will
// have at the least. It halves the ids until it is found.
func (r reader) eventSince(ctx context.Context, t time.Time) (int64, error) {
	var low, high int64 // what is before low is older, what is from high on is not
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

// RequestEvents are the newest events of a request and of the certificates that were issued
// for it, as many as that at most, the newest first.
func (r reader) RequestEvents(ctx context.Context, requestID int64, limit int) ([]*notary.Event, error) {
	own, err := db.Collect(ctx, r.q, r.scanEvent, `SELECT`+eventColumns+`FROM event e
		WHERE e.object_id = $1 AND e.kind = 'request' ORDER BY e.id DESC LIMIT $2`, requestID, limit)
	if err != nil {
		return nil, err
	}
	others, err := db.Collect(ctx, r.q, r.scanEvent, `SELECT`+eventColumns+`FROM certificate k CROSS JOIN event e
		WHERE k.request_id = $1 AND e.object_id = k.id AND e.kind = 'certificate' ORDER BY k.id DESC LIMIT $2`, requestID, limit)
	if err != nil {
		return nil, err
	}
	all := append(own, others...)
	slices.SortFunc(all, func(a, b *notary.Event) int { return int(b.ID - a.ID) })
	return all[:min(len(all), limit)], nil
}

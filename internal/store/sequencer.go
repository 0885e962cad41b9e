package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"notary"
	"notary/internal/db"
)

// Sequencer assigns committed events the positions 1, 2, 3, … in an order that never changes, so that readers can
// follow events with a cursor and miss none. IDs do not allow that on PostgreSQL, where a transaction may allocate an
// ID and commit after others with greater IDs.
//
// Writing an event costs nothing extra. The database records the ID up to which every event has a position, and the
// sequencer looks for unsequenced events with greater IDs. It raises the recorded ID only when no transaction in
// progress may still commit an event with a smaller ID.
type Sequencer struct {
	store *Store

	// The newest event seen, and the transactions in progress at that time, which may still commit older events.
	horizon int64
	writers []string
}

// NewSequencer returns a sequencer. If several nodes run one on the same database, only one does the work.
func NewSequencer(s *Store) *Sequencer { return &Sequencer{store: s} }

const sequenceBatch = 1_000

// sequencedUpTo names the row of table agreement with the ID up to which every event has a position.
const sequencedUpTo = "events have positions up to event"

// Run assigns a position to every committed event. It is called periodically and must not run concurrently with itself.
func (q *Sequencer) Run(ctx context.Context) error {
	for after := int64(0); ; {
		ids, err := q.step(ctx, after)
		if err != nil || len(ids) < sequenceBatch {
			return err
		}
		after = ids[len(ids)-1] // the next run starts from the recorded ID again
	}
}

func (q *Sequencer) step(ctx context.Context, after int64) (ids []int64, err error) {
	final, err := q.finalUpTo(ctx)
	if err != nil {
		return nil, err
	}
	done, err := q.store.sequencedUpTo(ctx)
	if err != nil {
		return nil, err
	}
	last, err := q.store.lastPosition(ctx)
	if err != nil {
		return nil, err
	}
	after = max(after, done)
	ids, err = q.store.unsequenced(ctx, after) // read after last, which is compared below
	if err != nil {
		return nil, err
	}
	switch {
	case after > done: // events below after may be committed late
		final = done
	case len(ids) == sequenceBatch: // there may be more
		final = min(final, ids[len(ids)-1])
	}
	final = max(final, done)
	if len(ids) == 0 && final == done {
		return nil, nil
	}
	return ids, q.store.Write(ctx, func(tx *Tx) error {
		if err := tx.db.Lock(lockSequence, 0); err != nil {
			return err
		}
		if now, err := tx.lastPosition(ctx); err != nil || now != last { // another sequencer was faster
			return err
		}
		return tx.sequence(ctx, last, after, ids, final)
	})
}

// finalUpTo returns an ID up to which no transaction can commit another event, or 0 if unknown.
func (q *Sequencer) finalUpTo(ctx context.Context) (int64, error) {
	if q.horizon == 0 {
		newest, _, err := q.store.NewestEvent(ctx)
		if err != nil {
			return 0, err
		}
		// Transactions that allocated smaller IDs locked the table before that. Writers returns those still in
		// progress.
		writers, err := q.store.db.Writers(ctx, "event")
		if err != nil {
			return 0, err
		}
		q.horizon, q.writers = newest, writers
	} else if len(q.writers) > 0 {
		now, err := q.store.db.Writers(ctx, "event")
		if err != nil {
			return 0, err
		}
		q.writers = slices.DeleteFunc(q.writers, func(one string) bool { return !slices.Contains(now, one) })
	}
	if len(q.writers) > 0 {
		return 0, nil
	}
	final := q.horizon
	q.horizon = 0
	return final, nil
}

// sequence assigns consecutive positions, starting at last+1, to the unsequenced events with IDs in (after,
// ids[len(ids)-1]]. It then records final as the ID up to which every event has a position. A single INSERT is much
// cheaper than one per event.
func (tx *Tx) sequence(ctx context.Context, last, after int64, ids []int64, final int64) error {
	if len(ids) > 0 {
		err := tx.db.Later(`INSERT INTO event_position (position, event_id)
			SELECT CAST($1 AS BIGINT) + ROW_NUMBER() OVER (ORDER BY e.id), e.id
			FROM event e LEFT JOIN event_position p ON p.event_id = e.id
			WHERE e.id > $2 AND e.id <= $3 AND p.event_id IS NULL`, last, after, ids[len(ids)-1])
		if err != nil {
			return err
		}
	}
	newest, _, err := tx.NewestEvent(ctx)
	if err != nil || newest < final { // a failover has lost the newest events, whose IDs may be reused
		return err
	}
	return tx.db.Later(`UPDATE agreement SET value = $1 WHERE name = $2`, strconv.FormatInt(final, 10), sequencedUpTo)
}

func (r reader) sequencedUpTo(ctx context.Context) (int64, error) {
	text, err := r.Agreed(ctx, sequencedUpTo)
	if err != nil {
		return 0, err
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, notary.InternalError("read the last event with a position", err)
	}
	return id, nil
}

func (r reader) lastPosition(ctx context.Context) (last int64, err error) {
	err = r.q.QueryRow(ctx, `SELECT position FROM event_position WHERE position > 0 ORDER BY position DESC LIMIT 1`).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return last, db.MapError(err)
}

func (r reader) unsequenced(ctx context.Context, after int64) ([]int64, error) {
	return db.Collect(ctx, r.q, db.Scan[int64], `SELECT e.id FROM event e LEFT JOIN event_position p ON p.event_id = e.id
		WHERE e.id > $1 AND p.event_id IS NULL ORDER BY e.id LIMIT $2`, after, sequenceBatch)
}

// PositionedEvent is an event with its position in the order of events.
type PositionedEvent struct {
	Position int64
	*notary.Event
}

// EventsAfter returns up to limit events after a position, in order. Positions start at 1.
func (r reader) EventsAfter(ctx context.Context, position int64, limit int) ([]PositionedEvent, error) {
	return db.Collect(ctx, r.q, func(row db.Row) (p PositionedEvent, err error) {
		p.Event, err = r.scanEvent(prefixed{row, &p.Position})
		return p, err
	}, `SELECT p.position,`+eventColumns+`FROM event_position p JOIN event e ON e.id = p.event_id
		WHERE p.position > $1 ORDER BY p.position LIMIT $2`, position, limit)
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"notary/internal/db"
)

// ClockMark records when the clock was last known to be correct.
type ClockMark struct {
	At      time.Time     // zero if no time is recorded
	Boot    string        // identifies the boot of the machine; "" if unknown
	Uptime  time.Duration // since that boot
	EventID int64         // ID of the newest event when an Admin last confirmed the clock
	Stopped string        // why issuance is stopped; "" if it is not
}

// ClockMark returns the last mark, or the zero value for a new database.
func (r reader) ClockMark(ctx context.Context) (m ClockMark, err error) {
	var at, uptime int64
	err = r.q.QueryRow(ctx, `SELECT at, boot, uptime, event_id, stopped FROM clock WHERE id = 1`).
		Scan(&at, &m.Boot, &uptime, &m.EventID, &m.Stopped)
	if errors.Is(err, sql.ErrNoRows) {
		return ClockMark{}, nil
	}
	m.At, m.Uptime = db.TimeOf(at), time.Duration(uptime)*time.Second
	return m, db.MapError(err)
}

// SetClockMark replaces the mark.
func (tx *Tx) SetClockMark(m ClockMark) error {
	_, err := tx.db.Exec(`INSERT INTO clock (id, at, boot, uptime, event_id, stopped) VALUES (1, $1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET at = $1, boot = $2, uptime = $3, event_id = $4, stopped = $5`,
		db.Seconds(m.At), m.Boot, int64(m.Uptime/time.Second), m.EventID, m.Stopped)
	return err
}

// NewestEvent returns the ID and time of the newest event, or zero values if there are no events.
func (r reader) NewestEvent(ctx context.Context) (id int64, at time.Time, err error) {
	var recorded int64
	err = r.q.QueryRow(ctx, `SELECT id, at FROM event WHERE id > 0 ORDER BY id DESC LIMIT 1`).Scan(&id, &recorded)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	return id, db.TimeOf(recorded), db.MapError(err)
}

// DatabaseTime returns the time of the database server, or the zero time on SQLite.
func (s *Store) DatabaseTime(ctx context.Context) (time.Time, error) {
	if !s.Shared() {
		return time.Time{}, nil
	}
	var now int64
	err := s.reader.q.QueryRow(ctx, `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT)`).Scan(&now)
	return db.TimeOf(now), db.MapError(err)
}

package db

import (
	"context"
	"slices"
)

// Counts are changes of counters by name, gathered in a transaction and written at its end. On
// PostgreSQL a counter is spread over rows (slots), so that writers do not wait for one another.
type Counts map[string]int64

// Count changes a counter at the commit.
func (tx *Tx) Count(name string, by int64) { tx.counts[name] += by }

// Counted returns the changes of counters so far.
func (tx *Tx) Counted() Counts { return tx.counts }

func (c Counts) add(other Counts) {
	for name, n := range other {
		c[name] += n
	}
}

// countersTogether is how many counters one statement changes.
const countersTogether = 50

// Save writes the changes outside of [DB.Write], for a bulk load.
func (c Counts) Save(run func(text string, args ...any) error) error { return c.save(run, 0) }

// save writes the changes in the order of their names, so that two transactions never wait
// for one another.
func (c Counts) save(run func(text string, args ...any) error, slot int) error {
	names := make([]string, 0, len(c))
	for name, n := range c {
		if n != 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for some := range slices.Chunk(names, countersTogether) {
		b := &Binder{}
		values, bound := "", b.Bind(slot)
		for _, name := range some {
			values += ", (" + b.Bind(name) + ", " + bound + ", " + b.Bind(c[name]) + ")"
		}
		err := run(`INSERT INTO counter (name, slot, value) VALUES `+values[2:]+`
			ON CONFLICT (name, slot) DO UPDATE SET value = counter.value + excluded.value`, b.Args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Counter returns the value of a counter.
func Counter(ctx context.Context, q Querier, name string) (value int64, err error) {
	err = q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter WHERE name = $1`, name).Scan(&value)
	return value, MapError(err)
}

// SumCounters returns the sum of the counters whose names lie between the two, the ends included.
func SumCounters(ctx context.Context, q Querier, from, to string) (value int64, err error) {
	err = q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter
		WHERE name >= $1 AND name <= $2`, from, to).Scan(&value)
	return value, MapError(err)
}

package db

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// CounterKey identifies a counter. Object, Part and At (seconds since 1970) are 0 if the counter does not use them.
type CounterKey struct {
	Name             string
	Object, Part, At int64
}

func (k CounterKey) compare(other CounterKey) int {
	return cmp.Or(cmp.Compare(k.Name, other.Name), cmp.Compare(k.At, other.At), cmp.Compare(k.Object, other.Object),
		cmp.Compare(k.Part, other.Part))
}

// Counts maps counters to their changes in a transaction. The changes are written when the transaction ends. On
// PostgreSQL a counter is spread over several rows (slots), so that writers do not wait for one another.
type Counts map[CounterKey]int64

// Count adds by to a counter when the transaction commits.
func (tx *Tx) Count(key CounterKey, by int64) { tx.counts[key] += by }

// Counted returns the changes to counters made so far.
func (tx *Tx) Counted() Counts { return tx.counts }

func (c Counts) add(other Counts) {
	for key, n := range other {
		c[key] += n
	}
}

// Save writes the changes outside of [DB.Write], for a bulk load.
func (c Counts) Save(run func(text string, args ...any) error) error { return c.save(run, 0) }

// save writes the changes sorted by key, so that concurrent transactions do not deadlock.
func (c Counts) save(run func(text string, args ...any) error, slot int) error {
	for _, k := range slices.SortedFunc(maps.Keys(c), CounterKey.compare) {
		if c[k] == 0 {
			continue
		}
		err := run(`INSERT INTO counter (name, at, object_id, part, slot, value) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (name, at, object_id, part, slot) DO UPDATE SET value = counter.value + excluded.value`,
			k.Name, k.At, k.Object, k.Part, slot, c[k])
		if err != nil {
			return err
		}
	}
	return nil
}

// Counter returns the value of a counter.
func Counter(ctx context.Context, q Querier, key CounterKey) (value int64, err error) {
	err = q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter
		WHERE name = $1 AND at = $2 AND object_id = $3 AND part = $4`, key.Name, key.At, key.Object, key.Part).Scan(&value)
	return value, MapError(err)
}

// SumCounters returns the sum of the counters with the given name whose time At is between from and to, inclusive.
func SumCounters(ctx context.Context, q Querier, name string, from, to int64) (value int64, err error) {
	err = q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter
		WHERE name = $1 AND at >= $2 AND at <= $3`, name, from, to).Scan(&value)
	return value, MapError(err)
}

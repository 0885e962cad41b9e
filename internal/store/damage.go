package store

import (
	"fmt"
	"sync/atomic"
	"time"

	"notary"
	"notary/internal/db"
)

// damageReport holds the function set with [Store.OnDamage], which all readers of a store share.
type damageReport struct {
	to atomic.Pointer[func(notary.Damage)]
}

func (r *damageReport) add(kind string, id int64, problems []string) {
	if r == nil || len(problems) == 0 {
		return
	}
	if to := r.to.Load(); to != nil {
		(*to)(notary.Damage{Kind: kind, ID: id, Problem: problems[0]})
	}
}

// OnDamage sets the function to call each time a damaged record is read.
func (s *Store) OnDamage(report func(notary.Damage)) { s.damage.to.Store(&report) }

// number scans an integer column. SQLite accepts values of any type in such a column. Values of other types count as
// absent, so that a damaged row does not make a list fail.
type number struct {
	Int64 int64
	Valid bool
	bad   bool
}

// Scan implements [database/sql.Scanner].
func (n *number) Scan(value any) error {
	*n = number{}
	switch value := value.(type) {
	case nil:
	case int64:
		n.Int64, n.Valid = value, true
	default:
		n.bad = true
	}
	return nil
}

type instant struct{ number }

// time returns the time, clamped to the supported range.
func (t instant) time() time.Time { return db.TimeOf(t.Int64) }

func (t instant) unreadable() bool { return t.bad || !db.InRange(t.Int64) }

type column struct {
	name string
	bad  bool
}

func unreadable(columns ...column) (problems []string) {
	for _, c := range columns {
		if c.bad {
			problems = append(problems, fmt.Sprintf("the column %s cannot be read", c.name))
		}
	}
	return problems
}

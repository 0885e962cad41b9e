package query

import (
	"context"

	"notary/internal/db"
)

// Condition is a single condition of a filter.
type Condition struct {
	// Holds restricts a query to the matching objects without using an index: see [WithoutIndex].
	Holds func(*db.Binder)
	// IDs returns a query for the IDs of the matching objects that uses an index. It may be nil.
	IDs func(*db.Binder) string
	// Wide reports whether IDs also returns objects that do not match.
	Wide bool
	// Indexed restricts a query to the matching objects by means of an index in the order of Column. It may be nil. The
	// index belongs to the list's table or, if set, to Table, whose column Key contains the object's ID.
	Indexed    func(*db.Binder)
	Column     string
	Table, Key string
}

type plan struct {
	driver     func(*db.Binder)        // the condition answered by the order's index, or nil
	table, key string                  // of that index; "" for the list's own table
	gather     func(*db.Binder) string // query for the IDs to read instead of the order's index, or nil
	rest       []func(*db.Binder)
}

// stepwise reports whether the plan follows an index that also contains objects that do not match.
func (p plan) stepwise() bool { return p.gather == nil && len(p.rest) > 0 }

func (l List[T]) driven(conditions []Condition, o order) plan {
	return planOf(conditions, driverOf(conditions, o), -1)
}

func (l List[T]) plan(ctx context.Context, conditions []Condition, o order) (plan, error) {
	driver, gather := driverOf(conditions, o), -1
	if driver < 0 || len(conditions) > 1 {
		var err error
		if gather, err = l.fewest(ctx, conditions); err != nil {
			return plan{}, err
		}
	}
	return planOf(conditions, driver, gather), nil
}

// driverOf returns the position of the condition that the order's index answers, or -1.
func driverOf(conditions []Condition, o order) int {
	driver := -1
	for i, c := range conditions {
		if c.Indexed != nil && c.Column == o.column && (driver < 0 || c.Table != "") {
			driver = i
		}
	}
	return driver
}

// planOf returns the plan that uses the conditions at the positions driver and gather, -1 for none. With gather, it
// does not use driver.
func planOf(conditions []Condition, driver, gather int) (p plan) {
	for i, c := range conditions {
		switch {
		case i == gather:
			p.gather = c.IDs
			if c.Wide {
				p.rest = append(p.rest, c.Holds)
			}
		case i == driver && gather < 0:
			p.driver, p.table, p.key = c.Indexed, c.Table, c.Key
		default:
			p.rest = append(p.rest, c.Holds)
		}
	}
	return p
}

// fewest returns the position of the condition with the fewest matches, or -1 if no condition is known to have at most
// [Limits].Few.
func (l List[T]) fewest(ctx context.Context, conditions []Condition) (int, error) {
	best, least := -1, l.Limits.Few+1
	for i, c := range conditions {
		if c.IDs == nil {
			continue
		}
		b := &db.Binder{}
		text := "SELECT COUNT(*) FROM (" + c.IDs(b) + " LIMIT " + b.Bind(least) + ") t"
		n, err := db.CollectPlanned(ctx, l.Q, db.Scan[int], text, b.Args...)
		if err != nil {
			return -1, err
		}
		if n[0] < least {
			best, least = i, n[0]
		}
	}
	return best, nil
}

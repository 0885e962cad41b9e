package archive

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store"
)

// CheckStep is the position of the periodic check of a database in use. It starts over at the end.
type CheckStep struct {
	// Paced limits the checks of records to a tenth of one processor.
	Paced bool

	certificate, request int64
	rule                 int
}

// CheckNext checks the next part of the database: a few hundred certificates and requests, and one table of the file or
// one invariant. It calls report for each finding, with the kind and ID of the record. The ID is 0 if the damage is not
// in a single record.
func CheckNext(ctx context.Context, s *store.Store, step *CheckStep, checks Checks,
	report func(d Damage, kind string, id int64)) error {
	c := checker{Store: s, checks: checks, paced: step.Paced}
	err := c.next(ctx, "certificate", &step.certificate, c.certificate, report)
	if err == nil {
		err = c.next(ctx, "request", &step.request, c.request, report)
	}
	if err != nil {
		return err
	}
	rules := slices.Concat(s.DB().QuickChecks(store.TableNames()), invariants)
	step.rule = (step.rule + 1) % len(rules)
	rule := rules[step.rule]
	var breaches []string
	err = s.DB().Snapshot(ctx, false, func(conn *sql.Conn) (err error) {
		breaches, err = db.Collect(ctx, db.OnConn(conn), db.Scan[string], rule.Breaches)
		return err
	})
	switch {
	case db.Corrupt(err):
		report(Damage{DamagedFile, err.Error()}, "database", 0)
		return nil
	case err != nil:
		return err
	case len(breaches) > 0:
		text := fmt.Sprintf("broken: %s (%d: %.200s)", rule.Says, len(breaches), breaches[0])
		report(Damage{DamagedRule, text}, "database", 0)
	}
	return nil
}

// next checks up to [stepRows] records after the ID in after, which it advances. It resets after to 0 at the end.
func (c checker) next(ctx context.Context, table string, after *int64, check func(context.Context, int64) error,
	report func(d Damage, kind string, id int64)) error {
	ids, err := db.Collect(ctx, c.DB().Reads(), db.Scan[int64],
		fmt.Sprintf(`SELECT id FROM %s WHERE id > $1 ORDER BY id LIMIT %d`, table, stepRows), *after)
	if err != nil {
		return err
	}
	for _, id := range ids {
		started := time.Now()
		err := check(ctx, id)
		if c.paced {
			rest(ctx, time.Since(started))
		}
		if err != nil {
			if ctx.Err() != nil || notary.KindOf(err) == notary.Unavailable {
				return err
			}
			report(Damage{DamagedRecord, fmt.Sprintf("%s %d: %v", table, id, err)}, table, id)
		}
		*after = id
	}
	if len(ids) < stepRows {
		*after = 0
	}
	return nil
}

func rest(ctx context.Context, worked time.Duration) {
	select {
	case <-time.After(9 * worked):
	case <-ctx.Done():
	}
}

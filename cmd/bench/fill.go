package main

import (
	"context"
	"fmt"
	"iter"
	"time"

	"notary/internal/store"
)

// The numbers of requests in the small copies of the database: see [bench].
const (
	smallRows = 100
	someRows  = 1000
)

// fillAll fills the database, keeping copies of it while it is small, and starts the servers.
func (b *bench) fillAll(ctx context.Context) (err error) {
	if b.o.rows > smallRows {
		if b.at100, err = b.fillAndCopy(ctx, smallRows, "small"); err != nil {
			return err
		}
	}
	if b.o.rows > someRows {
		if b.at1000, err = b.fillAndCopy(ctx, someRows, "some"); err != nil {
			return err
		}
	}
	if err := b.fill(ctx, b.o.rows); err != nil {
		return err
	}
	return b.site.start(ctx)
}

func (b *bench) fillAndCopy(ctx context.Context, rows int, name string) (*site, error) {
	if err := b.fill(ctx, rows); err != nil {
		return nil, err
	}
	database, err := b.engine.copy(ctx)
	if err != nil && b.o.database != "" {
		b.say("no comparison with %s requests: a database for them could not be "+
			"created: %v", thousands(rows), err)
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return b.site.copyTo(ctx, b.dir, name, database)
}

func (b *bench) fill(ctx context.Context, rows int) error {
	more := rows - b.site.rows
	if more <= 0 {
		return nil
	}
	b.site.rows = rows
	return b.fillWith(ctx, fmt.Sprintf("filling the database: %s requests", thousands(rows)), more,
		func(int) store.Life { return b.lives.next() })
}

// fillWith adds the n lives that life returns to the database. No node may be running.
func (b *bench) fillWith(ctx context.Context, what string, n int, life func(i int) store.Life) error {
	b.say("%s", what)
	began := time.Now()
	err := b.site.withStore(ctx, func(st *store.Store) error { return st.Fill(ctx, b.supply(ctx, n, life)) })
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil { // supply stopped early
		return err
	}
	took := time.Since(began)
	b.say("  %s in %v, %s a second", thousands(n), took.Round(time.Millisecond),
		thousands(int(float64(n)/took.Seconds())))
	return b.engine.settle(ctx)
}

// supply yields n lives, reports progress, and remembers some for searches.
func (b *bench) supply(ctx context.Context, n int, life func(i int) store.Life) iter.Seq[store.Life] {
	return func(yield func(store.Life) bool) {
		reported, reportedAt := time.Now(), 0
		for i := range n {
			if since := time.Since(reported); since > 5*time.Second {
				b.say("  %s, %s a second", thousands(i), thousands(int(float64(i-reportedAt)/since.Seconds())))
				reported, reportedAt = time.Now(), i
			}
			l := life(i)
			if i%max(n/256, 1) == 0 && len(l.Certificates) > 0 {
				b.known = append(b.known, knownOf(&l.Request, l.Certificates[0]))
			}
			if ctx.Err() != nil || !yield(l) {
				return
			}
		}
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

func (b *bench) measureReads(ctx context.Context) error {
	if err := b.measureGet(ctx); err != nil {
		return err
	}
	for _, sort := range []string{"id", "not_after"} {
		for _, deepest := range []bool{false, true} {
			if err := b.measurePage(ctx, sort, deepest); err != nil {
				return err
			}
		}
	}
	for _, op := range append(b.searches(), getting("summary", "/api/v1/summary"),
		fetchCRL("fetch a CRL", b.authority.issuing[0]), getting("status", "/status")) {
		op.half = true
		if _, err := b.run(ctx, op); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) measureGet(ctx context.Context) error {
	if !b.wanted(getOne(b.site).name) {
		return nil
	}
	return b.runBeside(ctx, b.at100, func(s *site) (operation, error) { return getOne(s), nil },
		func(small figure) comparison { return rateOf(small, at(smallRows), budgetGet) })
}

func (b *bench) measurePage(ctx context.Context, sort string, deepest bool) error {
	name := "first page by " + sort
	if deepest {
		name = "deepest page by " + sort
	}
	if !b.wanted(name) {
		return nil
	}
	err := b.runBeside(ctx, b.at1000, func(s *site) (operation, error) {
		cursor, err := "", error(nil)
		if deepest {
			cursor, err = b.deepest(ctx, s, sort)
		}
		return page(name, s, sort, cursor), err
	}, func(small figure) comparison { return medianOf(small, at(someRows), budgetPage) })
	var refused *refusedError
	if errors.As(err, &refused) {
		return b.addUnprepared(ctx, name, err)
	}
	return err
}

func at(rows int) string { return fmt.Sprintf("at %s requests", thousands(rows)) }

const starts = 3

// measureProcess measures the server's start and memory. It restarts the server before each measurement.
func (b *bench) measureProcess(ctx context.Context) error {
	if b.wanted("start") {
		if err := b.measureStart(ctx); err != nil {
			return err
		}
	}
	list := streaming("whole list", requestsPath, `"csr":"`)
	export := streaming("export", certificatesPath+"/export?format=csv", "\n")
	for _, op := range []operation{list, export} {
		if !b.wanted(op.name) {
			continue
		}
		if err := b.site.restart(ctx); err != nil {
			return err
		}
		f, err := b.run(ctx, op)
		if err != nil {
			return err
		}
		if want := int64(f.count) * int64(b.site.rows); op.name == list.name && op.body.found != want {
			f.failures.add("wrong answer", fmt.Sprintf("%d rows came, not %d", op.body.found, want))
		}
		if _, peak, ok := b.site.nodes[0].memory(); ok && f.count > 0 {
			b.report.addValue("memory, "+op.name, mebibytes(peak), budgetStreaming)
		}
	}
	return nil
}

// measureStart measures the median time of several starts, and the memory after the last start and one request.
func (b *bench) measureStart(ctx context.Context) error {
	var took []time.Duration
	for range starts {
		b.say("measuring the start")
		if err := b.site.restart(ctx); err != nil {
			return err
		}
		took = append(took, b.site.nodes[0].took)
	}
	slices.Sort(took)
	b.report.addValue(fmt.Sprintf("start with %s requests", thousands(b.site.rows)), took[starts/2].Seconds(),
		budgetStart)
	c, err := b.api()
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	if _, err := c.CertificateRequest(ctx, 1); err != nil {
		return err
	}
	if now, _, ok := b.site.nodes[0].memory(); ok {
		b.report.addValue("memory, idle", mebibytes(now), budgetIdle)
	}
	return nil
}

func (b *bench) measureWrites(ctx context.Context) error {
	if b.wanted("create") {
		floors := []comparison{{with: floorCSR, budget: budgetCreate}, {with: floorInsert}}
		if err := b.measureFloors(ctx, floors); err != nil {
			return err
		}
		csrs, err := b.makeCSRs(ctx, b.objectsFor(floors[0].base))
		if err != nil {
			return err
		}
		if _, err := b.runBetween(ctx, b.create(csrs), floors); err != nil {
			return err
		}
	}
	if !b.wanted("sign") {
		return nil
	}
	floors := []comparison{{with: floorCertificate, budget: budgetSign, processorBudget: budgetSignProcessor},
		{with: floorInsert}}
	if err := b.measureFloors(ctx, floors); err != nil {
		return err
	}
	if err := b.createOutstanding(ctx, b.objectsFor(floors[0].base)); err != nil {
		return err
	}
	_, err := b.runBetween(ctx, acting("sign", b.outstanding, "/sign",
		fmt.Appendf(nil, `{"certificate_authority_id":"%d"}`, b.authority.issuing[0])), floors)
	return err
}

// objectsFor returns the number of objects to prepare for an operation that runs at up to half the rate of its floor. A
// faster operation ends early.
func (b *bench) objectsFor(floor float64) int {
	return int(floor / 2 * (b.o.time + warmUp(b.o.time)).Seconds())
}

func (b *bench) createOutstanding(ctx context.Context, n int) error {
	more := n - b.outstanding.left()
	if more <= 0 {
		return nil
	}
	csrs, err := b.makeCSRs(ctx, more)
	if err != nil {
		return err
	}
	b.say("creating %s requests to sign", thousands(more))
	earlier := b.outstanding.rest()
	// The operation ends when all CSRs are used up, long before an hour has passed.
	g := &generator{nodes: b.site.nodes, token: b.token, clients: b.o.clients, length: time.Hour}
	f, err := g.drive(ctx, b.create(csrs))
	if err == nil && f.failures.total() > 0 {
		err = fmt.Errorf("creating requests to sign: %s", f.failures)
	}
	b.outstanding.all = append(b.outstanding.all, earlier...)
	return err
}

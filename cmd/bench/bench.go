package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

type bench struct {
	o        options
	progress io.Writer
	report   *report
	dir      string // working directory; removed at the end
	engine   engine
	token    string

	// site is measured. at100 and at1000 are copies of it with 100 and 1000 requests; nil if it has no more. They are
	// measured right before and after site, because the speed of a machine varies.
	site      *site
	at100     *site
	at1000    *site
	authority authorities
	samples   []int64 // IDs of requests with real certificates
	lives     *lives
	known     []known // objects to search for

	outstanding *ids // requests to be signed
}

// measure runs the benchmark. On error the report holds the results so far.
func measure(ctx context.Context, o options, progress io.Writer) (_ *report, err error) {
	b := &bench{o: o, progress: progress, outstanding: &ids{}}
	if b.dir, err = os.MkdirTemp(o.dir, "notary-bench-"); err != nil {
		return nil, err
	}
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if err := os.Chmod(b.dir, 0o711); err != nil { // PostgreSQL may run as another user
		return nil, err
	}
	b.say("preparing the database")
	if b.engine, err = openEngine(ctx, o, b.dir); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.engine.close()) }()
	defer func() { err = errors.Join(err, b.site.stop(), b.at100.stop(), b.at1000.stop()) }()
	b.report = newReport(o, b.engine.version)
	steps := []func(context.Context) error{b.build, b.setUp, b.fillAll}
	if o.overload {
		steps = append(steps, b.measureOverload)
	} else {
		steps = append(steps, b.measureReads, b.measurePages, b.measureProcess,
			b.measurePublishing, b.measureWrites, b.measureRules, b.measureRevoking, b.measureBuilding, b.measureHung)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return b.report, err
		}
	}
	return b.report, nil
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, format+"\n", args...)
}

func (b *bench) build(ctx context.Context) error {
	b.say("building the server")
	tags := ""
	if b.o.profiles != "" {
		folder, err := filepath.Abs(b.o.profiles)
		if err != nil {
			return err
		}
		tags = "profile"
		if err := os.Setenv("CPU_PROFILES", folder); err != nil { // see cmd/notary/profile.go
			return err
		}
	}
	size, err := buildProgram(ctx, b.dir, tags)
	if err != nil {
		return err
	}
	b.report.addValue("binary", mebibytes(size), budgetBinary)
	return nil
}

func (b *bench) wanted(name string) bool { return b.o.only.MatchString(name) }

func (b *bench) drive(ctx context.Context, s *site, op operation) (figure, error) {
	b.say("measuring %s at %s requests", op.name, thousands(s.rows))
	g := &generator{nodes: s.nodes, token: b.token, clients: b.o.clients, length: b.o.time}
	return g.drive(ctx, op)
}

func (b *bench) run(ctx context.Context, op operation, beside ...comparison) (figure, error) {
	if !b.wanted(op.name) {
		return figure{}, nil
	}
	f, err := b.drive(ctx, b.site, op)
	if err != nil {
		return f, err
	}
	b.report.add(op.name, b.site.rows, f, beside)
	return f, nil
}

// runBeside measures an operation on small, on the site and on small again. If small is nil, it measures only the site.
func (b *bench) runBeside(ctx context.Context, small *site, operationOf func(*site) (operation, error),
	compare func(figure) comparison) (err error) {
	op, err := operationOf(b.site)
	if err != nil {
		return err
	}
	if small == nil {
		_, err := b.run(ctx, op)
		return err
	}
	defer func() { err = errors.Join(err, small.stop()) }()
	if err := small.start(ctx); err != nil {
		return err
	}
	smallOp, err := operationOf(small)
	if err != nil {
		return err
	}
	smallOp.half = true // it runs twice
	before, err := b.drive(ctx, small, smallOp)
	if err != nil {
		return err
	}
	f, err := b.drive(ctx, b.site, op)
	if err != nil {
		return err
	}
	after, err := b.drive(ctx, small, smallOp)
	if err != nil {
		return err
	}
	both := before.join(after)
	b.report.add(op.name, small.rows, both, nil)
	b.report.add(op.name, b.site.rows, f, []comparison{compare(both)})
	return nil
}

// runBetween measures an operation whose floors were just measured, and then measures the floors again.
func (b *bench) runBetween(ctx context.Context, op operation, floors []comparison,
	others ...comparison) (figure, error) {
	f, err := b.drive(ctx, b.site, op)
	if err != nil {
		return f, err
	}
	if err := b.measureFloors(ctx, floors); err != nil {
		return f, err
	}
	b.report.add(op.name, b.site.rows, f, append(others, withProcessor(floors)...))
	return f, nil
}

// addUnprepared reports that an operation could not be prepared, and returns nil so that the run continues. If ctx is
// done, it returns err.
func (b *bench) addUnprepared(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return err
	}
	f := figure{clients: b.o.clients, failures: failures{}}
	f.failures.add("preparation", err.Error())
	b.report.add(name, b.site.rows, f, nil)
	return nil
}

// measureFloors measures the floors while the servers are idle. A floor that was measured before gets the average of
// both.
func (b *bench) measureFloors(ctx context.Context, floors []comparison) error {
	length := min(b.o.time/2, time.Second)
	for i := range floors {
		name := floors[i].with
		b.say("measuring %s", name)
		s, err := b.measureFloor(ctx, name, length)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		b.report.addFloor(name, s)
		if floors[i].base > 0 {
			s.perSecond = (s.perSecond + floors[i].base) / 2
			s.processor = (s.processor + floors[i].processor) / 2
		}
		floors[i].base, floors[i].processor = s.perSecond, s.processor
	}
	return nil
}

func (b *bench) measureFloor(ctx context.Context, name string, length time.Duration) (speed, error) {
	switch name {
	case floorCertificate:
		return measureCreateCertificate(ctx, length)
	case floorCSR:
		return measureVerifyCSR(ctx, length)
	case floorSignature:
		return measureSignature(ctx, length)
	case floorInsert:
		return b.engine.measureInserts(ctx, length)
	default:
		return speed{}, fmt.Errorf("unknown floor %q", name)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Operations that are measured while PostgreSQL hangs, and afterwards.
const (
	hungRead   = "hung database: read"
	hungStatus = "hung database: status"
	hungReady  = "hung database: ready"
	hungStop   = "hung database: stop"
	hungAfter  = "hung database: get one afterwards"
)

// measureHung stops the traffic between a node and PostgreSQL, measures how long calls and the node's shutdown take,
// and checks that the restarted node responds.
func (b *bench) measureHung(ctx context.Context) (err error) {
	lines := []string{hungRead, hungStatus, hungReady, hungStop, hungAfter}
	if b.engine.url == "" || !slices.ContainsFunc(lines, b.wanted) {
		return nil
	}
	g, database, err := openGate(b.engine.url)
	if err != nil {
		return b.addUnprepared(ctx, hungRead, err)
	}
	defer func() { err = errors.Join(err, g.close()) }()
	if err := b.site.stop(); err != nil {
		return err
	}
	hung := &site{program: b.site.program, folders: b.site.folders[:1], database: database, rows: b.site.rows}
	defer func() { err = errors.Join(err, hung.stop()) }()
	if err := hung.start(ctx); err != nil {
		return err
	}
	thaw := g.freeze()
	defer thaw()
	if err := b.measureHungCalls(ctx, hung); err != nil {
		return err
	}
	if err := b.measureHungStop(ctx, hung); err != nil {
		return err
	}
	thaw()
	if err := b.site.start(ctx); err != nil {
		return err
	}
	after := getOne(b.site)
	after.name, after.half = hungAfter, true
	_, err = b.run(ctx, after)
	return err
}

func (b *bench) measureHungCalls(ctx context.Context, hung *site) error {
	status := getting(hungStatus, "/status")
	status.clients, status.half = 1, true
	for _, measured := range []struct {
		op     operation
		unit   time.Duration
		budget *budget
	}{
		{refused(hungRead, requestsPath+"/1"), time.Second, budgetHungRead},
		{status, time.Millisecond, budgetHungStatus},
		{refused(hungReady, "/status/ready"), time.Second, budgetHungReady},
	} {
		name := measured.op.name
		if !b.wanted(name) {
			continue
		}
		f, err := b.drive(ctx, hung, measured.op)
		if err != nil {
			return err
		}
		b.report.add(name, hung.rows, f, nil)
		if f.count > 0 && f.failures.total() == 0 { // a failed call may end at any time
			b.report.addValue(name, float64(f.p99)/float64(measured.unit), measured.budget)
		}
	}
	return nil
}

// refused returns an operation whose calls are answered with 503. They are so slow that every call counts.
func refused(name, path string) operation {
	return operation{name: name, half: true, cold: true,
		next: func(*rand.Rand) (call, bool) { return call{method: "GET", path: path, status: 503}, true }}
}

// inProgress is the time that a node has to receive a call before it is stopped.
const inProgress = 100 * time.Millisecond

func (b *bench) measureHungStop(ctx context.Context, hung *site) error {
	if !b.wanted(hungStop) {
		return nil
	}
	b.say("measuring %s", hungStop)
	n := hung.nodes[0]
	c, err := dial(ctx, n)
	if err != nil {
		return err
	}
	defer c.close()
	sign := call{method: "POST", path: requestsPath + "/1/sign",
		body: fmt.Appendf(nil, `{"certificate_authority_id":"%d"}`, b.authority.issuing[0])}
	if _, err := c.conn.Write(appendCall(nil, n.address, b.token, sign)); err != nil {
		return err
	}
	time.Sleep(inProgress)
	began := time.Now()
	if err := hung.stop(); err != nil {
		b.say("the server stopped with an error: %v", err)
	}
	b.report.addValue(hungStop, time.Since(began).Seconds(), budgetHungStop)
	return nil
}

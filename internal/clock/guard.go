package clock

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

const checkInterval = time.Minute

// Guard decides whether the clock can be trusted for issuance. It is safe for concurrent use.
type Guard struct {
	store  *store.Store
	now    func() time.Time
	uptime func() (boot string, uptime time.Duration)
	log    *slog.Logger

	database func(context.Context) (time.Time, error)

	checking sync.Mutex // held while the database is read and updated
	checked  bool       // whether a check has been made

	mu        sync.Mutex
	first     moment // first moment at which the clock was right: at start or on confirmation
	last      moment // latest moment at which the clock was right
	jumped    string // how the clock was set; "" if it is right or was confirmed
	skew      string // difference from the database's clock; "" if none
	persisted bool   // whether jumped is in the database
}

// Options configures a [Guard]. The zero value is suitable for production.
type Options struct {
	Now    func() time.Time                           // default time.Now
	Uptime func() (boot string, uptime time.Duration) // default the system's uptime
	Log    *slog.Logger                               // default slog.Default

	// Database returns the time of the database's clock, or the zero time if the database has none. The default is
	// [store.Store.DatabaseTime].
	Database func(context.Context) (time.Time, error)
}

// New returns a Guard that has not checked the clock yet: see [Guard.Check].
func New(st *store.Store, o Options) *Guard {
	g := &Guard{store: st, now: o.Now, uptime: o.Uptime, log: o.Log}
	if g.now == nil {
		g.now = time.Now
	}
	if g.uptime == nil {
		g.uptime = systemUptime
	}
	if g.database = o.Database; g.database == nil {
		g.database = st.DatabaseTime
	}
	if g.log == nil {
		g.log = slog.Default()
	}
	return g
}

// Run checks the clock every minute until ctx is done.
func (g *Guard) Run(ctx context.Context) {
	tick := time.NewTicker(checkInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := g.Check(ctx); err != nil && ctx.Err() == nil {
				g.log.WarnContext(ctx, "could not compare the clock with the record", "error", err)
			}
		}
	}
}

// MayIssue returns nil if the clock can be trusted. Otherwise the error gives the reason and the remedy.
func (g *Guard) MayIssue() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.observe()
	switch {
	case g.jumped != "":
		return refusal(g.jumped + ": nothing is issued until an Admin confirms the clock " +
			"(correct it first if it is wrong; notary clock confirm)")
	case g.skew != "":
		return refusal(g.skew + ": nothing is issued until they agree (correct the one that is wrong)")
	}
	return nil
}

func refusal(message string) error {
	return &notary.Error{Kind: notary.Unavailable, RetryAfter: checkInterval, Message: message}
}

func (g *Guard) moment() moment {
	boot, uptime := g.uptime()
	return moment{g.now().Round(0), boot, uptime} // Round strips the monotonic reading
}

// observe compares the clock with the moments at which it was right, updates the state, and returns the current moment.
// The caller must hold mu.
func (g *Guard) observe() moment {
	m := g.moment()
	if g.first.wall.IsZero() {
		g.first, g.last = m, m
	}
	if g.jumped == "" {
		g.jumped = cmp.Or(jump(g.last, m), jump(g.first, m)) // small steps add up
	}
	if g.jumped == "" && m.wall.After(g.last.wall) {
		g.last = m
	}
	return m
}

// Check compares the clock with the recorded mark, the newest event and the database's clock. It records a new jump
// with an event. If the clock is right, it advances the mark.
func (g *Guard) Check(ctx context.Context) error {
	g.checking.Lock()
	defer g.checking.Unlock()
	mark, err := g.store.ClockMark(ctx)
	if err != nil {
		return err
	}
	event, at, err := g.store.NewestEvent(ctx)
	if err != nil {
		return err
	}
	database, err := g.database(ctx)
	if err != nil {
		return err
	}
	if event <= mark.EventID || g.checked && !database.IsZero() { // after the first check, the database's clock suffices
		at = time.Time{}
	}
	g.checked = true
	m, jumped, different := g.judge(mark, at, database)
	switch {
	case jumped != "" && mark.Stopped == "":
		return g.recordStop(ctx, mark, jumped)
	case jumped != "" || different:
		return nil
	}
	return g.store.Write(ctx, func(tx *store.Tx) error {
		return tx.SetClockMark(store.ClockMark{At: m.wall, Boot: m.boot, Uptime: m.uptime, EventID: mark.EventID})
	})
}

// judge updates the state from the recorded mark, the time of the newest relevant event, and the database's time. It
// returns the current moment, how the clock jumped, and whether it differs from the database's.
func (g *Guard) judge(mark store.ClockMark, event, database time.Time) (m moment, jumped string, different bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.persisted && mark.Stopped == "" { // confirmed on another node
		g.jumped, g.persisted, g.first, g.last = "", false, moment{}, moment{}
	}
	m = g.observe()
	if g.jumped == "" {
		g.jumped = cmp.Or(mark.Stopped, sinceMark(mark, m))
	}
	if g.jumped == "" && event.Sub(m.wall) > store.MaxClockSkew {
		g.jumped = wentBack(event, m.wall)
	}
	g.skew, g.persisted = skew(m.wall, database), mark.Stopped != ""
	return m, g.jumped, g.skew != ""
}

func sinceMark(mark store.ClockMark, m moment) string {
	if mark.At.IsZero() {
		return ""
	}
	return jump(moment{mark.At, mark.Boot, mark.Uptime}, m)
}

// clockRef is the object of the clock's events.
var clockRef = notary.NewRef("clock", 0, "")

func (g *Guard) recordStop(ctx context.Context, mark store.ClockMark, why string) error {
	mark.Stopped = why
	err := g.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SetClockMark(mark); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(notary.SystemCaller, "clock.stop", clockRef).Set(notary.Fields{"reason": why}))
	})
	if err != nil {
		return err
	}
	g.log.ErrorContext(ctx, "issuance stopped until an Admin confirms the clock", "reason", why)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.persisted = true
	return nil
}

// State returns the clock's state to callers who may read settings.
func (g *Guard) State(ctx context.Context, caller notary.Caller) (notary.ClockState, error) {
	if err := policy.AllowRole(caller, policy.ViewSettings, policy.Resource{}); err != nil {
		return notary.ClockState{}, err
	}
	database, err := g.database(ctx)
	if err != nil {
		return notary.ClockState{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.observe()
	return notary.ClockState{Time: m.wall.UTC(), DatabaseTime: database, Stopped: cmp.Or(g.jumped, g.skew)}, nil
}

// Confirm accepts the current clock, so that issuance can resume, and records an event.
func (g *Guard) Confirm(ctx context.Context, caller notary.Caller) error {
	if err := policy.AllowRole(caller, policy.ConfirmClock, policy.Resource{}); err != nil {
		return err
	}
	g.checking.Lock()
	defer g.checking.Unlock()
	newest, _, err := g.store.NewestEvent(ctx)
	if err != nil {
		return err
	}
	m := g.moment()
	err = g.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		mark := store.ClockMark{At: m.wall, Boot: m.boot, Uptime: m.uptime, EventID: newest}
		if err := tx.SetClockMark(mark); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "clock.confirm", clockRef).Set(notary.Fields{"time": text(m.wall)}))
	})
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.first, g.last, g.jumped, g.persisted = m, m, "", false
	return nil
}

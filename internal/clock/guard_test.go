package clock_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/clock"
	"notary/internal/testkit"
)

type machine struct {
	*testkit.World
	*clock.Guard

	clock  *testkit.Clock
	boot   string
	uptime time.Duration
	apart  *time.Duration // lead of the database's clock; nil without one
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	w := testkit.New(t)
	m := &machine{World: w, clock: w.Clock, boot: "first boot", uptime: time.Hour}
	m.start(t)
	return m
}

func (m *machine) start(t *testing.T) {
	t.Helper()
	m.Guard = clock.New(m.Store, clock.Options{Now: m.clock.Now,
		Uptime: func() (string, time.Duration) { return m.boot, m.uptime },
		Database: func(context.Context) (time.Time, error) {
			if m.apart == nil {
				return time.Time{}, nil
			}
			return m.clock.Now().Add(*m.apart), nil
		}})
	m.check(t)
}

func (m *machine) check(t *testing.T) {
	t.Helper()
	testkit.Check(t, m.Check(t.Context()))
}

func (m *machine) pass(d time.Duration) {
	m.clock.Advance(d)
	m.uptime += d
}

func (m *machine) reboot(off time.Duration) {
	m.clock.Advance(off)
	m.boot, m.uptime = m.boot+"+", time.Minute
}

func (m *machine) want(t *testing.T, when string, stopped bool, words ...string) {
	t.Helper()
	err := m.MayIssue()
	if (err != nil) != stopped {
		t.Fatalf("%s: %v, want stopped: %v", when, err, stopped)
	}
	if stopped {
		testkit.WantKind(t, err, notary.Unavailable)
		testkit.WantText(t, err, append(words, "notary clock confirm")...)
	}
}

func TestNormalClocks(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(t *testing.T, m *machine){
		"a minute":                  func(_ *testing.T, m *machine) { m.pass(time.Minute) },
		"a year without a check":    func(_ *testing.T, m *machine) { m.pass(365 * 24 * time.Hour) },
		"suspended for a week":      func(_ *testing.T, m *machine) { m.pass(7 * 24 * time.Hour) },
		"stopped for weeks":         func(t *testing.T, m *machine) { m.pass(21 * 24 * time.Hour); m.start(t) },
		"switched off for weeks":    func(t *testing.T, m *machine) { m.reboot(21 * 24 * time.Hour); m.start(t) },
		"corrected by some seconds": func(_ *testing.T, m *machine) { m.clock.Advance(-30 * time.Second) },
		"ahead by some hours":       func(_ *testing.T, m *machine) { m.clock.Advance(20 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			happens(t, m)
			m.want(t, "at once", false)
			m.check(t)
			m.want(t, "after the check", false)
		})
	}
}

func TestSmallStepsAddUp(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for range 2 {
		m.want(t, "before the sum is a day", false)
		m.pass(time.Minute)
		m.clock.Advance(20 * time.Hour)
		m.check(t)
	}
	m.want(t, "after two steps of 20 hours", true, "the server's clock moved forward by 40h0m0s")
	testkit.Check(t, m.Confirm(t.Context(), m.Admin()))
	m.want(t, "once confirmed", false)
}

// A clock that moves backwards, or forward by more than a day, stops issuance immediately and across restarts, until
// an Admin confirms it.
func TestJumpsStopIssuance(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set     time.Duration
		restart bool // whether it is set during downtime
		says    string
	}{
		"back by an hour":                 {-time.Hour, false, "the server's clock moved backwards"},
		"back by years":                   {-5 * 365 * 24 * time.Hour, false, "the server's clock moved backwards"},
		"ahead by two days":               {48 * time.Hour, false, "the server's clock moved forward by 48h0m0s"},
		"back while stopped":              {-time.Hour, true, "the server's clock moved backwards"},
		"ahead by two days while stopped": {48 * time.Hour, true, "the server's clock moved forward by 48h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.pass(time.Minute)
			m.clock.Advance(tt.set)
			if tt.restart {
				m.start(t)
			}
			m.want(t, "at once", true, tt.says)
			m.check(t)
			m.pass(time.Hour)
			m.start(t)
			m.want(t, "after a restart", true, tt.says)
			m.reboot(time.Hour)
			m.start(t)
			m.want(t, "after a reboot", true, tt.says)
			manager := m.Caller(notary.CertificateManager)
			testkit.WantKind(t, m.Confirm(t.Context(), manager), notary.Forbidden)
			m.want(t, "after a refused confirmation", true)
			testkit.Check(t, m.Confirm(t.Context(), m.Admin()))
			m.want(t, "once confirmed", false)
			m.check(t)
			m.pass(time.Minute)
			m.start(t)
			m.want(t, "after one more restart", false)
			wantEvents(t, m, "clock.stop", "clock.confirm")
		})
	}
}

func wantEvents(t *testing.T, m *machine, actions ...string) {
	t.Helper()
	for _, action := range actions {
		page, err := m.Store.Events(t.Context(), notary.EventQuery{Action: action, Limit: 10})
		testkit.Check(t, err)
		if len(page.Items) != 1 {
			t.Errorf("%d events %s, want one", len(page.Items), action)
		}
	}
}

// A clock set back during downtime is detected from the record, even without a mark, as after an upgrade.
func TestEventsFromTheFuture(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	_, err := testkit.SQL(t, m.Database).Exec(`DELETE FROM clock`)
	testkit.Check(t, err)
	m.clock.Advance(-time.Hour)
	m.start(t)
	m.want(t, "at the start", true, "the server's clock moved backwards")
	testkit.Check(t, m.Confirm(t.Context(), m.Admin()))
	m.start(t)
	m.want(t, "once confirmed", false)
	m.clock.Advance(-time.Hour)
	m.want(t, "back once more", true)
}

func TestState(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	state, err := m.State(t.Context(), m.Admin())
	if err != nil || state.Stopped != "" || !state.Time.Equal(m.clock.Now()) {
		t.Errorf("%+v: %v", state, err)
	}
	m.clock.Advance(-time.Hour)
	state, err = m.State(t.Context(), m.Admin())
	if err != nil || !strings.Contains(state.Stopped, "moved backwards") {
		t.Errorf("%+v: %v", state, err)
	}
	_, err = m.State(t.Context(), m.Caller(notary.ReadOnly))
	testkit.WantKind(t, err, notary.Forbidden)
}

// A node whose clock differs from the database's issues nothing until they agree; other nodes continue.
func TestApartFromTheDatabase(t *testing.T) {
	t.Parallel()
	for _, apart := range []time.Duration{2 * time.Minute, -2 * time.Minute, 48 * time.Hour} {
		m := newMachine(t)
		var none time.Duration
		m.apart = &none
		m.check(t)
		m.want(t, "while they agree", false)
		m.apart = &apart
		m.check(t)
		testkit.WantText(t, m.MayIssue(), "the database's", "until they agree")
		m.apart = nil
		other := *m
		other.start(t)
		other.want(t, "another node", false)
		m.apart = &none
		m.check(t)
		m.want(t, "once they agree again", false)
	}
}

// A stop on one node applies to all nodes, and so does a confirmation.
func TestNodesShareTheMark(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	other := *m
	other.start(t)
	m.clock.Advance(48 * time.Hour)
	m.check(t)
	m.want(t, "where it was noticed", true)
	other.check(t)
	other.want(t, "on the other node", true)
	testkit.Check(t, other.Confirm(t.Context(), m.Admin()))
	other.want(t, "confirmed there", false)
	m.check(t)
	m.want(t, "confirmed elsewhere", false)
}

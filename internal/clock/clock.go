// Package clock notices that the system's clock was set wrongly, and stops issuance until an Admin
// has confirmed the clock.
//
// A certificate that is issued under a wrong clock is valid at the wrong time for as long as it
// lives. CRLs and OCSP responses continue: relying parties without them would accept what is
// revoked or refuse everything, and the next ones correct the times.
//
// A clock that goes back is noticed by comparing it with the record: the last mark, written each
// minute, and the newest event. That a clock goes ahead by more than a day is noticed by comparing
// it with the time since the machine's boot, which nobody can set and which counts suspended
// time. A server that was stopped for weeks, on a machine that was switched off, is therefore no
// jump. On PostgreSQL each node also compares its clock with the database's.
package clock

import (
	"fmt"
	"time"

	"notary/internal/store"
)

// maxAhead is how far a clock may go ahead of the time that has passed.
const maxAhead = 24 * time.Hour

// moment is one instant by the clock and by the time since boot.
type moment struct {
	wall   time.Time
	boot   string
	uptime time.Duration
}

// jump returns how the clock was set between two moments, or "" if it was not.
func jump(from, to moment) string {
	elapsed := to.wall.Sub(from.wall)
	if elapsed < -store.MaxClockSkew {
		return wentBack(from.wall, to.wall)
	}
	if from.boot == "" || from.boot != to.boot {
		return ""
	}
	passed := to.uptime - from.uptime
	drift := store.MaxClockSkew + passed/1000 // more than NTP slews
	switch ahead := elapsed - passed; {
	case ahead > maxAhead:
		return fmt.Sprintf("the server's clock went ahead by %s, to %s", ahead.Round(time.Minute), text(to.wall))
	case ahead < -drift:
		return fmt.Sprintf("the server's clock went back by %s, to %s", (-ahead).Round(time.Second), text(to.wall))
	}
	return ""
}

func wentBack(from, to time.Time) string {
	return fmt.Sprintf("the server's clock went back from %s to %s", text(from), text(to))
}

// apart returns how the clock differs from the database's, or "" if it does not.
func apart(now, database time.Time) string {
	if database.IsZero() || now.Sub(database).Abs() <= store.MaxClockSkew {
		return ""
	}
	return fmt.Sprintf("the server's clock says %s and the database's %s", text(now), text(database))
}

func text(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

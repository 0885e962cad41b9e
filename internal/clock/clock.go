// Package clock detects that the system clock was set wrongly, and stops issuance until an Admin confirms the clock.
//
// A certificate issued under a wrong clock has a wrong validity for its whole life. CRLs and OCSP responses are still
// issued: without them relying parties would accept revoked certificates or reject all certificates, and wrong times in
// them are replaced with the next issue.
//
// A clock that was set back is detected by comparing it with the mark written to the database every minute, with the
// newest event, and with the time since boot. A clock that was set forward by more than a day is detected only by the
// time since boot, which cannot be set and includes suspended time. Weeks of downtime are therefore not mistaken for a
// change of the clock.
//
// On PostgreSQL each node also compares its clock with the database's, and stops issuance until they agree.
package clock

import (
	"fmt"
	"time"

	"notary/internal/store"
)

// maxAhead limits how far the wall clock may run ahead of the time since boot.
const maxAhead = 24 * time.Hour

// moment is a reading of the wall clock and of the time since boot.
type moment struct {
	wall   time.Time
	boot   string
	uptime time.Duration
}

// jump describes how the clock was set between two moments, or returns "" if it was not.
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
		return fmt.Sprintf("the server's clock moved forward by %s, to %s", ahead.Round(time.Minute), text(to.wall))
	case ahead < -drift:
		return fmt.Sprintf("the server's clock moved backwards by %s, to %s", (-ahead).Round(time.Second), text(to.wall))
	}
	return ""
}

func wentBack(from, to time.Time) string {
	return fmt.Sprintf("the server's clock moved backwards from %s to %s", text(from), text(to))
}

// skew describes how the clock differs from the database's. It returns "" if they differ by at most
// [store.MaxClockSkew] or database is zero.
func skew(now, database time.Time) string {
	if database.IsZero() || now.Sub(database).Abs() <= store.MaxClockSkew {
		return ""
	}
	return fmt.Sprintf("the server's clock shows %s and the database's %s", text(now), text(database))
}

func text(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

//go:build !linux

package clock

import "time"

// systemUptime returns no boot: no clock is known here that counts the time of a suspended
// machine and cannot be set.
func systemUptime() (boot string, uptime time.Duration) { return "", 0 }

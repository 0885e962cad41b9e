//go:build !linux

package clock

import "time"

// systemUptime returns no boot ID, because no suitable clock is known for this platform.
func systemUptime() (boot string, uptime time.Duration) { return "", 0 }

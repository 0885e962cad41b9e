package clock

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// systemUptime returns the ID of the current boot and the time since boot. This time cannot be set and, unlike Go's
// monotonic clock, includes suspended time. If boot is "", the uptime is unusable.
func systemUptime() (boot string, uptime time.Duration) {
	var since unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &since); err != nil {
		return "", 0
	}
	return bootID, time.Duration(since.Nano())
}

var bootID = readBootID()

func readBootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

package clock

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// systemUptime returns which boot of the machine this is, and the time since then. It includes
// the time that the machine was suspended, unlike Go's monotonic clock, and nobody can set it.
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

package app

import (
	"errors"

	"golang.org/x/sys/unix"
)

// preventCoreDumps protects private keys in memory from core dumps and from other processes of the same user (ptrace,
// /proc/PID/mem). It also hides /proc/PID/environ, which shows a passphrase even after it is unset.
func preventCoreDumps() error {
	return errors.Join(
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
	)
}

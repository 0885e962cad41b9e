package app

import (
	"errors"

	"golang.org/x/sys/unix"
)

// preventCoreDumps keeps the memory, and the private keys in it, from core dumps, from
// other processes of the same user (ptrace, /proc/PID/mem) and from /proc/PID/environ,
// where a passphrase stays to be read even after it is unset.
func preventCoreDumps() error {
	return errors.Join(
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
	)
}

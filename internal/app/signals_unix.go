//go:build unix

package app

import (
	"os"
	"os/signal"
	"syscall"
)

// catchSignals returns a channel that receives SIGHUP, which requests a reload. It ignores SIGUSR1 and SIGUSR2, which
// other servers use and which would terminate this one. It also ignores SIGPIPE, because the reader of standard output
// or error may be gone.
func catchSignals() (hangups <-chan os.Signal, stop func()) {
	reload, ignored := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(ignored, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE)
	return reload, func() {
		signal.Stop(reload)
		signal.Stop(ignored)
	}
}

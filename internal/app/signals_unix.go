//go:build unix

package app

import (
	"os"
	"os/signal"
	"syscall"
)

// catchSignals keeps signals that other servers use from ending this one, and returns a channel of the signals that
// request a reload. SIGPIPE is ignored because the reader of standard output or error may be gone.
func catchSignals() (hangups <-chan os.Signal, stop func()) {
	reload, ignored := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(ignored, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE)
	return reload, func() {
		signal.Stop(reload)
		signal.Stop(ignored)
	}
}

//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// catchSignals keeps the signals that mean something to other servers from ending this one, and
// returns a channel with those that ask for a reload. A SIGPIPE comes from a standard output or
// error that nobody reads any more; nothing reads the channel of the signals to ignore.
func catchSignals() (hangups <-chan os.Signal, stop func()) {
	reload, ignored := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(ignored, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE)
	return reload, func() {
		signal.Stop(reload)
		signal.Stop(ignored)
	}
}

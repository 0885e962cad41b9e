//go:build !unix

package app

import "os"

// catchSignals returns no channel: this system has no signal that requests a reload.
func catchSignals() (hangups <-chan os.Signal, stop func()) { return nil, func() {} }

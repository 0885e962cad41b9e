//go:build !unix

package app

import "os"

// catchSignals returns a nil channel, because this system has no signal for a reload.
func catchSignals() (hangups <-chan os.Signal, stop func()) { return nil, func() {} }

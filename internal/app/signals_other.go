//go:build !unix

package app

import "os"

// catchSignals returns a nil channel, because this platform has no reload signal.
func catchSignals() (hangups <-chan os.Signal, stop func()) { return nil, func() {} }

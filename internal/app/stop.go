package app

import (
	"context"
	"log/slog"
	"time"
)

// stopLimit is the maximum duration of a shutdown: 20 seconds for requests in flight, 4 seconds for transactions in
// progress, and a margin.
const stopLimit = 29 * time.Second

// boundStop exits with code 1 if the program is still running stopLimit after ctx is done, for example because the
// database or a disk hangs. No acknowledged change is lost. The returned function cancels the exit.
func boundStop(ctx context.Context, log *slog.Logger, exit func(code int)) (release func()) {
	stopped := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		select {
		case <-stopped:
		case <-time.After(stopLimit):
			log.Error("the server did not stop in time and exits now: something hangs, such as the database or "+
				"a disk; no committed change is lost", "limit", stopLimit)
			exit(1)
		}
	})
	return func() {
		forget()
		close(stopped)
	}
}

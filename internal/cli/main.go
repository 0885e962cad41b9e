// Package cli is the command line: commands that call a server over its REST API, commands on a local database or
// files, and "notary start".
package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Main runs the command given by the process's arguments and returns its exit code. release is the version of the
// program, or "" for a build from a checkout.
func Main(release string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	p := newProgram()
	p.release = release
	return p.execute(ctx, os.Args[1:])
}

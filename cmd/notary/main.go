// Command notary is a certificate service and the command line to it: "notary start" serves,
// the other commands call a server over its REST API.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run()) }

// run gives the exit code.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	return newProgram().execute(ctx, os.Args[1:])
}

// Command notary is a certificate service and its command-line client. "notary start" runs the server.
package main

import (
	"os"

	"notary/internal/cli"
)

// version is set by the release build: -ldflags "-X main.version=v1.2.3".
var version string

func main() { os.Exit(run(func() int { return cli.Main(version) })) }

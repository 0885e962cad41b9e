// Bench measures the whole program. It builds the server, starts it as a separate process in a temporary folder, and
// calls it over HTTPS with everything enabled: TLS, login, events, lint and flushes to disk. It prints each figure with
// its budget, and with the speed of the bare operation on the same machine.
//
//	go run ./cmd/bench                                        # SQLite, a thousand requests
//	go run ./cmd/bench --engine postgres --rows 1000000       # on a new cluster
//	go run ./cmd/bench --only sign --time 10s --json
//
// Load and server share the machine, as the budgets require. Compare ratios, not absolute figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"syscall"
	"time"
)

type options struct {
	engine   string
	database string
	dir      string
	rows     int
	nodes    int
	clients  int
	revoked  int
	time     time.Duration
	timeout  time.Duration
	only     *regexp.Regexp
	json     bool
	strict   bool
	overload bool
	profiles string
}

const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

func main() {
	o, err := parseOptions(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("not finished within %v: increase --timeout", o.timeout))
	report, err := measure(ctx, o, os.Stderr)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	cancel()
	if report != nil {
		err = errors.Join(err, report.write(os.Stdout, o.json))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
	if o.strict && !report.good() {
		os.Exit(1)
	}
}

func parseOptions(args []string, out io.Writer) (options, error) {
	var o options
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.engine, "engine", sqlite, "the database engine: sqlite or postgres")
	flags.StringVar(&o.database, "database", "", "`URL` of an empty PostgreSQL database that is kept at the end\n"+
		"(default: a new one on the server of $NOTARY_TEST_POSTGRES or in a temporary cluster)")
	flags.StringVar(&o.dir, "dir", "", "`folder` on the disk to measure (default: the folder for temporary "+
		"files, which must not be in memory)")
	flags.IntVar(&o.rows, "rows", 1000, "number of requests in the database")
	flags.IntVar(&o.nodes, "nodes", 1, "number of servers that share the database")
	flags.IntVar(&o.clients, "clients", 32, "number of concurrent clients")
	flags.IntVar(&o.revoked, "revoked", 100_000, "number of revoked certificates for the second measurement of "+
		"revocation; 0 to skip it")
	flags.DurationVar(&o.time, "time", 5*time.Second, "how long to measure an operation; some are measured half as long")
	flags.DurationVar(&o.timeout, "timeout", 3*time.Hour, "time limit for the whole run")
	flags.StringVar(&only, "only", "", "measure only the operations whose names match the `regexp`")
	flags.BoolVar(&o.json, "json", false, "print JSON instead of a table")
	flags.BoolVar(&o.strict, "strict", false, "exit with code 1 if a budget is missed or a call fails")
	flags.BoolVar(&o.overload, "overload", false, "measure only a logged-in load competing with thousands of "+
		"clients without a session")
	flags.StringVar(&o.profiles, "profiles", "", "`folder` for CPU profiles of the server, one for each start")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.only, err = regexp.Compile(only); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	return o, o.check()
}

func (o *options) check() error {
	switch {
	case !slices.Contains([]string{sqlite, postgres}, o.engine):
		return fmt.Errorf("--engine must be sqlite or postgres, not %q", o.engine)
	case o.engine == sqlite && o.database != "":
		return errors.New("--database requires --engine postgres")
	case o.engine == sqlite && o.nodes > 1:
		return errors.New("a SQLite database can have only one node: use --engine postgres for several")
	case o.nodes < 1 || o.clients < 1 || o.rows < 0 || o.revoked < 0:
		return errors.New("--nodes and --clients must be at least 1, --rows and --revoked at least 0")
	case o.time <= 0 || o.timeout <= 0:
		return errors.New("--time and --timeout must be positive")
	}
	return nil
}

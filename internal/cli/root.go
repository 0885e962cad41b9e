package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"notary/internal/config"
)

type program struct {
	in        io.Reader
	out, err  io.Writer
	env       func(string) string
	now       func() time.Time
	configDir string // folder of servers.json; "" if unknown
	release   string // version of this program; "" for a build from a checkout

	lines *bufio.Reader // reads from in

	server, token, caCert string
	data, fingerprint     string // to verify the certificate of an unknown server
	json                  bool
}

func newProgram() *program {
	configDir, err := os.UserConfigDir()
	if err == nil {
		configDir = filepath.Join(configDir, "notary")
	}
	return &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv, now: time.Now,
		configDir: configDir, lines: bufio.NewReader(os.Stdin)}
}

func (p *program) execute(ctx context.Context, args []string) int {
	root := p.rootCommand()
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if err != nil {
		if !errors.Is(err, errFound) {
			p.report(command, err)
		}
		return 1
	}
	return 0
}

func (p *program) rootCommand() *cobra.Command {
	root := group("notary", "Request, sign, inspect and revoke certificates",
		p.startCommand(), p.setupCodeCommand(),
		p.loginCommand(), p.logoutCommand(),
		p.accountCommand(), p.groupCommand(), p.grantCommand(), p.tokenCommand(), p.canCommand(), p.requestCommand(),
		p.certificateCommand(), p.authorityCommand(), p.profileCommand(), p.ruleCommand(),
		p.eventCommand(),
		p.migrateCommand(), p.storeCommand(), p.backupCommand(), p.restoreCommand(), p.checkCommand(),
		p.inspectCommand(),
		p.statusCommand(), p.summaryCommand(), p.overviewCommand(), p.settingsCommand(), p.clockCommand(),
		p.versionCommand(),
	)
	root.Version = p.version()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	flags := root.PersistentFlags()
	flags.StringVar(&p.server, "server", "", "the server's URL (default $NOTARY_SERVER, the server of the last "+
		"login, or "+config.DefaultURL+")")
	flags.StringVar(&p.token, "token", "", "the bearer token (default $NOTARY_TOKEN or the token of the last login)")
	flags.StringVar(&p.caCert, "ca-cert", "", "PEM `file` of the CAs to trust for the server (default $NOTARY_CA_CERT)")
	flags.BoolVar(&p.json, "json", false, "print JSON")
	p.wrapActions(root)
	return root
}

func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, RunE: func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		err := usagef("unknown command %q for %q", args[0], c.CommandPath())
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			err = withHint(err, "did you mean: %s %s", c.CommandPath(), near[0])
		}
		return err
	}}
	c.Args = cobra.ArbitraryArgs
	c.SuggestionsMinimumDistance = 2
	c.AddCommand(commands...)
	return c
}

// actionError is an error of a command that was called correctly.
type actionError struct{ error }

func (e actionError) Unwrap() error { return e.error }

// wrapActions resolves names before a command runs, and wraps its errors in actionError. Any other error of cobra's
// Execute means that the command line is invalid.
func (p *program) wrapActions(c *cobra.Command) {
	if run := c.RunE; run != nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			args, err := p.resolveNames(c, args)
			if err == nil {
				err = run(c, args)
			}
			if err != nil {
				return actionError{err}
			}
			return nil
		}
	}
	if c.Args != nil {
		c.Args = hintSwitches(c.Args)
	}
	for _, sub := range c.Commands() {
		p.wrapActions(sub)
	}
}

// usageError is an error of a command that was called incorrectly, returned by its action.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func isUsage(err error) bool {
	var action actionError
	var usage usageError
	return !errors.As(err, &action) || errors.As(err, &usage)
}

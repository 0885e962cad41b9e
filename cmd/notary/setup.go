package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/internal/auth"
	"notary/internal/store"
)

const (
	setupCodeName = "setup-code" // of the file in the data folder
	defaultData   = "notary-data"
)

// setup is what is needed to create the first account. It is nil once there is one.
type setup struct {
	needsCode bool
	code      string // "" where it is not known here, or not to be printed
	given     bool   // whether the configuration sets it
}

// prepareSetup sees to it that a database without an account has a setup code. On SQLite the code is in a file of
// the data folder, and a lost one is replaced; on PostgreSQL only the node that creates it knows it.
func prepareSetup(ctx context.Context, c *config, accounts *auth.Service, log *slog.Logger) (*setup, error) {
	initialized, err := accounts.HasAccounts(ctx)
	if err != nil {
		return nil, err
	}
	if initialized || c.setupCode != "" || store.IsPostgres(c.db) {
		c.dropSetupCodeFile(log)
	}
	switch {
	case initialized:
		return nil, nil
	case c.setupCode == noSetupCode:
		return &setup{}, nil
	case c.setupCode != "":
		return &setup{needsCode: true, given: true}, setGivenCode(ctx, c, accounts)
	case store.IsPostgres(c.db):
		return offerCode(ctx, accounts)
	}
	return keptCode(ctx, c, accounts)
}

func setGivenCode(ctx context.Context, c *config, accounts *auth.Service) error {
	if same, err := accounts.IsSetupCode(ctx, c.setupCode); same || err != nil {
		return err
	}
	return accounts.SetSetupCode(ctx, c.setupCode)
}

func offerCode(ctx context.Context, accounts *auth.Service) (*setup, error) {
	s := &setup{needsCode: true, code: auth.NewSetupCode()}
	stored, err := accounts.OfferSetupCode(ctx, s.code)
	if !stored {
		s.code = ""
	}
	return s, err
}

// keptCode returns the code of the file in the data folder. It creates both where the file is missing, or is
// not that of the database.
func keptCode(ctx context.Context, c *config, accounts *auth.Service) (*setup, error) {
	if code, err := readSetupCode(c.data); err == nil {
		if good, err := accounts.IsSetupCode(ctx, code); good || err != nil {
			return &setup{needsCode: true, code: code}, err
		}
	}
	code, err := createCode(ctx, c, accounts)
	return &setup{needsCode: true, code: code}, err
}

// createCode replaces the setup code, and on SQLite its file. Where the file cannot be written, the next start
// replaces both.
func createCode(ctx context.Context, c *config, accounts *auth.Service) (string, error) {
	code := auth.NewSetupCode()
	if err := accounts.SetSetupCode(ctx, code); err != nil || store.IsPostgres(c.db) {
		return code, err
	}
	if err := replaceFile(filepath.Join(c.data, setupCodeName), []byte(code+"\n"), 0o600); err != nil {
		return "", notary.InternalError("write the setup code", err)
	}
	return code, nil
}

func readSetupCode(data string) (string, error) {
	content, err := readFile(filepath.Join(data, setupCodeName))
	return strings.TrimSpace(string(content)), err
}

// dropSetupCodeFile removes the file of a setup code that no longer counts.
func (c *config) dropSetupCodeFile(log *slog.Logger) {
	err := os.Remove(filepath.Join(c.data, setupCodeName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("could not remove the file of the setup code, which opens nothing any more", "error", err)
	}
}

// announce tells the person at the terminal how to create the first account. The fragment of the link is sent to
// nobody: it gets into no log and no Referer header.
func (s *setup) announce(out io.Writer, c *config, url string) {
	if s == nil {
		return
	}
	link, options := url+"/start", ""
	if s.code != "" {
		link += "#setup=" + s.code
	}
	if url != defaultServer {
		options = " --server " + url
	}
	if filepath.Clean(c.data) != defaultData {
		options += " --data " + absolute(c.data)
	}
	fmt.Fprintf(out, "There is no account yet. Create the first one, an Admin, in a browser at\n  %s\n"+
		"or with:\n  notary account create --first --email you@example.com%s\n", link, options)
	switch {
	case !s.needsCode:
		fmt.Fprintf(out, "Anybody can do that: the setup code is switched off.\n")
	case s.given:
		fmt.Fprintf(out, "It takes the setup code of the configuration (%s).\n", keySetupCode)
	case s.code == "":
		fmt.Fprintf(out, "It takes the setup code that was printed when the database was created; \"notary setup-code\" creates a new one.\n")
	case store.IsPostgres(c.db):
		fmt.Fprintf(out, "It takes the setup code %s, which is printed only once.\n", s.code)
	}
}

func (p *program) setupCodeCommand() *cobra.Command {
	return withDatabaseFlag(onDatabase(&cobra.Command{
		Use:   "setup-code",
		Short: "Create a new setup code, which the first account takes",
		Long: "Create a new setup code in place of the present one, and print it. The first account of a server takes it.\n" +
			"It works on the server's database itself: stop a server on SQLite first. Nodes on PostgreSQL may run.",
		Example: "  notary setup-code --data /var/lib/notary",
		Args:    cobra.NoArgs,
	}, p.newSetupCode))
}

func (p *program) newSetupCode(ctx context.Context, c *config, _ []string) (err error) {
	if c.setupCode != "" {
		return notary.Errorf(notary.Conflict, "%s is set in the configuration, and a start would put it back: remove it there first", keySetupCode)
	}
	if !store.IsPostgres(c.db) && !isFile(c.db) {
		return notary.Errorf(notary.NotFound, "there is no database %s: the start of a server creates it, with its setup code", c.db)
	}
	st, err := store.Open(ctx, c.db, time.Now)
	if notary.KindOf(err) == notary.Unavailable && isFile(filepath.Join(c.data, setupCodeName)) {
		return withHint(err, "its setup code is in %s", filepath.Join(c.data, setupCodeName))
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	code, err := createCode(ctx, c, auth.New(st, auth.Options{}))
	if err != nil {
		return err
	}
	if p.json {
		return p.printJSON(map[string]string{"setup_code": code})
	}
	_, err = fmt.Fprintln(p.out, code)
	return err
}

package app

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

	"notary"
	"notary/internal/auth"
	"notary/internal/config"
	"notary/internal/files"
	"notary/internal/store"
)

// SetupCodeFile returns the path of the setup code file in a data folder.
func SetupCodeFile(data string) string { return filepath.Join(data, "setup-code") }

// setup describes how to create the first account. It is nil if an account exists.
type setup struct {
	needsCode bool
	code      string // "" if unknown to this node or not to be printed
	given     bool   // whether the configuration sets the code
}

// prepareSetup ensures that a database without accounts has a setup code, unless the code is off. On SQLite a generated
// code is also kept in a file in the data folder, and is replaced if the file is lost. On PostgreSQL only the node that
// generates the code knows it.
func prepareSetup(ctx context.Context, c *config.Config, accounts *auth.Service, log *slog.Logger) (*setup, error) {
	initialized, err := accounts.HasAccounts(ctx)
	if err != nil {
		return nil, err
	}
	if initialized || c.SetupCode != "" || store.IsPostgres(c.DB) {
		removeSetupCodeFile(c, log)
	}
	switch {
	case initialized:
		return nil, nil
	case c.SetupCode == config.NoSetupCode:
		return &setup{}, nil
	case c.SetupCode != "":
		return &setup{needsCode: true, given: true}, setGivenCode(ctx, c, accounts)
	case store.IsPostgres(c.DB):
		return offerCode(ctx, accounts)
	}
	return storedCode(ctx, c, accounts)
}

func setGivenCode(ctx context.Context, c *config.Config, accounts *auth.Service) error {
	if same, err := accounts.IsSetupCode(ctx, c.SetupCode); same || err != nil {
		return err
	}
	return accounts.SetSetupCode(ctx, c.SetupCode)
}

func offerCode(ctx context.Context, accounts *auth.Service) (*setup, error) {
	s := &setup{needsCode: true, code: auth.NewSetupCode()}
	stored, err := accounts.OfferSetupCode(ctx, s.code)
	if !stored {
		s.code = ""
	}
	return s, err
}

// storedCode returns the code in the data folder, or a new one if it is missing or does not match the database.
func storedCode(ctx context.Context, c *config.Config, accounts *auth.Service) (*setup, error) {
	if code, err := ReadSetupCode(c.Data); err == nil {
		if good, err := accounts.IsSetupCode(ctx, code); good || err != nil {
			return &setup{needsCode: true, code: code}, err
		}
	}
	code, err := createCode(ctx, c, accounts)
	return &setup{needsCode: true, code: code}, err
}

// createCode generates a setup code, stores it and, on SQLite, writes it to the file. If writing fails, the next start
// generates another code.
func createCode(ctx context.Context, c *config.Config, accounts *auth.Service) (string, error) {
	code := auth.NewSetupCode()
	if err := accounts.SetSetupCode(ctx, code); err != nil || store.IsPostgres(c.DB) {
		return code, err
	}
	if err := files.Replace(SetupCodeFile(c.Data), []byte(code+"\n"), 0o600); err != nil {
		return "", notary.InternalError("write the setup code", err)
	}
	return code, nil
}

// ReplaceSetupCode replaces the setup code in the database and returns the new one. On SQLite the server must not be
// running.
func ReplaceSetupCode(ctx context.Context, c *config.Config) (code string, err error) {
	if c.SetupCode != "" {
		return "", notary.Errorf(notary.Conflict,
			"%s is set in the configuration, and the next start would restore it: remove it there first",
			config.KeySetupCode)
	}
	if !store.IsPostgres(c.DB) && !files.IsFile(c.DB) {
		return "", notary.Errorf(notary.NotFound,
			"there is no database %s: run notary start, which creates it and a setup code", c.DB)
	}
	st, err := store.Open(ctx, c.DB, time.Now)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return createCode(ctx, c, auth.New(st, auth.Options{}))
}

// ReadSetupCode reads the setup code in a data folder.
func ReadSetupCode(data string) (string, error) {
	content, err := files.Read(SetupCodeFile(data))
	return strings.TrimSpace(string(content)), err
}

func removeSetupCodeFile(c *config.Config, log *slog.Logger) {
	err := os.Remove(SetupCodeFile(c.Data))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("could not remove the file of the setup code that is no longer valid", "error", err)
	}
}

// announce prints how to create the first account. The link contains the code in its fragment: browsers do not send the
// fragment, so the code appears in no log or Referer header.
func (s *setup) announce(out io.Writer, c *config.Config, url string) {
	if s == nil {
		return
	}
	link, options := url+"/start", ""
	if s.code != "" {
		link += "#setup=" + s.code
	}
	if url != config.DefaultURL {
		options = " --server " + url
	}
	if filepath.Clean(c.Data) != config.DefaultData {
		options += " --data " + absolute(c.Data)
	}
	fmt.Fprintf(out, "There is no account yet. Create the first one, an Admin, in a browser at\n  %s\n"+
		"or with:\n  notary account create --first --email you@example.com%s\n", link, options)
	switch {
	case !s.needsCode:
		fmt.Fprintf(out, "Anyone can do this: the setup code is off.\n")
	case s.given:
		fmt.Fprintf(out, "This requires the setup code from the configuration (%s).\n", config.KeySetupCode)
	case s.code == "":
		fmt.Fprintf(out, "This requires the setup code that was printed when the database was created; "+
			"\"notary setup-code\" creates a new one.\n")
	case store.IsPostgres(c.DB):
		fmt.Fprintf(out, "This requires the setup code %s, which is printed only once.\n", s.code)
	}
}

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/config"
	"notary/internal/files"
	"notary/internal/store"
)

// Only one process can open a SQLite database. "notary account recover" therefore writes its request to a file in the
// data folder, and the server writes the outcome next to it.
const (
	recoveryFile    = "account-recovery.json"
	recoveryOutcome = "account-recovery-outcome.json"

	recoveryPoll    = 500 * time.Millisecond
	recoveryWait    = 20 * time.Second
	maxRecoveryFile = 64 << 10
)

// recoveryResult is the outcome of a recovery; Message is "" on success.
type recoveryResult struct {
	Kind    notary.Kind `json:"kind,omitempty"`
	Message string      `json:"message,omitempty"`
}

func askServerToRecover(ctx context.Context, folder string, r auth.Recovery) error {
	request, outcome := filepath.Join(folder, recoveryFile), filepath.Join(folder, recoveryOutcome)
	if err := os.Remove(outcome); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return notary.InternalError("remove "+outcome, err)
	}
	if err := writeJSON(request, r); err != nil {
		return notary.Errorf(notary.Forbidden, "cannot write to %s: run this command as the user that runs the server "+
			"(%v)", folder, err)
	}
	defer os.Remove(request)
	ctx, cancel := context.WithTimeout(ctx, recoveryWait)
	defer cancel()
	for {
		var result recoveryResult
		if found, err := takeJSON(outcome, &result); err != nil {
			return err
		} else if found && result.Message != "" {
			return notary.Errorf(result.Kind, "%s", result.Message)
		} else if found {
			return nil
		}
		select {
		case <-ctx.Done():
			return notary.Errorf(notary.Unavailable,
				"the server that has the database open does not answer: stop it and try again")
		case <-time.After(recoveryPoll):
		}
	}
}

func serveRecoveries(ctx context.Context, folder string, accounts *auth.Service, log *slog.Logger) {
	tick := time.NewTicker(recoveryPoll)
	defer tick.Stop()
	for {
		if err := serveRecovery(ctx, folder, accounts, log); err != nil {
			log.Error("could not report the outcome of an account recovery", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func serveRecovery(ctx context.Context, folder string, accounts *auth.Service, log *slog.Logger) error {
	var r auth.Recovery
	found, err := takeJSON(filepath.Join(folder, recoveryFile), &r)
	if err == nil && !found {
		return nil
	}
	if err == nil {
		err = accounts.Recover(ctx, r)
	}
	if err != nil {
		log.Warn("account not recovered", "error", err)
	} else {
		log.Warn("an Admin's password was reset on the server", "email", r.Email)
	}
	return writeJSON(filepath.Join(folder, recoveryOutcome), resultOf(err))
}

func resultOf(err error) recoveryResult {
	var e *notary.Error
	switch {
	case err == nil:
		return recoveryResult{}
	case errors.Is(err, fs.ErrPermission):
		return recoveryResult{notary.Forbidden, "the server cannot read the request: run this command as the user that " +
			"runs the server"}
	case errors.As(err, &e) && e.Err == nil:
		return recoveryResult{e.Kind, e.Message}
	}
	return recoveryResult{notary.KindOf(err), "the server could not reset the password: see its log"}
}

// takeJSON decodes and removes a JSON file, and reports whether it was found. It rejects links, large files, and files
// that another user owns or can access, and removes them unread.
func takeJSON(name string, v any) (found bool, err error) {
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer os.Remove(name)
	private := info.Mode().Perm()&0o077 == 0 || runtime.GOOS == "windows" // Windows has no such modes
	owner, _, known := files.OwnerAndMode(name)
	foreign := known && owner == files.OtherUser
	if !info.Mode().IsRegular() || foreign || !private || info.Size() > maxRecoveryFile {
		return false, notary.Errorf(notary.Forbidden,
			"%s is ignored: it must be a regular file of at most %d KiB that only the server's user can read",
			name, maxRecoveryFile>>10)
	}
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	decoder := json.NewDecoder(io.LimitReader(f, maxRecoveryFile))
	decoder.DisallowUnknownFields()
	return true, decoder.Decode(v)
}

func writeJSON(name string, v any) error {
	var content bytes.Buffer
	if err := json.NewEncoder(&content).Encode(v); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".account-recovery-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content.Bytes())
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// RecoverAccount resets an account's password. If a server has the SQLite database open, RecoverAccount requests the
// reset from that server.
func RecoverAccount(ctx context.Context, c *config.Config, r auth.Recovery) (err error) {
	if !store.IsPostgres(c.DB) && !files.IsFile(c.DB) {
		return notary.Errorf(notary.NotFound,
			"there is no database %s: specify the server's data folder with --data or --config", c.DB)
	}
	st, err := store.Open(ctx, c.DB, time.Now)
	if notary.KindOf(err) == notary.Unavailable && !store.IsPostgres(c.DB) {
		return askServerToRecover(ctx, c.Data, r)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return auth.New(st, auth.Options{}).Recover(ctx, r)
}

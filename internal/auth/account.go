package auth

import (
	"context"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

// HasAccounts reports whether any account exists. Once it has returned true, it no longer queries the database.
func (s *Service) HasAccounts(ctx context.Context) (bool, error) {
	if s.initialized.Load() {
		return true, nil
	}
	some, err := s.store.HasAccounts(ctx)
	if some && err == nil {
		s.initialized.Store(true)
	}
	return some, err
}

// Initialized reports whether this node knows of any account, without querying the database: see
// [Service.AwaitFirstAccount].
func (s *Service) Initialized() bool { return s.initialized.Load() }

const firstAccountPoll = time.Second

// AwaitFirstAccount waits until an account exists, possibly created by another node, or ctx is done.
func (s *Service) AwaitFirstAccount(ctx context.Context) {
	tick := time.NewTicker(firstAccountPoll)
	defer tick.Stop()
	for {
		if some, err := s.HasAccounts(ctx); some && err == nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// CreateAccount creates an account and returns its ID. [Service.CreateFirstAccount] creates the first one.
func (s *Service) CreateAccount(ctx context.Context, caller notary.Caller, email, password string,
	role *notary.Role) (id int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.Resource{}); err != nil {
		return 0, err
	}
	a := &notary.Account{Email: normalizeEmail(email)}
	if a.Role, err = checkRole(role); err != nil {
		return 0, err
	}
	if err := checkEmail(a.Email); err != nil {
		return 0, err
	}
	hash, err := newPassword(ctx, s.hashing, password, a.Email)
	if err != nil {
		return 0, err
	}
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if a.ID, err = tx.InsertAccount(a, hash, false); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "account.create", a.Ref()).Set(accountFields(a)))
	})
	return a.ID, err
}

func accountFields(a *notary.Account) notary.Fields {
	return notary.Fields{"email": a.Email, "role": a.Role.String()}
}

// Accounts returns all accounts, ordered by ID.
func (s *Service) Accounts(ctx context.Context, caller notary.Caller) ([]*notary.Account, error) {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.Resource{}); err != nil {
		return nil, err
	}
	return s.store.Accounts(ctx)
}

// Account returns the account with the given ID.
func (s *Service) Account(ctx context.Context, caller notary.Caller, id int64) (*notary.Account, error) {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.On("account", id)); err != nil {
		return nil, err
	}
	return s.store.Account(ctx, id)
}

// Me returns the caller's own account.
func (s *Service) Me(ctx context.Context, caller notary.Caller) (*notary.Account, error) {
	if err := requireAccount(caller); err != nil {
		return nil, err
	}
	return s.store.Account(ctx, caller.Principal.ID)
}

// MyGroups returns the caller's groups, ordered by name.
func (s *Service) MyGroups(ctx context.Context, caller notary.Caller) ([]*notary.Group, error) {
	if err := requireAccount(caller); err != nil {
		return nil, err
	}
	return s.store.GroupsWith(ctx, caller.Principal.ID)
}

// ReadSettings authorizes the caller to read the server's settings and records an event.
func (s *Service) ReadSettings(ctx context.Context, caller notary.Caller) error {
	if err := policy.AllowRole(caller, policy.ViewSettings, policy.Resource{}); err != nil {
		return err
	}
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		return tx.Event(notary.EventBy(caller, "settings.read", notary.NewRef("settings", 0, "")))
	})
}

// DeleteAccount deletes an account with its sessions, memberships and grants, and suspends its API tokens. Its
// requests, certificates and events remain.
func (s *Service) DeleteAccount(ctx context.Context, caller notary.Caller, id int64) error {
	return s.change(ctx, caller, id, "account.delete", func(tx *store.Tx, a *notary.Account, e *notary.Event) error {
		*e = e.Change(accountFields(a), nil)
		return tx.DeleteAccount(a)
	})
}

// ChangeRole changes the role of an account and, if the role differs, ends its sessions.
func (s *Service) ChangeRole(ctx context.Context, caller notary.Caller, id int64, role notary.Role) error {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.On("account", id)); err != nil {
		return err
	}
	if _, err := checkRole(&role); err != nil {
		return err
	}
	return s.change(ctx, caller, id, "account.role", func(tx *store.Tx, a *notary.Account, e *notary.Event) error {
		*e = e.Change(notary.Fields{"role": a.Role.String()}, notary.Fields{"role": role.String()})
		return tx.SetRole(a, role)
	})
}

// ChangePassword sets the password of an account and ends its sessions, except the caller's own.
func (s *Service) ChangePassword(ctx context.Context, caller notary.Caller, id int64, password string) error {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.On("account", id)); err != nil {
		return err
	}
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return err
	}
	hash, err := newPassword(ctx, s.hashing, password, a.Email)
	if err != nil {
		return err
	}
	return s.change(ctx, caller, id, "account.password", func(tx *store.Tx, a *notary.Account, _ *notary.Event) error {
		return tx.SetPassword(a.ID, hash, caller.SessionID)
	})
}

// change applies do to an account in a transaction and records the event. do may add details to the event.
func (s *Service) change(ctx context.Context, caller notary.Caller, id int64, action string,
	do func(*store.Tx, *notary.Account, *notary.Event) error) error {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.On("account", id)); err != nil {
		return err
	}
	defer s.clearCaches()
	return s.store.WriteAccount(ctx, caller, id, func(tx *store.Tx) error {
		a, err := tx.Account(ctx, id)
		if err != nil {
			return err
		}
		event := notary.EventBy(caller, action, a.Ref())
		if err := do(tx, a, &event); err != nil {
			return err
		}
		return tx.Event(event)
	})
}

// ChangeMyPassword replaces the caller's own password and ends its other sessions. Attempts are limited like logins,
// so that a stolen token does not help to guess the password.
func (s *Service) ChangeMyPassword(ctx context.Context, caller notary.Caller, old, password string) error {
	return s.changeMyPassword(ctx, caller, old, password, caller.SessionID, func(*store.Tx) error { return nil })
}

// ChangeMyPasswordAndStay is like ChangeMyPassword for a browser. It also replaces the current session, so that a
// stolen cookie becomes worthless, and returns the new token and session.
func (s *Service) ChangeMyPasswordAndStay(ctx context.Context, caller notary.Caller, old, password,
	token string) (string, notary.Session, error) {
	if err := requireAccount(caller); err != nil {
		return "", notary.Session{}, err
	}
	_, current, err := s.session(ctx, token)
	if err != nil {
		return "", notary.Session{}, err
	}
	if current == nil || current.AccountID != caller.Principal.ID {
		return "", notary.Session{}, notary.Errorf(notary.Unauthenticated, "this session has ended: log in again")
	}
	next := s.newSession(caller.Principal.ID, Client{Address: caller.Address, UserAgent: current.UserAgent},
		current.Browser)
	err = s.changeMyPassword(ctx, caller, old, password, 0, func(tx *store.Tx) (err error) {
		token, err = begin(tx, &next)
		return err
	})
	if err != nil {
		return "", notary.Session{}, err
	}
	return token, next, nil
}

func (s *Service) changeMyPassword(ctx context.Context, caller notary.Caller, old, password string, keepSession int64,
	then func(*store.Tx) error) error {
	if err := requireAccount(caller); err != nil {
		return err
	}
	known, err := s.store.PasswordHash(ctx, caller.Principal.ID)
	if err != nil {
		return err
	}
	if known == "" {
		return notary.Errorf(notary.Unauthenticated, "the account %s was deleted", caller.Principal.Name)
	}
	origin, err := s.origin(ctx, caller.Principal.ID, caller.Principal.Name, Client{Address: caller.Address})
	if err != nil {
		return err
	}
	if ok, err := s.attempt(ctx, origin, known, old); err != nil {
		return err
	} else if !ok {
		return notary.FieldErrorf("old_password", "the old password is incorrect")
	}
	hash, err := newPassword(ctx, s.hashing, password, caller.Principal.Name)
	if err != nil {
		return err
	}
	defer s.clearCaches()
	return s.store.WriteAccount(ctx, caller, caller.Principal.ID, func(tx *store.Tx) error {
		// The password may have been changed during the check.
		if now, err := tx.PasswordHash(ctx, caller.Principal.ID); err != nil {
			return err
		} else if now != known {
			return notary.FieldErrorf("old_password", "the old password is incorrect")
		}
		if err := tx.SetPassword(caller.Principal.ID, hash, keepSession); err != nil {
			return err
		}
		if err := then(tx); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "account.password", caller.Ref()))
	})
}

func checkRole(role *notary.Role) (notary.Role, error) {
	if role == nil || !role.Valid() {
		return 0, notary.FieldErrorf("role_id", "the role must be 0 (Admin), 1 (Certificate Manager), "+
			"2 (Certificate Requestor) or 3 (Read Only)")
	}
	return *role, nil
}

func normalizeEmail(email string) string {
	return strings.ToLower(strings.TrimSpace(email))
}

// maxEmail is the maximum length of a deliverable address (RFC 5321, 4.5.3.1.3).
const maxEmail = 254

func checkEmail(email string) error {
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > maxEmail || strings.ContainsFunc(email, isConfusable) {
		return notary.FieldErrorf("email", "invalid email address: use one such as you@example.com")
	}
	return nil
}

// isConfusable reports whether a character is valid in an address but hard to recognize or type.
func isConfusable(r rune) bool {
	return r == '"' || r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsGraphic(r)
}

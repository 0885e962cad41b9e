package auth

import (
	"context"
	"slices"
	"strings"

	"notary"
	"notary/internal/store"
)

// Recovery is an operator's request to set an Admin's password without knowing the old one.
type Recovery struct {
	Email        string `json:"email"`
	PasswordHash string `json:"password_hash"` // from [NewPasswordHash]
	Create       bool   `json:"create"`        // make the account an Admin if no Admin exists
}

// NewPasswordHash returns the hash of a new password for an account, or an error if the password is not acceptable.
func NewPasswordHash(ctx context.Context, password, email string) (string, error) {
	return newPassword(ctx, sharedHashing, password, normalizeEmail(email))
}

// Recover sets the password of an Admin and ends the account's sessions. If there is no Admin and Create is set, it
// makes the account an Admin, creating it if necessary.
func (s *Service) Recover(ctx context.Context, r Recovery) error {
	r.Email = normalizeEmail(r.Email)
	if err := checkEmail(r.Email); err != nil {
		return err
	}
	defer s.clearCaches()
	err := s.store.Write(ctx, func(tx *store.Tx) error {
		accounts, err := tx.Accounts(ctx)
		if err != nil {
			return err
		}
		account, event, err := recovered(tx, accounts, r)
		if err != nil {
			return err
		}
		if err := tx.SetPassword(account.ID, r.PasswordHash, 0); err != nil {
			return err
		}
		return tx.Event(event)
	})
	if err == nil {
		s.initialized.Store(true)
	}
	return err
}

func recovered(tx *store.Tx, accounts []*notary.Account, r Recovery) (_ *notary.Account, e notary.Event, err error) {
	var account *notary.Account
	var admins []string
	for _, a := range accounts {
		if a.Role == notary.Admin {
			admins = append(admins, a.Email)
		}
		if a.Email == r.Email {
			account = a
		}
	}
	switch {
	case slices.Contains(admins, r.Email):
		return account, recovery(account), tx.LockAccount(account.ID)
	case len(admins) > 0:
		return nil, e, notary.FieldErrorf("email", "%s is not an Admin: the Admins are %s", r.Email,
			strings.Join(admins, ", "))
	case !r.Create:
		return nil, e, notary.FieldErrorf("email", "there is no Admin: use --create to make %s one", r.Email)
	case account != nil:
		if err := tx.LockAccount(account.ID); err != nil {
			return nil, e, err
		}
		e = recovery(account).Change(notary.Fields{"role": account.Role.String()},
			notary.Fields{"role": notary.Admin.String()})
		return account, e, tx.SetRole(account, notary.Admin)
	}
	account = &notary.Account{Email: r.Email, Role: notary.Admin}
	if account.ID, err = tx.InsertAccount(account, r.PasswordHash, false); err != nil {
		return nil, e, err
	}
	created := notary.EventBy(notary.SystemCaller, "account.create", account.Ref()).Set(accountFields(account))
	return account, recovery(account), tx.Event(created)
}

func recovery(a *notary.Account) notary.Event {
	return notary.EventBy(notary.SystemCaller, "account.recover", a.Ref())
}

package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"notary"
	"notary/internal/store"
)

// MinSetupCode is the minimum length of a custom setup code in octets.
const MinSetupCode = 8

// NewSetupCode returns a random setup code of 100 bits, grouped for typing.
func NewSetupCode() string {
	text := rand.Text()
	return strings.Join([]string{text[:5], text[5:10], text[10:15], text[15:20]}, "-")
}

// SetSetupCode replaces the setup code. Once an account exists, it returns a [notary.Conflict] error.
func (s *Service) SetSetupCode(ctx context.Context, code string) error {
	return s.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SetSetupCode(hashSetupCode(code)); err != nil {
			return err
		}
		return setupCodeEvent(tx)
	})
}

// OfferSetupCode sets the setup code unless one exists, and reports whether it did. If several nodes call it, one
// succeeds. Once an account exists, it returns a [notary.Conflict] error.
func (s *Service) OfferSetupCode(ctx context.Context, code string) (stored bool, err error) {
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		if stored, err = tx.OfferSetupCode(hashSetupCode(code)); err != nil || !stored {
			return err
		}
		return setupCodeEvent(tx)
	})
	return stored, err
}

func setupCodeEvent(tx *store.Tx) error {
	return tx.Event(notary.EventBy(notary.SystemCaller, "account.setup_code", notary.NewRef("account", 0, "")))
}

// IsSetupCode reports whether code is the setup code.
func (s *Service) IsSetupCode(ctx context.Context, code string) (bool, error) {
	want, err := s.store.SetupCodeHash(ctx)
	return want != "" && subtle.ConstantTimeCompare([]byte(hashSetupCode(code)), []byte(want)) == 1, err
}

// NeedsSetupCode reports whether creating the first account requires a setup code.
func (s *Service) NeedsSetupCode() bool { return !s.noSetupCode }

// hashSetupCode returns the stored form of a setup code. A fast hash suffices: generated codes are random, and the
// code is deleted once used.
func hashSetupCode(code string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(code)))
	return hex.EncodeToString(sum[:])
}

// FirstAccount holds the parameters of [Service.CreateFirstAccount].
type FirstAccount struct {
	Email, Password, SetupCode string

	Address   string // client IP address
	RequestID string // X-Request-Id of the call
}

// CreateFirstAccount creates the first account, an Admin, and returns its ID. It requires the setup code unless
// [Options.NoSetupCode] is set. If two calls run concurrently, one succeeds.
func (s *Service) CreateFirstAccount(ctx context.Context, f FirstAccount) (id int64, err error) {
	if err := s.requireNoAccount(ctx); err != nil {
		return 0, err
	}
	if err := s.checkSetupCode(ctx, f); err != nil {
		// Another call may have just created the account and deleted the code.
		return 0, cmp.Or(s.requireNoAccount(ctx), err)
	}
	a := &notary.Account{Email: normalizeEmail(f.Email), Role: notary.Admin}
	if err := checkEmail(a.Email); err != nil {
		return 0, err
	}
	hash, err := newPassword(ctx, s.hashing, f.Password, a.Email)
	if err != nil {
		return 0, err
	}
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		if a.ID, err = tx.InsertAccount(a, hash, true); err != nil {
			return err
		}
		if err := s.useSetupCode(tx, f); err != nil {
			return err
		}
		caller := a.Caller()
		caller.Address, caller.RequestID = f.Address, f.RequestID
		return tx.Event(notary.EventBy(caller, "account.create", a.Ref()).Set(accountFields(a)))
	})
	if err != nil {
		return 0, err
	}
	s.initialized.Store(true)
	if s.onFirstAccount != nil {
		s.onFirstAccount()
	}
	return a.ID, nil
}

func (s *Service) requireNoAccount(ctx context.Context) error {
	some, err := s.store.HasAccounts(ctx)
	if err == nil && some {
		err = notary.Errorf(notary.Unauthenticated, "log in first")
	}
	return err
}

// setupCodeAttempts replaces the email address when login limits apply to the setup code. It is not a valid email
// address.
const setupCodeAttempts = "setup code"

func (s *Service) checkSetupCode(ctx context.Context, f FirstAccount) error {
	switch {
	case s.noSetupCode:
		return nil
	case f.SetupCode == "":
		return wrongSetupCode("the first account requires the setup code")
	}
	refund, err := s.attempts.take(setupCodeAttempts, f.Address)
	if err != nil {
		return err
	}
	ok, err := s.IsSetupCode(ctx, f.SetupCode)
	if ok || err != nil {
		refund()
		return err
	}
	s.log.WarnContext(ctx, "wrong setup code", "address", f.Address)
	return wrongSetupCode("the setup code is incorrect")
}

// useSetupCode deletes the setup code. It returns an error if the code was replaced after the check.
func (s *Service) useSetupCode(tx *store.Tx, f FirstAccount) error {
	if s.noSetupCode {
		return tx.DropSetupCode()
	}
	if ok, err := tx.UseSetupCode(hashSetupCode(f.SetupCode)); ok || err != nil {
		return err
	}
	return wrongSetupCode("the setup code was replaced")
}

func wrongSetupCode(finding string) error {
	return &notary.Error{Kind: notary.Forbidden, Field: "setup_code", Message: finding +
		": the server prints it at startup and keeps it in the file setup-code in its data folder; " +
		"run \"notary setup-code\" on the server to replace it"}
}

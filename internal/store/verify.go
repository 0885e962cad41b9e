package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"notary"
	"notary/internal/db"
)

// errStale aborts a transaction whose caller's account, role or session has ended since the caller was identified: see
// [Store.stale].
var errStale = notary.Errorf(notary.Unauthenticated, "the account or the session of this call has ended: log in again")

// principalQuery finds a row if the caller's account, role and session are unchanged since the caller was identified.
func principalQuery(by notary.Caller, now time.Time) (text string, args []any) {
	text, args = `SELECT 1 FROM account WHERE id = $1 AND role = $2`, []any{by.Principal.ID, int(by.Role)}
	if by.SessionID != 0 {
		text += ` AND EXISTS (SELECT 1 FROM session WHERE id = $3 AND account_id = $1 AND expires_at > $4)`
		args = append(args, by.SessionID, db.Seconds(now))
	}
	return text, args
}

// verify makes the transaction fail unless the caller's account, role and session are unchanged since the caller was
// identified, and locks them against changes. It locks the changed account for update and the caller's account shared,
// in the order of their IDs to prevent deadlocks.
func (tx *Tx) verify(by notary.Caller, changed int64) error {
	lock := func(id int64) error {
		switch id {
		case 0:
			return nil
		case changed:
			return tx.db.Lock(lockAccount, id)
		}
		return tx.db.LockShared(lockAccount, id)
	}
	if err := errors.Join(lock(min(by.Principal.ID, changed)), lock(max(by.Principal.ID, changed))); err != nil {
		return err
	}
	verified := tx.db.Verified()
	switch {
	case by == notary.SystemCaller:
		clear(verified) // the system may change any account
		return nil
	case !by.Known():
		return notary.Errorf(notary.Unauthenticated, "log in first")
	case changed != 0:
		clear(verified)
	case verified[principalOf(by)]:
		return nil
	}
	text, args := principalQuery(by, tx.db.Now())
	if err := tx.db.Need(errStale, text, args...); err != nil {
		return err
	}
	if verified != nil && changed == 0 {
		verified[principalOf(by)] = true
	}
	return nil
}

// principal identifies what [principalQuery] verifies. Principals verified in a shared commit ([db.Tx.Verified]) are
// remembered until one of its transactions may have changed accounts or sessions. No other transaction can change them
// meanwhile.
type principal struct {
	account, session int64
	role             notary.Role
}

func principalOf(by notary.Caller) principal {
	return principal{by.Principal.ID, by.SessionID, by.Role}
}

// Verify returns an Unauthenticated error if the caller's account was deleted, its role changed or its session ended
// since the caller was identified. Long reads call it between steps.
func (s *Store) Verify(ctx context.Context, by notary.Caller) error {
	text, args := principalQuery(by, s.now())
	var one int
	err := s.q.QueryRow(ctx, text, args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return s.stale(ctx, by)
	}
	return db.MapError(err)
}

func (s *Store) stale(ctx context.Context, by notary.Caller) error {
	account, err := s.Account(ctx, by.Principal.ID)
	switch {
	case notary.KindOf(err) == notary.NotFound:
		return notary.Errorf(notary.Unauthenticated, "the account %s was deleted", by.Principal.Name)
	case err != nil:
		return errStale
	case account.Role != by.Role:
		return notary.Errorf(notary.Unauthenticated, "the role of %s was changed from %s to %s: log in again",
			by.Principal.Name, by.Role, account.Role)
	}
	return notary.Errorf(notary.Unauthenticated, "this session has ended: log in again")
}

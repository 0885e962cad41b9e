package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"notary"
	"notary/internal/db"
)

// errStale aborts a transaction if the caller's account, role or session has changed since the caller was identified.
// [Store.stale] then determines what changed.
var errStale = notary.Errorf(notary.Unauthenticated, "the account or the session of this call has ended: log in again")

// principalQuery returns a query that finds a row if the caller is still valid. An account, its role and its session
// must be unchanged since the caller was identified. A token must be active, and the account and role of its creator
// unchanged.
func principalQuery(by notary.Caller, now time.Time) (text string, args []any) {
	if t := by.Token; t != nil {
		return `SELECT 1 FROM token t JOIN account a ON a.id = t.creator_id
			WHERE t.id = $1 AND a.id = $2 AND a.role = $3 AND t.revoked_at IS NULL AND t.expires_at > $4`,
			[]any{by.Principal.ID, t.Creator.ID, int(t.Role), db.Seconds(now)}
	}
	text, args = `SELECT 1 FROM account WHERE id = $1 AND role = $2`, []any{by.Principal.ID, int(by.Role)}
	if by.SessionID != 0 {
		text += ` AND EXISTS (SELECT 1 FROM session WHERE id = $3 AND account_id = $1 AND expires_at > $4)`
		args = append(args, by.SessionID, db.Seconds(now))
	}
	return text, args
}

// verify makes the transaction fail unless the caller's account, role and session are unchanged since the caller was
// identified, and locks them against changes. It takes an exclusive lock on the account or token to be changed and
// shared locks on the caller's own, in the order of their IDs to prevent deadlocks.
func (tx *Tx) verify(by notary.Caller, changed int64) error {
	if err := tx.lockPrincipals(by, changed); err != nil {
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

func (tx *Tx) lockPrincipals(by notary.Caller, changed int64) error {
	ids := []int64{by.Principal.ID, by.Account().ID, changed}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		var err error
		switch id {
		case 0:
		case changed:
			err = tx.db.Lock(lockAccount, id)
		default:
			err = tx.db.LockShared(lockAccount, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// principal identifies what [principalQuery] verifies. Principals verified in a shared commit ([db.Tx.Verified]) are
// remembered until one of its transactions may have changed accounts or sessions. Transactions of other commits cannot
// change them meanwhile.
type principal struct {
	id, account, session int64
	role                 notary.Role
}

func principalOf(by notary.Caller) principal {
	return principal{by.Principal.ID, by.Account().ID, by.SessionID, roleOf(by)}
}

func roleOf(by notary.Caller) notary.Role {
	if by.Token != nil {
		return by.Token.Role
	}
	return by.Role
}

// Verify returns a [notary.Unauthenticated] error if the caller's account was deleted, its role changed, or the session
// or token ended since the caller was identified. Long reads call it between steps.
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
	account, err := s.Account(ctx, by.Account().ID)
	switch {
	case notary.KindOf(err) == notary.NotFound:
		return notary.Errorf(notary.Unauthenticated, "the account %s was deleted", by.Account().Name)
	case err != nil:
		return errStale
	case by.Token != nil:
		return s.staleToken(ctx, by, account)
	case account.Role != by.Role:
		return notary.Errorf(notary.Unauthenticated, "the role of %s was changed from %s to %s: log in again",
			by.Principal.Name, by.Role, account.Role)
	}
	return notary.Errorf(notary.Unauthenticated, "this session has ended: log in again")
}

func (s *Store) staleToken(ctx context.Context, by notary.Caller, creator *notary.Account) error {
	t, err := s.Token(ctx, by.Principal.ID)
	switch {
	case err != nil:
		return errStale
	case t.Status(s.now()) != notary.TokenActive:
		return notary.Errorf(notary.Unauthenticated, "the API token %s is %s: create a new one", t.Name, t.Status(s.now()))
	case creator.Role != by.Token.Role:
		return notary.Errorf(notary.Unauthenticated, "the role of %s, who created the API token %s, was changed from "+
			"%s to %s: try again", creator.Email, t.Name, by.Token.Role, creator.Role)
	}
	return notary.Errorf(notary.Unauthenticated, "the API token %s now has another creator: try again", t.Name)
}

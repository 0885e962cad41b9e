package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"notary"
	"notary/internal/db"
)

const sessionColumns = ` s.id, s.account_id, s.browser, s.address, s.user_agent, s.created_at, s.last_seen_at, s.expires_at `

type sessionRow struct {
	session                notary.Session
	created, seen, expires instant
}

func (r *sessionRow) dest() []any {
	s := &r.session
	return []any{&s.ID, &s.AccountID, &s.Browser, &s.Address, &s.UserAgent, &r.created, &r.seen, &r.expires}
}

func (r *sessionRow) value() *notary.Session {
	r.session.CreatedAt, r.session.LastSeenAt, r.session.ExpiresAt = r.created.time(), r.seen.time(), r.expires.time()
	return &r.session
}

// MaxClockSkew is the maximum tolerated difference between the clocks of nodes, and the maximum tolerated backward step
// of a clock.
const MaxClockSkew = time.Minute

// liveSession is the condition that a session expires after $1 and began no later than $2. A session from the future
// was issued by a wrong clock and would last too long.
const liveSession = ` s.expires_at > $1 AND s.created_at <= $2 `

// SessionAccount returns the unexpired session with the given token hash and its account, or nil for both if there is
// none.
func (r reader) SessionAccount(ctx context.Context, tokenHash []byte,
	now time.Time) (*notary.Account, *notary.Session, error) {
	var s sessionRow
	var a notary.Account
	var created instant
	err := r.q.QueryRow(ctx, `SELECT`+sessionColumns+`, a.id, a.email, a.role, a.created_at
		FROM session s JOIN account a ON a.id = s.account_id
		WHERE`+liveSession+`AND s.token_hash = $3`, db.Seconds(now), db.Seconds(now.Add(MaxClockSkew)), tokenHash).Scan(
		append(s.dest(), &a.ID, &a.Email, &a.Role, &created)...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, nil
	}
	a.CreatedAt = created.time()
	return &a, s.value(), db.MapError(err)
}

const maxSessions = 1000

// Sessions returns up to a thousand unexpired sessions of an account, newest first.
func (r reader) Sessions(ctx context.Context, accountID int64, now time.Time) ([]*notary.Session, error) {
	return db.Collect(ctx, r.q, func(row db.Row) (*notary.Session, error) {
		var s sessionRow
		err := row.Scan(s.dest()...)
		return s.value(), err
	}, `SELECT`+sessionColumns+`FROM session s WHERE`+liveSession+`AND s.account_id = $3
		ORDER BY s.id DESC LIMIT $4`, db.Seconds(now), db.Seconds(now.Add(MaxClockSkew)), accountID, maxSessions)
}

// InsertSession starts a session of an account and returns its ID.
func (tx *Tx) InsertSession(s *notary.Session, tokenHash []byte) (int64, error) {
	return tx.db.Insert(`INSERT INTO session (token_hash, account_id, browser, address, user_agent, created_at, last_seen_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6, $7) RETURNING id`,
		tokenHash, s.AccountID, boolInt(s.Browser), s.Address, s.UserAgent, db.Seconds(tx.db.Now()),
		db.Seconds(s.ExpiresAt))
}

// TouchSession records that a session is in use, and its new expiry. It does nothing if the session has ended.
func (tx *Tx) TouchSession(id int64, expires time.Time) error {
	_, err := tx.db.Exec(`UPDATE session SET last_seen_at = $1, expires_at = $2 WHERE id = $3 AND expires_at > $1`,
		db.Seconds(tx.db.Now()), db.Seconds(expires), id)
	return err
}

// DeleteSession ends the session with the given token hash, if any.
func (tx *Tx) DeleteSession(tokenHash []byte) error {
	_, err := tx.db.Exec(`DELETE FROM session WHERE token_hash = $1`, tokenHash)
	return err
}

// DeleteSessionOf ends a session of an account. It returns a [notary.NotFound] error if the account has no such
// session.
func (tx *Tx) DeleteSessionOf(accountID, id int64) error {
	return tx.db.Change(found(sql.ErrNoRows, "session", id), `DELETE FROM session WHERE id = $1 AND account_id = $2`,
		id, accountID)
}

// DeleteSessionsOf ends all sessions of an account.
func (tx *Tx) DeleteSessionsOf(accountID int64) error { return tx.DeleteOtherSessions(accountID, 0) }

// DeleteOtherSessions ends all sessions of an account except the session keep (0: no exception).
func (tx *Tx) DeleteOtherSessions(accountID, keep int64) error {
	_, err := tx.db.Exec(`DELETE FROM session WHERE account_id = $1 AND id <> $2`, accountID, keep)
	return err
}

// DeleteExpiredSessions deletes expired sessions, and those issued by a clock that was ahead.
func (tx *Tx) DeleteExpiredSessions() error {
	_, err := tx.db.Exec(`DELETE FROM session WHERE expires_at <= $1`, db.Seconds(tx.db.Now()))
	if err == nil {
		_, err = tx.db.Exec(`DELETE FROM session WHERE created_at > $1`, db.Seconds(tx.db.Now().Add(MaxClockSkew)))
	}
	return err
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

const tokenColumns = ` t.id, t.name, t.creator_id, p.name, COALESCE(a.role, -1), t.secret_start, t.grants, t.ranges,
	t.per_hour, t.per_day, t.created_at, t.expires_at, t.revoked_at, t.last_used_at, t.last_address, t.quota_exceeded_at,
	t.hour, t.hour_issued, t.day, t.day_issued `

const tokenJoins = ` JOIN principal p ON p.id = t.creator_id LEFT JOIN account a ON a.id = t.creator_id `

const selectTokens = `SELECT` + tokenColumns + `FROM token t` + tokenJoins

// Tokens returns a page of the tokens that an account created, or of all tokens if the query has no creator, newest
// first. It returns the same errors as [query.List.Page].
func (r reader) Tokens(ctx context.Context, q notary.TokenQuery) (notary.Page[*notary.Token], error) {
	list := query.List[*notary.Token]{Q: r.q, Limits: r.search, Table: "token", Alias: "t", Columns: tokenColumns,
		Joins: tokenJoins, Scan: r.scanTokenOnly, Key: func(t *notary.Token) query.Key { return query.Key{ID: t.ID} }}
	w := query.Want{Filter: []int64{q.CreatorID, q.ID}, Sort: notary.ByIDDown, Limit: q.Limit, After: q.After,
		Before: q.Before}
	if q.CreatorID != 0 {
		w.Conditions = []query.Condition{{Column: "id", Indexed: func(b *db.Binder) {
			b.And("t.creator_id = " + b.Bind(q.CreatorID))
		}}}
	}
	if q.ID != 0 {
		w.Conditions = append(w.Conditions, query.Condition{Column: "id", Indexed: func(b *db.Binder) {
			b.And("t.id = " + b.Bind(q.ID))
		}})
	}
	return list.Page(ctx, w)
}

// CountTokens returns how many tokens of an account are active at the given time, and how many were created after
// since.
func (r reader) CountTokens(ctx context.Context, creatorID int64, now, since time.Time) (active, recent int64,
	err error) {
	err = r.q.QueryRow(ctx, `SELECT COALESCE(SUM(CASE WHEN revoked_at IS NULL AND expires_at > $2 THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN created_at > $3 THEN 1 ELSE 0 END), 0) FROM token WHERE creator_id = $1`,
		creatorID, db.Seconds(now), db.Seconds(since)).Scan(&active, &recent)
	return active, recent, db.MapError(err)
}

// unusedToken is the condition that a token was last used at $1 or earlier or, if it was never used, created at $2 or
// earlier.
const unusedToken = ` (t.last_used_at <= $1 OR t.last_used_at IS NULL AND t.created_at <= $2) `

func unusedBounds(now time.Time) []any {
	return []any{db.Seconds(now.Add(-notary.TokenUnusedAfter)), db.Seconds(now.Add(-notary.TokenNeverUsedAfter))}
}

// TokensToReview returns up to limit tokens that need attention at the given time, ordered by ID. If creatorID is not
// 0, it returns only tokens created by the account with that ID. See [notary.Token.NeedsAttention].
func (r reader) TokensToReview(ctx context.Context, creatorID int64, now time.Time,
	limit int) ([]*notary.Token, error) {
	b := &db.Binder{Args: unusedBounds(now)}
	text := selectTokens + `WHERE t.revoked_at IS NULL AND t.expires_at > ` + b.Bind(db.Seconds(now)) +
		` AND (a.id IS NULL OR t.quota_exceeded_at > ` + b.Bind(db.Seconds(now.Add(-notary.QuotaAlertFor))) + ` OR` +
		unusedToken + `)`
	if creatorID != 0 {
		text += ` AND t.creator_id = ` + b.Bind(creatorID)
	}
	return db.Collect(ctx, r.q, r.scanTokenOnly, text+` ORDER BY t.id LIMIT `+b.Bind(limit), b.Args...)
}

// TokenCounts counts the tokens that are active at the given time, and the unused ones among them.
func (r reader) TokenCounts(ctx context.Context, now time.Time) (c notary.TokenCounts, err error) {
	err = r.q.QueryRow(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN`+unusedToken+`THEN 1 ELSE 0 END), 0)
		FROM token t JOIN account a ON a.id = t.creator_id WHERE t.revoked_at IS NULL AND t.expires_at > $3`,
		append(unusedBounds(now), db.Seconds(now))...).Scan(&c.Active, &c.Unused)
	return c, db.MapError(err)
}

// Token returns the token with the given ID.
func (r reader) Token(ctx context.Context, id int64) (*notary.Token, error) {
	t, _, err := r.scanToken(r.q.QueryRow(ctx, selectTokens+`WHERE t.id = $1`, id))
	return t, found(err, "API token", id)
}

// TokenByHash returns the token whose secret has the given hash, and the role of its creator. It returns nil if there
// is no such token.
func (r reader) TokenByHash(ctx context.Context, secretHash []byte) (*notary.Token, notary.Role, error) {
	t, role, err := r.scanToken(r.q.QueryRow(ctx, selectTokens+`WHERE t.secret_hash = $1`, secretHash))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, notary.NoRole, nil
	}
	return t, role, db.MapError(err)
}

func (r reader) scanTokenOnly(row db.Row) (*notary.Token, error) {
	t, _, err := r.scanToken(row)
	return t, err
}

// scanToken returns a token and the role of its creator. It omits the grants if they, the expiry or the time of
// revocation are unreadable.
func (r reader) scanToken(row db.Row) (*notary.Token, notary.Role, error) {
	var t notary.Token
	var role notary.Role
	var grants, ranges string
	var created, expires, revoked, used, exceeded instant
	var hour, day int64
	err := row.Scan(&t.ID, &t.Name, &t.Creator.ID, &t.Creator.Name, &role, &t.Start, &grants, &ranges, &t.PerHour,
		&t.PerDay, &created, &expires, &revoked, &used, &t.LastAddress, &exceeded,
		&hour, &t.InHour.Count, &day, &t.InDay.Count)
	if err != nil {
		return nil, notary.NoRole, err
	}
	t.Creator.Kind, t.CreatorDeleted = notary.AccountPrincipal, role == notary.NoRole
	t.CreatedAt, t.ExpiresAt = created.time(), expires.time()
	t.RevokedAt, t.LastUsedAt, t.QuotaExceededAt = revoked.time(), used.time(), exceeded.time()
	t.InHour.Since, t.InDay.Since = db.TimeOf(hour*hourSeconds), db.TimeOf(day*daySeconds)
	if ranges != "" {
		t.Ranges = strings.Fields(ranges)
	}
	// An unreadable limit, such as one that a later version introduced, must not be ignored.
	decoder := json.NewDecoder(strings.NewReader(grants))
	decoder.DisallowUnknownFields()
	unread := unreadable(column{"revoked_at", revoked.bad}, column{"expires_at", expires.unreadable()})
	if err := decoder.Decode(&t.Grants); err != nil {
		unread = append(unread, "its grants cannot be read")
	}
	if len(unread) > 0 {
		t.Grants = nil
	}
	r.damage.add("token", t.ID, unread)
	return &t, role, nil
}

// InsertToken records a new token and returns its ID.
func (tx *Tx) InsertToken(t *notary.Token, secretHash []byte) (int64, error) {
	grants, err := json.Marshal(t.Grants)
	if err != nil {
		return 0, notary.InternalError("encode the grants of the token", err)
	}
	id, err := tx.insertPrincipal(notary.TokenPrincipal, t.Name)
	if err != nil {
		return 0, err
	}
	_, err = tx.db.Exec(`INSERT INTO token (id, creator_id, name, secret_hash, secret_start, grants, ranges, per_hour, per_day,
		created_at, expires_at, last_address, hour, hour_issued, day, day_issued, hour_exceeded, day_exceeded)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', 0, 0, 0, 0, 0, 0)`, id, t.Creator.ID, t.Name, secretHash,
		t.Start, string(grants), strings.Join(t.Ranges, " "), t.PerHour, t.PerDay, db.Seconds(tx.db.Now()),
		db.Seconds(t.ExpiresAt))
	return id, err
}

// RevokeToken revokes a token. It returns a [notary.Conflict] error if the token is already revoked.
func (tx *Tx) RevokeToken(id int64) error {
	err := tx.db.Change(notary.Errorf(notary.Conflict, "API token %d is already revoked", id),
		`UPDATE token SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL`, db.Seconds(tx.db.Now()), id)
	if err != nil {
		return err
	}
	return tx.endPrincipal(id)
}

// TakeOverToken makes an account the creator of a token that is not revoked and whose creator is unchanged since it was
// read.
func (tx *Tx) TakeOverToken(t *notary.Token, accountID int64) error {
	return tx.db.Change(db.Raced(), `UPDATE token SET creator_id = $1 WHERE id = $2 AND creator_id = $3
		AND revoked_at IS NULL`, accountID, t.ID, t.Creator.ID)
}

// TouchToken records that a token is in use from an address. It ignores revoked tokens.
func (tx *Tx) TouchToken(id int64, address string) error {
	_, err := tx.db.Exec(`UPDATE token SET last_used_at = $1, last_address = $2 WHERE id = $3 AND revoked_at IS NULL`,
		db.Seconds(tx.db.Now()), address, id)
	return err
}

const (
	hourSeconds = int64(time.Hour / time.Second)
	daySeconds  = 24 * hourSeconds
)

// countToken counts a certificate in the recorded hour and day, unless a quota is used up. The recorded period may be
// the next one if the clock of another node is ahead.
const countToken = `UPDATE token SET
	hour_issued = CASE WHEN hour BETWEEN $2 AND $2 + 1 THEN hour_issued ELSE 0 END + 1,
	hour = CASE WHEN hour = $2 + 1 THEN hour ELSE $2 END,
	day_issued = CASE WHEN day BETWEEN $3 AND $3 + 1 THEN day_issued ELSE 0 END + 1,
	day = CASE WHEN day = $3 + 1 THEN day ELSE $3 END
	WHERE id = $1 AND (per_hour = 0 OR hour NOT BETWEEN $2 AND $2 + 1 OR hour_issued < per_hour)
		AND (per_day = 0 OR day NOT BETWEEN $3 AND $3 + 1 OR day_issued < per_day)`

// CountIssuance counts a certificate that the caller issues, if the caller is a token with a quota. It returns a
// [QuotaError] once the quota is used up. Concurrent calls wait for each other.
func (tx *Tx) CountIssuance(ctx context.Context, by notary.Caller) error {
	if by.Token == nil || !by.Token.Quota {
		return nil
	}
	now := db.Seconds(tx.db.Now())
	n, err := tx.db.Exec(countToken, by.Principal.ID, now/hourSeconds, now/daySeconds)
	if err != nil || n == 1 {
		return err
	}
	if err := tx.CheckQuota(ctx, by, tx.db.Now()); err != nil {
		return err
	}
	return errStale // not reached unless the token has just changed
}

// CheckQuota returns a [QuotaError] if the caller is a token whose quota is used up.
func (r reader) CheckQuota(ctx context.Context, by notary.Caller, at time.Time) error {
	if by.Token == nil || !by.Token.Quota {
		return nil
	}
	var perHour, perDay, hour, hourIssued, day, dayIssued int64
	err := r.q.QueryRow(ctx, `SELECT per_hour, per_day, hour, hour_issued, day, day_issued FROM token WHERE id = $1`,
		by.Principal.ID).Scan(&perHour, &perDay, &hour, &hourIssued, &day, &dayIssued)
	if err != nil {
		return found(err, "API token", by.Principal.ID)
	}
	now := db.Seconds(at)
	used := func(quota, period, issued, seconds int64) bool {
		current := now / seconds
		return quota > 0 && period >= current && period <= current+1 && issued >= quota
	}
	switch {
	case used(perDay, day, dayIssued, daySeconds):
		return quotaExceeded(by, perDay, "day", now, daySeconds)
	case used(perHour, hour, hourIssued, hourSeconds):
		return quotaExceeded(by, perHour, "hour", now, hourSeconds)
	}
	return nil
}

// QuotaError is returned when a token's quota is used up. It wraps a [notary.RateLimited] error.
type QuotaError struct {
	Quota  int64
	Period string    // "hour" or "day"
	Since  time.Time // beginning of the period
	err    *notary.Error
}

func (e *QuotaError) Error() string { return e.err.Error() }

func (e *QuotaError) Unwrap() error { return e.err }

func quotaExceeded(by notary.Caller, quota int64, period string, now, seconds int64) error {
	e := notary.Errorf(notary.RateLimited, "the API token %s has used up its quota of certificates (%d per %s): "+
		"try again in the next %s (UTC)", by.Principal.Name, quota, period, period)
	e.RetryAfter = time.Duration(seconds-now%seconds) * time.Second
	return &QuotaError{quota, period, db.TimeOf(now - now%seconds), e}
}

// NoteQuotaExceeded records that a token has exceeded its quota, and reports whether it is the first time within the
// period.
func (tx *Tx) NoteQuotaExceeded(id int64, e *QuotaError) (first bool, err error) {
	text := `UPDATE token SET quota_exceeded_at = $1, hour_exceeded = $2 WHERE id = $3 AND hour_exceeded < $2`
	if e.Period == "day" {
		text = `UPDATE token SET quota_exceeded_at = $1, day_exceeded = $2 WHERE id = $3 AND day_exceeded < $2`
	}
	n, err := tx.db.Exec(text, db.Seconds(tx.db.Now()), db.Seconds(e.Since), id)
	return n == 1, err
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"notary"
	"notary/internal/db"
)

const grantColumns = ` t.id, t.principal_id, t.group_id, t.terms, t.created_at `

// Grants returns all grants, ordered by ID. It omits those with unreadable terms, because an unreadable limit must not
// count as no limit.
func (r reader) Grants(ctx context.Context) ([]*notary.Grant, error) {
	return r.grants(ctx, `SELECT`+grantColumns+`FROM access_grant t ORDER BY t.id`)
}

// GrantsOf returns the grants to a principal and to its groups, ordered by ID.
func (r reader) GrantsOf(ctx context.Context, principalID int64) ([]*notary.Grant, error) {
	all, err := r.grants(ctx, `SELECT`+grantColumns+`FROM access_grant t WHERE t.principal_id = $1
		UNION ALL SELECT`+grantColumns+`FROM membership m CROSS JOIN access_grant t
		WHERE m.account_id = $1 AND t.group_id = m.group_id`, principalID)
	slices.SortFunc(all, func(a, b *notary.Grant) int { return int(a.ID - b.ID) })
	return all, err
}

func (r reader) grants(ctx context.Context, text string, args ...any) ([]*notary.Grant, error) {
	all, err := db.Collect(ctx, r.q, r.scanGrant, text, args...)
	return slices.DeleteFunc(all, func(g *notary.Grant) bool { return g.Actions == nil }), err
}

// Grant returns the grant with the given ID. If its terms are unreadable, it has no actions.
func (r reader) Grant(ctx context.Context, id int64) (*notary.Grant, error) {
	g, err := r.scanGrant(r.q.QueryRow(ctx, `SELECT`+grantColumns+`FROM access_grant t WHERE t.id = $1`, id))
	return g, found(err, "grant", id)
}

func (r reader) scanGrant(row db.Row) (*notary.Grant, error) {
	var g notary.Grant
	var principal, group number
	var terms string
	var created instant
	if err := row.Scan(&g.ID, &principal, &group, &terms, &created); err != nil {
		return nil, err
	}
	g.PrincipalID, g.GroupID, g.CreatedAt = principal.Int64, group.Int64, created.time()
	// Terms are also unreadable if they have a limit that a later version introduced.
	decoder := json.NewDecoder(strings.NewReader(terms))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&g.GrantTerms); err != nil {
		g.GrantTerms = notary.GrantTerms{}
		r.damage.add("grant", g.ID, []string{"its terms cannot be read"})
	}
	return &g, nil
}

// LockGrantsShared locks memberships and grants against changes until the transaction ends.
func (tx *Tx) LockGrantsShared() error { return tx.db.LockShared(lockGrants, 0) }

// LockGrants locks memberships and grants for update.
func (tx *Tx) LockGrants() error { return tx.db.Lock(lockGrants, 0) }

// InsertGrant records a new grant and returns its ID.
func (tx *Tx) InsertGrant(g *notary.Grant) (int64, error) {
	terms, err := json.Marshal(g.GrantTerms)
	if err != nil {
		return 0, notary.InternalError("encode the grant", err)
	}
	return tx.db.Insert(`INSERT INTO access_grant (principal_id, group_id, terms, created_at) VALUES ($1, $2, $3, $4) RETURNING id`,
		nullable(g.PrincipalID), nullable(g.GroupID), string(terms), db.Seconds(tx.db.Now()))
}

func (tx *Tx) DeleteGrant(id int64) error {
	return tx.db.Change(found(sql.ErrNoRows, "grant", id), `DELETE FROM access_grant WHERE id = $1`, id)
}

func (tx *Tx) deleteGrantsOf(accountID int64) error {
	if err := tx.LockGrants(); err != nil {
		return err
	}
	if _, err := tx.db.Exec(`DELETE FROM access_grant WHERE principal_id = $1`, accountID); err != nil {
		return err
	}
	_, err := tx.db.Exec(`DELETE FROM membership WHERE account_id = $1`, accountID)
	return err
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"notary"
	"notary/internal/db"
)

const selectGroups = `SELECT id, name, created_at FROM account_group `

// Groups returns all groups, ordered by ID.
func (r reader) Groups(ctx context.Context) ([]*notary.Group, error) {
	return db.Collect(ctx, r.q, scanGroup, selectGroups+`ORDER BY id`)
}

// Group returns the group with the given ID.
func (r reader) Group(ctx context.Context, id int64) (*notary.Group, error) {
	g, err := scanGroup(r.q.QueryRow(ctx, selectGroups+`WHERE id = $1`, id))
	return g, found(err, "group", id)
}

// Members returns the accounts in a group, ordered by ID.
func (r reader) Members(ctx context.Context, groupID int64) ([]*notary.Account, error) {
	return db.Collect(ctx, r.q, scanAccount, `SELECT a.id, a.email, a.role, a.created_at
		FROM membership m CROSS JOIN account a WHERE m.group_id = $1 AND a.id = m.account_id ORDER BY m.account_id`, groupID)
}

// GroupsOf returns the IDs of an account's groups.
func (r reader) GroupsOf(ctx context.Context, accountID int64) ([]int64, error) {
	return db.Collect(ctx, r.q, db.Scan[int64], `SELECT group_id FROM membership WHERE account_id = $1`, accountID)
}

// GroupsWith returns an account's groups, ordered by name.
func (r reader) GroupsWith(ctx context.Context, accountID int64) ([]*notary.Group, error) {
	all, err := db.Collect(ctx, r.q, scanGroup, `SELECT t.id, t.name, t.created_at
		FROM membership m CROSS JOIN account_group t WHERE m.account_id = $1 AND t.id = m.group_id`, accountID)
	slices.SortFunc(all, func(a, b *notary.Group) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}

func scanGroup(row db.Row) (*notary.Group, error) {
	var g notary.Group
	var created instant
	err := row.Scan(&g.ID, &g.Name, &created)
	g.CreatedAt = created.time()
	return &g, err
}

// InsertGroup records a new group and returns its ID.
func (tx *Tx) InsertGroup(name string) (int64, error) {
	id, err := tx.db.Insert(`INSERT INTO account_group (name, created_at) VALUES ($1, $2) RETURNING id`, name,
		db.Seconds(tx.db.Now()))
	if errors.Is(err, db.ErrUnique) {
		return 0, notary.WithField(notary.Errorf(notary.Conflict, "the group %s already exists", name), "name")
	}
	return id, err
}

// DeleteGroup deletes a group with its memberships and grants. It returns a [notary.Conflict] error if requests,
// certificates or limits of other grants refer to the group.
func (tx *Tx) DeleteGroup(ctx context.Context, id int64) error {
	if err := tx.requireUnused(ctx, id); err != nil {
		return err
	}
	if _, err := tx.db.Exec(`DELETE FROM access_grant WHERE group_id = $1`, id); err != nil {
		return err
	}
	if _, err := tx.db.Exec(`DELETE FROM membership WHERE group_id = $1`, id); err != nil {
		return err
	}
	return tx.db.Change(found(sql.ErrNoRows, "group", id), `DELETE FROM account_group WHERE id = $1`, id)
}

func (tx *Tx) requireUnused(ctx context.Context, id int64) error {
	var owns bool
	err := tx.q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM request WHERE owner_group_id = $1)
		OR EXISTS (SELECT 1 FROM certificate WHERE owner_group_id = $1)`, id).Scan(&owns)
	if err != nil {
		return db.MapError(err)
	}
	if owns {
		return notary.Errorf(notary.Conflict, "group %d owns requests or certificates: "+
			"remove its members and grants instead of deleting it", id)
	}
	grants, err := tx.Grants(ctx)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.GroupID != id && slices.Contains(g.OwnerGroups, id) {
			return notary.Errorf(notary.Conflict, "grant %d is limited to requests of group %d: delete that grant first",
				g.ID, id)
		}
	}
	return nil
}

// AddMember adds an account to a group.
func (tx *Tx) AddMember(groupID, accountID int64) error {
	return tx.db.Change(notary.Errorf(notary.Conflict, "account %d is already in group %d", accountID, groupID),
		`INSERT INTO membership (group_id, account_id) VALUES ($1, $2) ON CONFLICT (group_id, account_id) DO NOTHING`,
		groupID, accountID)
}

// RemoveMember removes an account from a group.
func (tx *Tx) RemoveMember(groupID, accountID int64) error {
	return tx.db.Change(notary.Errorf(notary.NotFound, "account %d is not in group %d", accountID, groupID),
		`DELETE FROM membership WHERE group_id = $1 AND account_id = $2`, groupID, accountID)
}

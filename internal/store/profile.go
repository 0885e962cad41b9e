package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"notary"
	"notary/internal/db"
)

const profileColumns = ` p.id, p.name, v.version, p.builtin, p.created_at, v.created_at, v.rules `

const selectProfiles = `SELECT` + profileColumns + `FROM profile p
	JOIN profile_version v ON v.profile_id = p.id AND v.version = p.version `

// Profiles returns all profiles that are not deleted and have readable rules, ordered by ID.
func (r reader) Profiles(ctx context.Context) ([]*notary.Profile, error) {
	all, err := db.Collect(ctx, r.q, func(row db.Row) (*notary.Profile, error) {
		p, err := scanProfile(row)
		if p != nil && err != nil {
			r.damage.add("profile", p.ID, []string{"its rules cannot be read"})
			return nil, nil
		}
		return p, err
	}, selectProfiles+`WHERE p.deleted_at IS NULL ORDER BY p.id`)
	return slices.DeleteFunc(all, func(p *notary.Profile) bool { return p == nil }), err
}

// Profile returns the profile with the given ID. Deleted profiles are not found.
func (r reader) Profile(ctx context.Context, id int64) (*notary.Profile, error) {
	p, err := scanProfile(r.q.QueryRow(ctx, selectProfiles+`WHERE p.id = $1 AND p.deleted_at IS NULL`, id))
	return p, found(err, "profile", id)
}

// ProfileByName returns the profile with the given name, or nil if there is none.
func (r reader) ProfileByName(ctx context.Context, name string) (*notary.Profile, error) {
	p, err := scanProfile(r.q.QueryRow(ctx, selectProfiles+`WHERE p.name = $1 AND p.deleted_at IS NULL`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return p, db.MapError(err)
}

// ProfileVersion returns a version of the profile with the given ID.
func (r reader) ProfileVersion(ctx context.Context, id int64, version int) (*notary.Profile, error) {
	p, err := scanProfile(r.q.QueryRow(ctx, `SELECT`+profileColumns+`FROM profile p
		JOIN profile_version v ON v.profile_id = p.id
		WHERE p.id = $1 AND v.version = $2 AND p.deleted_at IS NULL`, id, version))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, notary.Errorf(notary.NotFound, "there is no version %d of profile %d", version, id)
	}
	return p, db.MapError(err)
}

func scanProfile(row db.Row) (*notary.Profile, error) {
	var (
		p                notary.Profile
		created, updated instant
		rules            string
	)
	if err := row.Scan(&p.ID, &p.Name, &p.Version, &p.Builtin, &created, &updated, &rules); err != nil {
		return nil, err
	}
	p.CreatedAt, p.UpdatedAt = created.time(), updated.time()
	if err := json.Unmarshal([]byte(rules), &p.Rules); err != nil {
		return &p, notary.InternalError("read the profile "+p.Name, err)
	}
	return &p, nil
}

// SeedProfile records a built-in profile unless a profile with its name exists or has existed.
func (tx *Tx) SeedProfile(p *notary.Profile) error {
	n, err := tx.db.Exec(`INSERT INTO profile (builtin, name, version, created_at, updated_at)
		VALUES (1, $1, 1, $2, $2) ON CONFLICT (name) DO NOTHING`, p.Name, db.Seconds(tx.db.Now()))
	if err != nil || n == 0 {
		return err
	}
	var id int64
	err = tx.q.QueryRow(context.Background(), `SELECT id FROM profile WHERE name = $1`, p.Name).Scan(&id)
	if err != nil {
		return db.MapError(err)
	}
	return tx.insertVersion(id, 1, p.Rules)
}

// InsertProfile records a new profile and returns its ID. If the name belonged to a deleted profile, that profile is
// restored with the next version. If the name is in use, InsertProfile returns a [notary.Conflict] error.
func (tx *Tx) InsertProfile(p *notary.Profile) (id int64, err error) {
	var version int
	err = tx.q.QueryRow(context.Background(), `INSERT INTO profile (name, version, builtin, created_at, updated_at)
		VALUES ($1, 1, 0, $2, $2)
		ON CONFLICT (name) DO UPDATE SET version = profile.version + 1, updated_at = excluded.updated_at, deleted_at = NULL
			WHERE profile.deleted_at IS NOT NULL
		RETURNING id, version`, p.Name, db.Seconds(tx.db.Now())).Scan(&id, &version)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, notary.WithField(notary.Errorf(notary.Conflict, "the profile %s already exists: change it, or "+
			"choose another name", p.Name), "name")
	} else if err != nil {
		return 0, db.MapError(err)
	}
	return id, tx.insertVersion(id, version, p.Rules)
}

// UpdateProfile replaces the rules of a profile that is unchanged since it was read, and returns the new version.
func (tx *Tx) UpdateProfile(p *notary.Profile, rules notary.Rules) (version int, err error) {
	if err := tx.LockProfile(p.ID); err != nil {
		return 0, err
	}
	version = p.Version + 1
	err = tx.db.Change(db.Raced(), `UPDATE profile SET version = $1, updated_at = $2
		WHERE id = $3 AND version = $4 AND deleted_at IS NULL`, version, db.Seconds(tx.db.Now()), p.ID, p.Version)
	if err != nil {
		return 0, err
	}
	return version, tx.insertVersion(p.ID, version, rules)
}

func (tx *Tx) insertVersion(id int64, version int, rules notary.Rules) error {
	text, err := json.Marshal(rules)
	if err != nil {
		return notary.InternalError("write the profile", err)
	}
	return tx.db.Later(`INSERT INTO profile_version (profile_id, version, rules, created_at) VALUES ($1, $2, $3, $4)`,
		id, version, string(text), db.Seconds(tx.db.Now()))
}

// DeleteProfile hides a profile that is unchanged since it was read. Its versions remain for the certificates issued
// under it. Built-in profiles cannot be deleted.
func (tx *Tx) DeleteProfile(p *notary.Profile) error {
	if err := tx.LockProfile(p.ID); err != nil {
		return err
	}
	return tx.db.Change(db.Raced(), `UPDATE profile SET deleted_at = $1
		WHERE id = $2 AND version = $3 AND deleted_at IS NULL AND builtin = 0`, db.Seconds(tx.db.Now()), p.ID, p.Version)
}

func encodeFindings(findings []notary.Finding) (string, error) {
	text, err := json.Marshal(findings)
	if err != nil {
		return "", notary.InternalError("encode the findings", err)
	}
	return string(text), nil
}

func decodeFindings(text sql.NullString) (findings []notary.Finding, err error) {
	if !text.Valid {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text.String), &findings); err != nil {
		return nil, notary.InternalError("read the findings", err)
	}
	return findings, nil
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"notary"
	"notary/internal/db"
)

const selectAccount = `SELECT id, email, role, created_at FROM account `

// Account returns the account with the given ID.
func (r reader) Account(ctx context.Context, id int64) (*notary.Account, error) {
	a, err := scanAccount(r.q.QueryRow(ctx, selectAccount+`WHERE id = $1`, id))
	return a, found(err, "account", id)
}

// Accounts returns all accounts, ordered by ID.
func (r reader) Accounts(ctx context.Context) ([]*notary.Account, error) {
	return db.Collect(ctx, r.q, scanAccount, selectAccount+`ORDER BY id`)
}

// HasAccounts reports whether any account exists.
func (r reader) HasAccounts(ctx context.Context) (bool, error) {
	n, err := db.Counter(ctx, r.q, accountsCounter)
	return n > 0, err
}

// AccountByEmail returns the account with the given email address, and its password hash. It returns nil if there is no
// such account. The hash is "" if the account has no password.
func (r reader) AccountByEmail(ctx context.Context, email string) (*notary.Account, string, error) {
	var hash string
	a, err := scanAccount(prefixed{r.q.QueryRow(ctx, `SELECT COALESCE(p.hash, ''), a.id, a.email, a.role, a.created_at
		FROM account a LEFT JOIN password p ON p.account_id = a.id WHERE a.email = $1`, email), &hash})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, "", nil
	}
	return a, hash, db.MapError(err)
}

// PasswordHash returns the password hash of an account, or "" if it has no password or does not exist.
func (r reader) PasswordHash(ctx context.Context, id int64) (hash string, err error) {
	err = r.q.QueryRow(ctx, `SELECT hash FROM password WHERE account_id = $1`, id).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return hash, db.MapError(err)
}

// LoginAddresses returns the distinct IP addresses of an account's logins since the given time. It examines at most
// limit logins, latest first.
func (r reader) LoginAddresses(ctx context.Context, id int64, since time.Time, limit int) ([]string, error) {
	return db.Collect(ctx, r.q, func(row db.Row) (address string, err error) {
		return address, row.Scan(&address)
	}, `SELECT DISTINCT address FROM (SELECT address FROM event
		WHERE object_id = $1 AND kind = 'account' AND action = 'account.login' AND at >= $2 ORDER BY id DESC LIMIT $3) logins`,
		id, db.Seconds(since), limit)
}

type prefixed struct {
	db.Row
	first any
}

func (p prefixed) Scan(dest ...any) error { return p.Row.Scan(append([]any{p.first}, dest...)...) }

func scanAccount(row db.Row) (*notary.Account, error) {
	var a notary.Account
	var created instant
	err := row.Scan(&a.ID, &a.Email, &a.Role, &created)
	a.CreatedAt = created.time()
	return &a, err
}

// InsertAccount records a new account and returns its ID. It returns a [notary.Conflict] error if the email address is
// taken or, with first set, if any account exists.
func (tx *Tx) InsertAccount(a *notary.Account, passwordHash string, first bool) (int64, error) {
	// Updating the counter's row serialises concurrent transactions.
	guard := `UPDATE counter SET value = value + 1 WHERE name = 'accounts'`
	if first {
		guard += ` AND value = 0`
	}
	if err := tx.db.Change(notary.Errorf(notary.Conflict, "an account already exists: log in"), guard); err != nil {
		return 0, err
	}
	if a.Role == notary.Admin {
		if _, err := tx.db.Exec(`UPDATE counter SET value = value + 1 WHERE name = 'admins'`); err != nil {
			return 0, err
		}
	}
	id, err := tx.insertPrincipal(notary.AccountPrincipal, a.Email)
	if err != nil {
		return 0, err
	}
	_, err = tx.db.Exec(`INSERT INTO account (id, email, role, created_at) VALUES ($1, $2, $3, $4)`, id, a.Email,
		int(a.Role), db.Seconds(tx.db.Now()))
	if errors.Is(err, db.ErrUnique) {
		return 0, &notary.Error{Kind: notary.Conflict, Field: "email", Message: "an account with this email " +
			"already exists"}
	} else if err != nil {
		return 0, err
	}
	return id, tx.db.Later(`INSERT INTO password (account_id, hash) VALUES ($1, $2)`, id, passwordHash)
}

// DeleteAccount deletes an account whose role is unchanged since it was read, together with its sessions, memberships
// and grants. The last Admin cannot be deleted.
func (tx *Tx) DeleteAccount(a *notary.Account) error {
	if err := tx.deleteGrantsOf(a.ID); err != nil {
		return err
	}
	if err := tx.dropAdmin(a.Role); err != nil {
		return err
	}
	if _, err := tx.db.Exec(`UPDATE counter SET value = value - 1 WHERE name = 'accounts'`); err != nil {
		return err
	}
	if err := tx.DeleteSessionsOf(a.ID); err != nil {
		return err
	}
	if _, err := tx.db.Exec(`DELETE FROM password WHERE account_id = $1`, a.ID); err != nil {
		return err
	}
	if err := tx.db.Change(db.Raced(), `DELETE FROM account WHERE id = $1 AND role = $2`, a.ID, int(a.Role)); err != nil {
		return err
	}
	return tx.endPrincipal(a.ID)
}

// SetRole changes the role of an account whose role is unchanged since it was read, and ends its sessions. The last
// Admin cannot be demoted.
func (tx *Tx) SetRole(a *notary.Account, role notary.Role) error {
	if role == a.Role {
		return nil
	}
	if err := tx.dropAdmin(a.Role); err != nil {
		return err
	}
	if role == notary.Admin {
		if _, err := tx.db.Exec(`UPDATE counter SET value = value + 1 WHERE name = 'admins'`); err != nil {
			return err
		}
	}
	if err := tx.DeleteSessionsOf(a.ID); err != nil {
		return err
	}
	return tx.db.Change(db.Raced(), `UPDATE account SET role = $1 WHERE id = $2 AND role = $3`, int(role), a.ID,
		int(a.Role))
}

// dropAdmin decrements the number of Admins if role is Admin. It fails if none would remain.
func (tx *Tx) dropAdmin(role notary.Role) error {
	if role != notary.Admin {
		return nil
	}
	return tx.db.Change(notary.Errorf(notary.Conflict, "this is the last Admin: make another account an Admin first"),
		`UPDATE counter SET value = value - 1 WHERE name = 'admins' AND value > 1`)
}

// SetPassword sets the password of an account and ends its sessions, except keepSession if that is not 0.
func (tx *Tx) SetPassword(id int64, passwordHash string, keepSession int64) error {
	if err := tx.DeleteOtherSessions(id, keepSession); err != nil {
		return err
	}
	return tx.db.Change(found(sql.ErrNoRows, "account", id),
		`INSERT INTO password (account_id, hash) SELECT id, $1 FROM account WHERE id = $2
			ON CONFLICT (account_id) DO UPDATE SET hash = excluded.hash`, passwordHash, id)
}

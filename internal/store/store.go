// Package store maps database rows to the types of package notary.
//
// [Open] returns a [Store]. Reads are methods of the Store. Every change goes through [Store.Write], which returns only
// after the change is durable. The methods of [Tx] are small steps that packages ca and auth combine into one
// transaction, which includes the event.
//
// Package db provides engines, transactions, locks and migrations. The database is trusted for availability but not for
// confidentiality: private keys are stored sealed, passwords and tokens hashed.
package store

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"strings"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	reader // on read connections

	db  *db.DB
	now func() time.Time
}

// An Option configures a [Store]: see [Open].
type Option func(*options)

type options struct {
	db     []db.Option
	search query.Limits
}

// Database adds options for [db.Open].
func Database(all ...db.Option) Option {
	return func(o *options) { o.db = append(o.db, all...) }
}

// ReadTimeout limits the duration of a query outside a transaction: see [db.ReadTimeout].
func ReadTimeout(d time.Duration) Option { return Database(db.ReadTimeout(d)) }

// WriteTimeout limits the duration of a transaction: see [db.WriteTimeout].
func WriteTimeout(d time.Duration) Option { return Database(db.WriteTimeout(d)) }

// SearchLimits bounds the work for a page of a list; the default is [query.DefaultLimits].
func SearchLimits(l query.Limits) Option { return func(o *options) { o.search = l } }

// DefaultReadTimeout is the default of [ReadTimeout].
const DefaultReadTimeout = db.DefaultReadTimeout

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// DatabaseSchema is the schema of Notary's databases. Its migrations are kept next to the queries that use the tables.
var DatabaseSchema = db.Schema{
	Migrations:    files(),
	Topics:        topics,
	ApplicationID: 0x4e545259, // "NTRY"
	Table:         "issuer_chain",
	Unreleased:    3,
	Announced:     16,
}

func files() fs.FS {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name is valid
	}
	return folder
}

// SchemaStatus compares a database's schema with the schema of this program.
type SchemaStatus = db.SchemaStatus

// RunningPrograms describes the programs of one schema version that have the database open.
type RunningPrograms = db.RunningPrograms

// Schema returns the status of a database's schema: see [db.Schema.Status].
func Schema(ctx context.Context, database string) (SchemaStatus, error) {
	return DatabaseSchema.Status(ctx, database)
}

// DryRun applies the pending migrations and rolls them back: see [db.Schema.DryRun].
func DryRun(ctx context.Context, database string) ([]db.MigrationEffect, error) {
	return DatabaseSchema.DryRun(ctx, database)
}

// Open opens a database and migrates its schema: see [db.Open].
func Open(ctx context.Context, database string, clock func() time.Time, all ...Option) (*Store, error) {
	o := options{search: query.DefaultLimits}
	for _, set := range all {
		set(&o)
	}
	d, err := db.Open(ctx, database, DatabaseSchema, clock, o.db...)
	if err != nil {
		return nil, err
	}
	return newStore(d, clock, o.search), nil
}

// OpenForReading opens a database without locking or migrating it.
func OpenForReading(ctx context.Context, database string) (*Store, error) {
	d, err := db.OpenForReading(ctx, database, DatabaseSchema)
	if err != nil {
		return nil, err
	}
	return newStore(d, time.Now, query.DefaultLimits), nil
}

func newStore(d *db.DB, clock func() time.Time, search query.Limits) *Store {
	r := reader{q: d.Reads(), damage: &damageReport{}, search: search, seal: query.NewSeal(), chains: &chainCache{}}
	return &Store{reader: r, db: d, now: clock}
}

// IsPostgres reports whether a database name is a PostgreSQL URL rather than a path.
func IsPostgres(database string) bool { return db.IsPostgres(database) }

// DB returns the database, for packages that have their own tables or read all tables.
func (s *Store) DB() *db.DB { return s.db }

// Close waits for the writes in progress, rejects further ones and closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Ready returns nil if the database responds before ctx is done: see [db.DB.Ready].
func (s *Store) Ready(ctx context.Context) error { return s.db.Ready(ctx) }

// Shared reports whether other nodes may also have the database open.
func (s *Store) Shared() bool { return s.db.Shared() }

// OnChange registers fn to be called with each topic that a transaction of this node has changed: see [db.DB.OnChange].
func (s *Store) OnChange(fn func(topic string)) { s.db.OnChange(fn) }

// Watch calls fn whenever another node may have changed a topic, until ctx is done: see [db.DB.Watch].
func (s *Store) Watch(ctx context.Context, fn func(topic string)) { s.db.Watch(ctx, fn) }

// Lease acquires or renews the named lease and reports whether the holder has it: see [db.DB.Lease].
func (s *Store) Lease(ctx context.Context, name, holder string, term time.Duration) (held bool, err error) {
	return s.db.Lease(ctx, name, holder, term)
}

// Agree proposes a value for name and returns the value on which all nodes agree: see [db.DB.Agree].
func (s *Store) Agree(ctx context.Context, name, value string) (agreed string, err error) {
	return s.db.Agree(ctx, name, value)
}

// AgreeOnCursors makes all nodes on a database seal cursors with the same key: see [query.Seal].
func (s *Store) AgreeOnCursors(ctx context.Context) error {
	const name = "key of cursors"
	agreed, err := s.Agreed(ctx, name)
	if err == nil && agreed == "" {
		key := make([]byte, query.SealKeySize)
		_, _ = rand.Read(key) // never fails
		agreed, err = s.Agree(ctx, name, hex.EncodeToString(key))
	}
	if err != nil {
		return err
	}
	key, err := hex.DecodeString(agreed)
	if err != nil || len(key) != query.SealKeySize {
		return notary.InternalError("read the key of cursors", errors.New("the agreement is damaged"))
	}
	s.seal.SetKey(key)
	return nil
}

// Agreed returns the value on which all nodes agree for name, or "" if there is none.
func (r reader) Agreed(ctx context.Context, name string) (string, error) {
	return db.Agreed(ctx, r.q, name)
}

// NodeID returns a random ID that identifies this process among the nodes sharing a database.
func NodeID() string { return strings.ToLower(rand.Text()[:12]) }

// Write runs fn in a transaction and returns after its commit is durable: see [db.DB.Write]. Changes for a caller go
// through [Store.WriteAs].
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	return s.WriteAs(ctx, notary.SystemCaller, fn)
}

// WriteAs is like Write on behalf of a caller, whom it verifies in the same transaction. If the account was deleted,
// its role changed, or the session or token ended since the caller was identified, it returns a
// [notary.Unauthenticated] error. None of these can change before the commit.
func (s *Store) WriteAs(ctx context.Context, by notary.Caller, fn func(*Tx) error) error {
	return s.WriteAccount(ctx, by, 0, fn)
}

// WriteAccount is like WriteAs for a change to an account or its sessions. It waits for transactions that rely on the
// account, and blocks new ones.
func (s *Store) WriteAccount(ctx context.Context, by notary.Caller, id int64, fn func(*Tx) error) error {
	err := s.db.Write(ctx, s.as(by, id, fn))
	if errors.Is(err, errStale) {
		return s.stale(ctx, by)
	}
	return err
}

func (s *Store) as(by notary.Caller, changed int64, fn func(*Tx) error) func(*db.Tx) error {
	return func(inner *db.Tx) error {
		tx := &Tx{reader: s.reader, db: inner}
		tx.q = inner
		if err := tx.verify(by, changed); err != nil {
			return err
		}
		return fn(tx)
	}
}

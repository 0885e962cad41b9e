package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

type engine struct {
	version string
	dir     string
	url     string // of the measured PostgreSQL database; "" for SQLite
	created []string
	cluster *cluster // nil for an existing cluster and for SQLite
}

// openEngine prepares the engine. For PostgreSQL, it uses the given database or creates an empty one.
func openEngine(ctx context.Context, o options, dir string) (e engine, err error) {
	e.dir = dir
	if o.engine == sqlite {
		e.version, err = ask(ctx, "sqlite", ":memory:", "SELECT 'SQLite ' || sqlite_version()")
		return e, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	e.url = o.database
	if e.url == "" {
		e.url = os.Getenv(environmentPostgres)
	}
	if e.url == "" {
		if e.cluster, err = startCluster(ctx, dir); err != nil {
			return e, err
		}
		e.url = e.cluster.url
	}
	if err := requireDurable(ctx, e.url); err != nil {
		return e, err
	}
	if o.database == "" {
		if e.url, err = e.create(ctx, ""); err != nil {
			return e, err
		}
	}
	e.version, err = ask(ctx, "pgx", e.url, "SELECT 'PostgreSQL ' || current_setting('server_version')")
	return e, err
}

// create creates a database in the cluster, as a copy of template unless template is "", and returns its URL.
func (e *engine) create(ctx context.Context, template string) (string, error) {
	u, err := url.Parse(e.url)
	if err != nil {
		return "", errors.New("the URL of the PostgreSQL database is invalid")
	}
	name := "notary_bench_" + strings.ToLower(rand.Text())
	statement := "CREATE DATABASE " + name
	if template != "" {
		statement += ` TEMPLATE "` + template + `"`
		u.Path = "/postgres" // the template must have no connections
	}
	if err := execute(ctx, u.String(), statement); err != nil {
		return "", err
	}
	e.created = append(e.created, name)
	u.Path = "/" + name
	return u.String(), nil
}

func (e *engine) copy(ctx context.Context) (string, error) {
	if e.url == "" {
		return "", nil
	}
	u, err := url.Parse(e.url)
	if err != nil {
		return "", errors.New("the URL of the PostgreSQL database is invalid")
	}
	return e.create(ctx, strings.TrimPrefix(u.Path, "/"))
}

func (e *engine) close() (err error) {
	if e.cluster != nil {
		return e.cluster.stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, name := range e.created {
		u, _ := url.Parse(e.url) // cannot fail: create parsed it
		u.Path = "/postgres"
		err = errors.Join(err, execute(ctx, u.String(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"))
	}
	return err
}

// settle makes PostgreSQL perform its deferred maintenance now.
func (e *engine) settle(ctx context.Context) error {
	if e.url == "" {
		return nil
	}
	if err := execute(ctx, e.url, "VACUUM (ANALYZE)"); err != nil {
		return err
	}
	_ = execute(ctx, e.url, "CHECKPOINT") // optional: requires a superuser
	return nil
}

func (e *engine) measureInserts(ctx context.Context, length time.Duration) (speed, error) {
	if e.url != "" {
		return measurePostgresInserts(ctx, e.url, length)
	}
	path := filepath.Join(e.dir, "floor.db")
	defer func() {
		for _, end := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(path + end) // remaining files are deleted with the folder
		}
	}()
	return measureSQLiteInserts(ctx, path, length)
}

func ask(ctx context.Context, driver, database, query string) (answer string, err error) {
	db, err := sql.Open(driver, database)
	if err != nil {
		return "", err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, query).Scan(&answer)
	return answer, err
}

func execute(ctx context.Context, database, statement string) error {
	db, err := sql.Open("pgx", database)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

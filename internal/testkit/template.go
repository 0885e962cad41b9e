package testkit

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"notary"
	"notary/internal/auth"
	"notary/internal/store"
)

// template is a database that tests copy. It has the current schema, with or without accounts.
type template struct {
	sqlite   []byte // content of the file
	postgres string // name of the database
	callers  map[notary.Role]notary.Caller
}

// templates holds databases that are created once per process, because migrations and password hashes take most of the
// time of a small test.
var templates struct {
	mu               sync.Mutex
	schema, accounts *template
}

// Migrated returns the name of a new database with the current schema, for [store.Open], on the engine under test.
func Migrated(t testing.TB) string {
	t.Helper()
	return templateOf(t, &templates.schema, func(*World) {}).copy(t)
}

func withAccounts(t testing.TB) *template {
	t.Helper()
	return templateOf(t, &templates.accounts, func(w *World) { w.createCallers(t) })
}

// templateOf returns *place. The first call for a place creates the template, with the rows that fill writes.
func templateOf(t testing.TB, place **template, fill func(*World)) *template {
	t.Helper()
	templates.mu.Lock()
	defer templates.mu.Unlock()
	if *place == nil {
		*place = newTemplate(t, fill)
	}
	return *place
}

func newTemplate(t testing.TB, fill func(*World)) *template {
	t.Helper()
	if OnPostgres() {
		requireServer(t)
	}
	made := &template{}
	database := filepath.Join(t.TempDir(), "template.db")
	if OnPostgres() {
		c, err := sharedCluster()
		Check(t, err)
		made.postgres = randomLabel() // exists until the server stops
		c.Exec(t, `CREATE DATABASE `+made.postgres)
		database = c.URL(made.postgres)
	}
	w := &World{Clock: NewClock(), callers: map[notary.Role]notary.Caller{}}
	var err error
	w.Store, err = store.Open(t.Context(), database, w.Clock.Now, Patient...)
	Check(t, err)
	w.Auth = auth.New(w.Store, auth.Options{Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler), NoSetupCode: true})
	fill(w)
	Check(t, w.Store.Close())
	made.callers = w.callers
	if made.postgres == "" {
		made.sqlite, err = os.ReadFile(database)
		Check(t, err)
	}
	return made
}

// copy returns the name of a new copy of the template, which is deleted at the end of the test.
func (m *template) copy(t testing.TB) string {
	t.Helper()
	if m.postgres != "" {
		return newDatabase(t, ` TEMPLATE `+m.postgres)
	}
	path := filepath.Join(t.TempDir(), "notary.db")
	Check(t, os.WriteFile(path, m.sqlite, 0o600))
	return path
}

func (m *template) cloneCallers() map[notary.Role]notary.Caller { return maps.Clone(m.callers) }

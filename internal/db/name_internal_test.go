package db

import (
	"testing"
	"time"
)

// Errors name every host of the database, since any of them may be at fault, and no password.
func TestPostgresNameHasAllHosts(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://u:secret@db1.example.com/notary":                                                           "notary on db1.example.com:5432",
		"postgres://u:secret@db1.example.com:5432,db2.example.com:5433/notary?target_session_attrs=read-write": "notary on db1.example.com:5432, db2.example.com:5433",
	} {
		config, err := parsePostgres(url, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&postgresEngine{config: config}).name(); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

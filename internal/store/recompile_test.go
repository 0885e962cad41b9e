package store_test

import (
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"notary/internal/store"
	"notary/internal/testkit"
)

// SQLite compiles a statement again at each execution, which takes longer than most statements, if its plan may
// depend on a parameter: `column = $1` meets an index with the condition `column = 0`.
func TestSQLiteStatementsAreCompiledOnce(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	walk(t, s, clock.Now())
	db := openRaw(t, copyOf(t, wholeDatabase(t)))
	for _, text := range store.Statements(s) {
		if statementKind.MatchString(text) && db.recompiles(t, text) {
			t.Errorf("each execution compiles %s", text)
		}
	}
	if !db.recompiles(t, `SELECT id FROM certificate WHERE name_set = $1 AND COALESCE(-owner_group_id, requester_id) = $2`) {
		t.Error("a statement that SQLite does compile again was not recognized")
	}
}

// rawDatabase is a connection to SQLite by its C interface: database/sql has no statistics of statements.
type rawDatabase struct {
	tls    *libc.TLS
	handle uintptr
}

func openRaw(t *testing.T, path string) *rawDatabase {
	t.Helper()
	d := &rawDatabase{tls: libc.NewTLS()}
	t.Cleanup(d.tls.Close)
	name, handle := d.text(t, path), d.alloc(t)
	if rc := sqlite3.Xsqlite3_open_v2(d.tls, name, handle, sqlite3.SQLITE_OPEN_READONLY, 0); rc != sqlite3.SQLITE_OK {
		t.Fatalf("SQLite does not open %s: %d", path, rc)
	}
	d.handle = value(handle)
	t.Cleanup(func() { sqlite3.Xsqlite3_close_v2(d.tls, d.handle) })
	return d
}

// recompiles reports whether setting a parameter makes SQLite compile the statement again, by EXPLAIN.
func (d *rawDatabase) recompiles(t *testing.T, text string) bool {
	t.Helper()
	out := d.alloc(t)
	if rc := sqlite3.Xsqlite3_prepare_v2(d.tls, d.handle, d.text(t, "EXPLAIN "+text), -1, out,
		0); rc != sqlite3.SQLITE_OK {
		t.Fatalf("%s: %s", text, libc.GoString(sqlite3.Xsqlite3_errmsg(d.tls, d.handle)))
	}
	statement := value(out)
	defer sqlite3.Xsqlite3_finalize(d.tls, statement)
	for i := range sqlite3.Xsqlite3_bind_parameter_count(d.tls, statement) {
		sqlite3.Xsqlite3_bind_int64(d.tls, statement, i+1, int64(i)+7)
	}
	sqlite3.Xsqlite3_step(d.tls, statement)
	return sqlite3.Xsqlite3_stmt_status(d.tls, statement, sqlite3.SQLITE_STMTSTATUS_REPREPARE, 0) > 0
}

func (d *rawDatabase) text(t *testing.T, s string) uintptr {
	t.Helper()
	p, err := libc.CString(s)
	testkit.Check(t, err)
	t.Cleanup(func() { libc.Xfree(d.tls, p) })
	return p
}

func (d *rawDatabase) alloc(t *testing.T) uintptr {
	t.Helper()
	p := libc.Xcalloc(d.tls, 1, libc.Tsize_t(unsafe.Sizeof(uintptr(0))))
	t.Cleanup(func() { libc.Xfree(d.tls, p) })
	return p
}

func value(p uintptr) uintptr { return libc.AtomicLoadPUintptr(p) }

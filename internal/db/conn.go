package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// conn is a connection to a SQLite file for one goroutine at a time. It bypasses database/sql, whose locks, copies and
// look-ups of column names and types take two thirds of the time of a short statement (BenchmarkShortStatements).
type conn struct {
	sqlite   *sqlite.Conn
	prepared map[string]*prepared
}

type prepared struct {
	*sqlite.Stmt
	text      string
	arguments []int // the index of the argument for each parameter
	columns   int
	running   bool
}

// openConn opens an existing file with the settings in [durable] and the given additional settings.
func openConn(path string, settings ...string) (_ *conn, err error) {
	lite, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	lite.SetBusyTimeout(busyTimeout)
	c := &conn{sqlite: lite, prepared: map[string]*prepared{}}
	for _, setting := range slices.Concat(durable, settings) {
		if _, err := c.exec(context.Background(), "PRAGMA "+setting); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func (c *conn) close() {
	for _, s := range c.prepared {
		_ = s.Finalize()
	}
	clear(c.prepared)
	_ = c.sqlite.Close() // cannot fail without open statements
}

// start returns a prepared statement with its arguments bound. The caller must pass it to finish.
func (c *conn) start(text string, args []any) (*prepared, error) {
	s, ok := c.prepared[text]
	if !ok || s.running {
		var err error
		if s, err = c.prepare(text); err != nil {
			return nil, err
		}
	}
	s.running = true
	if err := s.bind(args); err != nil {
		c.finish(s)
		return nil, err
	}
	return s, nil
}

func (c *conn) prepare(text string) (*prepared, error) {
	for old, s := range c.prepared { // evict arbitrary statements
		if len(c.prepared) < maxPrepared {
			break
		}
		if !s.running {
			_ = s.Finalize()
			delete(c.prepared, old)
		}
	}
	compiled, rest, err := c.sqlite.PrepareTransient(compiledOnce(text))
	if err != nil {
		return nil, err
	}
	s := &prepared{Stmt: compiled, text: text, columns: compiled.ColumnCount(),
		arguments: make([]int, compiled.BindParamCount())}
	if rest > 0 {
		_ = s.Finalize()
		return nil, fmt.Errorf("more than one statement: %s", text)
	}
	for i := range s.arguments {
		if s.arguments[i] = i; strings.HasPrefix(s.BindParamName(i+1), "$") {
			n, _ := strconv.Atoi(s.BindParamName(i + 1)[1:]) // bind rejects 0
			s.arguments[i] = n - 1
		}
	}
	if _, taken := c.prepared[text]; !taken {
		c.prepared[text] = s
	}
	return s, nil
}

// finish makes the statement ready for its next use. It keeps the bindings, because clearing them makes SQLite
// recompile some statements.
func (c *conn) finish(s *prepared) {
	s.running = false
	if c.prepared[s.text] != s { // a duplicate, prepared while the first statement was running
		_ = s.Finalize()
		return
	}
	_ = s.Reset() // repeats the error of the last step
}

func (c *conn) exec(_ context.Context, text string, args ...any) (int64, error) {
	s, err := c.start(text, args)
	if err != nil {
		return 0, err
	}
	defer c.finish(s)
	for {
		if row, err := s.Step(); err != nil || !row {
			return int64(c.sqlite.Changes()), err
		}
	}
}

func (c *conn) later(text string, args ...any) error {
	_, err := c.exec(context.Background(), text, args...)
	return err
}

// Query runs a query. It ignores the context, because canceling a statement would abort the whole transaction.
func (c *conn) Query(_ context.Context, text string, args ...any) (Rows, error) {
	s, err := c.start(text, args)
	if err != nil {
		return nil, err
	}
	return &rows{conn: c, statement: s}, nil
}

func (c *conn) QueryPlanned(ctx context.Context, text string, args ...any) (Rows, error) {
	return c.Query(ctx, text, args...) // SQLite plans without the arguments
}

func (c *conn) QueryRow(ctx context.Context, text string, args ...any) Row {
	return oneRow(c.Query(ctx, text, args...))
}

func oneRow(rows Rows, err error) Row {
	if err != nil {
		return failedRow{err}
	}
	return firstRow{rows}
}

type firstRow struct{ rows Rows }

func (r firstRow) Scan(dest ...any) error {
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	return r.rows.Scan(dest...)
}

// rows is the result of a query. Like [sql.Rows], it is closed when there are no more rows.
type rows struct {
	conn      *conn
	statement *prepared       // nil once closed
	ctx       context.Context // can cancel the query; may be nil
	pool      *readers        // owner of the connection; may be nil
	err       error
}

func (r *rows) Next() bool {
	if r.statement == nil {
		return false
	}
	row, err := r.statement.Step()
	if err == nil && row {
		return true
	}
	if r.err = err; err != nil && r.ctx != nil && r.ctx.Err() != nil {
		r.err = r.ctx.Err()
	}
	r.Close()
	return false
}

func (r *rows) Err() error { return r.err }

func (r *rows) Close() error {
	if r.statement == nil {
		return nil
	}
	if r.ctx != nil {
		r.conn.sqlite.SetInterrupt(nil)
	}
	r.conn.finish(r.statement)
	r.statement = nil
	if r.pool != nil {
		r.pool.put(r.conn)
	}
	return nil
}

func (r *rows) Scan(dest ...any) error {
	if r.statement == nil {
		return errors.New("the rows are closed")
	}
	if len(dest) != r.statement.columns {
		return fmt.Errorf("%d columns were scanned into %d values", r.statement.columns, len(dest))
	}
	for i := range dest {
		if err := r.statement.scan(i, dest[i]); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// bind binds the arguments after converting them as database/sql does.
func (s *prepared) bind(args []any) error {
	for i, argument := range s.arguments {
		if argument < 0 || argument >= len(args) {
			return fmt.Errorf("argument %d is missing", argument+1)
		}
		value := args[argument]
		switch value.(type) {
		case nil, int64, int, bool, string, []byte:
		default:
			var err error
			if value, err = driver.DefaultParameterConverter.ConvertValue(value); err != nil {
				return fmt.Errorf("argument %d: %w", argument+1, err)
			}
		}
		if err := s.bindOne(i+1, value); err != nil {
			return fmt.Errorf("argument %d: %w", argument+1, err)
		}
	}
	return nil
}

func (s *prepared) bindOne(parameter int, value any) error {
	switch v := value.(type) {
	case nil:
		s.BindNull(parameter)
	case int64:
		s.BindInt64(parameter, v)
	case int:
		s.BindInt64(parameter, int64(v))
	case bool:
		s.BindBool(parameter, v)
	case float64:
		s.BindFloat(parameter, v)
	case string:
		s.BindText(parameter, v)
	case []byte:
		if v == nil {
			s.BindNull(parameter)
		} else {
			s.BindBytes(parameter, v)
		}
	default:
		return fmt.Errorf("a %T cannot be bound", value)
	}
	return nil
}

// scan stores a column in dest, directly if the types match and otherwise as database/sql does.
func (s *prepared) scan(column int, dest any) error {
	kind := s.ColumnType(column)
	switch d := dest.(type) {
	case *int64:
		if kind == sqlite.TypeInteger {
			*d = s.ColumnInt64(column)
			return nil
		}
	case *string:
		if kind == sqlite.TypeText {
			*d = s.ColumnText(column)
			return nil
		}
	case *sql.NullString:
		if kind == sqlite.TypeText {
			*d = sql.NullString{String: s.ColumnText(column), Valid: true}
			return nil
		}
	case *[]byte:
		if kind == sqlite.TypeBlob {
			*d = s.octets(column)
			return nil
		}
	}
	return assign(dest, s.value(column, kind))
}

func (s *prepared) octets(column int) []byte {
	octets := make([]byte, s.ColumnLen(column))
	s.ColumnBytes(column, octets)
	return octets
}

func (s *prepared) value(column int, kind sqlite.ColumnType) any {
	switch kind {
	case sqlite.TypeInteger:
		return s.ColumnInt64(column)
	case sqlite.TypeFloat:
		return s.ColumnFloat(column)
	case sqlite.TypeText:
		return s.ColumnText(column)
	case sqlite.TypeBlob:
		return s.octets(column)
	}
	return nil
}

// assign stores a value in dest as database/sql does. Callers must not use the value again, because dest may share its
// memory.
func assign(dest, value any) error {
	switch d := dest.(type) {
	case sql.Scanner:
		return d.Scan(value)
	case *any:
		*d = value
		return nil
	case *int64:
		return convert(dest, value, func(n int64) { *d = n })
	case *string:
		return convert(dest, value, func(s string) { *d = s })
	case *[]byte:
		if value == nil {
			*d = nil
			return nil
		}
		return convert(dest, value, func(b []byte) { *d = b })
	}
	to := reflect.ValueOf(dest).Elem()
	switch to.Kind() {
	case reflect.String: // a named string type; numbers are not converted
		switch value.(type) {
		case string, []byte:
			return convert(dest, value, to.SetString)
		}
	case reflect.Int, reflect.Int64:
		return convert(dest, value, to.SetInt)
	case reflect.Bool:
		return convert(dest, value, to.SetBool)
	}
	return fmt.Errorf("a %T cannot be scanned into a %T", value, dest)
}

// convert converts value as database/sql does and passes the result to set.
func convert[T any](dest any, value driver.Value, set func(T)) error {
	var converted sql.Null[T]
	if err := converted.Scan(value); err != nil {
		return err
	}
	if !converted.Valid {
		return fmt.Errorf("NULL cannot be scanned into a %T", dest)
	}
	set(converted.V)
	return nil
}

const busyTimeout = 5 * time.Second

package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// driverConn runs statements on the driver's connection. database/sql's locks and copies take a sixth to a half of the
// time of a short statement (BenchmarkShortStatements) and are of no use to a connection with one user. Contexts are
// ignored: cancelling a statement half-way would abort the whole transaction.
type driverConn struct {
	conn     driver.Conn
	prepared map[string]driver.Stmt
	open     int // results not closed yet
}

func newDriverConn(conn driver.Conn) *driverConn {
	return &driverConn{conn: conn, prepared: map[string]driver.Stmt{}}
}

// connector keeps the last connection that it opened.
type connector struct {
	driver.Connector
	conn driver.Conn
}

func (c *connector) Connect(ctx context.Context) (_ driver.Conn, err error) {
	c.conn, err = c.Connector.Connect(ctx)
	return c.conn, err
}

// get prepares a statement once: see [statements].
func (d *driverConn) get(text string) (driver.Stmt, error) {
	if stmt, ok := d.prepared[text]; ok {
		return stmt, nil
	}
	for old, stmt := range d.prepared { // any of them
		if len(d.prepared) < maxPrepared || d.open > 0 { // closing a statement ends its result
			break
		}
		stmt.Close()
		delete(d.prepared, old)
	}
	stmt, err := d.conn.Prepare(compiledOnce(text))
	if err == nil {
		d.prepared[text] = stmt
	}
	return stmt, err
}

// close closes the statements, which would otherwise keep the file open and its log unmerged.
func (d *driverConn) close() {
	for _, stmt := range d.prepared {
		stmt.Close()
	}
	clear(d.prepared)
}

func (d *driverConn) exec(ctx context.Context, text string, args ...any) (int64, error) {
	stmt, err := d.get(text)
	if err != nil {
		return 0, err
	}
	values, err := namedValues(args)
	if err != nil {
		return 0, err
	}
	result, err := stmt.(driver.StmtExecContext).ExecContext(context.Background(), values)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (d *driverConn) later(text string, args ...any) error {
	_, err := d.exec(context.Background(), text, args...)
	return err
}

func (d *driverConn) Query(ctx context.Context, text string, args ...any) (Rows, error) {
	stmt, err := d.get(text)
	if err != nil {
		return nil, err
	}
	values, err := namedValues(args)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), values)
	if err != nil {
		return nil, err
	}
	d.open++
	return &driverRows{conn: d, rows: rows, values: make([]driver.Value, len(rows.Columns()))}, nil
}

func (d *driverConn) QueryPlanned(ctx context.Context, text string, args ...any) (Rows, error) {
	return d.Query(ctx, text, args...)
}

func (d *driverConn) QueryRow(ctx context.Context, text string, args ...any) Row {
	rows, err := d.Query(ctx, text, args...)
	if err != nil {
		return failedRow{err}
	}
	return driverRow{rows}
}

// namedValues converts arguments as database/sql does.
func namedValues(args []any) ([]driver.NamedValue, error) {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		value, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
	}
	return values, nil
}

type driverRow struct{ rows Rows }

func (r driverRow) Scan(dest ...any) error {
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	return errors.Join(r.rows.Scan(dest...), r.rows.Close())
}

// driverRows is closed at its end, like [sql.Rows].
type driverRows struct {
	conn   *driverConn
	rows   driver.Rows
	values []driver.Value
	closed bool
	err    error
}

func (r *driverRows) Next() bool {
	if r.closed {
		return false
	}
	err := r.rows.Next(r.values)
	if err == nil {
		return true
	}
	if closing := r.Close(); err == io.EOF {
		err = closing
	}
	r.err = err
	return false
}

func (r *driverRows) Err() error { return r.err }

func (r *driverRows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.conn.open--
	return r.rows.Close()
}

func (r *driverRows) Scan(dest ...any) error {
	if len(dest) != len(r.values) {
		return fmt.Errorf("%d columns were scanned into %d values", len(r.values), len(dest))
	}
	for i, value := range r.values {
		if err := assign(dest[i], value); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// assign stores a value of the driver, which does not use it any more, as database/sql does.
func assign(dest any, value driver.Value) error {
	switch d := dest.(type) {
	case sql.Scanner:
		return d.Scan(value)
	case *int64:
		if n, ok := value.(int64); ok {
			*d = n
			return nil
		}
	case *string:
		if s, ok := value.(string); ok {
			*d = s
			return nil
		}
		return convert(dest, value, func(s string) { *d = s })
	case *[]byte:
		if b, ok := value.([]byte); ok || value == nil {
			*d = b
			return nil
		}
		return convert(dest, value, func(b []byte) { *d = b })
	}
	to := reflect.ValueOf(dest).Elem()
	switch to.Kind() {
	case reflect.String: // a named type, which takes no numbers
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

// convert passes the value to set, converted by database/sql.
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

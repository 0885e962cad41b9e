package db

import (
	"context"
	"strconv"
	"strings"
)

// Collect returns all rows of a query.
func Collect[T any](ctx context.Context, q Querier, scan func(Row) (T, error), text string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, text, args...)
	return scanAll(rows, err, scan)
}

// CollectPlanned is like Collect for a query whose best plan depends on its arguments.
func CollectPlanned[T any](ctx context.Context, q Querier, scan func(Row) (T, error), text string,
	args ...any) ([]T, error) {
	rows, err := q.QueryPlanned(ctx, text, args...)
	return scanAll(rows, err, scan)
}

func scanAll[T any](rows Rows, err error, scan func(Row) (T, error)) ([]T, error) {
	if err != nil {
		return nil, MapError(err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, MapError(err)
		}
		all = append(all, v)
	}
	return all, MapError(rows.Err())
}

// Scan returns the only column of a row.
func Scan[T any](row Row) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}

// Binder builds a query's conditions and numbered arguments.
type Binder struct {
	Args []any

	conditions []string
}

// Bind adds an argument and returns its placeholder.
func (b *Binder) Bind(arg any) string {
	b.Args = append(b.Args, arg)
	return "$" + strconv.Itoa(len(b.Args))
}

// BindAll adds the elements of a list as arguments and returns their placeholders as a list for IN.
func BindAll[T any](b *Binder, list []T) string {
	placeholders := make([]string, len(list))
	for i, arg := range list {
		placeholders[i] = b.Bind(arg)
	}
	return strings.Join(placeholders, ", ")
}

// And adds a condition.
func (b *Binder) And(condition string) { b.conditions = append(b.conditions, condition) }

// Where returns the WHERE clause, or "" if there are no conditions.
func (b *Binder) Where() string {
	if len(b.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(b.conditions, " AND ")
}

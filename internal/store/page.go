package store

import (
	"context"
	"slices"
	"strconv"

	"notary"
	"notary/internal/db"
)

// want is which page of a list is wanted.
type want struct {
	filter        any // what narrows the list, for its cursors
	conditions    []condition
	sort          notary.Sort
	limit         int
	after, before notary.Cursor
}

func wanted(q notary.Query, conditions []condition) want {
	if q.Sort == "" {
		q.Sort = notary.ByID
	}
	return want{filter: q.Filter, conditions: conditions, sort: q.Sort, limit: q.Limit, after: q.After, before: q.Before}
}

// page reads a page. One that lies before a cursor is read in the opposite order from there
// and turned round, so that it costs the same.
func (f finder[T]) page(ctx context.Context, w want) (page notary.Page[T], err error) {
	o := orderOf(w.sort, f.alias)
	from := o.start()
	switch {
	case w.before != "":
		from, err = readCursor(f.what, w, "before", w.before)
		o.down = !o.down
	case w.after != "":
		from, err = readCursor(f.what, w, "after", w.after)
	}
	if err != nil {
		return page, err
	}
	items, end, err := f.walk(ctx, w, o, from)
	if err != nil {
		return page, err
	}
	ahead, behind := &page.Next, &page.Previous
	if w.before != "" {
		ahead, behind = behind, ahead
	}
	if end != nil {
		*ahead = cursorOf(f.what, w, *end)
	}
	switch {
	case w.before == "" && w.after == "": // the first page
	case len(items) > 0:
		*behind = cursorOf(f.what, w, f.placeOf(items[0], o))
	default:
		*behind = cursorOf(f.what, w, o.past(from))
	}
	if w.before != "" {
		slices.Reverse(items)
	}
	page.Items = items
	return page, nil
}

// walk gives the objects that follow a place, as many as are wanted or found in some steps,
// and where it stopped: nil at the end of the list.
func (f finder[T]) walk(ctx context.Context, w want, o order, from place) (items []T, end *place, err error) {
	seen, err := f.glance(ctx, w, o, from)
	if err != nil {
		return nil, nil, err
	}
	if len(seen) > w.limit {
		return f.full(w, o, seen)
	}
	plan, err := f.plan(ctx, w.conditions, o)
	if err != nil {
		return nil, nil, err
	}
	steps := 1
	if plan.stepwise() {
		steps = maxSteps
	}
	for range steps {
		var to *place
		if plan.stepwise() {
			if to, err = f.stepEnd(ctx, plan, o, from, step); err != nil {
				return nil, nil, err
			}
		}
		rows, err := f.rows(ctx, plan, o, from, to, w.limit-len(items)+1)
		if err != nil {
			return nil, nil, err
		}
		items = append(items, rows...)
		if len(items) > w.limit {
			return f.full(w, o, items)
		}
		if to == nil {
			return items, nil, nil
		}
		from = *to
	}
	return items, &from, nil
}

// glance gives what is wanted among the next objects, where the order's index does not find it
// by itself: one more than the page has, or too few to be of use.
func (f finder[T]) glance(ctx context.Context, w want, o order, from place) ([]T, error) {
	plan := f.driven(w.conditions, o)
	if !plan.stepwise() || glance == 0 {
		return nil, nil
	}
	to, err := f.stepEnd(ctx, plan, o, from, glance*(w.limit+1))
	if err != nil {
		return nil, err
	}
	return f.rows(ctx, plan, o, from, to, w.limit+1)
}

// full is a page of the first of the items, of which there are more, and where it stops.
func (f finder[T]) full(w want, o order, items []T) ([]T, *place, error) {
	items = items[:w.limit]
	last := f.placeOf(items[w.limit-1], o)
	return items, &last, nil
}

func (f finder[T]) placeOf(v T, o order) place {
	id, notAfter, commonName := f.key(v)
	switch o.column {
	case "not_after":
		return place{strconv.FormatInt(db.Seconds(notAfter), 10), id}
	case "common_name":
		return place{commonName, id}
	default:
		return place{"", id}
	}
}

// past is the place behind the object of a place: whoever walks back from there meets the
// object first.
func (o order) past(p place) place {
	if o.down {
		return place{p.value, p.id - 1}
	}
	return place{p.value, p.id + 1}
}

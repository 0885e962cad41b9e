package query

import (
	"context"
	"slices"
	"strconv"

	"notary"
	"notary/internal/db"
)

// Want describes a page of a list.
type Want struct {
	Filter        any // identifies the filter in cursors
	Conditions    []Condition
	Sort          notary.Sort
	Limit         int
	After, Before notary.Cursor
	Sealed        bool // whether cursors are encrypted: see [Seal]
}

// Find returns the page that a query selects.
func (l List[T]) Find(ctx context.Context, q notary.Query) (notary.Page[T], error) {
	if q.Sort == "" {
		q.Sort = notary.ByID
	}
	return l.Page(ctx, Want{Filter: q.Filter, Conditions: l.conditions(q.Filter), Sort: q.Sort, Limit: q.Limit,
		After: q.After, Before: q.Before, Sealed: q.Filter.Scope != nil || q.Filter.Owner != 0})
}

// Page returns a page. A page that ends before a cursor is read in the opposite order and reversed. If a cursor is
// malformed or belongs to another list, filter or order, Page returns a [notary.Invalid] error with the field "after"
// or "before".
func (l List[T]) Page(ctx context.Context, w Want) (page notary.Page[T], err error) {
	o := orderOf(w.Sort, l.Alias)
	from := o.start()
	switch {
	case w.Before != "":
		from, err = l.readCursor(w, "before", w.Before)
		o.down = !o.down
	case w.After != "":
		from, err = l.readCursor(w, "after", w.After)
	}
	if err != nil {
		return page, err
	}
	walk := l.walk
	if l.Seen != nil {
		walk = l.walkSeen
	}
	items, end, err := walk(ctx, w, span{order: o, from: from})
	if err != nil {
		return page, err
	}
	ahead, behind := &page.Next, &page.Previous
	if w.Before != "" {
		ahead, behind = behind, ahead
	}
	if end != nil {
		*ahead = l.cursorOf(w, *end)
	}
	switch {
	case w.Before == "" && w.After == "": // the first page
	case len(items) > 0:
		*behind = l.cursorOf(w, l.placeOf(items[0], o))
	default:
		*behind = l.cursorOf(w, o.past(from))
	}
	if w.Before != "" {
		slices.Reverse(items)
	}
	page.Items = items
	return page, nil
}

// walkSeen is like walk for a reader who may not see every object. It reads until it has more than a page of visible
// objects, so that neither the size of the page nor a cursor discloses hidden ones. After maxWalks it returns what it
// has found.
func (l List[T]) walkSeen(ctx context.Context, w Want, s span) (items []T, end *place, err error) {
	limit := w.Limit
	for i := range maxWalks {
		w.Limit = min(max(limit, minWalk<<i), notary.MaxPage)
		all, end, err := l.walk(ctx, w, s)
		if err != nil {
			return nil, nil, err
		}
		seen, err := l.Seen(ctx, all)
		if err != nil {
			return nil, nil, err
		}
		if items = append(items, seen...); len(items) > limit {
			w.Limit = limit
			return l.truncate(w, s.order, items)
		}
		if end == nil {
			return items, nil, nil
		}
		s.from = *end
	}
	return items, &s.from, nil
}

const (
	minWalk  = 100 // objects that walkSeen reads first; doubled each time
	maxWalks = 10
)

// walk returns the objects that follow a place, up to the page's limit or as many as it finds in [Limits].Steps steps.
// It also returns the place where it stopped, or nil at the end of the list.
func (l List[T]) walk(ctx context.Context, w Want, s span) (items []T, end *place, err error) {
	seen, err := l.glance(ctx, w, s)
	if err != nil {
		return nil, nil, err
	}
	if len(seen) > w.Limit {
		return l.truncate(w, s.order, seen)
	}
	if s.plan, err = l.plan(ctx, w.Conditions, s.order); err != nil {
		return nil, nil, err
	}
	steps := 1
	if s.plan.stepwise() {
		steps = l.Limits.Steps
	}
	for range steps {
		s.to = nil
		if s.plan.stepwise() {
			if s.to, err = l.stepEnd(ctx, s, l.Limits.Step); err != nil {
				return nil, nil, err
			}
		}
		rows, err := l.rows(ctx, s, w.Limit-len(items)+1)
		if err != nil {
			return nil, nil, err
		}
		items = append(items, rows...)
		if len(items) > w.Limit {
			return l.truncate(w, s.order, items)
		}
		if s.to == nil {
			return items, nil, nil
		}
		s.from = *s.to
	}
	return items, &s.from, nil
}

// glance samples the next objects and returns the matches, at most one more than the page's limit. If they are fewer,
// the caller discards them. It does nothing if the order's index answers the filter or [Limits].Glance is 0.
func (l List[T]) glance(ctx context.Context, w Want, s span) (items []T, err error) {
	s.plan = l.driven(w.Conditions, s.order)
	if !s.plan.stepwise() || l.Limits.Glance == 0 {
		return nil, nil
	}
	if s.to, err = l.stepEnd(ctx, s, l.Limits.Glance*(w.Limit+1)); err != nil {
		return nil, err
	}
	return l.rows(ctx, s, w.Limit+1)
}

// truncate returns the first w.Limit items and the position of the last one.
func (l List[T]) truncate(w Want, o order, items []T) ([]T, *place, error) {
	items = items[:w.Limit]
	last := l.placeOf(items[w.Limit-1], o)
	return items, &last, nil
}

func (l List[T]) placeOf(v T, o order) place {
	key := l.Key(v)
	switch o.column {
	case "not_after":
		return place{strconv.FormatInt(db.Seconds(key.NotAfter), 10), key.ID}
	case "common_name":
		return place{key.CommonName, key.ID}
	default:
		return place{"", key.ID}
	}
}

// Package damage collects the damaged database records that a node has found since it started.
package damage

import (
	"log/slog"
	"sync"

	"notary"
	"notary/internal/store"
)

const (
	maxLogged = 100     // records logged individually
	maxKnown  = 100_000 // records counted
)

// Records collects damaged records. It logs each of the first maxLogged once.
type Records struct {
	log *slog.Logger

	mu    sync.Mutex
	known map[recordID]bool
	first []notary.Damage // for display
}

type recordID struct {
	kind string
	id   int64
}

// Watch returns a Records that also collects the damage that the store finds.
func Watch(st *store.Store, log *slog.Logger) *Records {
	d := &Records{log: log, known: map[recordID]bool{}}
	st.OnDamage(d.report)
	return d
}

// Found adds a record that cannot be used because of err, unless err only means that the database is unavailable.
func (d *Records) Found(kind string, id int64, err error) {
	if kind := notary.KindOf(err); kind == notary.Unavailable || kind == notary.OutcomeUnknown {
		return // err says nothing about the record
	}
	d.report(notary.Damage{Kind: kind, ID: id, Problem: err.Error()})
}

func (d *Records) report(damage notary.Damage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := recordID{damage.Kind, damage.ID}
	if d.known[id] || len(d.known) == maxKnown {
		return
	}
	d.known[id] = true
	switch n := len(d.known); {
	case n <= maxLogged:
		d.first = append(d.first, damage)
		d.log.Error("a damaged database record was skipped or read in part",
			"kind", damage.Kind, "id", damage.ID, "problem", damage.Problem)
	case n == maxLogged+1:
		d.log.Error("more damaged database records are counted but not logged")
	}
}

// Count returns the number of damaged records found so far, up to maxKnown.
func (d *Records) Count() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return int64(len(d.known))
}

// List returns up to limit of the first maxLogged damaged records.
func (d *Records) List(limit int) []notary.Damage {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]notary.Damage{}, d.first[:min(limit, len(d.first))]...)
}

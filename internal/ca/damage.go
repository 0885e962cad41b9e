package ca

import (
	"log/slog"
	"sync"

	"notary"
)

const (
	maxDamageLogged = 100     // records, each with a line of its own
	maxDamageKnown  = 100_000 // records; further ones are not counted
)

// damages holds the damaged records that this node has found since it started. Each is logged once,
// however often it is read.
type damages struct {
	log *slog.Logger

	mu    sync.Mutex
	known map[recordID]bool
	first []notary.Damage // the first ones, for people
}

type recordID struct {
	kind string
	id   int64
}

func newDamages(log *slog.Logger) *damages {
	return &damages{log: log, known: map[recordID]bool{}}
}

// report notes a damaged record.
func (d *damages) report(damage notary.Damage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := recordID{damage.Kind, damage.ID}
	if d.known[id] || len(d.known) == maxDamageKnown {
		return
	}
	d.known[id] = true
	switch n := len(d.known); {
	case n <= maxDamageLogged:
		d.first = append(d.first, damage)
		d.log.Error("a damaged database record was skipped or read in part",
			"kind", damage.Kind, "id", damage.ID, "problem", damage.Problem)
	case n == maxDamageLogged+1:
		d.log.Error("further damaged database records are counted but not logged")
	}
}

// count returns the number of damaged records.
func (d *damages) count() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return int64(len(d.known))
}

// list returns the first damaged records.
func (d *damages) list(limit int) []notary.Damage {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]notary.Damage{}, d.first[:min(limit, len(d.first))]...)
}

// damaged reports that a record cannot be used because of err.
func (s *Service) damaged(kind string, id int64, err error) {
	if kind := notary.KindOf(err); kind == notary.Unavailable || kind == notary.OutcomeUnknown {
		return // nothing is known of the record
	}
	s.damages.report(notary.Damage{Kind: kind, ID: id, Problem: err.Error()})
}

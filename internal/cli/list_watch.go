package cli

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"text/tabwriter"
	"time"

	"notary"
)

type watch[T any] struct {
	p     *program
	table table[T]
	id    func(T) int64
	read  func() iter.Seq2[T, error]

	seen map[int64][sha256.Size]byte // digests of the objects when last read
	lost bool                        // the server is unavailable
}

func newWatch[T any](p *program, t table[T], id func(T) int64, read func() iter.Seq2[T, error]) *watch[T] {
	return &watch[T]{p: p, table: t, id: id, read: read, seen: map[int64][sha256.Size]byte{}}
}

// run prints the list and then polls it for changes. It returns nil when ctx is done.
func (w *watch[T]) run(ctx context.Context, every time.Duration) error {
	var err error
	if w.p.json {
		err = w.lines(w.whole())
	} else {
		err = printList(w.p, w.whole(), w.table)
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err = w.lines(w.changed()); ctx.Err() == nil {
			err = w.tolerate(err, every)
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// tolerate returns nil if err means that the server is unavailable. It prints the first such error.
func (w *watch[T]) tolerate(err error, every time.Duration) error {
	unavailable := notary.KindOf(err) == notary.Unavailable
	if unavailable && !w.lost {
		w.p.notice("%s; retrying every %s", sentence(err), every)
	}
	w.lost = unavailable
	if unavailable {
		return nil
	}
	return err
}

func (w *watch[T]) whole() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range w.read() {
			if err == nil {
				w.seen[w.id(v)] = digest(v)
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// changed reads the list again and yields new and changed objects.
func (w *watch[T]) changed() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		now := map[int64][sha256.Size]byte{}
		for v, err := range w.read() {
			if err != nil {
				yield(v, err)
				return
			}
			id, sum := w.id(v), digest(v)
			now[id] = sum
			if was, known := w.seen[id]; known && was == sum {
				continue
			}
			w.seen[id] = sum // kept if the list is interrupted
			if !yield(v, nil) {
				return
			}
		}
		w.seen = now
	}
}

func digest(v any) [sha256.Size]byte {
	text, _ := json.Marshal(v) // cannot fail: it was decoded from JSON
	return sha256.Sum256(text)
}

func (w *watch[T]) lines(list iter.Seq2[T, error]) error {
	out := tabwriter.NewWriter(w.p.out, 0, 0, 2, ' ', 0)
	defer out.Flush()
	compact := json.NewEncoder(w.p.out)
	compact.SetEscapeHTML(false)
	for v, err := range list {
		if err != nil {
			return err
		}
		if !w.p.json {
			fmt.Fprintln(out, strings.Join(cleanCells(w.table.row(v)), "\t"))
		} else if err := compact.Encode(v); err != nil {
			return err
		}
	}
	return out.Flush()
}

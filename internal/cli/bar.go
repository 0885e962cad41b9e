package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"notary/internal/store/archive"
)

// bar shows how far a long piece of work is: a line that moves on a terminal, and nothing
// elsewhere.
type bar struct {
	out   io.Writer // nil for nothing
	now   func() time.Time
	shown time.Time
}

func (p *program) newBar() *bar {
	if !isTerminal(p.err) {
		return &bar{}
	}
	return &bar{out: p.err, now: p.now}
}

const (
	barWidth = 30 // characters
	barEvery = 100 * time.Millisecond
)

// show draws the bar anew, though not more often than can be seen.
func (b *bar) show(what string, done, of int64) {
	if b.out == nil || done < of && b.now().Sub(b.shown) < barEvery {
		return
	}
	b.shown = b.now()
	full := barWidth
	if of > 0 {
		full = int(done * barWidth / of)
	}
	fmt.Fprintf(b.out, "\r\x1b[K%s %s%s %d of %d", what, strings.Repeat("█", full), strings.Repeat("░", barWidth-full), done, of)
}

// of is the progress of reading a database.
func (b *bar) of(what string) archive.Progress {
	return func(table string, rows, of int64) { b.show(what+" "+table, rows, of) }
}

// end leaves the line.
func (b *bar) end() {
	if b.out != nil && !b.shown.IsZero() {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}

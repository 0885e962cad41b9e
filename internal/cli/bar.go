package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"notary/internal/store/archive"
)

// bar is a progress bar. It prints nothing unless the output is a terminal.
type bar struct {
	out   io.Writer // nil for no output
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

func (b *bar) show(what string, done, of int64) {
	if b.out == nil || done < of && b.now().Sub(b.shown) < barEvery {
		return
	}
	b.shown = b.now()
	full := barWidth
	if of > 0 {
		full = int(done * barWidth / of)
	}
	fmt.Fprintf(b.out, "\r\x1b[K%s %s%s %d of %d", what, strings.Repeat("█", full), strings.Repeat("░", barWidth-full),
		done, of)
}

func (b *bar) of(what string) archive.Progress {
	return func(table string, rows, of int64) { b.show(what+" "+table, rows, of) }
}

func (b *bar) end() {
	if b.out != nil && !b.shown.IsZero() {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}

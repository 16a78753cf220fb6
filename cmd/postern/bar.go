package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/postern/postern/internal/draft"
)

// bar shows on stderr how far a look is: a bar on a terminal, and a line for
// each tenth elsewhere.
type bar struct {
	c     *terminal
	began time.Time
	drawn time.Time
	tenth int
	last  draft.Progress
}

// every is how often a bar is drawn at most.
const every = 100 * time.Millisecond

func (b *bar) tell(p draft.Progress) {
	if p.Skipped != "" {
		b.clear()
		b.c.progress("%s", strings.TrimPrefix(p.Table+": "+p.Skipped, ": "))
	}
	b.last = p
	if b.onTerminal() {
		if p.Done == p.Total || time.Since(b.drawn) >= every {
			b.drawn = time.Now()
			_, _ = fmt.Fprint(b.c.err, "\r"+b.line(p))
		}
		return
	}
	if tenth := 10 * p.Done / max(p.Total, 1); p.Total >= 20 && tenth > b.tenth && p.Done < p.Total {
		b.tenth = tenth
		b.c.progress("%s", counted(p))
	}
}

// end leaves a line that says what was looked at.
func (b *bar) end() {
	b.clear()
	if b.last.Total > 0 {
		b.c.progress("%s in %s", counted(b.last), rounded(time.Since(b.began)))
	}
}

const cells = 30

func (b *bar) line(p draft.Progress) string {
	full := cells * p.Done / max(p.Total, 1)
	return fmt.Sprintf("[%s%s] %s, %s ", strings.Repeat("█", full), strings.Repeat("░", cells-full), counted(p), time.Since(b.began).Round(time.Second))
}

func counted(p draft.Progress) string {
	return fmt.Sprintf("looked at %d of %d tables, %d rows", p.Done, p.Total, p.Rows)
}

// clear takes the bar off the line, for text.
func (b *bar) clear() {
	if !b.drawn.IsZero() {
		_, _ = fmt.Fprint(b.c.err, "\r\x1b[K")
		b.drawn = time.Time{}
	}
}

func (b *bar) onTerminal() bool {
	f, ok := b.c.err.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

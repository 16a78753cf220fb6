package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// line is one row of the table.
func (f *figure) line() string {
	floor, ratio := "", ""
	if f.floor != nil {
		floor = amount(median(f.bare), f.unit) + ", " + f.above
		ratio = fmt.Sprintf("%.0f%%", 100*f.ratio())
		if f.most {
			ratio = fmt.Sprintf("%.1f ×", f.ratio())
		}
	}
	goal := fmt.Sprintf("%.0f%%", 100*f.goal)
	switch {
	case f.floor == nil || f.limit:
		goal = "≤ " + amount(f.goal, f.unit)
	case f.most:
		goal = fmt.Sprintf("≤ %.0f ×", f.goal)
	}
	work := ""
	if len(f.micros) > 0 {
		work = fmt.Sprintf("%.0f µs", median(f.micros))
	}
	state := "below"
	if f.met() {
		state = "met"
	}
	if f.free {
		goal, state, ratio = "", "", fmt.Sprintf("%.1f ×", f.ratio())
	}
	return "| " + strings.Join([]string{f.name, amount(median(f.got), f.unit), work, floor, ratio, goal, state}, " | ") + " |"
}

func amount(n float64, unit string) string {
	switch {
	case unit == "/s" && n >= 1000:
		return fmt.Sprintf("%d,%03d/s", int(n)/1000, int(n)%1000)
	case unit == "/s":
		return fmt.Sprintf("%.0f/s", n)
	case unit == "s":
		return fmt.Sprintf("%.2f s", n)
	}
	return fmt.Sprintf("%.0f %s", n, unit)
}

func (b *bench) report(figures []*figure) string {
	var t strings.Builder
	fmt.Fprintf(&t, "Measured on %s: %s. Medians of %d runs.\n\n", time.Now().UTC().Format("2006-01-02"), machine(), b.runs)
	t.WriteString("| figure | Postern | its processor time | floor | ratio | goal | |\n|---|---|---|---|---|---|---|\n")
	for _, f := range figures {
		if len(f.got) > 0 {
			t.WriteString(f.line() + "\n")
		}
	}
	if b.group > 0 {
		fmt.Fprintf(&t, "\nAt 32 connections one commit held %.0f records.\n", b.group)
	}
	return t.String()
}

const (
	beginMark = "<!-- figures: rewritten by make bench -->\n"
	endMark   = "<!-- end of figures -->\n"
)

// rewrite puts the table between the document's marks.
func rewrite(file, table string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), beginMark)
	_, after, closed := strings.Cut(rest, endMark)
	if !ok || !closed {
		return fmt.Errorf("%s has no marks to put the table between", file)
	}
	return os.WriteFile(file, []byte(before+beginMark+"\n"+table+"\n"+endMark+after), 0o644) //nolint:gosec // a public document
}

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"
)

// totals of questions, with their shares in percent.
type totals struct {
	Databases, Questions, Correct, Wrong, Abstained, Unscored int
}

func (t *totals) add(o outcome) {
	t.Questions++
	switch {
	case o.unscored:
		t.Unscored++
	case !o.Answered:
		t.Abstained++
	case o.Right:
		t.Correct++
	default:
		t.Wrong++
	}
}

func share(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }

func (t totals) String() string {
	return fmt.Sprintf("%d questions: correct %d (%.1f%%), wrong %d (%.1f%%), abstained %d (%.1f%%), unscored %d",
		t.Questions, t.Correct, share(t.Correct, t.Questions), t.Wrong, share(t.Wrong, t.Questions), t.Abstained, share(t.Abstained, t.Questions), t.Unscored)
}

// point of the curve: what a licence would give.
type point struct {
	Licence        float64
	Correct, Wrong float64 // percent of all questions
	Precision      float64
}

// declined counts the questions that can't be answered.
type declined struct{ Asked, Answered, Unnamed int }

type summary struct {
	Split        string
	Totals       totals
	PerDatabase  map[string]*totals `json:",omitempty"`
	Kinds        map[string]*totals `json:",omitempty"`
	Abstentions  map[string]int
	Wrong        map[string]int
	Curve        []point              `json:",omitempty"`
	Unanswerable map[string]*declined `json:",omitempty"`
	P50, P95     time.Duration        // from question to query
}

func (r *report) summary(o options) summary {
	s := summary{Split: o.split, PerDatabase: map[string]*totals{}, Abstentions: map[string]int{}, Wrong: map[string]int{}}
	var took []time.Duration
	for _, x := range r.outcomes {
		took = append(took, x.took)
		s.Totals.add(x)
		t := s.PerDatabase[x.Database]
		if t == nil {
			t = &totals{Databases: 1}
			s.PerDatabase[x.Database] = t
		}
		t.add(x)
		switch {
		case x.unscored:
		case !x.Answered:
			s.Abstentions[kind(x.Cause)]++
		case !x.Right:
			s.Wrong[x.Differs]++
		}
	}
	s.Totals.Databases = len(s.PerDatabase)
	if !o.perDatabase {
		s.PerDatabase = nil
	}
	if o.kinds {
		s.Kinds = r.kinds()
	}
	if o.curve {
		s.Curve = r.curve()
	}
	slices.Sort(took)
	s.P50, s.P95 = took[len(took)/2], took[len(took)*95/100]
	s.Unanswerable = r.declined()
	return s
}

func (r *report) declined() map[string]*declined {
	out := map[string]*declined{}
	for _, x := range r.strange {
		d := out[x.Gold]
		if d == nil {
			d = &declined{}
			out[x.Gold] = d
		}
		d.Asked++
		switch {
		case x.Answered:
			d.Answered++
		case x.Cause == "":
			d.Unnamed++
		}
	}
	return out
}

// curve has a point for each confidence, thinned to about forty.
func (r *report) curve() (out []point) {
	var read []outcome
	for _, x := range r.outcomes {
		if x.read && !x.unscored {
			read = append(read, x)
		}
	}
	slices.SortStableFunc(read, func(a, b outcome) int { return cmp.Compare(b.Confidence, a.Confidence) })
	correct, every := 0, max(1, len(read)/40)
	for i, x := range read {
		if x.Right {
			correct++
		}
		last := i+1 == len(read)
		if !last && read[i+1].Confidence == x.Confidence || !last && i-len(out)*every < every {
			continue
		}
		n := len(r.outcomes)
		out = append(out, point{x.Confidence, share(correct, n), share(i+1-correct, n), share(correct, i+1)})
	}
	return out
}

func (r *report) print(w io.Writer, o options) error {
	p := printer{w: w}
	s := r.summary(o)
	for _, name := range slices.Sorted(maps.Keys(s.PerDatabase)) {
		p.line("%-36s %s", name, s.PerDatabase[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Kinds)) {
		p.line("%-44s %s", name, s.Kinds[name])
	}
	p.line("%s: %d databases, %s", s.Split, s.Totals.Databases, s.Totals)
	p.line("from question to query: p50 %s, p95 %s", s.P50, s.P95)
	p.causes("wrong", s.Wrong)
	p.causes("abstained", s.Abstentions)
	for _, c := range s.Curve {
		p.line("licence %.3f: correct %.1f%%, wrong %.2f%%, right when answered %.1f%%", c.Licence, c.Correct, c.Wrong, c.Precision)
	}
	for _, why := range slices.Sorted(maps.Keys(s.Unanswerable)) {
		d := s.Unanswerable[why]
		p.line("can't be answered, %s: %d asked, %d answered (%.1f%%), %d declined without a reason", why, d.Asked, d.Answered, share(d.Answered, d.Asked), d.Unnamed)
	}
	return p.err
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// causes prints the twenty most frequent.
func (p *printer) causes(title string, n map[string]int) {
	p.line("%s:", title)
	order := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
	for _, c := range order[:min(20, len(order))] {
		p.line("%6d %s", n[c], c)
	}
}

// writeWrong writes what a rule may learn from: not the held databases.
func (r *report) writeWrong(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	e := json.NewEncoder(f)
	e.SetEscapeHTML(false)
	for _, x := range slices.Concat(r.outcomes, r.strange) {
		if held(x.Database) || x.Answered && x.Right && x.Evidence == nil {
			continue
		}
		if err := e.Encode(x); err != nil {
			f.Close()
			return err
		}
	}
	return f.Close()
}

func text(v any) string { return fmt.Sprint(v) }

package main

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postern/postern/internal/eval"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

// outcome of a question. Right says whether the reading is correct, also where
// it was withheld for its confidence.
type outcome struct {
	Database   string  `json:"database"`
	Question   string  `json:"question"`
	Gold       string  `json:"gold"`
	SQL        string  `json:"sql,omitempty"`
	Answered   bool    `json:"answered"`
	Right      bool    `json:"right"`
	Confidence float64 `json:"confidence,omitempty"`
	Cause      string  `json:"cause,omitempty"`
	Differs    string  `json:"differs,omitempty"` // how the reading's table is not the one that was wanted
	Trace      string  `json:"trace,omitempty"`

	Evidence map[string]float64 `json:"evidence,omitempty"`

	read     bool // there is a reading that compiles
	unscored bool // the accepted statement does not run
	took     time.Duration
	readings []reading // to learn from: the one that was taken, and its rivals
}

// reading is one of a question's.
type reading struct {
	query    semantic.Query
	key      string // of its rows
	evidence map[string]float64
	right    bool
}

// report of a whole run.
type report struct {
	outcomes []outcome
	strange  []outcome // of questions that the database can't answer
}

// workers is how many databases are measured at a time.
const workers = 2

func measureAll(ctx context.Context, o options, asked map[string][]question) (*report, error) {
	dbs := names(asked)
	parts, errs := make([]report, len(dbs)), make([]error, len(dbs))
	var wg sync.WaitGroup
	places := make(chan struct{}, workers)
	for i, name := range dbs {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			other := asked[dbs[(i+7)%len(dbs)]]
			if other[0].Database == name || !o.unanswerable {
				other = nil
			}
			parts[i], errs[i] = measureOne(ctx, o, name, asked[name], other)
		})
	}
	wg.Wait()
	all := &report{}
	for i, p := range parts {
		if errs[i] != nil {
			return nil, errs[i]
		}
		all.outcomes = append(all.outcomes, p.outcomes...)
		all.strange = append(all.strange, p.strange...)
	}
	return all, ctx.Err()
}

func measureOne(ctx context.Context, o options, name string, asked, other []question) (r report, err error) {
	d, err := open(ctx, o, name)
	if err != nil {
		return r, err
	}
	defer d.db.Close()
	d.all = o.settleAll
	gold := map[string]eval.Table{}
	for _, q := range asked {
		r.outcomes = append(r.outcomes, d.measure(ctx, q, gold))
	}
	if o.unanswerable {
		for _, q := range other {
			r.strange = append(r.strange, d.decline(ctx, name, q.Question, "of another database"))
		}
		for _, q := range asked {
			if s, ok := d.bend(q.Question); ok {
				r.strange = append(r.strange, d.decline(ctx, name, s, "of what is not there"))
			}
		}
	}
	return r, ctx.Err()
}

// plan gives the reading of a question, also one that is withheld, settled by
// rows as the agents do it.
func (d *database) plan(ctx context.Context, q string) (o outcome, query semantic.Query) {
	d.ran = map[string]planner.Rows{}
	start := time.Now()
	a := d.planner.Plan(q)
	o = outcome{Question: q, took: time.Since(start), Trace: a.Trace}
	if a.WorthChecking() || a.Read && d.all {
		a = d.settle(ctx, a)
	}
	query, o.read = a.Query, a.Read
	o.Confidence, o.Answered, o.Evidence = a.Confidence, a.OK, a.Evidence
	if !a.OK {
		o.Cause = a.Reason
	}
	if !o.read {
		return o, query
	}
	s, err := semantic.Compile(query, d.model, semantic.SQLite)
	switch {
	case err != nil:
		o.read, o.Answered, o.Cause = false, false, "it does not compile: "+err.Error()
	case len(s.Ambiguous) > 0:
		o.read, o.Answered, o.Cause = false, false, "the way between tables is not clear"
	}
	o.SQL = s.SQL
	if d.all && o.read {
		o.readings = d.readings(ctx, a)
	}
	return o, query
}

// readings settles a question's rivals as if each were the one that was taken.
func (d *database) readings(ctx context.Context, a planner.Answer) []reading {
	out := []reading{{a.Query, d.rows(ctx, a.Query, false).Key(a.Query), a.Evidence, false}}
	for _, c := range a.Checks {
		if c.Rival == nil {
			continue
		}
		r := d.settle(ctx, *c.Rival)
		out = append(out, reading{r.Query, d.rows(ctx, r.Query, false).Key(r.Query), r.Evidence, false})
	}
	return out
}

func (d *database) settle(ctx context.Context, a planner.Answer) planner.Answer {
	checked := make([]planner.Rows, len(a.Checks))
	for i, c := range a.Checks {
		checked[i] = d.rows(ctx, c.Query, c.Stored)
	}
	return d.planner.Settle(a, d.rows(ctx, a.Query, false), checked)
}

// rows runs a query as far as Settle looks.
func (d *database) rows(ctx context.Context, q semantic.Query, stored bool) (r planner.Rows) {
	m := d.model
	if stored {
		m = d.stored
	}
	s, err := semantic.Compile(q, m, semantic.SQLite)
	if err != nil {
		return r
	}
	if r, again := d.ran[s.SQL]; again {
		return r
	}
	if t, err := d.run(ctx, s.SQL, planner.MostRows+1); err == nil && len(t.Rows) <= planner.MostRows {
		r = planner.Rows{Cells: cells(t), Known: true}
	}
	d.ran[s.SQL] = r
	return r
}

func (d *database) measure(ctx context.Context, q question, gold map[string]eval.Table) outcome {
	o, query := d.plan(ctx, q.Question)
	o.Database, o.Gold = q.Database, q.SQL
	want, ok := gold[q.SQL]
	if !ok {
		var err error
		if want, err = d.run(ctx, q.SQL, mostRows); err != nil {
			o.unscored = true
			return o
		}
		gold[q.SQL] = want
	}
	if !o.read {
		return o
	}
	got, err := d.run(ctx, o.SQL, mostRows)
	if err != nil {
		o.Differs = "it does not run"
		return o
	}
	for i := range o.readings {
		o.readings[i].right = d.gives(ctx, o.readings[i].query, want, eval.Ordered(q.SQL))
	}
	if o.Right = eval.Same(got, want, eval.Ordered(q.SQL)); !o.Right {
		o.Differs = d.difference(ctx, query, want, got)
	}
	return o
}

func (d *database) gives(ctx context.Context, q semantic.Query, want eval.Table, ordered bool) bool {
	s, err := semantic.Compile(q, d.model, semantic.SQLite)
	if err != nil {
		return false
	}
	got, err := d.run(ctx, s.SQL, mostRows)
	return err == nil && eval.Same(got, want, ordered)
}

// difference says how a table differs from the one that was wanted.
func (d *database) difference(ctx context.Context, q semantic.Query, want, got eval.Table) string {
	if len(want.Columns) != len(got.Columns) {
		return "other columns"
	}
	if q.Limit > 0 {
		q.Ties = true
		if s, err := semantic.Compile(q, d.model, semantic.SQLite); err == nil {
			if all, err := d.run(ctx, s.SQL, mostRows); err == nil && within(want.Rows, all.Rows) {
				return "a tie"
			}
		}
	}
	switch {
	case !within(want.Rows, got.Rows) || !within(got.Rows, want.Rows):
		if eval.Same(turned(got), turned(want), false) {
			return "columns in other places"
		}
		return "other rows"
	case len(want.Rows) != len(got.Rows):
		return "rows more often or less"
	}
	return "another order"
}

// within reports whether each row of a is in b.
func within(a, b [][]any) bool {
	for _, row := range a {
		one := eval.Table{Rows: [][]any{row}}
		if !slices.ContainsFunc(b, func(o []any) bool { return eval.Same(eval.Table{Rows: [][]any{o}}, one, false) }) {
			return false
		}
	}
	return true
}

// turned sorts the cells within each row, as texts.
func turned(t eval.Table) eval.Table {
	out := eval.Table{Columns: t.Columns}
	for _, row := range t.Rows {
		cells := slices.Clone(row)
		slices.SortStableFunc(cells, func(a, b any) int { return strings.Compare(text(a), text(b)) })
		out.Rows = append(out.Rows, cells)
	}
	return out
}

// particular is also what tables are called: held databases are only counted.
var particular = regexp.MustCompile(`“[^”]*”|\([^)]*\)|(?:what|with|one of) \S+ (?:has|are|is|from)\b|with \S+$`)

// kind of an abstention: without the names that are particular to a question.
func kind(reason string) string {
	c, _, _ := strings.Cut(reason, ":")
	return particular.ReplaceAllString(c, "…")
}

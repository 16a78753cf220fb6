package planner

import (
	"cmp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/exact"
	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// Probe is a look into the data before a question is read: which of the texts
// that it names are values of a column that has too many to know them all.
type Probe struct {
	Table, Column string
	Query         semantic.Query // of at most ProbedValues values of the column
}

// Bounds of a question's probes.
const (
	MostProbes   = 12
	ProbedValues = 10
)

// knowing are Values that say of which columns they hold all values.
type knowing interface {
	Knows(table, column string) bool
}

// Probes gives what to look for before a question is read: of the names in it
// that no known value is, in the columns of text that most likely hold them.
// There are none where all names are known, or all columns are.
func (p *Planner) Probes(question string) []Probe {
	v, ok := p.values.(knowing)
	toks, cut := lexicon.Tokens(question)
	if !ok || cut {
		return nil
	}
	toks = lexicon.Dates(toks)
	var texts []semantic.Value
	for _, n := range p.names(question, toks) {
		for _, s := range spellings(n.text) {
			texts = append(texts, semantic.Value{Class: semantic.Text, Text: s})
		}
	}
	if len(texts) == 0 {
		return nil
	}
	said := map[string]bool{}
	for _, t := range toks {
		said[t.Lemma] = true
	}
	var out []Probe
	for _, r := range p.unknown(v, said) {
		of := semantic.Ref{Set: p.index.table(r.table).Name, Column: p.index.column(r).Name}
		out = append(out, Probe{of.Set, of.Column, semantic.Query{From: of.Set, Distinct: true, Limit: ProbedValues,
			Select: []semantic.Output{{Expr: of}}, Where: semantic.In{Of: of, Values: texts}}})
	}
	return out
}

// spellings are how a name may be stored that is written in the one way.
func spellings(s string) []string {
	lower := strings.ToLower(s)
	title := []rune(lower)
	for i := range title {
		if i == 0 || title[i-1] == ' ' {
			title[i] = []rune(strings.ToUpper(string(title[i])))[0]
		}
	}
	out := []string{s, lower, strings.ToUpper(s), string(title)}
	slices.Sort(out)
	return slices.Compact(out)
}

// unknown gives the columns of text whose values are not known, those first
// that name rows of a table that the question names.
func (p *Planner) unknown(v knowing, said map[string]bool) []ref {
	type ranked struct {
		ref
		rank int
	}
	var all []ranked
	for t := range p.index.model.Tables {
		table := p.index.table(t)
		named := 0
		if slices.ContainsFunc(p.index.words[t], func(w string) bool { return said[w] }) {
			named = 4
		}
		names := p.index.nameOf(t)
		for _, r := range p.index.columns(t) {
			c := p.index.column(r)
			if c.Class != semantic.Text || c.NumericText || c.Complete || v.Knows(table.Name, c.Name) {
				continue
			}
			rank := named
			if slices.Contains(names, r) {
				rank += 2
			}
			if slices.ContainsFunc(lexicon.SplitName(c.Name), func(w string) bool { return said[w] }) {
				rank++
			}
			all = append(all, ranked{r, rank})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(b.rank, a.rank) })
	var out []ref
	for _, r := range all[:min(len(all), MostProbes)] {
		out = append(out, r.ref)
	}
	return out
}

// With gives a planner that knows these values too. It is for the one question
// that they were looked for.
func (p *Planner) With(found []Hit) *Planner {
	if len(found) == 0 {
		return p
	}
	q := *p
	q.values = beside{p.values, found}
	if p.exact != nil {
		q.exact = exact.New(p.index.model, exactValues(q.values))
	}
	return &q
}

// beside are values with a few more.
type beside struct {
	Values
	found []Hit
}

// Find implements Values.
func (b beside) Find(text string) []Hit {
	hits := b.Values.Find(text)
	folded := lexicon.Fold(text)
	for _, h := range b.found {
		if lexicon.Fold(h.Value) == folded {
			h.Exact = true
			hits = append(hits, h)
		}
	}
	return hits
}

// Resembling implements resembling.
func (b beside) Resembling(text string) (near, within []Hit) {
	if v, ok := b.Values.(resembling); ok {
		return v.Resembling(text)
	}
	return nil, nil
}

package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// told takes the evidence of what the question says of the parts of its
// reading: which of them nobody said, and how many other things are called so.
func (b *builder) told(e evidence) {
	x := b.p.index
	said := func(t int) bool {
		w := x.words[t]
		return len(w) > 0 && b.f.words[role(w[len(w)-1])]
	}
	tables := map[int]bool{}
	for _, s := range b.f.slots() {
		tables[s.pick.table] = true
		if s.soft || s.text == "" {
			continue
		}
		if w := lexicon.SplitName(s.text); len(w) > 0 {
			e.most("called so", float64(len(x.stems[lexicon.Stem(w[len(w)-1])])))
		}
	}
	for t := range tables {
		e.add("tables unsaid", bit(!said(t)))
	}
	e.on("head unsaid", b.head >= 0 && !said(b.head))
	share := func(name string, s *slot) {
		if s == nil || s.pick.column < 0 {
			return
		}
		c := x.column(s.pick.ref)
		if rows := x.table(s.pick.table).Rows; rows > 0 && c.Distinct >= 0 {
			e.most(name, float64(c.Distinct)/float64(rows))
		}
	}
	for _, g := range b.f.groups {
		share("distinct share grouped", g)
	}
	for _, s := range b.f.supers {
		share("distinct share of the most", s.slot)
	}
	for _, p := range b.f.preds {
		share("distinct share of a condition", p.slot)
		e.on("compares a text", p.kind == compare && !p.rows && p.agg == "" && p.slot != nil && p.slot.pick.column >= 0 && p.op != semantic.Eq && p.op != semantic.Ne && x.column(p.slot.pick.ref).Class == semantic.Text && !x.column(p.slot.pick.ref).NumericText)
	}
	last := -1
	for _, o := range b.f.outs {
		if o.agg == semantic.Sum || o.agg == semantic.Avg {
			e.on("adds a time up", o.slot.pick.column >= 0 && x.isTime(o.slot.pick.ref))
		}
		e.on("shown out of order", o.slot.at < last)
		last = o.slot.at
	}
}

// restated compares the words of the question with those that the reading is
// restated in: what is in one only was not said, or says nothing.
func (e evidence) restated(toks []lexicon.Token, text string) {
	asked, again := map[string]bool{}, map[string]bool{}
	for _, t := range toks {
		if !t.Mark {
			for _, w := range lexicon.SplitName(t.Text) {
				if telling(w) {
					asked[lexicon.Stem(w)] = true
				}
			}
		}
	}
	for _, f := range strings.Fields(text) {
		for _, w := range lexicon.SplitName(strings.Trim(f, "“”\"',.()")) {
			if telling(w) {
				again[lexicon.Stem(w)] = true
			}
		}
	}
	only := func(a, b map[string]bool) (n float64) {
		for w := range a {
			n += bit(!b[w])
		}
		return n
	}
	e["restated unsaid"], e["said unrestated"] = only(again, asked), only(asked, again)
	e["words restated"] = 1 - e["said unrestated"]/max(1, float64(len(asked)))
}

// telling words are no part of the language that every question is put in.
func telling(w string) bool {
	ph, ok := lexicon.Lookup(strings.ToLower(w))
	return len(w) > 2 && !edgeWord(strings.ToLower(w)) && (!ok || ph.Kind != lexicon.Filler && ph.Kind != lexicon.Prep)
}

// looks tells what a result looks like: what is missing in it, and whether it
// tells its rows apart.
func (e evidence) looks(cells [][]*string) {
	if len(cells) == 0 {
		return
	}
	nulls, constant := 0.0, 0.0
	for c := range cells[0] {
		missing, same, ones := 0.0, true, true
		for _, row := range cells {
			missing += bit(row[c] == nil || *row[c] == "")
			same = same && equalCells(row[c], cells[0][c])
			ones = ones && row[c] != nil && *row[c] == "1"
		}
		nulls = max(nulls, missing/float64(len(cells)))
		constant += bit(same)
		e.on("row of ones", ones && len(cells) > 1)
	}
	e["rows missing"] = nulls
	if len(cells) > 2 {
		e.add("rows constant", constant)
	}
	e.on("row number", len(cells) == 1 && len(cells[0]) == 1 && cells[0][0] != nil && number1(*cells[0][0]))
	e.on("rows one for many", len(cells) == 1 && e["plural"] > 0)
}

func equalCells(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func number1(s string) bool {
	return s != "" && !slices.ContainsFunc([]rune(s), func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '-' })
}

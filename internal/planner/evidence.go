package planner

import (
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// evidence is what tells a right reading from a wrong one: facts of the
// question's words, of how they were read, of the way between tables, and of
// the tables that the reading and its rivals give. None is of one schema. Each
// is a number by a name; what is not there is 0.
type evidence map[string]float64

func (e evidence) add(name string, n float64) {
	if n != 0 {
		e[name] += n
	}
}

func (e evidence) on(name string, yes bool) {
	if yes {
		e[name] = 1
	}
}

func (e evidence) most(name string, n float64) {
	if n > e[name] {
		e[name] = n
	}
}

// words takes the evidence of a question's words as they were first read.
func (e evidence) words(p *Planner, toks []lexicon.Token, items []item) {
	for i, t := range toks {
		if !t.Mark {
			e.add("words", 1)
			e.add("respelt", bit(t.Respelt))
		} else if t.Text != "," && i+1 < len(toks) {
			e.add("sentences", 1)
		}
	}
	if len(toks) > 0 {
		switch l := toks[0].Lower; l {
		case "what", "which", "who", "how", "show", "list", "find", "give", "count", "return", "when", "where":
			e.on("begins with "+l, true)
		}
	}
	weakest := 1.0
	for _, it := range items {
		switch it.kind {
		case kColumn, kTable:
			s := top(it.cols, it.tabs)
			weakest = min(weakest, s)
			e.add("terms", 1)
			e.on("weak term", s < 0.85)
			e.add("dim terms", bit(s < 0.75))
			e.most("columns as near", float64(level(it.cols, 0.03)))
			e.most("columns about as near", float64(level(it.cols, 0.15)))
			e.add("table or column", bit(len(it.cols) > 0 && len(it.tabs) > 0 && it.cols[0].score > 0.85 && it.tabs[0].score > 0.85))
		case kPred:
			e.add("parts of values", 1)
		case kValue:
			e.valueWords(p, it, toks)
			e.add("near values", bit(it.arg == "near"))
			e.namesTerms(p, it, toks)
		case byte(lexicon.And), byte(lexicon.Or), byte(lexicon.Comma), byte(lexicon.Not), byte(lexicon.Verb), byte(lexicon.Each), byte(lexicon.Relative), byte(lexicon.Filler):
			e.add("kind "+string(rune(it.kind)), 1)
		}
	}
	e["weakest term"] = weakest
	e.pairs("said", kindsOf(items))
	if len(toks) > 1 {
		e.on("asks for one", toks[0].Lower == "what" && (toks[1].Lower == "is" || toks[1].Lower == "was") || toks[0].Lower == "who" && toks[1].Lower == "is")
	}
	if n := len(items); n > 1 {
		last := items[n-1]
		if last.kind == byte(lexicon.Stop) {
			last = items[n-2]
		}
		e.on("ends open", last.kind == byte(lexicon.Prep) || last.kind == byte(lexicon.Verb) || last.kind == byte(lexicon.Filler))
	}
}

// pairs counts what kinds of words stand side by side.
func (e evidence) pairs(name, kinds string) {
	for i := range len(kinds) - 1 {
		e.on(name+" "+kinds[i:i+2], true)
	}
}

func (e evidence) valueWords(p *Planner, it item, toks []lexicon.Token) {
	e.add("values", 1)
	places := map[ref]bool{}
	for _, h := range it.vals {
		if r, ok := p.index.locate(h); ok {
			places[r] = true
		}
	}
	e.most("places of a value", float64(len(places)))
	e.add("inexact values", bit(!it.vals[0].Exact))
	e.add("plain values", bit(!toks[it.start].Quoted && !written(toks[it.start])))
	e.add("terms as values", bit(len(it.cols) > 0 || len(it.tabs) > 0))
}

func bit(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// level is how many readings are as near as the first, within a distance.
func level(cs []cand, within float64) (n int) {
	for _, c := range cs {
		n += int(bit(c.score >= cs[0].score-within))
	}
	return n
}

// read takes the evidence of a reading.
func (b *builder) read(e evidence, s standing) {
	f := b.f
	weakest, next, sum := 1.0, 1.0, 0.0
	for _, s := range f.slots() {
		sum += min(s.pick.score, 1)
		if s.pick.score < weakest {
			weakest, next = s.pick.score, weakest
		} else {
			next = min(next, s.pick.score)
		}
		e.add("slots", 1)
		e.most("namesakes", b.p.index.namesakes(s.pick.ref))
		b.p.index.nameEvidence(e, s)
		e.add("contested", bit(contested(b.p, s, 0.05)))
		e.add("nearly contested", bit(contested(b.p, s, 0.2)))
		e.add("not its owner's", bit(s.owners != nil && !s.owns(s.pick.table)))
		e.add("soft", bit(s.soft))
	}
	e["weakest reading"], e["second weakest"] = weakest, next
	e["mean reading"] = sum / max(1, e["slots"])
	e["tables there are"] = float64(len(b.p.index.model.Tables))
	e["margin"], e["third"] = s.margin, s.third
	e.add("not the nearest", float64(s.raw))
	for _, o := range f.outs {
		e.add("meanings", bit(o.measure != ""))
	}
	for _, p := range f.preds {
		e.add("meanings", bit(p.kind == named))
	}
	e.on("curated", b.p.index.curated)
	e.add("tables", float64(b.tables))
	e.on("rows of two tables", b.f.beside != nil)
	e.add("detour", float64(b.hops-(b.tables-1)))
	e.add("verbs", float64(f.verbs))
	e.add("guessed verbs", float64(f.guessed))
	e.add("hints", float64(len(f.hints)))
	e.on("fallback", f.fallback)
	e.on("kinds", b.kinds())
	e.on("plural", f.plural)
	e.on("no head", f.head == nil)
	e.add("named more", float64(len(f.also)))
	for _, s := range f.supers {
		e.on("superlative", true)
		e.on("frequent", s.freq)
		e.on("frequent elsewhere", b.frequentOf >= 0)
		e.on("frequent of what is there once", s.freq && b.frequentOf < 0 && s.slot != nil && b.thereOnce(s.slot))
		e.on("most rows of one", s.rows && b.tables == 1)
		e.on("most rows", s.rows)
		e.on("a column counts it", s.rows && s.slot != nil && b.p.index.countedBy(s.slot))
		e.on("soft superlative", s.slot != nil && s.slot.soft)
		e.on("most of a rank", s.slot != nil && b.ranks(s.slot))
		e.on("most of an aggregate", s.agg != "")
	}
	b.shownEvidence(e)
	b.predEvidence(e)
	b.textEvidence(e)
	e.on("limit", b.q.Limit > 0)
	e.on("one shown", b.q.Limit == 1)
	e.add("sets", float64(len(b.q.Sets)))
	e.on("having", b.q.Having != nil)
	e.on("within groups", len(b.q.Within) > 0)
	e.add("grouped by", float64(len(b.q.Group)))
	e.on("from", b.q.From != "")
	e.on("distinct", b.q.Distinct)
}

// nameEvidence compares what is said of a slot with the name of what was
// picked for it.
func (x *index) nameEvidence(e evidence, s *slot) {
	if s.soft || s.text == "" {
		return
	}
	said := lexicon.SplitName(s.text)
	name := x.words[s.pick.table]
	if s.pick.column >= 0 {
		name = lexicon.SplitName(x.column(s.pick.ref).Name)
		said = append(said, x.words[s.pick.table]...)
	}
	for _, w := range name {
		e.add("unsaid words", bit(!stemIn(said, w)))
	}
	if s.pick.column >= 0 {
		name = append(slices.Clone(name), x.words[s.pick.table]...)
		said = lexicon.SplitName(s.text)
	}
	for _, w := range said {
		if ph, ok := lexicon.Lookup(w); !ok || ph.Kind != lexicon.Filler && ph.Kind != lexicon.Prep {
			e.add("words in no name", bit(!stemIn(name, w)))
		}
	}
}

func stemIn(words []string, w string) bool {
	s := lexicon.Stem(w)
	return slices.ContainsFunc(words, func(o string) bool { return lexicon.Stem(o) == s })
}

// countedBy tells that rows are counted that a number of another column may
// be the count of: shops, and the number of shops of each district.
func (x *index) countedBy(s *slot) bool {
	said := lexicon.SplitName(s.text)
	if len(said) == 0 {
		return false
	}
	return x.numbers[lexicon.Stem(said[len(said)-1])]
}

// saysKey tells that a key is asked for by name.
func saysKey(text string) bool {
	words := lexicon.SplitName(text)
	return len(words) > 0 && labels[words[len(words)-1]]
}

// namesakes is how many columns of other tables are called the same.
func (x *index) namesakes(r ref) float64 {
	if r.column < 0 {
		return 0
	}
	n := 0
	for t := range x.model.Tables {
		if t != r.table {
			if _, ok := x.named(t, x.column(r).Name); ok {
				n++
			}
		}
	}
	return float64(n)
}

// ranks tells a column of places, of which the first is the highest.
func (b *builder) ranks(s *slot) bool {
	if s.pick.column < 0 {
		return false
	}
	w := lexicon.SplitName(b.p.index.column(s.pick.ref).Name)
	return slices.ContainsFunc(w, func(w string) bool {
		return w == "rank" || w == "ranking" || w == "position" || w == "place" || w == "seed"
	})
}

// contested tells that another reading of a slot is nearly as near as the one
// taken, and says something else.
func contested(p *Planner, s *slot, within float64) bool {
	for _, o := range s.opts {
		if o.ref != s.pick.ref && o.score >= s.pick.score-within && (o.column < 0 || s.pick.column < 0 || !p.index.joined(o.ref, s.pick.ref)) {
			return true
		}
	}
	return false
}

func (b *builder) shownEvidence(e evidence) {
	for _, o := range b.f.outs {
		e.add("shown", 1)
		e.on("shown elsewhere", o.slot.owners != nil && !o.slot.owns(o.slot.pick.table))
		e.on("weak shown", o.slot.pick.score < 0.85)
		e.on("unowned", o.slot.owners == nil && !o.rows)
		e.on("counts rows", o.rows)
		e.on("a column counts it", o.rows && b.p.index.countedBy(o.slot))
		e.on("shows what is given", slices.ContainsFunc(b.f.preds, func(p *pred) bool {
			return p.kind == among && !p.neg && len(p.values) == 1 && p.slot != nil && o.agg == "" && p.slot.pick.ref == o.slot.pick.ref
		}))
		e.on("counts values", o.agg == semantic.Count && !o.rows)
		e.on("most of a rank", (o.agg == semantic.Min || o.agg == semantic.Max) && b.ranks(o.slot))
		e.on("aggregate", o.agg != "" && o.agg != semantic.Count)
		e.on("number asked for", o.counts)
		e.on("full name", o.full)
		if r := o.slot.pick.ref; o.agg == "" && r.column >= 0 {
			role := b.p.index.column(r).Role
			e.on("shows a key", role == semantic.Key)
			e.on("shows a foreign key", role == semantic.Foreign)
			e.on("shows a name", b.naming(r))
			e.on("shows a number", b.p.index.isNumber(r))
			e.on("shows of another table", b.head >= 0 && r.table != b.head)
			c := b.p.index.column(r)
			if rows := b.p.index.table(r.table).Rows; rows > 0 && c.Distinct >= 0 {
				e.most("distinct share shown", float64(c.Distinct)/float64(rows))
				e.on("shows what repeats", c.Distinct < rows)
			}
			e.on("shows a key unasked", (role == semantic.Key || role == semantic.Foreign) && !saysKey(o.slot.text))
		}
	}
	e.on("count of one", len(b.f.outs) == 1 && b.f.outs[0].rows)
	e.on("beside aggregate", b.aggregated() && len(b.f.groups) == 0 && len(b.f.outs) > 1)
	e.on("different", b.f.distinct)
	e.add("groups", float64(len(b.f.groups)))
	for _, g := range b.f.groups {
		e.on("groups by a table", g.pick.column < 0)
	}
	e.add("sorted", float64(len(b.f.orders)))
}

func (b *builder) predEvidence(e evidence) {
	for _, p := range b.f.preds {
		e.add("conditions", 1)
		e.on("negated", p.neg && p.kind != related)
		e.on("or", len(p.or) > 0)
		e.on("bare", p.bare)
		e.on("like", p.kind == like)
		e.on("nested", p.kind == nested)
		e.on("without", p.kind == related)
		e.on("without such", len(p.inner) > 0)
		e.on("counted", p.rows)
		e.on("compared", p.kind == compare && !p.rows)
		e.on("range", p.kind == between)
		e.on("extreme", p.kind == extreme)
		e.on("several values", len(p.values) > 1)
		e.on("all of them", p.both || p.listed)
		e.on("bare in several", p.bare && len(p.slot.opts) > 1)
		e.on("guessed column", p.slot != nil && p.slot.soft && !p.bare)
		if p.slot != nil && p.slot.pick.column >= 0 && b.head >= 0 && p.slot.pick.table != b.head {
			many, _ := b.p.index.toMany(b.head, p.slot.pick.table)
			e.add("condition elsewhere", 1)
			e.add("condition on many", bit(many))
		}
	}
}

// textEvidence tells what takes texts for numbers: that they all are is known
// of some, and what else reads the data may order them as texts.
func (b *builder) textEvidence(e evidence) {
	text := func(s *slot) bool {
		return s != nil && s.pick.column >= 0 && b.p.index.column(s.pick.ref).NumericText
	}
	for _, p := range b.f.preds {
		e.on("text compared", (p.kind == compare && !p.rows || p.kind == between || p.kind == nested) && text(p.slot))
	}
	for _, s := range b.f.supers {
		e.on("text ordered", !s.rows && !s.freq && s.agg == "" && text(s.slot))
	}
	for _, o := range b.f.orders {
		e.on("text ordered", o.out == nil && text(o.slot))
	}
	for _, o := range b.f.outs {
		e.on("text extreme", (o.agg == semantic.Min || o.agg == semantic.Max) && text(o.slot))
	}
}

// texts names the columns of numbers held as texts that are compared or
// ordered by.
func (b *builder) texts() (names []string) {
	for _, s := range b.f.slots() {
		if s.pick.column < 0 || !b.p.index.column(s.pick.ref).NumericText {
			continue
		}
		if n := b.p.index.column(s.pick.ref).Name; !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// openClause is what says which rows, and then says nothing: "that are
// logged in".
var openClause = regexp.MustCompile(`wb?v[pz.]*$`)

// left takes the evidence of what reduction left, and interpret passed over.
func (e evidence) left(kinds string) {
	e.add("left", float64(len(kinds)))
	e.pairs("left", kinds)
	e.on("ends in a clause", openClause.MatchString(kinds))
	for _, k := range "phvwbe&+." {
		e.add("left "+string(k), float64(strings.Count(kinds, string(k))))
	}
}

package planner

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// Kinds of items that were reduced. Each holds its node.
const (
	kOutput  = 'G' // *output with an aggregate
	kRows    = 'K' // *output that counts
	kPred    = 'F' // *pred
	kSuper   = 'S' // *super
	kOrders  = 'O' // []*orderBy
	kGroup   = 'E' // []*slot
	kWithout = 'A' // *pred: has no rows of a table
)

// rule rewrites the leftmost stretch of kinds that matches; do refuses a
// match by giving false.
type rule struct {
	re *regexp.Regexp
	do func(ps *parse, m []item) ([]item, bool)
}

// parse is one question on its way from items to a form.
type parse struct {
	p     *Planner
	items []item
	f     form
	lo    int // where the match that a rule is given begins and ends
	hi    int
}

func (ps *parse) kinds() string {
	b := make([]byte, len(ps.items))
	for i, it := range ps.items {
		b[i] = it.kind
	}
	return string(b)
}

// maxSteps bounds the work on one question.
const maxSteps = 400

func (ps *parse) reduce(rules []rule) {
	steps := 0
	for _, r := range rules {
		for from := 0; from < len(ps.items) && steps < maxSteps; {
			m := r.re.FindStringIndex(ps.kinds()[from:])
			if m == nil {
				break
			}
			steps++
			lo, hi := from+m[0], from+m[1]
			ps.lo, ps.hi = lo, hi
			out, ok := r.do(ps, ps.items[lo:hi])
			if !ok {
				from = lo + 1
				continue
			}
			ps.items = slices.Replace(ps.items, lo, hi, out...)
			from = lo
			if len(out) > 0 && len(out) >= hi-lo {
				from = lo + 1
			}
		}
	}
}

func re(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }

// clean drops filler, and words that only say "some".
func clean(items []item) []item {
	out := items[:0:0]
	for i, it := range items {
		if n := len(out); it.kind == kUnknown && n > 0 && (out[n-1].kind == kTable || out[n-1].kind == kColumn) && general[lexicon.Lemma(strings.ToLower(it.text))] {
			continue
		}
		if it.kind == byte(lexicon.Filler) || it.kind == byte(lexicon.Exists) && i+1 < len(items) {
			continue
		}
		out = append(out, it)
	}
	return out
}

// general words add nothing to the noun before them: faculty members.
var general = map[string]bool{"member": true, "item": true, "record": true, "entry": true, "info": true, "information": true, "data": true, "instance": true, "listing": true,
	"size": true, "amount": true, "value": true, "figure": true}

// one makes a reduced item out of the items it stands for.
func one(kind byte, node any, m []item) []item {
	it := item{kind: kind, node: node, start: m[0].start, end: m[len(m)-1].end}
	words := make([]string, len(m))
	for i, x := range m {
		words[i] = x.text
	}
	it.text = strings.Join(words, " ")
	return []item{it}
}

func only(m []item, kinds string) []item {
	var out []item
	for _, it := range m {
		if strings.IndexByte(kinds, it.kind) >= 0 {
			out = append(out, it)
		}
	}
	return out
}

func first(m []item, kinds string) (item, bool) {
	for _, it := range m {
		if strings.IndexByte(kinds, it.kind) >= 0 {
			return it, true
		}
	}
	return item{}, false
}

// columnOf gives an item's readings as a column, nil when it has none.
func columnOf(it item, w want) *slot {
	if len(it.cols) == 0 || it.kind == kTable && it.cols[0].score < 0.7 {
		return nil
	}
	if it.arg == "full" {
		return nil
	}
	return &slot{opts: it.cols, text: it.text, at: it.start, want: w}
}

func tableOf(it item) *slot {
	if len(it.tabs) == 0 {
		return nil
	}
	return &slot{opts: it.tabs, text: it.text, at: it.start, want: tableOnly}
}

func compareOp(arg string) (semantic.CompareOp, string) {
	op, idea, _ := strings.Cut(arg, ":")
	ops := map[string]semantic.CompareOp{"gt": semantic.Gt, "lt": semantic.Lt, "ge": semantic.Ge, "le": semantic.Le, "eq": semantic.Eq, "ne": semantic.Ne}
	return ops[op], idea
}

func aggOp(arg string) semantic.AggOp { return semantic.AggOp(arg) }

// hasNot tells that a stretch holds an odd number of negations.
func hasNot(m []item) bool { return len(only(m, "!"))%2 == 1 }

// ideaSlot gives the columns that an adjective may be about.
func (ps *parse) ideaSlot(idea string, it item) *slot {
	s := &slot{text: it.text, at: it.start, want: orderable, soft: true, flip: map[ref]bool{}}
	for rank, word := range lexicon.Ideas[idea] {
		name, flipped := strings.CutPrefix(word, "-")
		for _, c := range ps.p.index.find([]string{name}) {
			if c.column < 0 || slices.ContainsFunc(s.opts, func(o cand) bool { return o.ref == c.ref }) {
				continue
			}
			c.score = 0.85*c.score - 0.05*float64(rank)
			s.opts = append(s.opts, c)
			s.flip[c.ref] = flipped
		}
	}
	if idea == "time" {
		ps.dates(s)
	}
	if len(s.opts) == 0 {
		return nil
	}
	return s
}

// dates adds every date column and every year to a slot.
func (ps *parse) dates(s *slot) {
	for t := range ps.p.index.model.Tables {
		for c := range ps.p.index.model.Tables[t].Columns {
			r := ref{t, c}
			if ps.p.index.isMoment(r) && !slices.ContainsFunc(s.opts, func(o cand) bool { return o.ref == r }) {
				s.opts = append(s.opts, cand{r, 0.6})
			}
		}
	}
}

// before and after give the kinds next to the match, 0 at the ends.
func (ps *parse) before() byte {
	if ps.lo == 0 {
		return 0
	}
	return ps.items[ps.lo-1].kind
}

func (ps *parse) after() byte {
	if ps.hi >= len(ps.items) {
		return 0
	}
	return ps.items[ps.hi].kind
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

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
	toks  []lexicon.Token
	items []item
	f     form
	lo    int // where the match that a rule is given begins and ends
	hi    int
}

// shape is what the question was reduced to; what has no place is in brackets.
func (ps *parse) shape() string {
	var b strings.Builder
	for _, it := range ps.items {
		if slices.Contains(ps.f.unplaced, it.text) {
			b.WriteString("[" + string(rune(it.kind)) + "]")
			continue
		}
		b.WriteByte(it.kind)
	}
	return b.String()
}

func (ps *parse) kinds() string { return kindsOf(ps.items) }

func kindsOf(items []item) string {
	b := make([]byte, len(items))
	for i, it := range items {
		b[i] = it.kind
	}
	return string(b)
}

// maxSteps bounds the work on one question.
const maxSteps = 400

func (ps *parse) reduce(rules []rule) {
	steps, kinds := 0, ps.kinds()
	for _, r := range rules {
		for from := 0; from < len(ps.items) && steps < maxSteps; {
			m := r.re.FindStringIndex(kinds[from:])
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
			kinds = ps.kinds()
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
	quant := ""
	for i, it := range items {
		if n := len(out); it.kind == kUnknown && n > 0 && (out[n-1].kind == kTable || out[n-1].kind == kColumn) && general[lexicon.Lemma(strings.ToLower(it.text))] {
			continue
		}
		if n := len(out); n > 0 && it.kind == kColumn && it.start == out[n-1].end && out[n-1].kind == kColumn && countWord[lexicon.Lemma(strings.ToLower(it.text))] {
			out[n-1].end = it.end // sorted by enrollment numbers: by the enrollment
			continue
		}
		if it.kind == byte(lexicon.Filler) || it.kind == byte(lexicon.Exists) && i+1 < len(items) {
			if q := strings.ToLower(it.text); quantifiers[q] {
				quant = q
			} else if it.kind == byte(lexicon.Exists) {
				quant = "some" // older than at least one of them
			} else if q == "at least one" || q == "at least 1" || q == "one or more" {
				quant = "some"
			}
			if n := len(out); n > 0 && out[n-1].end == it.start && (it.text == "'" || it.text == "’") {
				out[n-1].end = it.end // the teachers' names
			}
			continue
		}
		it.quant, quant = quant, ""
		if n := len(out); n > 0 && it.kind == byte(lexicon.Not) && out[n-1].kind == it.kind && out[n-1].end == it.start && strings.HasPrefix(strings.ToLower(it.text), "not") {
			continue // do no not have: one slip of the pen is no two denials
		}
		if n := len(out); n > 0 && said(out, it) {
			for n = len(out); n > 0 && (out[n-1].kind == byte(lexicon.Prep) || out[n-1].kind == byte(lexicon.Relative)); n-- {
				out = out[:n-1]
			}
			continue
		}
		out = append(out, it)
	}
	return equalTo(out)
}

// equalTo reads "equal to A" as "is A".
func equalTo(items []item) []item {
	for i := range items {
		if it := &items[i]; i > 0 && (rowWord[strings.ToLower(it.text)] && it.kind == kUnknown || strings.ToLower(it.text) == "time") && bounded(items[:i]) {
			*it = item{kind: byte(lexicon.Times), text: it.text, start: it.start, end: it.end} // more than 2 records
		}
		if it := &items[i]; it.kind == byte(lexicon.Compare) && it.arg == "eq" && i > 0 && i+1 < len(items) && (items[i+1].kind == kValue || items[i+1].kind == kQuoted) {
			it.kind, it.arg = byte(lexicon.Be), ""
		}
	}
	return items
}

// rowWord tells words for rows of whatever is spoken of.
var rowWord = map[string]bool{"record": true, "records": true, "entries": true, "rows": true, "instances": true, "occurrences": true}

// bounded tells that items end with a bound of a number: more than 2, 2 or more.
func bounded(items []item) bool {
	n := len(items)
	return n > 1 && (items[n-1].kind == kNumber && items[n-2].kind == byte(lexicon.Compare) || items[n-1].kind == byte(lexicon.Compare) && items[n-2].kind == kNumber)
}

var quantifiers = map[string]bool{"any": true, "some": true, "all": true}

// said tells that an item only takes up one from before: the players of that
// team, the number of books in that year.
func said(before []item, it item) bool {
	n := len(before)
	if n < 2 || it.kind != kColumn && it.kind != kTable || before[n-1].kind != byte(lexicon.Relative) || !strings.HasPrefix(strings.ToLower(before[n-1].text), "that") || before[n-2].kind != byte(lexicon.Prep) && before[n-2].kind != byte(lexicon.By) && before[n-2].kind != byte(lexicon.Verb) {
		return false
	}
	best := func(it item) []cand {
		if it.kind == kTable {
			return it.tabs
		}
		return it.cols
	}
	return slices.ContainsFunc(before[:n-1], func(b item) bool {
		return b.kind == it.kind && slices.ContainsFunc(best(b), func(c cand) bool { return c.ref == best(it)[0].ref && c.score > 0.6 })
	})
}

// measures reads "how old" as the columns that say so.
func (ps *parse) measures(items []item) []item {
	for i, it := range items {
		if it.kind != byte(lexicon.Measure) {
			continue
		}
		if ofTotal(items[i+1:]) {
			items[i].kind = byte(lexicon.Filler) // how long is the total time
			continue
		}
		s := ps.ideaSlot(it.arg, it)
		if s == nil {
			continue
		}
		s.opts = slices.DeleteFunc(s.opts, func(c cand) bool { return s.flip[c.ref] || !ps.p.index.isNumber(c.ref) })
		if len(s.opts) > 0 {
			items[i].kind, items[i].arg, items[i].cols = kColumn, "", s.opts
		}
	}
	return items
}

// ofTotal tells that what comes next is an aggregate, which says itself what is
// measured.
func ofTotal(items []item) bool {
	for _, it := range items {
		switch lexicon.Kind(it.kind) {
		case lexicon.Be, lexicon.Filler:
			continue
		case lexicon.Agg:
			return true
		}
		return false
	}
	return false
}

// general words add nothing to the noun before them: faculty members.
var general = map[string]bool{"member": true, "item": true, "record": true, "entry": true, "info": true, "information": true, "data": true, "instance": true, "listing": true,
	"size": true, "amount": true, "value": true, "figure": true, "table": true, "case": true, "history": true}

// countWord tells words that only say that the column before them is of
// numbers.
var countWord = map[string]bool{"number": true, "figure": true}

// one makes a reduced item out of the items it stands for.
func one(kind byte, node any, m []item) []item {
	it := item{kind: kind, node: node, start: m[0].start, end: m[len(m)-1].end}
	words := make([]string, len(m))
	for i, x := range m {
		words[i] = x.text
		if it.quant == "" {
			it.quant = x.quant
		}
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
			if c.column < 0 {
				continue
			}
			c.score = 0.85*c.score - 0.05*float64(rank)
			if i := slices.IndexFunc(s.opts, func(o cand) bool { return o.ref == c.ref }); i >= 0 {
				s.opts[i].score = max(s.opts[i].score, c.score)
				continue
			}
			s.opts = append(s.opts, c)
			s.flip[c.ref] = flipped
		}
	}
	if idea == "time" {
		ps.dates(s)
	}
	for _, c := range s.opts { // who has worked the longest began first
		if idea == "length" && slices.Contains(lexicon.SplitName(ps.p.index.column(c.ref).Name), "date") && ps.p.index.isMoment(c.ref) {
			s.flip[c.ref] = true
		}
	}
	if idea == "age" { // the oldest order is the one of the earliest date
		for _, r := range ps.p.index.moments {
			if !slices.ContainsFunc(s.opts, func(o cand) bool { return o.ref == r }) {
				s.opts, s.flip[r] = append(s.opts, cand{r, 0.3}), true
			}
		}
	}
	if len(s.opts) == 0 {
		return nil
	}
	return s
}

// dates adds every date column and every year to a slot.
func (ps *parse) dates(s *slot) {
	for _, r := range ps.p.index.moments {
		if !slices.ContainsFunc(s.opts, func(o cand) bool { return o.ref == r }) {
			s.opts = append(s.opts, cand{r, 0.6})
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

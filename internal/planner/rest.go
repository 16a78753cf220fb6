package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// rest takes the items that are no phrase's part. It gives how many more than
// one it took.
func (r *reader) rest(i int) int {
	it, next := r.items[i], r.at(i+1)
	switch lexicon.Kind(it.kind) {
	case lexicon.Be, lexicon.Prep, lexicon.And, lexicon.Comma, lexicon.Exists, lexicon.Filler, lexicon.By:
		return 0
	case lexicon.Stop, lexicon.Also:
		r.begin(it, next)
		return 0
	case lexicon.Have, lexicon.Relative:
		if r.later && len(r.f.outs) == r.shown {
			return 0 // List the result with the name
		}
		r.selecting = r.selecting && len(r.f.outs) == 0 && r.f.head == nil
		return 0
	case lexicon.Top:
		if next.kind == kNumber {
			r.f.limit = atoi(next.arg)
			return 1
		}
	case lexicon.Period:
		if r.grain(it) {
			return 0
		}
	case lexicon.Write:
		r.f.why = "it asks to change data, and only questions are answered here"
		return 0
	case lexicon.Chat:
		r.f.why = "it asks for something other than data"
		return 0
	}
	if !r.verb(i) && !r.sorting(i, it, next) && !r.counting(i, it, next) {
		r.f.unplaced = append(r.f.unplaced, it.text)
	}
	return 0
}

// at gives item i, a zero one past the end.
func (r *reader) at(i int) item {
	if i < len(r.items) {
		return r.items[i]
	}
	return item{}
}

// begin starts a new sentence, or a new part of one, which may show more.
func (r *reader) begin(it, next item) {
	r.selecting, r.shown = true, len(r.f.outs)
	if r.f.head != nil {
		r.last = r.f.head
	}
	if it.kind == byte(lexicon.Stop) && next.kind != 0 {
		r.sentence, r.later = len(r.f.outs), true
	}
}

// verb takes a word that links rows on trust: the join says how. One that says
// which rows, without anything it links to, has no place.
func (r *reader) verb(i int) bool {
	it, next := r.items[i], r.at(i+1)
	if it.kind != byte(lexicon.Verb) {
		return false
	}
	listed := next.kind == byte(lexicon.And) || next.kind == byte(lexicon.Comma)
	switch {
	case r.selecting && listed && len(r.f.outs) == 0, i > 0 && r.items[i-1].kind == kOrders && !(r.ends(i+1) && r.ordersByTime(r.items[i-1])):
		return false
	case i > 0 && r.items[i-1].kind == kRows && r.ends(i+1) && !bland[strings.ToLower(it.text)] && !r.linksUsed(it):
		return false // how many users logged in: not all of them
	case i > 1 && r.items[i-1].kind == byte(lexicon.Be) && r.ends(i+1) && r.subject(i-2):
		// the towns where they were born
	case i > 0 && r.items[i-1].kind == byte(lexicon.Be) && r.ends(i+1) && !bland[strings.ToLower(it.text)]:
		return false // "that are closed" says which, and nothing here says how
	}
	if it.arg == "guess" {
		if i == 0 || r.ends(i+1) || strings.IndexByte("TCwbhFVSKE#&p", r.items[i-1].kind) < 0 || next.end > 0 && next.start == it.end && strings.IndexByte("TCK", next.kind) >= 0 && r.items[i-1].kind != 'w' && r.items[i-1].kind != 'T' {
			return false
		}
		r.f.guessed++
	}
	r.f.verbs++
	if cs := r.p.index.find([]string{lexicon.Lemma(strings.ToLower(it.text))}); len(cs) > 0 {
		r.f.hints = append(r.f.hints, cs)
	}
	return true
}

// subject tells that what ends at item i is of whom a relative clause speaks:
// "where the student with that name" lives, "that no customer" lives in.
func (r *reader) subject(i int) bool {
	if r.items[i].kind == byte(lexicon.Relative) {
		return strings.HasPrefix(strings.ToLower(r.items[i].text), "where")
	}
	for ; i > 0 && strings.IndexByte("TFAChp", r.items[i].kind) >= 0; i-- {
		if b := r.items[i-1]; b.kind == byte(lexicon.Relative) || strings.HasSuffix(strings.ToLower(b.text), "which") {
			return strings.IndexByte("TFA", r.items[i].kind) >= 0
		}
	}
	return false
}

// linksUsed tells a verb that names a table or column which the question has
// already, or what is before the rows that it is said of.
func (r *reader) linksUsed(it item) bool {
	return len(only(r.items, "CTEFSAM")) > 0
}

// byBoth is what two tables share: both used by guests and by staff.
var byBoth = re(`^jv?yT&y?T`)

// sorting takes the words of order and list that no phrase has.
func (r *reader) sorting(i int, it, next item) bool {
	last := next.kind == 0 || next.kind == byte(lexicon.Stop)
	switch lexicon.Kind(it.kind) {
	case lexicon.Direction:
		return r.sortShown(it)
	case lexicon.Sort:
		if i := slices.IndexFunc(r.f.outs, func(o *output) bool { return o.agg == semantic.Count }); next.kind == byte(lexicon.Count) && i >= 0 {
			r.f.orders = append(r.f.orders, &orderBy{out: r.f.outs[i]})
			return true // ordered by the count
		}
		return last || next.kind == byte(lexicon.Direction) || next.kind == byte(lexicon.Prep) && strings.Contains(it.text, "sort") || it.text == "listed"
	case lexicon.Between:
		return next.kind == kTable
	case lexicon.Both:
		if next.kind == byte(lexicon.By) || next.kind == byte(lexicon.Verb) && r.at(i+2).kind == byte(lexicon.By) {
			return byBoth.MatchString(kindsOf(r.items[i:]))
		}
		return next.kind == kColumn || next.kind == kTable || next.kind == kOutput || next.kind == kPred
	case lexicon.Either:
		return slices.ContainsFunc(r.items, func(it item) bool {
			p, ok := it.node.(*pred)
			return ok && (len(p.or) > 0 || len(p.values) > 1 && !p.both && (p.kind == among || p.kind == like))
		})
	case lexicon.Distinct:
		r.f.distinct = true
		return true
	case lexicon.Whole:
		if i := slices.IndexFunc(r.items, func(o item) bool { return o.end == it.start }); i >= 0 && r.items[i].kind == kWithout {
			return true // without address information
		}
		r.f.whole = len(r.f.outs) == 0
		return r.f.whole
	}
	return false
}

// counting takes the words of number and group that no phrase has.
func (r *reader) counting(i int, it, next item) bool {
	last := next.kind == 0 || next.kind == byte(lexicon.Stop)
	shows := func(agg bool) bool {
		return slices.ContainsFunc(r.f.outs, func(o *output) bool { return (o.agg != "") == agg })
	}
	switch lexicon.Kind(it.kind) {
	case lexicon.Each:
		verb := next.kind == byte(lexicon.Verb) || next.kind == byte(lexicon.Have)
		ordered := slices.ContainsFunc(r.f.orders, func(o *orderBy) bool { return o.out != nil })
		if w := strings.ToLower(it.text); len(r.f.outs) > 1 && !shows(true) && (w == "of each" || w == "for each" || w == "each") && (last || next.kind == byte(lexicon.Comma)) {
			return true // the names, and the access counts of each
		}
		return (last || verb) && (shows(true) || ordered) && shows(false) || len(r.f.groups) > 0 && next.kind == kGroup
	case lexicon.Count:
		if next.kind == kOutput { // the number and the average age of students
			for _, t := range r.items {
				if t.kind == kTable && t.start > it.start {
					r.f.outs = append(r.f.outs, &output{slot: tableOf(t), rows: true, agg: semantic.Count, at: it.start})
					return true
				}
			}
			return false
		}
		if r.countAgain() {
			return true
		}
		if r.last != nil && r.last == r.f.head && len(r.f.outs) > 0 && !shows(true) && len(r.f.supers) == 0 && (next.kind == byte(lexicon.Be) || next.kind == kGroup) && len(only(r.items, "E")) == 1 {
			r.f.outs = append(r.f.outs, &output{slot: r.last, rows: true, agg: semantic.Count, at: it.start})
			return true // the types of games, and how many are in each type
		}
		if r.trails(i+1) && r.countMost(it) {
			return true
		}
		r.f.counted = len(r.f.supers) == 1 && r.f.supers[0].freq && last
		return r.f.counted
	case lexicon.Number:
		if (next.kind == kTable || next.kind == kColumn) && len(only(r.items, "S")) > 0 {
			r.f.limit = atoi(it.arg)
			return true
		}
	}
	return false
}

// countMost shows how many rows the one with the most has: "and how many".
func (r *reader) countMost(it item) bool {
	if len(r.f.supers) != 1 || !r.f.supers[0].rows || r.f.supers[0].slot == nil {
		return false
	}
	if h := r.f.head; h != nil && len(r.f.outs) == 0 {
		r.nameToo(item{text: h.text, start: h.at, tabs: h.opts})
	}
	r.f.outs = append(r.f.outs, &output{slot: r.f.supers[0].slot, rows: true, agg: semantic.Count, at: it.start})
	return true
}

// trails tells that from item i to the end of its sentence there are only
// words that link: "did they make", "of them live".
func (r *reader) trails(i int) bool {
	for ; i < len(r.items) && r.items[i].kind != byte(lexicon.Stop); i++ {
		switch lexicon.Kind(r.items[i].kind) {
		case lexicon.Prep, lexicon.Verb, lexicon.Have, lexicon.Be:
		default:
			return false
		}
	}
	return true
}

// sameOutput tells that two counts or aggregates are of the same.
func sameOutput(a, b *output) bool {
	return a.agg == b.agg && a.rows == b.rows && len(a.slot.opts) > 0 && len(b.slot.opts) > 0 && a.slot.opts[0].ref == b.slot.opts[0].ref
}

// countAgain takes a word for the count that is shown already: "List the id
// and the count", in this order.
func (r *reader) countAgain() bool {
	n := slices.IndexFunc(r.f.outs, func(o *output) bool { return o.agg == semantic.Count })
	if n < 0 && r.sentence > 0 && len(r.f.outs) > r.sentence {
		for _, o := range r.f.orders {
			if o.out != nil && o.out.rows { // sorted by the number of guests; show the names and counts
				r.f.outs = append(r.f.outs, o.out)
				return true
			}
		}
	}
	if n >= 0 && n < r.sentence {
		r.toEnd(n)
	}
	return n >= 0
}

// toEnd moves what an earlier sentence asked for behind what this one shows.
func (r *reader) toEnd(n int) {
	o := r.f.outs[n]
	r.f.outs = append(slices.Delete(r.f.outs, n, n+1), o)
	r.sentence--
	r.shown = min(r.shown, r.sentence)
}

// bland participles hold of every row there is.
var bland = map[string]bool{"listed": true, "recorded": true, "stored": true, "shown": true, "offered": true, "provided": true, "located": true,
	"involved": true, "found": true, "given": true, "used": true, "registered": true, "sold": true, "made": true, "held": true, "located in": true}

// ends tells that from item i on there is nothing but a preposition.
func (r *reader) ends(i int) bool {
	for ; i < len(r.items); i++ {
		switch lexicon.Kind(r.items[i].kind) {
		case lexicon.Prep, lexicon.Stop:
		default:
			return false
		}
	}
	return true
}

// sortShown orders by what is shown: "in alphabetical order".
func (r *reader) sortShown(it item) bool {
	if n := len(r.f.orders); n > 0 && it.arg == "abc" {
		return true
	} else if n > 0 {
		r.f.orders[n-1].desc = it.arg == "desc"
		return true
	}
	if o := r.measuredBy(it); o != nil && it.arg != "abc" {
		r.f.orders = append(r.f.orders, o)
		return true
	}
	if len(r.f.outs) == 0 && it.arg == "abc" {
		r.f.abc = true // an alphabetically ordered list
		return true
	}
	if n := slices.IndexFunc(r.f.outs, func(o *output) bool { return o.agg != "" }); n >= 0 && it.arg != "abc" && len(r.f.outs) > 1 {
		r.f.orders = append(r.f.orders, &orderBy{out: r.f.outs[n], desc: it.arg == "desc"})
		return true
	}
	if len(r.f.outs) == 0 || it.arg != "abc" && len(r.f.outs) > 1 {
		return false
	}
	r.f.orders = append(r.f.orders, &orderBy{slot: r.f.outs[0].slot, desc: it.arg == "desc"})
	return true
}

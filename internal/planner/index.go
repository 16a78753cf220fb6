package planner

import (
	"maps"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// ref names a table of the model, or a column of it; column is -1 for the
// table itself.
type ref struct{ table, column int }

// cand is one reading of a word, and how near it is, 0 to 1.
type cand struct {
	ref
	score float64
}

// index finds the model's terms by the words people use for them.
type index struct {
	model  *semantic.Model
	keys   map[string][]cand // lemmas without spaces, in order
	bags   map[string][]cand // lemmas sorted: "birth date", "date of birth"
	stems  map[string][]cand // single words of names by stem
	words  [][]string        // each table's words
	edges  [][]edge          // joins by table
	names  map[string]int    // tables by lower-case name
	abbrev map[byte][]part   // single words of names by first letter, for abbreviations

	curated bool            // a person has written the model, or parts of it
	numbers map[string]bool // stems of the words that columns of numbers are called by

	vocabulary map[string]bool // single words of names
	moments    []ref           // dates and years
	meanings   map[string]item // measures and filters, by their lemmas
	subject    map[string]bool // words of the product's name
}

type part struct {
	word string
	cand
}

type edge struct {
	to    int
	join  int
	many  bool // one row here may have many there
	cols  []string
	their []string
}

func newIndex(m *semantic.Model) *index {
	x := &index{model: m, keys: map[string][]cand{}, bags: map[string][]cand{}, stems: map[string][]cand{}, names: map[string]int{}, abbrev: map[byte][]part{}, vocabulary: map[string]bool{}}
	x.words = make([][]string, len(m.Tables))
	x.edges = make([][]edge, len(m.Tables))
	for t := range m.Tables {
		x.names[strings.ToLower(m.Tables[t].Name)] = t
		x.words[t] = lexicon.SplitName(m.Tables[t].Name)
	}
	for t := range m.Tables {
		x.addTable(t)
		for c := range m.Tables[t].Columns {
			x.addColumn(t, c)
			if x.isMoment(ref{t, c}) {
				x.moments = append(x.moments, ref{t, c})
			}
		}
		if key, ok := x.soleKey(t); ok { // whatever it is called, a key is an id
			id := 0.85
			if !x.saysID(key) && x.hasID(t) {
				id = 0.6 // another column of the table is called so
			}
			x.add([]string{"id"}, cand{key, id})
			x.add(append(slices.Clone(x.words[t]), "id"), cand{key, id + 0.03})
			x.add([]string{"number"}, cand{key, 0.7}) // a flight's number
			x.add(append(slices.Clone(x.words[t]), "number"), cand{key, 0.75})
		}
	}
	for t := range m.Tables {
		x.addKeyName(t)
	}
	x.curated = curated(m)
	x.numbers = map[string]bool{}
	for t := range m.Tables {
		for _, r := range x.columns(t) {
			if x.isNumber(r) {
				for _, w := range lexicon.SplitName(x.column(r).Name) {
					x.numbers[lexicon.Stem(w)] = true
				}
			}
		}
	}
	x.addMeanings()
	x.addSubject()
	for j, join := range m.Joins {
		from, ok1 := x.names[strings.ToLower(join.From)]
		to, ok2 := x.names[strings.ToLower(join.To)]
		if ok1 && ok2 {
			many := join.Cardinality == semantic.ManyToOne || join.Cardinality == semantic.ManyToMany
			x.edges[from] = append(x.edges[from], edge{to: to, join: j, many: join.Cardinality == semantic.OneToMany || join.Cardinality == semantic.ManyToMany, cols: join.Columns, their: join.RefColumns})
			x.edges[to] = append(x.edges[to], edge{to: from, join: j, many: many, cols: join.RefColumns, their: join.Columns})
		}
	}
	return x
}

// addKeyName adds, for a table whose key is called after its rows by another
// name, that name: a table of visitors whose key is tourist_id holds tourists.
func (x *index) addKeyName(t int) {
	key, ok := x.soleKey(t)
	if !ok || x.column(key).Role != semantic.Key {
		return
	}
	w := lexicon.SplitName(x.column(key).Name)
	if len(w) != 2 || !tails[w[1]] || len(w[0]) < 4 || slices.Contains(x.words[t], w[0]) {
		return
	}
	if !slices.ContainsFunc(x.words, func(o []string) bool { return slices.Contains(o, w[0]) }) {
		x.add(w[:1], cand{ref{t, -1}, 0.85})
	}
}

// curated tells a model that has what no draft has: synonyms and filters.
func curated(m *semantic.Model) bool {
	said := len(m.Filters) > 0 || slices.ContainsFunc(m.Measures, func(x semantic.Measure) bool { return len(x.Synonyms) > 0 })
	for _, t := range m.Tables {
		said = said || len(t.Synonyms) > 0 || slices.ContainsFunc(t.Columns, func(c semantic.Column) bool { return len(c.Synonyms) > 0 })
	}
	return said
}

// saysID tells a column whose name ends in "id".
func (x *index) saysID(r ref) bool {
	w := lexicon.SplitName(x.column(r).Name)
	return len(w) > 0 && w[len(w)-1] == "id"
}

func (x *index) hasID(t int) bool {
	return slices.ContainsFunc(x.columns(t), func(r ref) bool { return x.saysID(r) })
}

// generic first words of table names, that nobody says.
var prefixes = map[string]bool{"reference": true, "tbl": true, "tb": true, "dim": true, "fact": true, "table": true, "the": true}

func (x *index) addTable(t int) {
	table := &x.model.Tables[t]
	here := ref{t, -1}
	for _, name := range append([]string{table.Name, table.Label}, table.Synonyms...) {
		w := lexicon.SplitName(name)
		if len(w) == 0 {
			continue
		}
		x.add(w, cand{here, 1})
		x.key(strings.ToLower(name), cand{here, 1})
		if len(w) > 1 && prefixes[w[0]] {
			w = w[1:]
			x.add(w, cand{here, 0.97})
		}
		if last := len(w) - 1; last > 0 && bareEnds[w[last]] {
			x.add(w[:last], cand{here, 0.9}) // SportsInfo: sports
		}
		for i := 1; i < len(w); i++ {
			x.add(w[i:], cand{here, 0.8})
			x.add(w[:i], cand{here, 0.6})
		}
		x.parts(w, cand{here, 0.5})
	}
}

// bareEnds are last words of table names that say of what they hold nothing.
var bareEnds = map[string]bool{"information": true, "data": true, "table": true, "list": true, "tbl": true}

// tails are last words of column names that people leave out: role code, role.
var tails = map[string]bool{"name": true, "code": true, "id": true, "number": true, "description": true, "text": true, "detail": true,
	"value": true, "flag": true, "type": true, "amount": true, "date": true, "time": true, "title": true, "usd": true, "dollar": true, "percent": true, "year": true, "is": true, "in": true}

func (x *index) addColumn(t, c int) {
	col := &x.model.Tables[t].Columns[c]
	here := ref{t, c}
	for _, name := range append([]string{col.Name, col.Label}, col.Synonyms...) {
		w := lexicon.SplitName(name)
		if len(w) == 0 {
			continue
		}
		x.add(w, cand{here, 1})
		x.key(strings.ToLower(name), cand{here, 1})
		x.owned(t, w, here)
		if len(w) > 1 && (w[0] == "be" || w[0] == "is" || w[0] == "has" || w[0] == "have") {
			x.add(w[1:], cand{here, 0.95}) // is_sold: sold
		}
		if last := w[len(w)-1]; len(w) > 1 && tails[last] {
			x.add(w[:len(w)-1], cand{here, tailScore(last)})
			if last == "id" && col.Role == semantic.Foreign {
				x.key(strings.Join(w[:len(w)-1], "")+"number", cand{here, 0.72}) // the manager's number
			}
		}
		if len(w) > 1 && w[0] == "mean" {
			x.add(append([]string{"average"}, w[1:]...), cand{here, 0.95})
		} else if len(w) > 1 && w[0] == "average" {
			x.add(append([]string{"mean"}, w[1:]...), cand{here, 0.95})
		}
		if n := unitless(w); n < len(w) && n > 0 {
			x.add(w[:n], cand{here, 0.8})
		}
		if n := slices.Index(w, "in"); n > 0 && n == len(w)-2 && x.isNumber(here) { // share_in_percent
			x.add(w[:n], cand{here, 0.85})
		}
		for i := 1; i < len(w); i++ {
			x.add(w[i:], cand{here, 0.66})
			if i > 1 {
				x.add(w[:i], cand{here, 0.62})
			}
		}
		x.parts(w, cand{here, 0.5})
	}
}

// owned adds a column's name with and without its table's: customer_name is
// the name of customers, and the customer name.
func (x *index) owned(t int, w []string, here ref) {
	tw := x.words[t]
	rest := x.bare(t, w)
	if strings.Join(w, "") == strings.Join(tw, "") { // the column "team" of table team is its name
		x.add([]string{"name"}, cand{here, 0.9})
		x.add(append(slices.Clone(tw), "name"), cand{here, 0.95})
	}
	if len(rest) == len(w) { // amount_payment is the amount of payments
		if bare := slices.DeleteFunc(slices.Clone(w), func(s string) bool { return slices.Contains(tw, s) }); len(bare) > 0 && len(bare) < len(w) {
			x.add(bare, cand{here, 0.9})
		}
	}
	if !slices.Equal(rest, w) {
		x.add(rest, cand{here, 0.95})
		if last := rest[len(rest)-1]; len(rest) > 1 && tails[last] {
			x.add(rest[:len(rest)-1], cand{here, tailScore(last) - 0.03})
		}
	}
	if len(tw) > 1 && prefixes[tw[0]] {
		tw = tw[1:]
	}
	x.add(append(slices.Clone(tw), rest...), cand{here, 0.97})
	if len(tw) > 1 {
		x.add(append(slices.Clone(tw[len(tw)-1:]), rest...), cand{here, 0.93})
		x.add(append(slices.Clone(tw[:1]), rest...), cand{here, 0.9})
	}
}

// initialled are words that names of columns write after the first letter of
// their table's.
var initialled = map[string]bool{"name": true, "title": true, "city": true, "id": true, "no": true, "type": true, "date": true}

// bare gives a column's words without those that only repeat its table's, also
// abbreviated: cust_name and cname of customers are their names.
func (x *index) bare(t int, w []string) []string {
	tw := x.words[t]
	if len(w) == 1 && len(w[0]) > 1 && initialled[w[0][1:]] && slices.ContainsFunc(tw, func(o string) bool { return o[0] == w[0][0] }) {
		return []string{w[0][1:]}
	}
	short := len(w) > 0 && tails[w[len(w)-1]]
	for len(w) > 1 && slices.ContainsFunc(tw, func(o string) bool { return o == w[0] || short && lexicon.Abbreviates(w[0], o) }) {
		w = w[1:]
	}
	return w
}

// units are last words of names that say what a number is counted in.
var units = map[string]bool{"kg": true, "km": true, "mph": true, "kmh": true, "gb": true, "mb": true, "kb": true, "tb": true, "mib": true, "gib": true, "cm": true, "mm": true, "ft": true, "lb": true, "hz": true,
	"mhz": true, "ghz": true, "euro": true, "eur": true, "gbp": true, "f": true, "c": true, "m": true, "meter": true, "metre": true, "inch": true, "mile": true, "foot": true, "km2": true, "sqft": true, "gram": true, "litre": true, "liter": true}

// unitless is how many of a name's words are left without its unit: RAM_MiB.
func unitless(w []string) int {
	n := len(w)
	if n > 2 && (w[n-2] == "mi" || w[n-2] == "gi" || w[n-2] == "ki") && w[n-1] == "b" {
		return n - 2
	}
	for n > 1 && (units[w[n-1]] || w[n-1] == "per" && n < len(w)) {
		n--
	}
	return n
}

// tailScore is what is left of a name's score without its last word. Nobody
// says "order" and means its id.
func tailScore(last string) float64 {
	if last == "id" {
		return 0.6
	}
	return 0.75
}

func (x *index) add(w []string, c cand) {
	x.key(strings.Join(w, ""), c)
	bag := plainWords(w)
	w = slices.Clone(bag)
	slices.Sort(bag)
	put(x.bags, strings.Join(bag, " "), c)
	if len(w) > 1 && len(w) < 5 && c.column >= 0 {
		put(x.stems, stemBag(w), c)
	}
}

// plainWords are a name's words without those that only join them: unit of
// measure.
func plainWords(w []string) []string {
	out := w[:0:0]
	for i, l := range w {
		if i == 0 || i == len(w)-1 || l != "of" && l != "for" && l != "in" && l != "the" {
			out = append(out, l)
		}
	}
	return out
}

// stemBag is the key of several words by their stems, in any order.
func stemBag(w []string) string {
	bag := make([]string, len(w))
	for i := range w {
		bag[i] = lexicon.Stem(w[i])
	}
	slices.Sort(bag)
	return strings.Join(bag, " ")
}

func (x *index) key(k string, c cand) { put(x.keys, k, c) }

func (x *index) parts(w []string, c cand) {
	for _, p := range w {
		if len(p) < 3 {
			continue
		}
		x.vocabulary[p] = true
		if len(p) > 3 {
			put(x.stems, lexicon.Stem(p), c)
			put(x.keys, p, cand{c.ref, 0.45})
		}
		if len(w) == 1 && (c.column < 0 || !lexicon.Known(p)) {
			c.score = 0.8 // enr: the enrollment
		}
		x.abbrev[p[0]] = append(x.abbrev[p[0]], part{p, c})
	}
}

// put keeps the best score of each reading.
func put(m map[string][]cand, k string, c cand) {
	if k == "" {
		return
	}
	for i := range m[k] {
		if m[k][i].ref == c.ref {
			m[k][i].score = max(m[k][i].score, c.score)
			return
		}
	}
	m[k] = append(m[k], c)
}

// find gives the readings of the words as a term, best first.
func (x *index) find(lemmas []string) []cand {
	content := make([]string, 0, len(lemmas))
	for i, l := range lemmas {
		if joining := l == "of" || l == "for" || l == "in"; i > 0 && i < len(lemmas)-1 && (joining || l == "the" && (lemmas[i-1] == "of" || lemmas[i-1] == "for" || lemmas[i-1] == "in")) {
			continue
		}
		content = append(content, lexicon.Expand(l)...)
	}
	got := map[ref]float64{}
	take := func(cs []cand, factor float64) {
		for _, c := range cs {
			got[c.ref] = max(got[c.ref], c.score*factor)
		}
	}
	take(x.keys[strings.Join(lemmas, "")], 1)
	take(x.keys[strings.Join(content, "")], 1)
	if len(content) == 2 {
		if content[0] != "number" {
			take(x.keys[content[1]+content[0]], 0.95) // date of birth: birthdate
		}
		x.both(content[0], content[1], take)
	}
	if len(content) > 1 && len(content) < 5 {
		take(x.stems[stemBag(content)], 0.93)
	}
	if len(content) > 1 {
		bag := slices.Clone(content)
		slices.Sort(bag)
		take(x.bags[strings.Join(bag, " ")], 0.96)
	}
	if len(lemmas) == 1 {
		x.single(lemmas[0], take)
	}
	x.near(content, 0.8, lexicon.Near, take)
	if n := len(content); n > 1 && tails[content[n-1]] { // decor type: decor
		for _, c := range x.keys[strings.Join(content[:n-1], "")] {
			if c.column >= 0 && c.score > 0.9 {
				take([]cand{c}, 0.88)
			}
		}
	}
	if !slices.ContainsFunc(slices.Collect(maps.Values(got)), func(s float64) bool { return s > 0.55 }) {
		x.near(content, 0.75, lexicon.Loose, take)
	}
	return ranked(got)
}

// both gives the columns whose names hold both words, apart.
func (x *index) both(a, b string, take func([]cand, float64)) {
	for _, c := range x.keys[a] {
		if c.column < 0 || !slices.ContainsFunc(x.keys[b], func(o cand) bool { return o.ref == c.ref }) {
			continue
		}
		if w := lexicon.SplitName(x.column(c.ref).Name); slices.Contains(w, a) && slices.Contains(w, b) {
			take([]cand{{c.ref, 0.8}}, 1)
		}
	}
}

func (x *index) single(l string, take func([]cand, float64)) {
	if len(l) > 3 {
		take(x.stems[lexicon.Stem(l)], 0.9)
	}
	if l == "" {
		return
	}
	for _, p := range x.abbrev[l[0]] {
		if lexicon.Abbreviates(p.word, l) || lexicon.Abbreviates(l, p.word) && len(l) > 3 {
			take([]cand{p.cand}, 0.9)
		}
	}
}

// near replaces one word by others of its meaning.
func (x *index) near(content []string, factor float64, words func(string) []string, take func([]cand, float64)) {
	if len(content) > 3 || len(content) == 1 && content[0] == "count" {
		return
	}
	for i, w := range content {
		for _, n := range words(w) {
			other := slices.Clone(content)
			other[i] = n
			take(x.keys[strings.Join(other, "")], factor)
			if len(other) > 1 { // number of rooms: room count
				slices.Sort(other)
				take(x.bags[strings.Join(other, " ")], 0.96*factor)
			}
		}
	}
}

func ranked(got map[ref]float64) []cand {
	cs := make([]cand, 0, len(got))
	for r, s := range got {
		cs = append(cs, cand{r, s})
	}
	slices.SortFunc(cs, func(a, b cand) int {
		switch {
		case a.score != b.score:
			if a.score > b.score {
				return -1
			}
			return 1
		case a.table != b.table:
			return a.table - b.table
		}
		return a.column - b.column
	})
	return cs
}

func (x *index) column(r ref) *semantic.Column { return &x.model.Tables[r.table].Columns[r.column] }
func (x *index) table(t int) *semantic.Table   { return &x.model.Tables[t] }

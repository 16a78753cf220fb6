package planner

import (
	"github.com/postern/postern/internal/semantic"
)

// slot is a column or table the question names, with its readings until
// resolve picks one.
type slot struct {
	opts    []cand
	pick    cand
	text    string
	at      int          // token
	owners  []cand       // tables that the question puts it under: "name of the team"
	want    want         // what the rest of the phrase needs of it
	flip    map[ref]bool // readings that turn the direction round: oldest by birth date
	soft    bool         // guessed from an idea ("older"), not named
	set     string       // the name of its table here, when that is there twice
	inverse bool         // a table that is said to be had: "whose prerequisite is", "as a prerequisite"
	hits    map[ref][]string
}

// want is what a phrase needs of its column.
type want int

const (
	anything want = iota
	number
	orderable // a number or a date
	label     // no measure: to group by
	moment    // a date or a year
	tableOnly
)

// output is a column of the answer.
type output struct {
	slot     *slot
	agg      semantic.AggOp // "" is the column itself
	rows     bool           // counts rows of slot's table
	distinct bool
	counts   bool   // a number that was asked for as "the number of"
	full     bool   // all that names a row of the column's table
	measure  string // of the model
	share    bool   // its part of the whole
	percent  bool   // in hundredths
	at       int
}

type predKind int

const (
	compare predKind = iota
	between
	among // equal to any or all of the values
	like
	null
	nested  // compared with an aggregate over all rows
	related // has, or has not, rows of another table
	extreme // equal to the most or least of all rows
	sharing // has the same value as such rows of its own table
	reports // has such a row of its own table above it
	named   // a filter of the model
	truth   // a column of truths is true
	allOf   // all of inner, of one row
	columns // compared with another column of the same row
	holds   // has a row of another table that leads here by the key slot
)

// pred is a condition of the question.
type pred struct {
	kind   predKind
	slot   *slot
	op     semantic.CompareOp
	values []string
	match  semantic.MatchKind
	agg    semantic.AggOp // of a nested comparison; of the left side of a having
	neg    bool
	both   bool // every value, on different rows
	listed bool // values joined by a plain "and"
	count  int  // related: how many
	inner  []*pred
	or     []*pred // or any of these
	at     int
	name   string // of a filter of the model
	of     *super // nested: compared with the row that is the extreme of this
	under  []cand // related: what the rows are of, which conditions after it are on
	slot2  *slot  // nested: the column the aggregate is of
	bare   bool   // a value that names no column
	apart  bool   // of a bare value: what stands before it is no verb of it (orders does Ann)
	end    string // of a bare value: what comes before says it is a "start" or an "end"
	rows   bool   // compares the count of rows
	each   bool   // counted for each of its values: the number of male and female dogs
}

// super is a superlative.
type super struct {
	slot *slot
	desc bool
	rows bool // by the number of rows of slot's table
	freq bool // the most frequent value of slot
	done bool // counts what is done to it; slot is nil where no table is named so
	agg  semantic.AggOp
	out  *output // by a measure of the model
	n    int
	at   int
}

type orderBy struct {
	slot *slot
	out  *output // an aggregate to order by
	desc bool

	counts bool // by how many there are of what is listed
}

// form is the question as a filled form, before it is a query.
type form struct {
	outs       []*output
	head       *slot
	also       []*slot // further tables that the question names
	preds      []*pred
	groups     []*slot
	supers     []*super
	orders     []*orderBy
	distinct   bool
	unplaced   []string
	verbs      int  // linking words taken on trust
	guessed    int  // words taken for such by their endings
	fallback   bool // the head's name is shown because nothing else was asked
	plural     bool
	why        string // a reason to abstain other than unplaced words
	limit      int
	hints      [][]cand        // what linking words might name; one of each must be in use
	counted    bool            // "and how many are there"
	whole      bool            // all columns are to be shown
	grain      semantic.Grain  // periods to group by
	when       *slot           // the date that they are of
	words      map[string]bool // the question's, by role
	asksWhen   bool            // it begins with "when"
	asksMoment bool            // it begins with "on which day was"
	lead       bool            // it begins with "the highest price of"
	abc        bool            // what is shown first is to be in order
	eachLed    bool            // it begins with "for each"

	beside   *slot // a second table whose rows are listed too, or that shares them
	besideOp semantic.SetOperator

	groupsLast bool // what is grouped by is shown after the numbers
}

// slots lists all slots in a fixed order.
func (f *form) slots() []*slot {
	var all []*slot
	seen := map[*slot]bool{}
	add := func(s *slot) {
		if s != nil && !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	add(f.head)
	for _, s := range f.also {
		add(s)
	}
	for _, o := range f.outs {
		add(o.slot)
	}
	var walk func(ps []*pred)
	walk = func(ps []*pred) {
		for _, p := range ps {
			add(p.slot)
			add(p.slot2)
			if p.of != nil {
				add(p.of.slot)
			}
			walk(p.inner)
			walk(p.or)
		}
	}
	walk(f.preds)
	for _, g := range f.groups {
		add(g)
	}
	for _, s := range f.supers {
		add(s.slot)
		if s.out != nil {
			add(s.out.slot)
		}
	}
	add(f.when)
	for _, o := range f.orders {
		add(o.slot)
		if o.out != nil {
			add(o.out.slot)
		}
	}
	return all
}

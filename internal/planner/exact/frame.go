package exact

import (
	"slices"

	"github.com/postern/postern/internal/semantic"
)

// quantity is a number that a question speaks of: a measure, an aggregate of a
// column, rows counted; or a column as it stands.
type quantity struct {
	measures []term
	op       semantic.AggOp
	columns  []term
	rows     []term // tables to count
	distinct bool
	conds    []condition // said of what is counted
}

func (q quantity) aggregated() bool { return len(q.measures) > 0 || q.op != "" || len(q.rows) > 0 }

// group is what "for each" names: a column or table, or a length or part of
// time.
type group struct {
	terms []term
	grain semantic.Grain
	part  semantic.DateUnit
	dated *term // the column that grain and part are of, where it is said
}

// condition waits for its column to be found.
type condition struct {
	columns []term // candidates
	filter  int    // of the model, when columns is nil and period too
	values  []term // kValue, alternatives that hold together by or
	roles   []term // joins that the words before name
	hinted  bool   // by a verb only
	not     bool
	both    bool // values joined by and

	op       semantic.CompareOp
	num, hi  string
	null     bool
	match    semantic.MatchKind
	text     string
	nestedOp semantic.AggOp // compared with this over all rows
	period   *period
	dated    *term
	timeOp   string    // before, after: which side of the period
	quantity *quantity // compared instead of a column, of each group
	without  []term    // tables of which there is no row
	via      int       // by this join; -1 for any
}

// ranking is a superlative.
type ranking struct {
	by   quantity
	desc bool
	most bool   // of rows, or of a sum
	idea string // the adjective, where no column is named
}

// frame is a question's parts.
type frame struct {
	outs     []quantity
	shown    []group // columns and tables to show as they are, or to group by when something is counted
	groups   []group
	conds    []condition
	rank     *ranking
	limit    int
	share    string // share or percent
	change   semantic.Grain
	diff     bool // asks how something changed
	over     bool
	distinct bool
	tables   []term // spoken of

	roles    []term // joins named without a value behind them
	verbs    []term // joins that verbs speak of
	unplaced []string
	why      string
	failed   string // why it could not be written
	own      bool
	which    bool // it asks which there are
	reached  int  // the word that it was read up to
}

func (f *frame) fail(why string) {
	if f.why == "" {
		f.why = why
	}
}

// mention notes a table that is spoken of.
func (f *frame) mention(ts []term) {
	for _, t := range ts {
		if !slices.ContainsFunc(f.tables, func(o term) bool { return o.table == t.table }) {
			f.tables = append(f.tables, t)
		}
	}
}

package semantic

// Query is a question over a model. Its parts are independent: any of them may
// be left out, and each means the same whatever the others say.
//
// From is the grain: the record set whose rows the query is about. A set that
// is reached from it over a to-many join and only filtered by is asked for
// existence, so that no row of From appears twice; one whose columns are shown
// is joined, one row per match. Without From the finest of the sets in use is
// taken, which is what a plain SQL join would give.
//
// Every column of the select list that is not an aggregate is a group key as
// soon as there is an aggregate anywhere (or Group is set).
type Query struct {
	From   string // a set: a table's name, or the As of a Join below
	Source *Query // instead of From: rows are those of another query; Ref{Column: output} names its outputs

	Joins    []JoinAs // sets under another name or by a chosen join; all else goes the shortest way
	Optional []string // sets whose absence keeps the row (LEFT JOIN): "including those without"
	Prefer   []string // joins to take where two tables are joined in several ways; of the whole statement

	Select   []Output
	Distinct bool
	Where    Cond   // nil is all rows
	Group    []Expr // further group keys, not shown
	Having   Cond   // over aggregates, after grouping
	Sets     []SetOp

	Order []Order
	// Limit keeps the first rows in Order, 0 keeps all. Ties keeps further
	// rows equal to the last one. Within starts anew for each value of the
	// expressions: "the two best paid of each department", and with Limit 1
	// and Ties the extreme of each group.
	Limit  int
	Offset int // rows of the order to pass over: "the second highest" is Limit 1, Offset 1 (not with Within)
	Ties   bool
	Within []Expr
}

// JoinAs brings a set in under a name, by a named join: the same table twice
// (departure and arrival airport, employee and manager), or a way that is not
// the shortest.
type JoinAs struct {
	As       string // the set's name in this query; unique
	Table    string
	Via      string // Join.Name in the model; "" is the shortest way
	Of       string // the set it is joined to; "" is From
	Backward bool   // walk Via from To to From; told from the tables unless it joins a table to itself
}

// Output is a column of the answer.
type Output struct {
	Expr Expr
	As   string // "" gives it a name of its own
	// Hidden ones are computed to order by but not shown.
	Hidden bool
}

// SetOp combines the select with that of another query: "both ... and",
// "either ... or", "but not". Order and Limit are of the whole.
type SetOp struct {
	Op    SetOperator
	Query *Query
}

// SetOperator is one of the three; All keeps duplicates of a union.
type SetOperator string

// The operators.
const (
	Union     SetOperator = "union"
	UnionAll  SetOperator = "union_all"
	Intersect SetOperator = "intersect"
	Except    SetOperator = "except"
)

// Order by an expression. NULLs come last either way.
type Order struct {
	By   Expr
	Desc bool
}

// Expr is a value: of a row, or of a group.
type Expr interface{ expr() }

// Ref is a column of a set.
type Ref struct {
	Set    string // table name or JoinAs.As; "" only for the outputs of Query.Source
	Column string
}

// Rows stands for the rows of a set, to be counted.
type Rows struct{ Set string }

// Value is a constant. Text holds numbers and dates as written ("12.5",
// "2024-03-01", "2024-03-01 10:00:00").
type Value struct {
	Class Class
	Text  string
}

// Aggregate of an expression over a group. With Where, only over the rows
// for which it holds: "revenue from returning customers".
type Aggregate struct {
	Op       AggOp
	Of       Expr // Ref, Rows, or arithmetic over Refs of one set
	Distinct bool
	Where    Cond
}

// AggOp is an aggregate function.
type AggOp string

// The functions.
const (
	Count AggOp = "count"
	Sum   AggOp = "sum"
	Avg   AggOp = "avg"
	Min   AggOp = "min"
	Max   AggOp = "max"
)

// MeasureOf is a measure of the model.
type MeasureOf struct{ Name string }

// Period cuts a date to a grain: 2024, "2024-Q1", "2024-03", "2024-03-04".
type Period struct {
	Of    Expr
	Grain Grain
}

// Part is one part of a date as a number: the month (1 to 12) of any year.
type Part struct {
	Of   Expr
	Unit DateUnit
}

// DateUnit is a part of a date.
type DateUnit string

// The parts. A week begins with Monday as 1.
const (
	YearPart    DateUnit = "year"
	QuarterPart DateUnit = "quarter"
	MonthPart   DateUnit = "month"
	DayPart     DateUnit = "day"
	WeekdayPart DateUnit = "weekday"
	HourPart    DateUnit = "hour"
)

// Arith is arithmetic: + - * /. Division is of real numbers and NULL where the
// divisor is 0; a ratio of two aggregates is one.
type Arith struct {
	Op          string
	Left, Right Expr
}

// Share is an aggregate's part of its total, 0 to 1: over all groups that are
// left, or over those with the same values of Within.
type Share struct {
	Of     Expr
	Within []Expr
}

// Prior is an aggregate's value so many periods before, for queries grouped by
// one Period. A period without rows has no value: nothing is taken from
// further back.
type Prior struct {
	Of   Expr
	Back int // in periods; 0 is 1
}

// Running is the sum of an aggregate over this and all earlier groups, in the
// order of the query's Period.
type Running struct{ Of Expr }

// Scalar is the one value of another query: "above the average" compares with
// one.
type Scalar struct{ Query *Query }

// Peers is an aggregate over all rows of a column's set that share the values
// of By with this row: "above the average of their department". The columns
// are of one set.
type Peers struct {
	Op AggOp
	Of Ref
	By []string
}

func (Ref) expr()       {}
func (Rows) expr()      {}
func (Value) expr()     {}
func (Aggregate) expr() {}
func (MeasureOf) expr() {}
func (Period) expr()    {}
func (Part) expr()      {}
func (Arith) expr()     {}
func (Share) expr()     {}
func (Prior) expr()     {}
func (Running) expr()   {}
func (Scalar) expr()    {}
func (Peers) expr()     {}

// Cond is a condition.
type Cond interface{ cond() }

// And holds when all parts do; an empty one always holds.
type And []Cond

// Or holds when any part does.
type Or []Cond

// Not turns a condition round. Rows with NULL match neither way, as in SQL;
// IncludeNull lets them match the turned one.
type Not struct {
	Cond        Cond
	IncludeNull bool
}

// Compare two expressions: = <> < <= > >=. Fold compares texts without regard
// to case.
type Compare struct {
	Left  Expr
	Op    CompareOp
	Right Expr
	Fold  bool
}

// CompareOp is a comparison.
type CompareOp string

// The comparisons.
const (
	Eq CompareOp = "="
	Ne CompareOp = "<>"
	Lt CompareOp = "<"
	Le CompareOp = "<="
	Gt CompareOp = ">"
	Ge CompareOp = ">="
)

// Between holds from Low to High, both included.
type Between struct {
	Of        Expr
	Low, High Expr
}

// During holds for dates from From up to, but not including, To (dates as
// "2024-03-01"); an empty one is open.
type During struct {
	Of       Expr
	From, To string
}

// In holds for any of the values.
type In struct {
	Of     Expr
	Values []Value
	Fold   bool
}

// Member holds when the value is one of another query's single output. Not
// around it means "none of them", and is safe with NULLs there.
type Member struct {
	Of    Expr
	Query *Query
}

// Match compares a text with a pattern, without regard to case.
type Match struct {
	Of   Expr
	Kind MatchKind
	Text string
}

// MatchKind is how Match compares.
type MatchKind string

// The kinds. Pattern is SQL's LIKE: % and _.
const (
	Contains MatchKind = "contains"
	Starts   MatchKind = "starts"
	Ends     MatchKind = "ends"
	Pattern  MatchKind = "pattern"
)

// Null holds where there is no value. In texts, empty ones count too when
// Empty is set.
type Null struct {
	Of    Expr
	Empty bool
}

// Related asks how many rows of another set belong to this row: without Op at
// least one ("with an order"), with Op Eq and Count 0 none ("never ordered"),
// with Ge and 2 "at least 2". Refs of Where name Set (and what it leads to),
// or sets of the query around it.
type Related struct {
	Set   string // a table
	Of    string // the set whose row is meant; "" is From
	Via   string // first join of the way, from Of; "" is the shortest
	Where Cond
	Op    CompareOp
	Count int
	// Distinct counts the different values of a column of Set, not rows.
	Distinct string
}

// NamedFilter is a filter of the model.
type NamedFilter struct{ Name string }

func (And) cond()         {}
func (Or) cond()          {}
func (Not) cond()         {}
func (Compare) cond()     {}
func (Between) cond()     {}
func (During) cond()      {}
func (In) cond()          {}
func (Member) cond()      {}
func (Match) cond()       {}
func (Null) cond()        {}
func (Related) cond()     {}
func (NamedFilter) cond() {}

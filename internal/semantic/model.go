// Package semantic is MEANING: what a data product's tables, columns, joins
// and measures stand for (Model), a question over them as a typed tree (Query),
// and the compiler that turns the tree into one engine's SQL. Everything here
// is a function of its input: the same model and query give the same SQL, byte
// for byte, on every machine.
package semantic

// Class is what kind of values a column holds, whatever the engine calls it.
type Class string

// The classes.
const (
	Text    Class = "text"
	Numeric Class = "numeric"
	Date    Class = "date" // dates and times
	Boolean Class = "boolean"
	Unknown Class = "unknown"
)

// Role is what a column is for.
type Role string

// The roles. A number that is no key is a measure unless its name or values
// say that it is a label (a year, a code, a rating of few values is both: it
// is a measure that may be grouped by).
const (
	Key       Role = "key"     // part of the primary key
	Foreign   Role = "foreign" // leads to another table
	Measured  Role = "measure"
	Dimension Role = "dimension"
	Time      Role = "time"
)

// Grain is a length of time that dates are cut to.
type Grain string

// The grains.
const (
	Day     Grain = "day"
	Week    Grain = "week" // begins on Monday
	Month   Grain = "month"
	Quarter Grain = "quarter"
	Year    Grain = "year"
)

// Model is a product's meaning. Tables, joins, measures and filters are in a
// fixed order (the spec's, or by name), so that everything made from a model
// is the same each time.
type Model struct {
	ProductID   string
	Name        string
	Description string
	Tables      []Table
	Joins       []Join
	Measures    []Measure
	Filters     []Filter
	Verified    []VerifiedQuery
	Dialect     Dialect // whose SQL the product's warehouse speaks; "" when there is no compiler for it
	Version     string  // hash of all the rest; Seal sets it

	graph  *graph // of Joins, made by Seal
	stored bool   // texts are never read as numbers
}

// Table is a record set: Name is what SQL sent to the gateway calls it,
// Physical what the warehouse does.
type Table struct {
	Name        string
	Physical    string
	Label       string // as people call it: "order items"
	Description string
	Synonyms    []string
	Columns     []Column
	PrimaryKey  []string // column names; nil when there is none or it is not known
	KeyInferred bool     // the primary key was guessed
	Rows        int64    // an estimate, -1 when unknown
	TimeColumn  string   // what "in 2024" means for this table; "" when there is none
	Grain       Grain    // of TimeColumn when no grain is asked for
}

// Column of a table.
type Column struct {
	Name        string
	Label       string // as people call it: "home city"
	Class       Class
	EngineType  string // the engine's spelling
	Description string
	Synonyms    []string
	Unit        string
	Role        Role
	Nullable    bool
	// Distinct is an estimate of how many values there are, -1 when unknown.
	Distinct int64
	// Values are all values of a column with few of them (then Complete), or
	// a sample, in order of the values.
	Values   []string
	Complete bool
	// Additive says whether sums over this column mean something.
	Additive Additivity
	// NumericText says that a text column holds only numbers: the compiler
	// casts where it is compared to, ordered or aggregated as a number.
	NumericText bool
}

// Additivity is over what a measure may be summed.
type Additivity string

// The additivities.
const (
	Additive     Additivity = "additive"
	SemiAdditive Additivity = "semi" // not over time: balances, stock
	NonAdditive  Additivity = "none" // rates, ratings, ages, years
)

// Cardinality of a join, read from its From side.
type Cardinality string

// The cardinalities. ManyToMany joins multiply both sides; without a known
// key on either side a join counts as one.
const (
	OneToOne   Cardinality = "one_to_one"
	ManyToOne  Cardinality = "many_to_one"
	OneToMany  Cardinality = "one_to_many"
	ManyToMany Cardinality = "many_to_many"
)

// Join is one way from a table to another; a composite key is one join. There
// may be several between two tables (home team, away team), and one from a
// table to itself (manager).
type Join struct {
	Name        string // unique in the model
	From        string // table name
	Columns     []string
	To          string
	RefColumns  []string
	Cardinality Cardinality
	Inferred    bool   // guessed from names, types or values, not declared
	Label       string // what the role is called: "manager", "home team"
	Synonyms    []string
	// FromOptional says that a From row may lead nowhere (a nullable key).
	FromOptional bool
}

// Measure is a named aggregation.
type Measure struct {
	Name        string
	Label       string
	Description string
	Synonyms    []string
	Table       string // whose rows it is over
	Expression  string // as the spec wrote it
	Expr        Expr   // the parsed expression; nil when it can't be compiled
	Additive    Additivity
	Unit        string
	Inferred    bool // proposed by a draft, and not looked at by anybody
}

// Filter is a named condition: "active customers".
type Filter struct {
	Name        string
	Label       string
	Description string
	Synonyms    []string
	Table       string
	Expression  string // as the spec wrote it
	Where       Cond   // the parsed expression; nil when it can't be compiled
}

// VerifiedQuery is a question whose SQL a person has accepted.
type VerifiedQuery struct {
	Name       string
	Question   string
	Questions  []string // other ways to ask it
	SQL        string   // with :name for each parameter
	Parameters []Parameter
}

// Table finds a table by name.
func (m *Model) Table(name string) (*Table, bool) {
	for i := range m.Tables {
		if fold(m.Tables[i].Name, name) {
			return &m.Tables[i], true
		}
	}
	return nil, false
}

// Measure finds a measure by name.
func (m *Model) Measure(name string) (*Measure, bool) {
	for i := range m.Measures {
		if fold(m.Measures[i].Name, name) {
			return &m.Measures[i], true
		}
	}
	return nil, false
}

// Filter finds a named filter.
func (m *Model) Filter(name string) (*Filter, bool) {
	for i := range m.Filters {
		if fold(m.Filters[i].Name, name) {
			return &m.Filters[i], true
		}
	}
	return nil, false
}

// Join finds a join by name.
func (m *Model) Join(name string) (*Join, bool) {
	for i := range m.Joins {
		if fold(m.Joins[i].Name, name) {
			return &m.Joins[i], true
		}
	}
	return nil, false
}

// Column finds a column by name.
func (t *Table) Column(name string) (*Column, bool) {
	for i := range t.Columns {
		if fold(t.Columns[i].Name, name) {
			return &t.Columns[i], true
		}
	}
	return nil, false
}

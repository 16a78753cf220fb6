package semantic_test

import (
	"database/sql"
	"strings"
	"sync"
	"testing"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/semantic/semantictest"
	"github.com/postern/postern/internal/testpg"
)

// Short names, as the cases below are read side by side with SQL.
type (
	q   = semantic.Query
	ref = semantic.Ref
	agg = semantic.Aggregate
	val = semantic.Value
)

func out(es ...semantic.Expr) (outs []semantic.Output) {
	for _, e := range es {
		outs = append(outs, semantic.Output{Expr: e})
	}
	return outs
}

func num(s string) val  { return val{Class: semantic.Numeric, Text: s} }
func text(s string) val { return val{Class: semantic.Text, Text: s} }

func rows(set string) agg { return agg{Op: semantic.Count, Of: semantic.Rows{Set: set}} }
func sum(set, column string) agg {
	return agg{Op: semantic.Sum, Of: ref{Set: set, Column: column}}
}
func avg(set, column string) agg {
	return agg{Op: semantic.Avg, Of: ref{Set: set, Column: column}}
}
func is(set, column string, op semantic.CompareOp, v semantic.Expr) semantic.Compare {
	return semantic.Compare{Left: ref{Set: set, Column: column}, Op: op, Right: v}
}
func desc(e semantic.Expr) []semantic.Order { return []semantic.Order{{By: e, Desc: true}} }

var (
	custName = ref{Set: "customer", Column: "name"}
	custID   = ref{Set: "customer", Column: "id"}
	amount   = ref{Set: "orders", Column: "amount"}
	region   = ref{Set: "region", Column: "name"}
	placed   = ref{Set: "orders", Column: "placed"}
	month    = semantic.Period{Of: placed, Grain: semantic.Month}
	quarter  = semantic.Period{Of: placed, Grain: semantic.Quarter}
)

const monthSQL = "strftime('%Y-%m', placed)"

// answers are queries and SQL that a person wrote for the same question.
var answers = map[string]struct {
	query q
	sql   string
}{
	"a plain count":                        {q{Select: out(rows("customer"))}, "SELECT COUNT(*) FROM customer"},
	"names, those twice there twice":       {q{Select: out(custName)}, "SELECT name FROM customer"},
	"distinct names by what is not shown":  {q{Select: out(custName), Distinct: true, Order: desc(ref{Set: "customer", Column: "credit"}), Limit: 3}, "SELECT name FROM customer GROUP BY name ORDER BY MAX(credit) DESC LIMIT 3"},
	"customers with an order over 100":     {q{From: "customer", Select: out(custID), Where: is("orders", "amount", semantic.Gt, num("100"))}, "SELECT id FROM customer WHERE id IN (SELECT customer_id FROM orders WHERE amount > 100)"},
	"one order meets both conditions":      {q{From: "customer", Select: out(custID), Where: semantic.And{is("orders", "amount", semantic.Gt, num("100")), is("orders", "open", semantic.Eq, val{Class: semantic.Boolean, Text: "true"})}}, "SELECT id FROM customer WHERE id IN (SELECT customer_id FROM orders WHERE amount > 100 AND open)"},
	"a row per order without From":         {q{Select: out(custName), Where: is("orders", "amount", semantic.Gt, num("100"))}, "SELECT name FROM customer JOIN orders o ON o.customer_id = customer.id WHERE amount > 100"},
	"not with an order over 100":           {q{From: "customer", Select: out(custID), Where: semantic.Not{Cond: is("orders", "amount", semantic.Gt, num("100"))}}, "SELECT id FROM customer WHERE id NOT IN (SELECT customer_id FROM orders WHERE amount > 100)"},
	"never ordered":                        {q{Select: out(custID), Where: semantic.Related{Set: "orders", Op: semantic.Eq}}, "SELECT id FROM customer WHERE id NOT IN (SELECT customer_id FROM orders)"},
	"at least 4 orders":                    {q{Select: out(custID), Where: semantic.Related{Set: "orders", Op: semantic.Ge, Count: 4}}, "SELECT customer_id FROM orders GROUP BY customer_id HAVING COUNT(*) >= 4"},
	"at least 3 different products":        {q{Select: out(custID), Where: semantic.Related{Set: "product", Op: semantic.Ge, Count: 3}}, "SELECT customer_id FROM orders JOIN order_line l ON order_id = id GROUP BY customer_id HAVING COUNT(DISTINCT product_id) >= 3"},
	"no visit over 30 minutes":             {q{Select: out(custID), Where: semantic.Related{Set: "visit", Op: semantic.Eq, Where: is("visit", "minutes", semantic.Gt, num("30"))}}, "SELECT id FROM customer c WHERE NOT EXISTS (SELECT 1 FROM visit WHERE customer_id = c.id AND minutes > 30)"},
	"both north and south":                 {q{Select: out(ref{Set: "region", Column: "id"}), Where: is("customer", "level", semantic.Eq, num("1")), From: "region", Sets: []semantic.SetOp{{Op: semantic.Intersect, Query: &q{From: "region", Select: out(ref{Set: "region", Column: "id"}), Where: is("customer", "level", semantic.Eq, num("2"))}}}}, "SELECT region_id FROM customer WHERE level = 1 AND region_id IS NOT NULL INTERSECT SELECT region_id FROM customer WHERE level = 2"},
	"ordered, but not visited":             {q{Select: out(ref{Set: "orders", Column: "customer_id"}), Sets: []semantic.SetOp{{Op: semantic.Except, Query: &q{Select: out(ref{Set: "visit", Column: "customer_id"})}}}, Order: desc(ref{Set: "orders", Column: "customer_id"}), Limit: 2}, "SELECT customer_id FROM orders EXCEPT SELECT customer_id FROM visit ORDER BY 1 DESC LIMIT 2"},
	"above the average":                    {q{Select: out(custID), Where: is("customer", "credit", semantic.Gt, semantic.Scalar{Query: &q{Select: out(avg("customer", "credit"))}})}, "SELECT id FROM customer WHERE credit > (SELECT AVG(credit) FROM customer)"},
	"above the average of their region":    {q{Select: out(custID), Where: is("customer", "credit", semantic.Gt, semantic.Peers{Op: semantic.Avg, Of: ref{Set: "customer", Column: "credit"}, By: []string{"region_id"}})}, "SELECT id FROM customer c WHERE credit > (SELECT AVG(credit) FROM customer d WHERE d.region_id = c.region_id)"},
	"not among those, with NULL among":     {q{Select: out(ref{Set: "employee", Column: "id"}), Where: semantic.Not{Cond: semantic.Member{Of: ref{Set: "employee", Column: "id"}, Query: &q{Select: out(ref{Set: "orders", Column: "employee_id"})}}}}, "SELECT id FROM employee e WHERE NOT EXISTS (SELECT 1 FROM orders WHERE employee_id = e.id)"},
	"not level 1, the unknown included":    {q{Select: out(custID), Where: semantic.Not{Cond: is("customer", "level", semantic.Eq, num("1")), IncludeNull: true}}, "SELECT id FROM customer WHERE level IS NULL OR level <> 1"},
	"the second highest":                   {q{Select: out(custID), Order: desc(ref{Set: "customer", Column: "credit"}), Limit: 1, Offset: 1}, "SELECT id FROM customer ORDER BY credit DESC LIMIT 1 OFFSET 1"},
	"the most often, ties kept":            {q{Select: out(ref{Set: "customer", Column: "level"}), Where: semantic.Not{Cond: semantic.Null{Of: ref{Set: "customer", Column: "level"}}}, Order: desc(rows("customer")), Limit: 1, Ties: true, Group: []semantic.Expr{ref{Set: "customer", Column: "level"}}}, "SELECT level FROM customer WHERE level IS NOT NULL GROUP BY level HAVING COUNT(*) = (SELECT MAX(n) FROM (SELECT COUNT(*) n FROM customer WHERE level IS NOT NULL GROUP BY level))"},
	"groups that tie, the last of them":    {q{Select: out(custName), Order: desc(rows("customer")), Limit: 2, Group: []semantic.Expr{custName}}, "SELECT name FROM customer GROUP BY name ORDER BY COUNT(*) DESC, name DESC LIMIT 2"},
	"groups that tie, the first of them":   {q{Select: out(custName), Order: []semantic.Order{{By: rows("customer")}}, Limit: 2, Group: []semantic.Expr{custName}}, "SELECT name FROM customer GROUP BY name ORDER BY COUNT(*), name LIMIT 2"},
	"the dearest order of each customer":   {q{Select: out(ref{Set: "orders", Column: "customer_id"}, amount), Order: desc(amount), Limit: 1, Ties: true, Within: []semantic.Expr{ref{Set: "orders", Column: "customer_id"}}}, "SELECT customer_id, amount FROM orders o WHERE amount = (SELECT MAX(amount) FROM orders WHERE customer_id = o.customer_id)"},
	"orders of each customer, 0 too":       {q{From: "customer", Optional: []string{"orders"}, Select: out(custID, rows("orders"))}, "SELECT c.id, COUNT(o.id) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id"},
	"large orders of each, 0 too":          {q{From: "customer", Optional: []string{"orders"}, Select: out(custID, rows("orders")), Where: is("orders", "amount", semantic.Gt, num("60"))}, "SELECT c.id, COUNT(o.id) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id AND o.amount > 60 GROUP BY c.id"},
	"a total by what belongs to many":      {q{Select: out(ref{Set: "order_line", Column: "product_id"}, sum("orders", "amount"))}, "SELECT product_id, SUM(amount) FROM (SELECT DISTINCT product_id, order_id FROM order_line) JOIN orders ON id = order_id GROUP BY product_id"},
	"two totals that share a customer":     {q{From: "customer", Select: out(custID, sum("orders", "amount"), rows("visit"))}, "SELECT c.id, (SELECT SUM(amount) FROM orders WHERE customer_id = c.id), (SELECT COUNT(*) FROM visit WHERE customer_id = c.id) FROM customer c WHERE c.id IN (SELECT customer_id FROM orders UNION SELECT customer_id FROM visit)"},
	"only some rows of a total":            {q{Select: out(agg{Op: semantic.Sum, Of: amount, Where: is("orders", "open", semantic.Eq, val{Class: semantic.Boolean, Text: "true"})}, sum("orders", "amount"))}, "SELECT SUM(CASE WHEN open THEN amount END), SUM(amount) FROM orders"},
	"a ratio of two totals":                {q{Select: out(semantic.Arith{Op: "/", Left: rows("visit"), Right: rows("customer")})}, "SELECT (SELECT COUNT(*) FROM visit) * 1.0 / (SELECT COUNT(*) FROM customer)"},
	"a share of the total":                 {q{Select: out(region, semantic.Share{Of: rows("customer")})}, "SELECT r.name, COUNT(*) * 1.0 / (SELECT COUNT(*) FROM customer WHERE region_id IS NOT NULL) FROM customer c JOIN region r ON r.id = region_id GROUP BY r.name"},
	"only the groups with a large share":   {q{Select: out(region), Group: []semantic.Expr{region}, Having: semantic.Compare{Left: semantic.Share{Of: rows("customer")}, Op: semantic.Gt, Right: num("0.5")}}, "SELECT r.name FROM customer c JOIN region r ON r.id = region_id GROUP BY r.name HAVING COUNT(*) * 2 > (SELECT COUNT(*) FROM customer WHERE region_id IS NOT NULL)"},
	"the month before, where there is one": {q{Select: out(month, sum("orders", "amount"), semantic.Prior{Of: sum("orders", "amount")})}, "WITH m AS (SELECT " + monthSQL + " k, SUM(amount) s FROM orders GROUP BY 1) SELECT m.k, m.s, p.s FROM m LEFT JOIN m p ON p.k = strftime('%Y-%m', m.k || '-01', '-1 month')"},
	"the year before, by quarter":          {q{Select: out(quarter, semantic.Prior{Of: rows("orders"), Back: 4})}, "WITH m AS (SELECT CAST(strftime('%Y', placed) AS INT) y, (strftime('%m', placed) + 2) / 3 n, COUNT(*) c FROM orders GROUP BY 1, 2) SELECT m.y || '-Q' || m.n, p.c FROM m LEFT JOIN m p ON p.y = m.y - 1 AND p.n = m.n"},
	"a running total":                      {q{Select: out(month, semantic.Running{Of: rows("orders")})}, "SELECT DISTINCT " + monthSQL + ", (SELECT COUNT(*) FROM orders p WHERE strftime('%Y-%m', p.placed) <= strftime('%Y-%m', o.placed)) FROM orders o"},
	"within a year":                        {q{Select: out(rows("orders")), Where: semantic.During{Of: placed, From: "2023-01-01", To: "2024-01-01"}}, "SELECT COUNT(*) FROM orders WHERE strftime('%Y', placed) = '2023'"},
	"weeks begin on Monday":                {q{Select: out(semantic.Part{Of: placed, Unit: semantic.WeekdayPart}, rows("orders")), Where: semantic.Compare{Left: semantic.Period{Of: placed, Grain: semantic.Week}, Op: semantic.Eq, Right: text("2023-07-10")}}, "SELECT CASE strftime('%w', placed) WHEN '0' THEN 7 ELSE CAST(strftime('%w', placed) AS INT) END, COUNT(*) FROM orders WHERE placed BETWEEN '2023-07-10' AND '2023-07-16' GROUP BY 1"},
	"the average of counts":                {q{Source: &q{Select: []semantic.Output{{Expr: ref{Set: "orders", Column: "customer_id"}}, {Expr: rows("orders"), As: "n"}}}, Select: out(agg{Op: semantic.Avg, Of: ref{Column: "n"}})}, "SELECT AVG(n) FROM (SELECT COUNT(*) n FROM orders GROUP BY customer_id)"},
	"employees and their bosses":           {q{From: "employee", Joins: []semantic.JoinAs{{As: "boss", Table: "employee", Via: "employee_boss_id"}}, Select: out(ref{Set: "employee", Column: "name"}, ref{Set: "boss", Column: "name"}), Where: semantic.Compare{Left: ref{Set: "employee", Column: "salary"}, Op: semantic.Gt, Right: ref{Set: "boss", Column: "salary"}}}, "SELECT e.name, b.name FROM employee e JOIN employee b ON b.id = e.boss_id WHERE e.salary > b.salary"},
	"bosses of at least 3":                 {q{Select: out(ref{Set: "employee", Column: "id"}), Where: semantic.Related{Set: "employee", Via: "employee_boss_id", Op: semantic.Ge, Count: 3}}, "SELECT boss_id FROM employee WHERE boss_id IS NOT NULL GROUP BY boss_id HAVING COUNT(*) >= 3"},
	"each boss with how many they have":    {q{From: "employee", Joins: []semantic.JoinAs{{As: "staff", Table: "employee", Via: "employee_boss_id", Backward: true}}, Select: out(ref{Set: "employee", Column: "name"}, rows("staff"))}, "SELECT b.name, COUNT(*) FROM employee b JOIN employee e ON e.boss_id = b.id GROUP BY b.name"},
	"a text with everything in it":         {q{Select: out(ref{Set: "region", Column: "id"}), Where: semantic.Compare{Left: region, Op: semantic.Eq, Right: text(`O'Hare \ é%`)}}, "SELECT 3"},
	"a percent sign is a percent sign":     {q{Select: out(ref{Set: "region", Column: "id"}), Where: semantic.Match{Of: region, Kind: semantic.Contains, Text: "%"}}, "SELECT 3"},
	"nothing is in an empty list":          {q{Select: out(custID), Where: semantic.In{Of: custID}}, "SELECT 1 WHERE 1 = 0"},
}

func TestQueriesAnswerLikeSQLWrittenByHand(t *testing.T) {
	lite := sqlite(t)
	for name, c := range answers {
		s, err := compiledFor(t, c.query, semantic.SQLite)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, err := semantictest.Answer(t.Context(), lite, c.sql)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, c.sql)
		}
		got, err := semantictest.Answer(t.Context(), lite, s.SQL)
		if err != nil || !semantictest.Same(want, got, s.Ordered && !c.query.Ties) {
			t.Errorf("%s: %v\n%s\nwant %v\ngot  %v", name, err, s.SQL, want, got)
		}
		if words := semantic.Restate(c.query, semantictest.Model(semantic.SQLite)); words == "" || strings.Contains(words, "something") {
			t.Errorf("%s: said as %q", name, words)
		}
	}
}

func TestWhatCannotBeAnsweredRightlyIsRefusedWithTheReason(t *testing.T) {
	deep := &q{Select: out(rows("orders"))}
	for range 20 {
		deep = &q{Select: out(rows("orders")), Where: is("orders", "amount", semantic.Gt, semantic.Scalar{Query: deep})}
	}
	for says, query := range map[string]q{
		"select":                            {},
		"no record set \"nope\"":            {Select: out(rows("nope"))},
		"no column \"nope\"":                {Select: out(ref{Set: "orders", Column: "nope"})},
		"neither grouped by nor aggregated": {Select: out(custName, rows("customer")), Order: desc(ref{Set: "customer", Column: "credit"})},
		"pair every one with every other":   {From: "customer", Select: out(amount, ref{Set: "visit", Column: "minutes"})},
		"is not a number":                   {Select: out(custID), Where: is("customer", "credit", semantic.Gt, num("1 OR 1=1"))},
		"is a number, and":                  {Select: out(custID), Where: is("customer", "credit", semantic.Gt, text("much"))},
		"is a date, and":                    {Select: out(custID), Where: is("customer", "since", semantic.Gt, text("long ago"))},
		"is not a date like":                {Select: out(custID), Where: semantic.During{Of: ref{Set: "customer", Column: "since"}, From: "2024-13-01"}},
		"credit is not a date":              {Select: out(semantic.Period{Of: ref{Set: "customer", Column: "credit"}, Grain: semantic.Year})},
		"NUL":                               {Select: out(custID), Where: semantic.Compare{Left: custName, Op: semantic.Eq, Right: text("a\x00b")}},
		"nested deeper":                     *deep,
		"needs a period":                    {Select: out(region, semantic.Prior{Of: rows("customer")})},
		"must select one":                   {Select: out(custID), Where: is("customer", "credit", semantic.Gt, semantic.Scalar{Query: &q{Select: out(custID, custName)}})},
		"can't combine":                     {Select: out(custID), Sets: []semantic.SetOp{{Op: semantic.Union, Query: &q{Select: out(custID, custName)}}}},
		"an aggregate can't be grouped by":  {Select: out(rows("customer")), Group: []semantic.Expr{rows("customer")}},
		"limit must be positive":            {Select: out(custID), Limit: -1},
		"does not lead from":                {From: "customer", Joins: []semantic.JoinAs{{As: "x", Table: "visit", Via: "employee_boss_id"}}, Select: out(custID)},
		"there is no join":                  {Select: out(custID), Where: semantic.Related{Set: "orders", Via: "nope"}},
		"no comparison":                     {Select: out(custID), Where: is("customer", "credit", "; DROP", num("1"))},
		"no aggregate":                      {Select: out(agg{Op: "pg_sleep", Of: custID})},
	} {
		for _, d := range []semantic.Dialect{semantic.SQLite, semantic.DuckDB, semantic.Postgres} {
			s, err := semantic.Compile(query, semantictest.Model(d), d)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) || s.SQL != "" {
				t.Errorf("%s: %v, want %q (%s)", d, err, says, s.SQL)
			}
		}
	}
	if _, err := semantic.Compile(q{Select: out(custID)}, semantictest.Model("mysql"), "mysql"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a dialect without a compiler: %v", err)
	}
}

func TestATotalThatCannotBeToldApartIsRefused(t *testing.T) {
	m := semantictest.Model(semantic.SQLite)
	for i := range m.Tables {
		if m.Tables[i].Name == "orders" {
			m.Tables[i].PrimaryKey = nil
		}
	}
	_, err := semantic.Compile(q{Select: out(ref{Set: "order_line", Column: "product_id"}, sum("orders", "amount"))}, m, semantic.SQLite)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "count rows several times") {
		t.Error(err)
	}
}

func TestTheReaderIsToldWhatWasTakenForGranted(t *testing.T) {
	s, err := semantic.Compile(q{Select: out(ref{Set: "order_line", Column: "product_id"}, sum("orders", "amount"))}, semantictest.Model(semantic.SQLite), semantic.SQLite)
	if err != nil || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "counts once for each") {
		t.Errorf("%v %q", err, s.Notes)
	}
	bare := semantictest.Schema()
	for i := range bare.Tables {
		bare.Tables[i].ForeignKeys = nil
	}
	m := semantic.FromSchema(bare, semantic.SQLite)
	m.Infer()
	s, err = semantic.Compile(q{Select: out(custName, amount)}, m, semantic.SQLite)
	if err != nil || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "orders.customer_id and customer.id belong together is inferred") {
		t.Errorf("%v %q", err, s.Notes)
	}
}

func TestTheSameQueryGivesTheSameSQLInParallel(t *testing.T) {
	m := semantictest.Model(semantic.Postgres)
	query := semantictest.Generate(21)
	first, err := semantic.Compile(query, m, m.Dialect)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 250 {
				if s, err := semantic.Compile(query, m, m.Dialect); err != nil || s.SQL != first.SQL {
					t.Errorf("%v %s", err, s.SQL)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestABrokenQueryIsAnErrorAndNoPanic(t *testing.T) {
	for i, query := range []q{
		{Select: out(nil)},
		{Select: out(agg{Op: semantic.Sum})},
		{Select: out(semantic.Arith{Op: "+"})},
		{Select: out(semantic.Arith{Op: "%", Left: custID, Right: num("2")})},
		{Select: out(semantic.Share{})},
		{Select: out(semantic.Scalar{})},
		{Select: out(semantic.Rows{Set: "customer"})},
		{Select: out(ref{Column: "id"})},
		{Select: out(num("1"))},
		{Select: []semantic.Output{{Expr: custID, Hidden: true}}},
		{From: "nope", Select: out(custID)},
		{Select: out(custID), Where: semantic.And{nil}},
		{Select: out(custID), Where: semantic.Not{}},
		{Select: out(custID), Where: semantic.Compare{Op: semantic.Eq}},
		{Select: out(custID), Where: semantic.Member{Of: custID}},
		{Select: out(custID), Where: semantic.Match{Of: custName, Kind: "regexp"}},
		{Select: out(custID), Where: semantic.Related{}},
		{Select: out(custID), Where: semantic.Related{Set: "orders", Of: "nope"}},
		{Select: out(custID), Where: semantic.Related{Set: "orders", Op: "~", Count: 2}},
		{Select: out(custID), Having: is("customer", "id", semantic.Gt, num("1"))},
		{Select: out(custID), Group: []semantic.Expr{nil}},
		{Select: out(custID), Ties: true, Limit: 1},
		{Select: out(custID), Within: []semantic.Expr{custName}},
		{Select: out(custID), Order: []semantic.Order{{}}},
		{Select: out(custID), Sets: []semantic.SetOp{{Op: "xor", Query: &q{Select: out(custID)}}}},
		{Select: out(custID), Sets: []semantic.SetOp{{Op: semantic.Union}}},
		{Select: out(custID), Joins: []semantic.JoinAs{{}}},
		{Select: out(custID), Joins: []semantic.JoinAs{{As: "x", Table: "orders"}}},
		{Source: &q{}, Select: out(custID)},
		{Source: &q{Select: out(custID)}, Select: out(custName)},
		{Source: &q{Select: out(custID)}, Select: out(rows("orders"))},
	} {
		m := semantictest.Model(semantic.SQLite)
		if s, err := semantic.Compile(query, m, semantic.SQLite); !fault.Is(err, fault.Invalid) {
			t.Errorf("%d: %v %s", i, err, s.SQL)
		}
		_ = semantic.Restate(query, m)
	}
}

func TestNamesOfAnyKindAreQuoted(t *testing.T) {
	table, column := `we"ird; table`, `select "é%`
	quoted := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	make := []string{"CREATE TABLE " + quoted(table) + " (id INTEGER PRIMARY KEY, " + quoted(column) + " VARCHAR(9))", "INSERT INTO " + quoted(table) + " VALUES (1, 'x')"}
	s := product.Schema{Tables: []product.SchemaTable{{Table: product.Table{Name: table}, PrimaryKey: []string{"id"}, Columns: []product.SchemaColumn{{Name: "id", Type: "INTEGER"}, {Name: column, Type: "VARCHAR(9)"}}}}}
	for d, db := range map[semantic.Dialect]*sql.DB{semantic.SQLite: sqlite(t), semantic.Postgres: open(t, "pgx", testpg.URL(t))} {
		for _, m := range make {
			if _, err := db.ExecContext(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		st, err := semantic.Compile(q{Select: out(ref{Set: table, Column: column}, rows(table)), Order: desc(rows(table)), Limit: 1, Ties: true}, semantic.FromSchema(s, d), d)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := semantictest.Answer(t.Context(), db, st.SQL); err != nil || len(got) != 1 || got[0] != "x|1" {
			t.Errorf("%s: %v %v\n%s", d, err, got, st.SQL)
		}
		if st.Columns[0] != column {
			t.Errorf("%q", st.Columns)
		}
	}
}

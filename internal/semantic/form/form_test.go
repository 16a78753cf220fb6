package form_test

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver
	_ "modernc.org/sqlite"             // the driver

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/semantic/form"
	"github.com/postern/postern/internal/semantic/semantictest"
	"github.com/postern/postern/internal/testpg"
)

func TestMain(m *testing.M) { testpg.Main(m) }

// shop is the fixture's model with metrics, filters and a verified query.
func shop(d semantic.Dialect) *semantic.Model {
	m := semantictest.Model(d)
	amount := semantic.Ref{Set: "orders", Column: "amount"}
	m.Measures = append(m.Measures,
		semantic.Measure{Name: "revenue", Table: "orders", Synonyms: []string{"turnover"}, Expression: "SUM(orders.amount)", Expr: semantic.Aggregate{Op: semantic.Sum, Of: amount}},
		semantic.Measure{Name: "odd", Expression: "MEDIAN(orders.amount)"})
	m.Filters = append(m.Filters, semantic.Filter{Name: "large", Table: "orders", Where: semantic.Compare{Left: amount, Op: semantic.Gt, Right: semantic.Value{Class: semantic.Numeric, Text: "100"}}})
	m.Verified = append(m.Verified, semantic.VerifiedQuery{Name: "by_level", SQL: "SELECT COUNT(*) FROM customer WHERE level = :level", Parameters: []semantic.Parameter{{Name: "level", Class: semantic.Numeric}}})
	region, _ := m.Table("region")
	name, _ := region.Column("name")
	name.Synonyms = []string{"area"}
	name.Values, name.Complete = []string{"north", "south", "O'Hare \\ é%"}, true
	orders, _ := m.Table("orders")
	orders.TimeColumn = "placed"
	visit, _ := m.Table("visit")
	visit.TimeColumn = "day"
	m.Seal()
	return m
}

// answers are forms and SQL that a person wrote for the same question.
var answers = map[string]struct{ form, sql string }{
	"a metric":                      {`{"measures":["revenue"]}`, "SELECT SUM(amount) FROM orders"},
	"an aggregate in words":         {`{"measures":["avg(orders.amount)"]}`, "SELECT AVG(amount) FROM orders"},
	"an aggregate in keys":          {`{"measures":[{"agg":"max","column":"amount"}]}`, "SELECT MAX(amount) FROM orders"},
	"rows of a table":               {`{"measures":[{"agg":"count","column":"customer"}]}`, "SELECT COUNT(*) FROM customer"},
	"rows of the table asked about": {`{"table":"visit","measures":["count(*)"]}`, "SELECT COUNT(*) FROM visit"},
	"values of a column":            {`{"measures":[{"agg":"count","column":"visit.minutes"}]}`, "SELECT COUNT(minutes) FROM visit"},
	"different values":              {`{"measures":["count(distinct customer.name)"]}`, "SELECT COUNT(DISTINCT name) FROM customer"},
	"arithmetic":                    {`{"measures":[{"agg":"sum","column":"product.price * order_line.quantity","as":"turnover"}]}`, "SELECT SUM(price * quantity) FROM order_line JOIN product ON product.id = product_id"},
	"a ratio":                       {`{"measures":[{"name":"revenue","divide_by":"count(orders)"}]}`, "SELECT SUM(amount) / COUNT(*) FROM orders"},
	"by a dimension":                {`{"measures":["revenue"],"dimensions":["customer_region_id.name"]}`, "SELECT r.name, SUM(amount) FROM orders JOIN customer c ON c.id = customer_id JOIN region r ON r.id = c.region_id GROUP BY 1"},
	"by one name for two joins":     {`{"measures":["count(employee)"],"dimensions":["employee_boss_id.name"]}`, "SELECT b.name, COUNT(*) FROM employee e JOIN employee b ON b.id = e.boss_id GROUP BY 1"},
	"a measure with a filter":       {`{"measures":[{"name":"revenue","filters":["large"],"as":"big"},"revenue"]}`, "SELECT SUM(CASE WHEN amount > 100 THEN amount END), SUM(amount) FROM orders"},
	"a filter of a name":            {`{"measures":["count(orders)"],"filters":["large"]}`, "SELECT COUNT(*) FROM orders WHERE amount > 100"},
	"a text in another case":        {`{"measures":["count(customer)"],"filters":[{"column":"region.name","value":"NORTH"}]}`, "SELECT COUNT(*) FROM customer c JOIN region r ON r.id = c.region_id WHERE r.name = 'north'"},
	"one of":                        {`{"measures":["count(customer)"],"filters":[{"column":"customer.level","op":"in","value":[1,2]}]}`, "SELECT COUNT(*) FROM customer WHERE level IN (1, 2)"},
	"a list is one of":              {`{"measures":["count(customer)"],"filters":[{"column":"customer.level","value":["0"]}]}`, "SELECT COUNT(*) FROM customer WHERE level IN (0)"},
	"between":                       {`{"measures":["count(orders)"],"filters":[{"column":"orders.amount","op":"between","value":[21,42]}]}`, "SELECT COUNT(*) FROM orders WHERE amount BETWEEN 21 AND 42"},
	"any of":                        {`{"measures":["count(customer)"],"filters":[{"any":[{"column":"customer.level","value":1},{"column":"customer.credit","op":">","value":30}]}]}`, "SELECT COUNT(*) FROM customer WHERE level = 1 OR credit > 30"},
	"none of":                       {`{"measures":["count(orders)"],"filters":[{"none":["large",{"column":"orders.open","value":true}]}]}`, "SELECT COUNT(*) FROM orders WHERE NOT (amount > 100 OR open)"},
	"contains":                      {`{"dimensions":["product.id"],"filters":[{"column":"product.name","op":"contains","value":"THING a"}]}`, "SELECT id FROM product WHERE name = 'thing A'"},
	"without a value":               {`{"measures":["count(visit)"],"filters":[{"column":"visit.minutes","op":"is_null"}]}`, "SELECT COUNT(*) FROM visit WHERE minutes IS NULL"},
	"above the average":             {`{"dimensions":["product.id"],"filters":[{"column":"product.price","op":">","value":{"agg":"avg","column":"product.price"}}]}`, "SELECT id FROM product WHERE price > (SELECT AVG(price) FROM product)"},
	"two columns":                   {`{"measures":["count(employee)"],"filters":[{"column":"employee.region_id","value":{"column":"employee.boss_id"}}]}`, "SELECT COUNT(*) FROM employee WHERE region_id = boss_id"},
	"a month":                       {`{"measures":["count(orders)"],"filters":[{"column":"orders.placed","value":"2023-03"}]}`, "SELECT COUNT(*) FROM orders WHERE placed >= '2023-03-01' AND placed < '2023-04-01'"},
	"after a quarter":               {`{"measures":["count(orders)"],"filters":[{"column":"orders.placed","op":">","value":"2023-Q2"}]}`, "SELECT COUNT(*) FROM orders WHERE placed >= '2023-07-01'"},
	"with rows of another":          {`{"table":"customer","measures":["count(*)"],"filters":[{"exists":"orders","op":">=","value":4}]}`, "SELECT COUNT(*) FROM (SELECT customer_id FROM orders GROUP BY 1 HAVING COUNT(*) >= 4) t"},
	"without rows of another":       {`{"dimensions":["customer.id"],"filters":[{"not_exists":"visit","filters":[{"column":"visit.minutes","op":">","value":30}]}]}`, "SELECT id FROM customer c WHERE NOT EXISTS (SELECT 1 FROM visit WHERE customer_id = c.id AND minutes > 30)"},
	"time of a year by quarter":     {`{"measures":["revenue"],"time":{"column":"orders.placed","grain":"quarter","in":"2023"}}`, "SELECT '2023-Q' || ((CAST(strftime('%m', placed) AS INT) + 2) / 3), SUM(amount) FROM orders WHERE placed LIKE '2023%' GROUP BY 1"},
	"both ends of a range":          {`{"measures":["count(orders)"],"time":{"column":"orders.placed","from":"2023-02-10","to":"2023-03"}}`, "SELECT COUNT(*) FROM orders WHERE placed BETWEEN '2023-02-10' AND '2023-03-31'"},
	"the time of the measure":       {`{"measures":["revenue"],"time":{"in":"2023-03"}}`, "SELECT SUM(amount) FROM orders WHERE placed LIKE '2023-03%'"},
	"the time of the table":         {`{"table":"visit","measures":["count(*)"],"time":{"grain":"month","from":"2023-05"}}`, "SELECT strftime('%Y-%m', day), COUNT(*) FROM visit WHERE day >= '2023-05-01' GROUP BY 1"},
	"a part of a date":              {`{"measures":["count(orders)"],"dimensions":[{"column":"orders.placed","part":"weekday"}]}`, "SELECT (strftime('%w', placed) + 6) % 7 + 1, COUNT(*) FROM orders GROUP BY 1"},
	"a share":                       {`{"measures":[{"name":"revenue","show":"share"}],"dimensions":["orders.open"]}`, "SELECT open, SUM(amount) / (SELECT SUM(amount) FROM orders) FROM orders GROUP BY 1"},
	"a running total":               {`{"measures":[{"name":"revenue","show":"running_total"}],"time":{"column":"orders.placed","grain":"year"}}`, "SELECT CAST(strftime('%Y', placed) AS INT), SUM(SUM(amount)) OVER (ORDER BY 1 ROWS UNBOUNDED PRECEDING) FROM orders GROUP BY 1"},
	"a year with the one before": {`{"measures":["revenue"],"time":{"column":"orders.placed","grain":"year","in":"2023","compare":"previous_period"}}`,
		"SELECT 2023, a, b, (a - b) / b * 100 FROM (SELECT SUM(CASE WHEN placed LIKE '2023%' THEN amount END) a, SUM(CASE WHEN placed LIKE '2022%' THEN amount END) b FROM orders)"},
	"months with those of the year before": {`{"measures":["count(orders)"],"time":{"column":"orders.placed","grain":"month","from":"2024-01","to":"2024-06","compare":"previous_year"},"having":[{"measure":"count_orders","op":">=","value":1}]}`,
		"WITH m AS (SELECT strftime('%Y-%m', placed) k, COUNT(*) n FROM orders GROUP BY 1) SELECT m.k, m.n, p.n, (m.n - p.n) * 100.0 / p.n FROM m LEFT JOIN m p ON p.k = (CAST(substr(m.k, 1, 4) AS INT) - 1) || substr(m.k, 5) WHERE m.k BETWEEN '2024-01' AND '2024-06' AND m.n >= 1"},
	"a range with the one before": {`{"measures":["revenue"],"dimensions":["orders.open"],"time":{"column":"orders.placed","from":"2023-07","to":"2023-12","compare":"previous_period"}}`,
		"SELECT open, a, b, (a - b) / b * 100 FROM (SELECT open, SUM(CASE WHEN placed >= '2023-07-01' THEN amount END) a, SUM(CASE WHEN placed < '2023-07-01' THEN amount END) b FROM orders WHERE placed LIKE '2023%' GROUP BY 1)"},
	"groups over a bound":      {`{"measures":["revenue"],"dimensions":["customer.id"],"having":[{"measure":"revenue","op":">","value":150}]}`, "SELECT customer_id, SUM(amount) FROM orders GROUP BY 1 HAVING SUM(amount) > 150"},
	"groups by another number": {`{"dimensions":["customer.id"],"measures":["revenue"],"having":[{"measure":{"agg":"count","column":"orders"},"op":">=","value":5}]}`, "SELECT customer_id, SUM(amount) FROM orders GROUP BY 1 HAVING COUNT(*) >= 5"},
	"the first of an order":    {`{"dimensions":["product.id"],"order":["product.price desc"],"limit":2}`, "SELECT id FROM product ORDER BY price DESC LIMIT 2"},
	"most of the measure":      {`{"dimensions":["customer.id"],"measures":["revenue"],"limit":1}`, "SELECT customer_id, SUM(amount) FROM orders GROUP BY 1 ORDER BY 2 DESC LIMIT 1"},
	"the best of each":         {`{"dimensions":["region.name","employee.id"],"measures":["max(employee.salary)"],"order":[{"by":"max_salary","dir":"desc"}],"limit":1,"per":["region.name"]}`, "SELECT r.name, e.id, e.salary FROM employee e JOIN region r ON r.id = e.region_id WHERE NOT EXISTS (SELECT 1 FROM employee x WHERE x.region_id = e.region_id AND x.salary > e.salary)"},
	"different names":          {`{"dimensions":["customer.name"]}`, "SELECT DISTINCT name FROM customer"},
	"names, row by row":        {`{"dimensions":["customer.name"],"rows":true}`, "SELECT name FROM customer"},
	"those without too":        {`{"dimensions":["customer.id"],"measures":["count(orders)"],"keep_without":["orders"]}`, "SELECT c.id, COUNT(o.id) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY 1"},
	"those that lead nowhere":  {`{"measures":["count(customer)"],"dimensions":["region.name"],"keep_without":["region"]}`, "SELECT r.name, COUNT(*) FROM customer c LEFT JOIN region r ON r.id = c.region_id GROUP BY 1"},
	"a fan counts once":        {`{"measures":["revenue","sum(order_line.quantity)"]}`, "SELECT (SELECT SUM(amount) FROM orders), (SELECT SUM(quantity) FROM order_line)"},
	"these but not those":      {`{"dimensions":["orders.customer_id"],"combine":[{"op":"except","query":{"dimensions":["visit.customer_id"]}}]}`, "SELECT customer_id FROM orders EXCEPT SELECT customer_id FROM visit"},
	"an alias":                 {`{"joins":[{"as":"boss","via":"employee_boss_id","of":"employee"}],"dimensions":["employee.name",{"column":"boss.name","as":"boss_name"}]}`, "SELECT e.name, b.name FROM employee e JOIN employee b ON b.id = e.boss_id"},
	"a verified query":         {`{"verified_query":"BY_LEVEL","parameters":{"level":2}}`, "SELECT COUNT(*) FROM customer WHERE level = 2"},
}

func open(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	if err := semantictest.Fill(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

// compiled fills a form and gives its SQL.
func compiled(t *testing.T, text string, d semantic.Dialect) (string, bool) {
	t.Helper()
	m := shop(d)
	f, err := form.Fill(json.RawMessage(text), m)
	if err != nil {
		t.Fatal(err)
	}
	if f.Verified != nil {
		s, err := f.Verified.Bind(f.Values, d)
		if err != nil {
			t.Fatal(err)
		}
		return s, false
	}
	s, err := semantic.Compile(f.Query, m, d)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Ambiguous) > 0 || semantic.Restate(f.Said, m) == "" {
		t.Errorf("ambiguous %v, restated %q", s.Ambiguous, semantic.Restate(f.Said, m))
	}
	return s.SQL, s.Ordered
}

func TestAFormAnswersAsSQLByHandDoes(t *testing.T) {
	lite, pg := open(t, "sqlite", ":memory:"), open(t, "pgx", testpg.URL(t))
	for name, c := range answers {
		t.Run(name, func(t *testing.T) {
			want, err := semantictest.Answer(t.Context(), lite, c.sql)
			if err != nil || len(want) == 0 {
				t.Fatalf("the SQL by hand gives %v (%v)", want, err)
			}
			for d, db := range map[semantic.Dialect]*sql.DB{semantic.SQLite: lite, semantic.Postgres: pg} {
				query, _ := compiled(t, c.form, d)
				got, err := semantictest.Answer(t.Context(), db, query)
				if err != nil {
					t.Fatalf("%s: %v\n%s", d, err, query)
				}
				if !semantictest.Same(want, got, false) {
					t.Errorf("%s: %s\n%s", d, cmp.Diff(want, got), query)
				}
			}
		})
	}
}

func TestWhatDoesNotFitIsNamedWithItsPathAndTheNearestNames(t *testing.T) {
	for text, want := range map[string]string{
		`{"measure":["revenue"]}`:                                                                   `measure: there is no key of this name; did you mean measures?`,
		`{"measures":["revenu"]}`:                                                                   `measures.0: this product has no metric "revenu"; did you mean revenue?`,
		`{"measures":["odd"]}`:                                                                      `measures.0: the metric odd is written in SQL`,
		`{"measures":[{"agg":"median","column":"orders.amount"}]}`:                                  `measures.0.agg: Input should be one of count, count_distinct, sum, avg, min, max`,
		`{"measures":[{"agg":"sum","column":"orders.amonut"}]}`:                                     `measures.0.column: there is no column "orders.amonut"; did you mean orders.amount?`,
		`{"measures":[{"agg":"sum","column":"customer.name"}]}`:                                     `measures.0.column: customer.name is of type text, which has no sum`,
		`{"measures":[{"agg":"sum","column":"orders.amount","filter":[]}]}`:                         `measures.0.filter: there is no key of this name; did you mean filters?`,
		`{"measures":["count(*)"]}`:                                                                 `measures.0: say which table's rows to count`,
		`{"measures":["count(orders)"],"dimensions":["name"]}`:                                      `dimensions.0: several tables have a column "name": write region.name or customer.name`,
		`{"measures":["count(orders)"],"dimensions":["custmer.name"]}`:                              `dimensions.0: there is no column "custmer.name"; did you mean customer.name`,
		`{"measures":["count(orders)"],"dimensions":[{"column":"orders.amount","grain":"month"}]}`:  `dimensions.0.column: orders.amount is no date`,
		`{"measures":["count(orders)"],"filters":[{"column":"orders.amount","op":"~","value":1}]}`:  `filters.0.op: Input should be one of =, !=`,
		`{"measures":["count(orders)"],"filters":[{"column":"orders.amount","value":"many"}]}`:      `filters.0.value: Input should be a numeric to compare orders.amount with`,
		`{"measures":["count(orders)"],"filters":[{"column":"orders.amount"}]}`:                     `filters.0.value: Field required`,
		`{"measures":["count(orders)"],"filters":[{"column":"orders.placed","value":"last week"}]}`: `filters.0.value: Input should be a date`,
		`{"measures":["count(orders)"],"filters":["lrge"]}`:                                         `filters.0: this product has no filter "lrge"; did you mean large?`,
		`{"measures":["count(orders)"],"filters":[{"any":[]}]}`:                                     `filters.0.any: List should have at least 1 filter`,
		`{"measures":["count(orders)"],"filters":[{"name":"large","column":"orders.id"}]}`:          `filters.0: a filter has just one of`,
		`{"measures":["count(orders)"],"filters":[{"exists":"order"}]}`:                             `filters.0.exists: there is no table "order"; did you mean orders`,
		`{"measures":["revenue","count(visit)"],"time":{"grain":"month"}}`:                          `time.column: Field required: which date; there are orders.placed, visit.day`,
		`{"measures":["revenue"],"time":{"column":"orders.placed","grain":"hour"}}`:                 `time.grain: Input should be one of day, week, month, quarter, year`,
		`{"measures":["revenue"],"time":{"column":"orders.placed","from":"soon"}}`:                  `time.from: Input should be a date or a period`,
		`{"measures":["revenue"],"time":{"column":"orders.placed","compare":"previous_period"}}`:    `time.compare: a comparison needs a grain, or from and to`,
		`{"measures":["revenue"],"time":{"column":"orders.placed","from":"2024","to":"2023"}}`:      `time.to: the range ends before it begins`,
		`{"measures":[{"name":"revenue","show":"previous"}]}`:                                       `measures.0.show: this compares periods: give time with a grain`,
		`{"measures":["revenue"],"order":["revenu desc"]}`:                                          `order.0: "revenu" is neither a column of the answer, nor a metric, nor a column of a table; did you mean revenue?`,
		`{"measures":["revenue"],"having":[{"measure":"revenue","value":"x"}]}`:                     `having.0.value: Input should be a number`,
		`{"measures":["revenue"],"limit":0}`:                                                        `limit: Input should be greater than or equal to 1`,
		`{"measures":["revenue"],"limit":"ten"}`:                                                    `limit: Input should be a valid integer`,
		`{"measures":["revenue"],"combine":[{"op":"minus","query":{"measures":["revenue"]}}]}`:      `combine.0.op: Input should be one of union, union_all, intersect, except`,
		`{"table":"order","measures":["revenue"]}`:                                                  `table: there is no table "order"; did you mean orders`,
		`{"verified_query":"by_levl"}`:                                                              `verified_query: this product has no verified query "by_levl"; did you mean by_level?`,
		`{"verified_query":"by_level","measures":["revenue"]}`:                                      `measures: a verified query stands alone`,
		`{}`:               `a query needs measures or dimensions`,
		`{"measures":[7]}`: `measures.0: Input should be an object with the keys name, agg`,
		`{"measures":["revenu"],"dimensions":["regin.name"]}`: `dimensions.0: there is no column "regin.name"; did you mean region.name?; measures.0:`,
	} {
		_, err := form.Fill(json.RawMessage(text), shop(semantic.SQLite))
		if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), want) && !strings.Contains(err.Error(), "; "+want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestWhereThereAreNoNamesNoneAreOffered(t *testing.T) {
	_, err := form.Fill(json.RawMessage(`{"measures":["count(orders)"],"filters":["lrge"]}`), semantictest.Model(semantic.SQLite))
	if err == nil || strings.Contains(err.Error(), "there are") {
		t.Errorf("got %v", err)
	}
}

func TestAFormIsNotLargerThanCanBeCompiledInATrice(t *testing.T) {
	many := func(n int, s string) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	measures := many(200, `"revenue"`)
	for text, want := range map[string]string{
		`{"measures":[` + many(201, `"revenue"`) + `]}`:                                                                       `measures: List should have at most 200 items`,
		`{"measures":["revenue"],"dimensions":[` + many(201, `"region.name"`) + `]}`:                                          `dimensions: List should have at most 200 items`,
		`{"measures":["revenue"],"order":[` + many(201, `"revenue"`) + `]}`:                                                   `order: List should have at most 200 items`,
		`{"measures":["revenue"],"having":[` + many(201, `{"measure":"revenue","value":1}`) + `]}`:                            `having: List should have at most 200 items`,
		`{"measures":["revenue"],"joins":[` + many(201, `{"as":"a","via":"b"}`) + `]}`:                                        `joins: List should have at most 200 items`,
		`{"measures":["revenue"],"filters":[` + many(1001, `"large"`) + `]}`:                                                  `filters.1000: a query has at most 1000 filters`,
		`{"measures":["revenue"],"filters":[{"any":[` + many(600, `"large"`) + `]},{"none":[` + many(600, `"large"`) + `]}]}`: `filters.1.none.398: a query has at most 1000 filters`,
		`{"measures":["revenue"],"combine":[` + many(6, `{"op":"union","query":{"measures":[`+measures+`]}}`) + `]}`:          `combine.4.query.measures: a query has at most 1000 measures, dimensions and conditions in all`,
	} {
		_, err := form.Fill(json.RawMessage(text), shop(semantic.SQLite))
		if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60s: got %.300v, want %s", text, err, want)
		}
	}
	if _, err := form.Fill(json.RawMessage(`{"measures":[`+measures+`]}`), shop(semantic.SQLite)); err != nil {
		t.Error(err)
	}
}

func TestWhatWasTakenForGrantedIsSaid(t *testing.T) {
	for text, want := range map[string]string{
		`{"measures":["count(customer)"],"filters":[{"column":"region.name","value":"North"}]}`: `region.name spells "North" as "north"`,
		`{"measures":["count(customer)"],"filters":[{"column":"region.name","value":"nort"}]}`:  `no row that you can see has "nort" in region.name; did you mean north`,
		`{"measures":["revenue"],"dimensions":["orders.open"],"limit":3}`:                       `no order was given: the first are those with most revenue`,
		`{"measures":["Turnover"]}`:                                     `"Turnover" is the metric revenue`,
		`{"dimensions":["region.area"]}`:                                `"area" is the column region.name`,
		`{"measures":["count(customer)"],"dimensions":["region.name"]}`: `rows of customer that lead to none of region are left out; keep_without "region" keeps them`,
	} {
		f, err := form.Fill(json.RawMessage(text), shop(semantic.SQLite))
		if err != nil || len(f.Notes) != 1 || !strings.HasPrefix(f.Notes[0], want) {
			t.Errorf("%s: %v (%v)", text, f.Notes, err)
		}
	}
}

// TestTheSchemaAllowsWhatIsRead holds the forms above against the schema that
// is told to those who fill them.
func TestTheSchemaAllowsWhatIsRead(t *testing.T) {
	s := &jsonschema.Schema{Type: "object"}
	if err := json.Unmarshal(form.Schema, &s.Properties); err != nil {
		t.Fatal(err)
	}
	if len(s.Properties) != len(form.Keys) {
		t.Errorf("the schema has %d keys, the form %d", len(s.Properties), len(form.Keys))
	}
	s.AdditionalProperties = &jsonschema.Schema{Not: &jsonschema.Schema{}}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range answers {
		var v any
		if err := json.Unmarshal([]byte(c.form), &v); err != nil {
			t.Fatal(err)
		}
		if err := r.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzFill(f *testing.F) {
	for _, c := range answers {
		f.Add(c.form)
	}
	f.Add(`{"measures":{"divide_by":{"divide_by":{}}},"filters":[{"any":[{"any":[]}]}],"combine":[null]}`)
	m := shop(semantic.SQLite)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := form.Fill(json.RawMessage(text), m)
		if err != nil && fault.KindOf(err) == fault.Internal {
			t.Errorf("a form is the caller's mistake, never ours: %v", err)
		}
		if err == nil && got.Verified == nil {
			if _, err := semantic.Compile(got.Query, m, semantic.SQLite); err != nil && fault.KindOf(err) == fault.Internal {
				t.Errorf("%v", err)
			}
		}
	})
}

package semantic_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/semantic/semantictest"
	"github.com/postern/postern/internal/testpg"
)

const salesSpec = `
product:
  productId: sales
  version: 1.0.0
  contactEmail: a@example.com
  contactName: A
  en: {name: Sales, description: What was sold}
  deliverySystems:
    wh: {type: sql, uri: "postgresql://h/db"}
  recordSets:
    orders:
      name: orders
      displayName: Customer orders
      description: One row per order
      x-postern-primary-key: [id]
      x-postern-synonyms: [purchases]
      x-postern-time-column: placed
      x-postern-grain: quarter
      schema:
        - {name: id, type: numeric}
        - {name: buyer, type: numeric}
        - {name: amount, type: numeric, displayName: Order value, x-postern-unit: EUR, x-postern-synonyms: [revenue, turnover], x-postern-additivity: additive}
        - {name: status, type: text, x-postern-values: [open, paid]}
        - {name: placed, type: date, x-postern-type: timestamp}
      dataAccess: [{type: SQL, qualifiedName: {schema: public, table: fact_orders}}]
      relationships:
        - {name: order_buyer, rightTable: people, expression: '"people"."no" = fact_orders.buyer', sqlDialect: postgres, cardinality: many-to-one, leftNullable: true, rightNullable: false}
        - {name: odd, rightTable: people, expression: "orders.amount > people.no", sqlDialect: postgres, cardinality: many_to_one, leftNullable: true, rightNullable: false}
    people:
      name: people
      schema: [{name: "no", type: numeric}, {name: name, type: text}]
      x-postern-primary-key: ["no"]
      dataAccess: [{type: SQL, qualifiedName: {schema: public, table: people}}]
  metadata:
    metrics:
      revenue: {displayName: Revenue, x-postern-synonyms: [takings], description: d, expression: "SUM(orders.amount)", type: aggregate}
      per_buyer: {displayName: Revenue per buyer, description: d, expression: "SUM(amount) / COUNT(DISTINCT orders.buyer)", type: aggregate}
      odd: {displayName: Odd, description: d, expression: "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY amount)", type: aggregate}
  x-postern-filters:
    - {name: open_orders, expression: "orders.status = 'open' AND NOT (amount BETWEEN 0 AND 1 OR status IN ('x', 'y''z'))", synonyms: [unpaid]}
    - {name: broken, expression: "orders.status ="}
  x-postern-verified-queries:
    - {name: all, question: "How much did we sell?", sql: SELECT 1}
`

func sales(t *testing.T) *semantic.Model {
	t.Helper()
	p, err := product.Parse([]byte(salesSpec))
	if err != nil {
		t.Fatal(err)
	}
	return semantic.FromProduct(p)
}

func TestAModelIsReadFromItsSpec(t *testing.T) {
	m := sales(t)
	if m.ProductID != "sales" || m.Dialect != semantic.Postgres || m.Description != "What was sold" || len(m.Version) != 16 {
		t.Errorf("%+v", m)
	}
	orders, _ := m.Table("ORDERS")
	if orders.Label != "customer orders" || orders.Physical != "fact_orders" || orders.TimeColumn != "placed" || orders.Grain != semantic.Quarter || !slices.Equal(orders.PrimaryKey, []string{"id"}) || !slices.Equal(orders.Synonyms, []string{"purchases"}) {
		t.Errorf("%+v", orders)
	}
	got, _ := orders.Column("amount")
	want := &semantic.Column{Name: "amount", Label: "order value", Class: semantic.Numeric, Unit: "EUR", Synonyms: []string{"revenue", "turnover"}, Nullable: true, Distinct: -1, Additive: semantic.Additive}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	status, _ := orders.Column("status")
	if !status.Complete || !slices.Equal(status.Values, []string{"open", "paid"}) {
		t.Errorf("%+v", status)
	}
	joins := []semantic.Join{{Name: "order_buyer", From: "orders", To: "people", Columns: []string{"buyer"}, RefColumns: []string{"no"}, Cardinality: semantic.ManyToOne, FromOptional: true}}
	if d := cmp.Diff(joins, m.Joins); d != "" {
		t.Error(d)
	}
	if x, _ := m.Measure("revenue"); x.Label != "revenue" || x.Table != "orders" || !slices.Equal(x.Synonyms, []string{"takings"}) {
		t.Errorf("%+v", x)
	}
	if len(m.Verified) != 1 || m.Verified[0].SQL != "SELECT 1" {
		t.Errorf("%+v", m.Verified)
	}
}

func TestMeasuresAndFiltersOfASpecCompile(t *testing.T) {
	m := sales(t)
	if odd, ok := m.Measure("odd"); !ok || odd.Expr != nil {
		t.Error("what is not understood is compiled")
	}
	if broken, ok := m.Filter("broken"); !ok || broken.Where != nil {
		t.Error("a broken filter is compiled")
	}
	query := q{Select: out(semantic.MeasureOf{Name: "per_buyer"}, semantic.MeasureOf{Name: "Revenue"}), Where: semantic.NamedFilter{Name: "open_orders"}}
	s, err := semantic.Compile(query, m, m.Dialect)
	want := `SELECT (CAST(SUM(t1."amount") AS DOUBLE PRECISION) / NULLIF(CAST(COUNT(DISTINCT t1."buyer") AS DOUBLE PRECISION), 0)) AS "per_buyer", SUM(t1."amount") AS "Revenue" FROM "orders" AS t1 ` +
		`WHERE (t1."status" = 'open' AND NOT ((t1."amount" BETWEEN 0 AND 1 OR t1."status" IN ('x', 'y''z'))))`
	if err != nil || s.SQL != want {
		t.Errorf("%v\n%s\n%s", err, s.SQL, want)
	}
	if got := semantic.Restate(query, m); got != "Revenue per buyer and revenue of customer orders, where open orders" {
		t.Error(got)
	}
	for _, bad := range []q{{Select: out(semantic.MeasureOf{Name: "odd"})}, {Select: out(semantic.MeasureOf{Name: "none"})}, {Select: out(rows("orders")), Where: semantic.NamedFilter{Name: "broken"}}} {
		if _, err := semantic.Compile(bad, m, m.Dialect); err == nil {
			t.Errorf("%v is compiled", bad)
		}
	}
}

func TestAModelsVersionIsOfAllItSays(t *testing.T) {
	a, b := sales(t), sales(t)
	if a.Version != b.Version {
		t.Error("the same spec has two versions")
	}
	b.Tables[0].Columns[2].Synonyms = nil
	b.Seal()
	if a.Version == b.Version {
		t.Error("a change is not seen")
	}
}

func TestIntrospectionAddsWhatTheSpecDoesNotSay(t *testing.T) {
	m := sales(t)
	m.Enrich(product.Schema{Tables: []product.SchemaTable{
		{Table: product.Table{Name: "fact_orders"}, Rows: 40, Description: "from the comment", PrimaryKey: []string{"buyer"}, Columns: []product.SchemaColumn{
			{Name: "amount", Type: "numeric(10,2)", Description: "net"}, {Name: "secret", Type: "text"}, {Name: "placed", Type: "date"}, {Name: "status", Type: "text", Samples: []string{"x"}}},
			ForeignKeys: []product.ForeignKey{{Columns: []string{"buyer"}, RefTable: product.Table{Name: "people"}}}},
	}})
	orders, _ := m.Table("orders")
	if _, ok := orders.Column("secret"); ok {
		t.Error("a column that the spec leaves out is in the model")
	}
	amount, _ := orders.Column("amount")
	placed, _ := orders.Column("placed")
	status, _ := orders.Column("status")
	if orders.Rows != 40 || orders.Description != "One row per order" || orders.PrimaryKey[0] != "id" || amount.EngineType != "numeric(10,2)" || amount.Description != "net" || placed.EngineType != "timestamp" || status.Values[0] != "open" {
		t.Errorf("%+v", orders)
	}
	if len(m.Joins) != 1 {
		t.Errorf("the same join twice: %+v", m.Joins)
	}
}

// looker answers with values by column name.
type looker map[string][]string

func (l looker) Values(_ context.Context, _ *semantic.Table, c *semantic.Column, limit int) ([]string, int64, int64, error) {
	if c.Name == "broken" {
		return nil, 0, 0, errors.New("no")
	}
	v := l[c.Name]
	return v[:min(len(v), limit)], int64(len(v)), 6, nil
}

func TestSamplesTellWhatAColumnHolds(t *testing.T) {
	names := []string{"day", "size", "zip", "note", "at", "code", "mixed"}
	st := product.SchemaTable{Table: product.Table{Name: "thing"}}
	for _, n := range names {
		st.Columns = append(st.Columns, product.SchemaColumn{Name: n, Type: map[string]string{"at": "DATE", "code": "INTEGER"}[n] + map[bool]string{true: "TEXT"}[n != "at" && n != "code"]})
	}
	m := semantic.FromSchema(product.Schema{Tables: []product.SchemaTable{st}}, semantic.SQLite)
	look := looker{"day": {"2024-01-01", "2024-02-01 10:00:00"}, "size": {"1", "10.5", "2"}, "zip": {"01234", "9000"}, "note": {"a", "b", "c"}, "at": {"1/2/2024", "soon"}, "code": {"X1", "7"}, "mixed": {"1", "x"}}
	if err := m.Sample(t.Context(), look, 2); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range m.Tables[0].Columns {
		got[c.Name] = string(c.Class)
		if c.NumericText {
			got[c.Name] += " of numbers"
		}
		if !c.Complete {
			got[c.Name] += " of many"
		}
	}
	want := map[string]string{"day": "date", "size": "text of numbers of many", "zip": "text", "note": "text of many", "at": "text", "code": "text", "mixed": "text"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if m.Tables[0].Rows != 6 || len(m.Tables[0].Columns[3].Values) != 2 {
		t.Errorf("%+v", m.Tables[0])
	}
	broken := semantic.FromSchema(product.Schema{Tables: []product.SchemaTable{{Table: product.Table{Name: "x"}, Columns: []product.SchemaColumn{{Name: "broken"}}}}}, semantic.SQLite)
	if err := broken.Sample(t.Context(), look, 2); err == nil {
		t.Error("a failed look is no failure")
	}
}

func TestANumberHeldAsTextIsANumberAndTheRestIsNothing(t *testing.T) {
	model := func(d semantic.Dialect) *semantic.Model {
		m := semantictest.Model(d)
		c, _ := m.Table("customer")
		name, _ := c.Column("name")
		name.NumericText = true
		return m
	}
	query := q{Select: out(agg{Op: semantic.Max, Of: custName}, sum("customer", "name"), agg{Op: semantic.Count, Of: custID}), Where: is("customer", "name", semantic.Gt, num("9"))}
	for d, db := range map[semantic.Dialect]*sql.DB{semantic.SQLite: sqlite(t), semantic.Postgres: open(t, "pgx", testpg.URL(t))} {
		for id, name := range map[string]string{"1": "85", "2": " 9.5 ", "3": "", "4": "100", "5": "nine", "6": "8"} {
			if _, err := db.ExecContext(t.Context(), "UPDATE customer SET name = '"+name+"' WHERE id = "+id); err != nil {
				t.Fatal(err)
			}
		}
		s, err := semantic.Compile(query, model(d), d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := semantictest.Answer(t.Context(), db, s.SQL)
		if err != nil || !slices.Equal(got, []string{"100|194.5|3"}) {
			t.Errorf("%s: %v %v\n%s", d, err, got, s.SQL)
		}
	}
}

func TestKeysAndRolesAreInferredByName(t *testing.T) {
	columns := func(names ...string) (cs []product.SchemaColumn) {
		for _, n := range names {
			name, kind, _ := strings.Cut(n, " ")
			if kind == "" {
				kind = "INTEGER"
			}
			cs = append(cs, product.SchemaColumn{Name: name, Type: kind})
		}
		return cs
	}
	table := func(name string, cs ...string) product.SchemaTable {
		return product.SchemaTable{Table: product.Table{Name: name}, Columns: columns(cs...)}
	}
	m := semantic.FromSchema(product.Schema{Tables: []product.SchemaTable{
		table("Teams", "id", "name TEXT", "founded_year", "city_code TEXT"),
		table("city", "city_code TEXT", "population", "mayor TEXT"),
		table("matches", "match_id", "home_team_id", "awayTeamId", "played DATE", "attendance", "rating REAL", "team TEXT"),
		table("employee", "employee_id", "salary REAL", "manager_employee_id"),
	}}, semantic.SQLite)
	m.Infer()
	var joins []string
	for _, j := range m.Joins {
		if !j.Inferred {
			t.Errorf("%s is not marked", j.Name)
		}
		joins = append(joins, j.From+"."+j.Columns[0]+" -> "+j.To+"."+j.RefColumns[0]+" "+string(j.Cardinality))
	}
	want := []string{"Teams.city_code -> city.city_code many_to_one", "matches.home_team_id -> Teams.id many_to_one", "matches.awayTeamId -> Teams.id many_to_one", "employee.manager_employee_id -> employee.employee_id many_to_one"}
	if d := cmp.Diff(want, joins); d != "" {
		t.Error(d)
	}
	roles := map[string]semantic.Role{}
	for _, tb := range m.Tables {
		if !tb.KeyInferred || len(tb.PrimaryKey) != 1 {
			t.Errorf("%s: key %v", tb.Name, tb.PrimaryKey)
		}
		for _, c := range tb.Columns {
			roles[tb.Name+"."+c.Name] = c.Role
		}
	}
	for name, want := range map[string]semantic.Role{"Teams.id": semantic.Key, "Teams.founded_year": semantic.Time, "Teams.city_code": semantic.Foreign, "city.population": semantic.Measured, "matches.played": semantic.Time, "matches.attendance": semantic.Measured, "matches.team": semantic.Dimension} {
		if roles[name] != want {
			t.Errorf("%s: %s, want %s", name, roles[name], want)
		}
	}
	matches, _ := m.Table("matches")
	rating, _ := matches.Column("rating")
	attendance, _ := matches.Column("attendance")
	city, _ := m.Table("city")
	population, _ := city.Column("population")
	if matches.TimeColumn != "played" || rating.Additive != semantic.NonAdditive || attendance.Additive != semantic.Additive || population.Additive != semantic.SemiAdditive {
		t.Errorf("%+v", matches)
	}
}

func TestValuesThatAreNotThereSpeakAgainstAJoin(t *testing.T) {
	m := semantic.FromSchema(product.Schema{Tables: []product.SchemaTable{
		{Table: product.Table{Name: "color"}, PrimaryKey: []string{"color_code"}, Columns: []product.SchemaColumn{{Name: "color_code", Type: "TEXT"}}},
		{Table: product.Table{Name: "car"}, PrimaryKey: []string{"id"}, Columns: []product.SchemaColumn{{Name: "id", Type: "INTEGER"}, {Name: "color_code", Type: "TEXT"}}},
	}}, semantic.SQLite)
	m.Tables[0].Columns[0].Values, m.Tables[0].Columns[0].Complete = []string{"a", "b"}, true
	m.Tables[1].Columns[1].Values, m.Tables[1].Columns[1].Complete = []string{"x", "y"}, true
	m.Infer()
	if len(m.Joins) != 0 {
		t.Errorf("%+v", m.Joins)
	}
}

func TestPathsGoTheShortestWayAndSayWhenThereAreTwo(t *testing.T) {
	m := semantictest.Model(semantic.SQLite)
	p, ambiguous, ok := m.Path("product", "customer")
	if !ok || ambiguous || !p.Many || !slices.Equal(p.Joins, []string{"order_line_product_id", "order_line_order_id", "orders_customer_id"}) || !slices.Equal(p.Backward, []bool{true, false, false}) {
		t.Errorf("%+v %v %v", p, ambiguous, ok)
	}
	if _, ambiguous, ok = m.Path("orders", "region"); !ok || !ambiguous {
		t.Error("the customer's region and the employee's are the same to it")
	}
	if _, _, ok := m.Path("orders", "nowhere"); ok {
		t.Error("there is a way to nowhere")
	}
	s, err := semantic.Compile(q{Select: out(region, sum("orders", "amount"))}, m, semantic.SQLite)
	if err != nil || len(s.Ambiguous) != 1 {
		t.Errorf("%v %q", err, s.Ambiguous)
	}
}

func TestAKeyLeadsToTheTableOfItsSchema(t *testing.T) {
	table := func(schema, recordSet string, keys ...product.ForeignKey) product.SchemaTable {
		name := "users"
		if len(keys) > 0 {
			name = "orders"
		}
		return product.SchemaTable{Table: product.Table{Schema: schema, Name: name}, RecordSet: recordSet, PrimaryKey: []string{"id"}, ForeignKeys: keys, Columns: []product.SchemaColumn{{Name: "id", Type: "integer"}, {Name: "buyer", Type: "integer"}}}
	}
	key := product.ForeignKey{Columns: []string{"buyer"}, RefTable: product.Table{Schema: "crm", Name: "users"}, RefColumns: []string{"id"}}
	m := semantic.FromSchema(product.Schema{Tables: []product.SchemaTable{table("app", "logins"), table("crm", "customers"), table("app", "orders", key)}}, semantic.Postgres)
	if len(m.Joins) != 1 || m.Joins[0].To != "customers" {
		t.Errorf("%+v", m.Joins)
	}
}

func TestAPreferredJoinIsTakenBeforeOthersOfTheSameTables(t *testing.T) {
	col := func(name string) semantic.Column { return semantic.Column{Name: name, Class: semantic.Numeric} }
	m := &semantic.Model{Tables: []semantic.Table{
		{Name: "port", Physical: "port", PrimaryKey: []string{"id"}, Columns: []semantic.Column{col("id"), col("depth")}},
		{Name: "trip", Physical: "trip", PrimaryKey: []string{"id"}, Columns: []semantic.Column{col("id"), col("source"), col("target")}},
	}, Joins: []semantic.Join{
		{Name: "a", From: "trip", Columns: []string{"source"}, To: "port", RefColumns: []string{"id"}, Cardinality: semantic.ManyToOne},
		{Name: "b", From: "trip", Columns: []string{"target"}, To: "port", RefColumns: []string{"id"}, Cardinality: semantic.ManyToOne},
	}}
	query := q{From: "trip", Select: out(ref{Set: "port", Column: "depth"}), Prefer: []string{"b"}}
	s, err := semantic.Compile(query, m, semantic.SQLite)
	if err != nil || len(s.Ambiguous) > 0 || !strings.Contains(s.SQL, `"target"`) || len(s.Notes) != 1 {
		t.Errorf("%v %+v", err, s)
	}
	query.Prefer = []string{"nowhere"}
	if _, err := semantic.Compile(query, m, semantic.SQLite); err == nil {
		t.Error("a join that is not there is preferred")
	}
}

func TestATableIsDatedByItsOwnTime(t *testing.T) {
	for want, columns := range map[string][]string{"joined": {"birth_date", "last_login", "joined", "cancelled_on"}, "updated_at": {"updated_at", "valid_until"}, "placed": {"placed"}, "": {"name"}} {
		st := product.SchemaTable{Table: product.Table{Name: "member"}, Rows: -1}
		for _, c := range columns {
			kind := "timestamp"
			if c == "name" {
				kind = "text"
			}
			st.Columns = append(st.Columns, product.SchemaColumn{Name: c, Type: kind})
		}
		m := semantic.FromSchema(product.Schema{Tables: []product.SchemaTable{st}}, semantic.Postgres)
		m.Infer()
		if got := m.Tables[0].TimeColumn; got != want {
			t.Errorf("%v: %q, want %q", columns, got, want)
		}
	}
}

func TestTotalsOfDifferentRecordSetsAreNotSaidOfOne(t *testing.T) {
	m := semantictest.Model(semantic.SQLite)
	count := func(set string) semantic.Output {
		return semantic.Output{Expr: semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: set}}}
	}
	one, two := m.Tables[0].Name, m.Tables[1].Name
	words := semantic.Restate(semantic.Query{Select: []semantic.Output{count(one), count(two)}}, m)
	if strings.Contains(words, " with ") || !strings.Contains(words, " and number of ") {
		t.Errorf("said %q: the rows of neither are counted by way of the other", words)
	}
}

func TestAMeasureThatNamesItsRowsIsNotSaidTwice(t *testing.T) {
	count := semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: "flights"}}
	m := &semantic.Model{
		Tables:   []semantic.Table{{Name: "flights", Physical: "flights", Label: "Flights", Columns: []semantic.Column{{Name: "origin", Class: semantic.Text, Distinct: -1}}}},
		Measures: []semantic.Measure{{Name: "flights", Table: "flights", Expr: count}, {Name: "late", Label: "delayed flights", Table: "flights", Expr: count}, {Name: "delay", Table: "flights", Expr: count}},
	}
	for name, want := range map[string]string{"flights": "Flights, for each origin", "late": "Delayed flights, for each origin", "delay": "Delay of Flights, for each origin"} {
		query := q{Select: out(semantic.Ref{Set: "flights", Column: "origin"}, semantic.MeasureOf{Name: name})}
		if got := semantic.Restate(query, m); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

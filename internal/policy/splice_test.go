package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/warehouse/grammar/pg"
)

func TestSplicesPutQueriesOfTheShownColumnsInTheNamesPlace(t *testing.T) {
	const sales = `(SELECT "month", "region", "amount", "customer_id" FROM "public"."fact_sales")`
	for sql, want := range map[string]string{
		`SELECT * FROM sales`:                                         `SELECT * FROM ` + sales + ` AS "sales"`,
		`SELECT * FROM Sales S`:                                       `SELECT * FROM ` + sales + ` S`,
		`SELECT * FROM "shop:sales".sales AS x`:                       `SELECT * FROM ` + sales + ` AS x`,
		`SELECT * FROM fact_sales`:                                    `SELECT * FROM ` + sales + ` AS "fact_sales"`,
		`SELECT 'é', month FROM sales`:                                `SELECT 'é', month FROM ` + sales + ` AS "sales"`,
		`SELECT a.* FROM sales a, notes`:                              `SELECT a.* FROM ` + sales + ` a, "public"."notes" AS "notes"`,
		`SELECT n.x FROM notes n`:                                     `SELECT n.x FROM "public"."notes" n`,
		`SELECT public.notes.x FROM public.notes`:                     `SELECT "notes"."x" FROM "public"."notes" AS "notes"`,
		`SELECT shop_sales.notes.* FROM shop_sales.notes`:             `SELECT "notes".* FROM "public"."notes" AS "notes"`,
		`SELECT warehouse.sales.notes.x FROM warehouse.sales.notes`:   `SELECT "notes"."x" FROM "public"."notes" AS "notes"`,
		`WITH sales AS (SELECT month FROM sales) SELECT * FROM sales`: `WITH sales AS (SELECT month FROM ` + sales + ` AS "sales") SELECT * FROM sales`,
		`SELECT 1`: `SELECT 1`,
	} {
		lock, out, err := through(pgFacts(t), sql, specimen("public", "crm"))
		if lock != "allow" {
			t.Errorf("%s: %v", sql, err)
		}
		if d := cmp.Diff(want, out); d != "" {
			t.Error(d)
		}
	}
}

// spell draws one of the ways to write a record set's name.
func spell(t *rapid.T, set, physical string) string {
	s := rapid.SampledFrom([]string{
		set, strings.ToUpper(set), `"` + set + `"`, `"shop:sales".` + set, "shop_sales." + set, "SALES." + strings.ToUpper(set),
		"warehouse.sales." + set, `warehouse."shop:sales"."` + set + `"`, physical, "warehouse." + physical,
	}).Draw(t, "name")
	if rapid.Bool().Draw(t, "alias") {
		s += rapid.SampledFrom([]string{" x", " AS x", ` AS "X y"`, "\n\tx"}).Draw(t, "as")
	}
	return s
}

// from draws a query over some source, nested in some way.
func from(t *rapid.T, table string) string {
	form := rapid.SampledFrom([]string{
		"SELECT * FROM %", "SELECT count(*) FROM %", "SELECT 1 WHERE EXISTS (SELECT 1 FROM %)", "SELECT (SELECT count(*) FROM %)",
		"SELECT * FROM (SELECT * FROM %) q", "WITH w AS (SELECT * FROM %) SELECT * FROM w", "SELECT 1 UNION ALL SELECT 2 FROM %",
		"SELECT l.* FROM generate_series(1, 2) g, LATERAL (SELECT * FROM %) l", "SELECT 1 IN (SELECT 1 FROM %)",
		"SELECT 'é % é', * FROM %", "SELECT /* FROM secrets */ 1 FROM % -- FROM secrets", "VALUES ((SELECT count(*) FROM %))",
		"WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r) SELECT * FROM r, %", "(SELECT 1 FROM %) ORDER BY 1",
		"SELECT 1 ORDER BY (SELECT count(*) FROM %)", "SELECT ARRAY(SELECT 1 FROM %)", "SELECT 1 FROM % GROUP BY ()",
	}).Draw(t, "form")
	return strings.ReplaceAll(form, "%", table)
}

// What comes out of the splices never reads a table outside the product, in
// whatever way the names were written and wherever they stand.
func TestSplicedStatementReadsOnlyThePhysicalTablesOfTheProduct(t *testing.T) {
	pr := specimen("public", "crm")
	physical := map[string]bool{"public.fact_sales": true, "crm.customers": true, "public.notes": true}
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.SampledFrom([][2]string{{"sales", "public.fact_sales"}, {"customers", "crm.customers"}, {"notes", "public.notes"}}).Draw(t, "set")
		sql := from(t, spell(t, set[0], set[1]))
		f, err := pg.Facts(ctx, sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		v, err := policy.Judge(f, sql, pr, false)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if len(v.RecordSets) != 1 || v.RecordSets[0] != set[0] {
			t.Fatalf("%s: record sets %v", sql, v.RecordSets)
		}
		if f, err = pg.Facts(ctx, v.SQL); err != nil {
			t.Fatalf("%s: %v", v.SQL, err)
		}
		if _, err := policy.Judge(f, v.SQL, pr, true); err != nil {
			t.Fatalf("%s: %v", v.SQL, err)
		}
		for _, table := range f.Tables {
			if !physical[table.Schema+"."+table.Name] {
				t.Fatalf("%s reads %s.%s", v.SQL, table.Schema, table.Name)
			}
		}
	})
}

func TestTableOutsideTheProductIsRefusedWhereverItStands(t *testing.T) {
	pr := specimen("public", "crm")
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		table := rapid.SampledFrom([]string{"secrets", "public.secrets", "crm.cards", "pg_catalog.pg_authid", `"Sales"`, "other.fact_sales", "warehouse.crm.fact_sales"}).Draw(t, "table")
		if table == `"Sales"` {
			table = `"sales "`
		}
		sql := from(t, table)
		f, err := pg.Facts(ctx, sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if _, err := policy.Judge(f, sql, pr, false); lockOf(err) != "tables" {
			t.Fatalf("%s: %v", sql, err)
		}
	})
}

// FuzzPostgresGate: whatever passes the gate passes it again as it will run,
// and what will run parses.
func FuzzPostgresGate(f *testing.F) {
	for _, c := range corpus(f, "testdata/postgres.corpus", 300) {
		f.Add(c.sql)
	}
	pr := specimen("public", "crm")
	// The parser's start takes longer than a fuzzing worker may.
	if _, err := pg.Facts(f.Context(), "SELECT 1"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		facts, err := pg.Facts(t.Context(), sql)
		if err != nil {
			return
		}
		v, err := policy.Judge(facts, sql, pr, false)
		if err != nil {
			return
		}
		again, err := pg.Facts(t.Context(), v.SQL)
		if err != nil {
			t.Fatalf("%s\n%s does not parse: %v", sql, v.SQL, err)
		}
		if _, err := policy.Judge(again, v.SQL, pr, true); err != nil {
			t.Fatalf("%s\n%s: %v", sql, v.SQL, err)
		}
	})
}

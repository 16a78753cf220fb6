package planner_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

func sortBoth(a, b []string) {
	slices.Sort(a)
	slices.Sort(b)
}

func FuzzPlanEndsAndCompiles(f *testing.F) {
	seeds := []string{
		"How many plants are red?", strings.Repeat("red ", 10000), strings.Repeat("plant and ", 90), "\x00\x01\xff\u202e plants",
		strings.Repeat("name, ", 100), "for each for each for each", "not not not red", `"""'''“`, strings.Repeat("more than 3 plants ", 40),
		"height height height > > > 3 3 3", "top 99999999999999999999 plants by price", "plants where name contains '%_!'",
		"'; DROP TABLE plant; --", "between 1 and 2 and 3 and 4", strings.Repeat("(", 5000),
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	p := planner.New(garden(), values())
	f.Fuzz(func(t *testing.T, q string) {
		a := p.Plan(q)
		if !a.OK {
			if a.Reason == "" {
				t.Fatalf("%q: declined without a reason", q)
			}
			return
		}
		if a.Verified != nil {
			return
		}
		if s, err := semantic.Compile(a.Query, garden(), semantic.SQLite); err == nil && strings.Contains(s.SQL, ";") && !strings.Contains(q, ";") {
			t.Fatalf("%q: %s", q, s.SQL)
		}
	})
}

func TestHostileQuestionIsCheap(t *testing.T) {
	p := planner.New(garden(), values())
	for name, q := range map[string]string{
		"ten thousand words": strings.Repeat("plants of gardeners with red roses and ", 2000),
		"all values":         strings.Repeat("red rose Ann Oslo ", 40),
		"all columns":        strings.Repeat("name price height age ", 40),
		"all operators":      strings.Repeat("more than 3 and not less than ", 20),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			p.Plan(q)
			runtime.ReadMemStats(&after)
			if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 10<<20 {
				t.Errorf("%d bytes for one question", bytes)
			}
		})
	}
}

// wide is a model of 500 tables and 10,000 columns.
func wide() *semantic.Model {
	m := &semantic.Model{}
	words := strings.Fields("order item price customer store region product stock ship invoice payment ledger account branch visit ticket agent route fleet depot")
	for t := range 500 {
		tab := semantic.Table{Name: fmt.Sprintf("%s_%s_%d", words[t%20], words[(t/20)%20], t), PrimaryKey: []string{"id"}}
		tab.Physical = tab.Name
		tab.Columns = append(tab.Columns, col("id", semantic.Numeric, semantic.Key), col("parent_id", semantic.Numeric, semantic.Foreign))
		for c := range 18 {
			class := semantic.Text
			if c%2 == 0 {
				class = semantic.Numeric
			}
			tab.Columns = append(tab.Columns, col(words[c]+"_"+words[(c+t)%20], class, semantic.Dimension))
		}
		m.Tables = append(m.Tables, tab)
		if t > 0 {
			m.Joins = append(m.Joins, semantic.Join{Name: fmt.Sprint("j", t), From: tab.Name, Columns: []string{"parent_id"},
				To: m.Tables[(t-1)/3].Name, RefColumns: []string{"id"}, Cardinality: semantic.ManyToOne})
		}
	}
	return m
}

func BenchmarkPlanOnFiveHundredTables(b *testing.B) {
	p := planner.New(wide(), values())
	questions := []string{
		"What is the average price of order item 1 for each region?",
		"How many customers have more than 3 invoices and live in Oslo?",
		"Show the names and prices of the products with the highest stock in 2023.",
		"List the ticket agent and depot of every route without a payment, ordered by fleet.",
	}
	for b.Loop() {
		for _, q := range questions {
			p.Plan(q)
		}
	}
}

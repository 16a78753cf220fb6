package policy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/sqlfacts"
)

// specimen is the product the corpus is judged for. Beside what it shows, its
// tables have columns that it does not (cost, email, ssn), and its warehouse
// has tables that are none of its business (secrets, crm.cards).
func specimen(main, crm string) product.Product {
	column := func(name, kind string) product.Column { return product.Column{Name: name, Type: kind} }
	return product.Product{
		ID: "shop:sales",
		Systems: []product.System{{
			Name: "wh", Type: "sql", Source: product.Source{Engine: product.PostgreSQL, Host: "h", Database: "warehouse"},
		}},
		RecordSets: []product.RecordSet{
			{Key: "sales", Name: "sales", Table: product.Table{Schema: main, Name: "fact_sales"}, Columns: []product.Column{
				column("month", "date"), column("region", "text"), column("amount", "numeric"), column("customer_id", "numeric"),
			}},
			{Key: "customers", Name: "customers", Table: product.Table{Schema: crm, Name: "customers"}, Columns: []product.Column{
				column("id", "numeric"), column("name", "text"), column("segment", "text"), column("region", "text"),
			}},
			{Key: "notes", Name: "notes", Table: product.Table{Schema: main, Name: "notes"}},
		},
	}
}

// outcome is one line of a corpus.
type outcome struct {
	line int
	want []string // "allow", or the locks that may refuse it
	sql  string
}

// corpus reads testdata/<dialect>.corpus: lines of "allow: SQL" and
// "refuse <lock>[|<lock>]: SQL", where the lock "rejected" stands for the
// engine's own refusal.
func corpus(t testing.TB, path string, atLeast int) []outcome {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []outcome
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		verdict, sql, ok := strings.Cut(line, ": ")
		locks, refused := strings.CutPrefix(verdict, "refuse ")
		if !ok || !refused && verdict != "allow" {
			t.Fatalf("%s:%d: neither allow nor refuse: %s", path, i+1, line)
		}
		out = append(out, outcome{i + 1, strings.Split(locks, "|"), strings.ReplaceAll(sql, `\n`, "\n")})
	}
	if len(out) < atLeast {
		t.Fatalf("%s: %d statements, want at least %d", path, len(out), atLeast)
	}
	return out
}

type analyze func(sql string) (sqlfacts.Facts, error)

// through walks a statement through analysis and judgement the way the gateway
// does, and gives "allow" or the lock, and the text that would run.
func through(a analyze, sql string, pr product.Product) (lock, out string, err error) {
	f, err := a(sql)
	if err != nil {
		return "rejected", "", err
	}
	v, err := policy.Judge(f, sql, pr, false)
	if err != nil || v.SQL == sql && !f.Unresolved {
		return lockOf(err), v.SQL, err
	}
	if f, err = a(v.SQL); err != nil {
		return "broken", v.SQL, err
	}
	_, err = policy.Judge(f, v.SQL, pr, true)
	return lockOf(err), v.SQL, err
}

func lockOf(err error) string {
	switch f := fault.As(err); {
	case err == nil:
		return "allow"
	case f == nil:
		return "broken"
	case f.Kind == fault.Rejected:
		return "rejected"
	default:
		return f.Lock
	}
}

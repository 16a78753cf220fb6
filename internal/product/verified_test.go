package product_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

// withKeys is a good spec with further keys of the product.
func withKeys(keys string) []byte {
	return []byte(`product:
  productId: shop:sales
  version: 1.0.0
  contactEmail: ann@example.com
  contactName: Ann
  en: {name: Sales}
  deliverySystems:
    s: {type: sql, uri: "sqlite:///data/s.sqlite"}
  recordSets: {}
` + keys)
}

func TestVerifiedQueriesAreReadFromTheSpec(t *testing.T) {
	p, err := product.Parse(withKeys(`  x-postern-verified-queries:
    - name: top
      question: Who bought most?
      questions: ["Who are the best customers?"]
      description: The best customers.
      publish: true
      sql: SELECT :kind, :least, :since, :open, :note
      parameters:
        - {name: kind, type: enum, values: [a, b], default: b, description: What kind.}
        - {name: least, type: number, default: 1.5, required: false}
        - {name: since, type: date, required: true}
        - {name: open, type: boolean, default: true}
        - {name: note, required: false}
    - {name: plain, sql: "SELECT ':a', b::date -- :c"}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []product.VerifiedQuery{
		{Name: "top", Question: "Who bought most?", Questions: []string{"Who are the best customers?"}, Description: "The best customers.", Published: true,
			SQL: "SELECT :kind, :least, :since, :open, :note", Parameters: []product.QueryParameter{
				{Name: "kind", Type: "text", Description: "What kind.", Values: []string{"a", "b"}, Default: "b"},
				{Name: "least", Type: "numeric", Default: "1.5", Optional: true}, {Name: "since", Type: "date"},
				{Name: "open", Type: "boolean", Default: "true"}, {Name: "note", Type: "text", Optional: true}}},
		{Name: "plain", SQL: "SELECT ':a', b::date -- :c"},
	}
	if d := cmp.Diff(want, p.Verified); d != "" {
		t.Error(d)
	}
	if len(p.Tools()) != 0 {
		t.Error("a draft has tools")
	}
	p.Status = product.Ready
	if got := p.Tools(); len(got) != 1 || got[0].Query.Name != "top" {
		t.Errorf("tools %+v", got)
	}
}

func TestAWrongVerifiedQueryNamesItsPlace(t *testing.T) {
	for query, want := range map[string]string{
		`{sql: SELECT 1}`:                                                                   "0.name: Field required",
		`{name: x}`:                                                                         "0.sql: Field required",
		`{name: x, sql: SELECT 1, public: true}`:                                            "0.public: unknown key",
		`{name: x, sql: SELECT 1, publish: 1}`:                                              "0.publish: must be true or false",
		`{name: x, sql: "SELECT :a"}`:                                                       "0.sql: uses :a, which is none of its parameters (line 11)",
		`{name: x, sql: SELECT 1, parameters: [{name: a}]}`:                                 `0.parameters: the parameter "a" is not in the SQL`,
		`{name: x, sql: "SELECT :a", parameters: [{name: a, type: money}]}`:                 "0.parameters.0.type: must be text, number, date, boolean or enum",
		`{name: x, sql: "SELECT :a", parameters: [{name: a, type: enum}]}`:                  "0.parameters.0.type: an enum needs values",
		`{name: x, sql: "SELECT :a", parameters: [{name: a, type: number, default: many}]}`: "0.parameters.0.default: is no value of the type numeric",
		`{name: x, sql: "SELECT :a", parameters: [{name: a, type: date, default: today}]}`:  "0.parameters.0.default: is no value of the type date",
		`{name: x, sql: "SELECT :a", parameters: [{name: a, values: [b, c], default: d}]}`:  "0.parameters.0.default: must be one of the values",
		`{name: x, sql: "SELECT :a", parameters: [{name: a, default: d, required: true}]}`:  "0.parameters.0.required: a parameter with a default is not required",
		`{name: x, sql: "SELECT :a", parameters: [{name: a}, {name: a}]}`:                   `0.parameters.1: the parameter "a" is there twice`,
		`{name: x, sql: SELECT 1}` + "\n    - {name: x, sql: SELECT 2}":                     `1: the name "x" is taken`,
		`SELECT 1`: "0: must be a map",
	} {
		_, err := product.Parse(withKeys("  x-postern-verified-queries:\n    - " + query + "\n"))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "product.x-postern-verified-queries."+want) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}

func TestAToolsNameIsStableShortAndItsOwn(t *testing.T) {
	form, seen := regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`), map[string]string{}
	for _, id := range []string{"shop:sales", "shop_sales", "shop.sales", strings.Repeat("long:", 40), "9"} {
		for _, q := range []string{"top", "Top", "tøp", "top 10", "top_10", strings.Repeat("very ", 60), "数"} {
			v := product.Published{Product: product.Product{ID: id, Version: "1.0.0"}, Query: product.VerifiedQuery{Name: q}}
			name := v.ToolName()
			if !form.MatchString(name) {
				t.Errorf("%s of %s: %q", q, id, name)
			}
			if other, taken := seen[name]; taken {
				t.Errorf("%s of %s is called as %s", q, id, other)
			}
			seen[name] = q + " of " + id
			v.Product.Version = "2.0.0"
			if again := v.ToolName(); again != name {
				t.Errorf("%s and %s in another version", name, again)
			}
		}
	}
	if name := (product.Published{Product: product.Product{ID: "shop:sales"}, Query: product.VerifiedQuery{Name: "spent_by"}}).ToolName(); name != "shop_sales__spent_by_h5gnwkrx" {
		t.Errorf("clients know it by another name than %s", name)
	}
}

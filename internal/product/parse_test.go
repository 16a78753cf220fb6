package product_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "specs", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// specs are the good documents of testdata.
func specs(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/specs/*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no specs in testdata: %v", err)
	}
	out := map[string][]byte{}
	for _, n := range names {
		out[filepath.Base(n)] = read(t, filepath.Base(n))
	}
	return out
}

func TestASpecIsReadWhole(t *testing.T) {
	doc := read(t, "full.yaml")
	p, err := product.Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	got := p
	got.Spec, got.SpecYAML = nil, ""
	want := product.Product{
		ID: "finance:last_quarter_sales", Version: "1.0.0", Name: "Last quarter's sales", Description: "What was sold.",
		ShortDescription: "Sales", ContactEmail: "ann@example.com", ContactName: "Ann",
		Systems: []product.System{
			{Name: "warehouse", Type: "sql", URI: "postgresql://WH.example.com/sales?sslmode=verify-full", Source: product.Source{
				Engine: product.PostgreSQL, Host: "wh.example.com", Port: 5432, Database: "sales", Params: map[string]string{"sslmode": "verify-full"}}},
			{Name: "zz_files", Type: "sql", URI: "sqlite:///data/sales.sqlite", NoLogin: true, Source: product.Source{
				Engine: product.SQLite, Path: "/data/sales.sqlite", Params: map[string]string{}}},
		},
		RecordSets: []product.RecordSet{
			{Key: "sales", Name: "sales", DisplayName: "Sales", Description: "One row a sale.",
				Columns: []product.Column{{Name: "id", Type: "numeric"}, {Name: "month", Type: "date", DisplayName: "Month", Description: "first day"}, {Name: "customer_id", Type: "numeric"}},
				Table:   product.Table{Database: "sales", Schema: "public", Name: "sale"},
				Relationships: []product.Relationship{{Name: "sale_customer", RightTable: "customers", Expression: "sales.customer_id = customers.id",
					SQLDialect: "postgres", Cardinality: "many_to_one", LeftNullable: true, Notes: "guests have none"}}},
			{Key: "customers", Name: "customers", Table: product.Table{Schema: "public", Name: "customer"}},
		},
		Metrics:  []product.Metric{{Key: "revenue", DisplayName: "Revenue", Description: "All of it", Expression: "sum(amount)", Type: "numeric", Columns: []string{"amount"}}},
		ModelUse: product.ModelSchema,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if p.SpecYAML != string(doc) {
		t.Error("the YAML is not kept as it was posted")
	}
}

func TestTheSpecKeepsCustomKeysAndTheirOrder(t *testing.T) {
	p, err := product.Parse(read(t, "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"x-top":{"b":1,"a":[true,null,2.50]}`, `"x-owner":"finance"`, `"x-tone":"dry"`, `"x-region":"eu"`,
		`"x-note":[1,2]`, `"x-postern-type":"date"`, `"x-meta":"yes"`, `"sample":{"type":"mock","data":"id,month\n1,2024-01-01"}`,
	} {
		if !strings.Contains(string(p.Spec), want) {
			t.Errorf("the spec lost %s", want)
		}
	}
	if !json.Valid(p.Spec) {
		t.Error("the spec is not JSON")
	}
}

func TestJSONAndYAMLSayTheSame(t *testing.T) {
	for name, doc := range specs(t) {
		first, err := product.Parse(doc)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := product.Parse(first.Spec)
		if err != nil {
			t.Fatalf("%s as JSON: %v", name, err)
		}
		fromYAML, err := product.Parse([]byte(again.YAML()))
		if err != nil {
			t.Fatalf("%s rendered as YAML: %v\n%s", name, err, again.YAML())
		}
		first.SpecYAML, fromYAML.SpecYAML = "", ""
		if d := cmp.Diff(first, again); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(again, fromYAML); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestAFileEngineNeedsNoSchema(t *testing.T) {
	p, err := product.Parse(read(t, "least.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.RecordSets[0].Table; got != (product.Table{Schema: "main", Name: "t"}) {
		t.Errorf("table %+v", got)
	}
	if p.SpecYAML != "" {
		t.Error("a JSON document was kept as YAML")
	}
}

const goodYAML = `product:
  productId: sales
  version: 1.0.0
  contactEmail: a@b.example
  contactName: A
  en: {name: Sales}
  deliverySystems:
    wh: {type: sql, uri: "postgresql://h/db"}
  recordSets:
    t:
      schema: [{name: a, type: text}]
      dataAccess: [{type: SQL, qualifiedName: {schema: s, table: t}}]
`

// TestAWrongSpecNamesTheFieldAndLine changes one thing in a good document.
func TestAWrongSpecNamesTheFieldAndLine(t *testing.T) {
	for _, c := range []struct{ name, old, new, field, says string }{
		{"no id", "  productId: sales\n", "", "product.productId", "Field required, such as finance:sales (line 2)"},
		{"null id", "productId: sales", "productId:", "product.productId", "Field required"},
		{"bad id", "productId: sales", "productId: sa/les", "product.productId", "must start with a letter or digit and hold only letters, digits and : . _ - (line 2)"},
		{"number id", "productId: sales", "productId: 12", "product.productId", "must be text: put it in quotes (line 2)"},
		{"short version", "version: 1.0.0", "version: 1.0", "product.version", "must be a semantic version of three numbers, such as 1.0.0 (line 3)"},
		{"no email", "a@b.example", "nobody", "product.contactEmail", "must be an e-mail address"},
		{"empty contact", "contactName: A", `contactName: " "`, "product.contactName", "must not be empty (line 5)"},
		{"no name", "{name: Sales}", "{description: Sales}", "product.en.name", "Field required (line 6)"},
		{"misspelled key", "en: {name: Sales}", "en: {name: Sales, short_description: x}", "product.en.short_description", "did you mean shortDescription? Custom keys must start x-"},
		{"unknown key", "contactName: A", "contactName: A\n  owner: me", "product.owner", "unknown key: custom keys must start x-"},
		{"unknown top key", "product:", "extra: 1\nproduct:", "extra", "custom keys must start x-"},
		{"no systems", "  deliverySystems:\n    wh: {type: sql, uri: \"postgresql://h/db\"}\n", "", "product.deliverySystems", "at least one delivery system"},
		{"empty systems", "deliverySystems:\n    wh: {type: sql, uri: \"postgresql://h/db\"}", "deliverySystems: {}", "product.deliverySystems", "at least one delivery system"},
		{"upper-case sql", "type: sql", "type: SQL", "product.deliverySystems.wh.type", "must be sql, in lower case (line 8)"},
		{"bad uri", "postgresql://h/db", "postgresql://h/db?sslkey=/k", "product.deliverySystems.wh.uri", "the parameter sslkey is not allowed"},
		{"bad login", `"postgresql://h/db"`, `"postgresql://h/db", x-postern-login: maybe`, "product.deliverySystems.wh.x-postern-login", "the only value is none"},
		{"lower-case SQL", "type: SQL", "type: sql", "product.recordSets.t.dataAccess.0.type", "must be SQL, in upper case (line 12)"},
		{"no schema", "{schema: s, table: t}", "{table: t}", "product.recordSets.t.dataAccess.0.qualifiedName.schema", "Field required"},
		{"no table", "{schema: s, table: t}", "{schema: s}", "product.recordSets.t.dataAccess.0.qualifiedName.table", "Field required"},
		{"no access", "      dataAccess: [{type: SQL, qualifiedName: {schema: s, table: t}}]\n", "", "product.recordSets.t.dataAccess", "Field required"},
		{"empty access", "[{type: SQL, qualifiedName: {schema: s, table: t}}]", "[]", "product.recordSets.t.dataAccess", "must hold an entry"},
		{"bad column type", "type: text", "type: varchar", "product.recordSets.t.schema.0.type", "must be one of text, numeric, date, boolean, unknown, in lower case (line 11)"},
		{"column twice", "[{name: a, type: text}]", "[{name: a, type: text}, {name: a, type: text}]", "product.recordSets.t.schema.1.name", "is there twice"},
		{"schema no list", "[{name: a, type: text}]", "{a: text}", "product.recordSets.t.schema", "must be a list (line 11)"},
		{"name twice", "recordSets:\n", "recordSets:\n    u: {name: T, dataAccess: [{type: SQL, qualifiedName: {schema: s, table: u}}]}\n", "product.recordSets.t.name", "same name as record set"},
		{"lost relationship", "      schema:", "      relationships: [{rightTable: gone, expression: x, sqlDialect: y, cardinality: z, leftNullable: true, rightNullable: true}]\n      schema:", "product.recordSets.t.relationships.0.rightTable", `"gone" is not a record set of this product (line 11)`},
		{"bad nullable", "      schema:", "      relationships: [{rightTable: t, expression: x, sqlDialect: y, cardinality: z, leftNullable: maybe, rightNullable: true}]\n      schema:", "product.recordSets.t.relationships.0.leftNullable", "must be true or false"},
		{"bad metric", "  recordSets:\n", "  metadata: {metrics: {m: {displayName: M, description: D}}}\n  recordSets:\n", "product.metadata.metrics.m.expression", "Field required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := strings.Replace(goodYAML, c.old, c.new, 1)
			if doc == goodYAML {
				t.Fatal("the case changes nothing")
			}
			_, err := product.Parse([]byte(doc))
			f := fault.As(err)
			if f == nil || f.Kind != fault.Invalid || len(f.Fields) == 0 {
				t.Fatalf("got %v", err)
			}
			if got := strings.Join(f.Fields[0].Loc, "."); got != "body."+c.field {
				t.Errorf("field %s, want body.%s", got, c.field)
			}
			if !strings.Contains(f.Fields[0].Msg, c.says) {
				t.Errorf("says %q, want %q", f.Fields[0].Msg, c.says)
			}
			if !strings.HasPrefix(f.Message, c.field) {
				t.Errorf("the message %q does not begin with the field", f.Message)
			}
		})
	}
}

func TestAllWrongFieldsAreNamedAtOnce(t *testing.T) {
	_, err := product.Parse([]byte("product: {version: x, en: {}, recordSets: {t: }}"))
	f := fault.As(err)
	if f == nil || len(f.Fields) < 6 || !strings.Contains(f.Message, "more") {
		t.Fatalf("%v", err)
	}
}

func TestDocumentsThatAreNoSpecAreRefused(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 'b'; i < 'k'; i++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", i, i, strings.Repeat(fmt.Sprintf("*%c, ", i-1), 10))
	}
	hollow := strings.ReplaceAll(bomb, "x", "''")
	fat := "a: &a " + strings.Repeat("x", 1<<20) + "\nb: [" + strings.Repeat("*a, ", 100) + "]\n"
	for _, c := range []struct{ name, doc, says string }{
		{"empty", " \n", "empty"},
		{"only a comment", "# nothing\n", "empty"},
		{"text", "hello", "top key product"},
		{"list", "[1]", "top key product"},
		{"null product", "product:\n", "product: Field required"},
		{"not UTF-8", "product: \xff", "UTF-8"},
		{"broken YAML", "product:\n  a: [1\n  b: 2\n", "not valid YAML (line"},
		{"tab", "product:\n\ta: 1", "not valid YAML (line 2)"},
		{"broken JSON", "{\"product\": {\n\"a\" 1}}", "not valid JSON (line 2)"},
		{"two documents", "product: {}\n---\nproduct: {}\n", "one YAML document"},
		{"key twice", "product:\n  version: 1.0.0\n  version: 2.0.0\n", `the key "version" is there twice, on lines 2 and 3`},
		{"JSON key twice", "{\"product\": 1,\n \"product\": 2}", `the key "product" is there twice, on lines 1 and 2`},
		{"merge key", "base: &b {x: 1}\nproduct:\n  <<: *b\n", "merge key"},
		{"tag", "product: !!python/object x", "tags are not supported: write the plain value (line 1)"},
		{"cycle", "product: &p [*p]\n", "too deeply"},
		{"wide cycle", "product: &p [*p, *p, *p]\n", "too deeply"},
		{"alias bomb", bomb, "too large once its aliases are followed"},
		{"hollow bomb", hollow, "too large once its aliases are followed"},
		{"fat aliases", fat, "too large once its aliases are followed"},
		{"deep", strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "too deeply"},
		{"deep JSON", `{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}", "too deeply"},
		{"infinity", "x-a: .inf\nproduct: {}", "put it in quotes (line 1)"},
		{"huge number", "{\"x-a\": 1e999}", "put it in quotes (line 1)"},
		{"too large", "# " + strings.Repeat("x", 5<<20), "larger than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := product.Parse([]byte(c.doc))
			if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.As(err).Message, c.says) {
				t.Errorf("says %v, want %q", err, c.says)
			}
		})
	}
}

func TestAliasesAreFollowed(t *testing.T) {
	doc := strings.Replace(goodYAML, "    t:\n", "    u: &u {dataAccess: [{type: SQL, qualifiedName: {schema: s, table: u}}]}\n    v: *u\n    t:\n", 1)
	p, err := product.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.RecordSets) != 3 || p.RecordSets[1].Name != "v" || p.RecordSets[1].Table.Name != "u" {
		t.Errorf("%+v", p.RecordSets)
	}
}

func TestWhatWasStoredIsReadUnderNewerRules(t *testing.T) {
	p, err := product.Stored([]byte(`{"product":{"productId":"a","version":"1.0.0","oldKey":1,"en":{"name":"A"}}}`))
	if err != nil || p.ID != "a" || p.Name != "A" {
		t.Errorf("%+v %v", p, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, doc := range specs(f) {
		f.Add(doc)
	}
	f.Add([]byte(goodYAML))
	f.Add([]byte("product: &p [*p]"))
	f.Add([]byte("{\"product\": {}}"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		p, err := product.Parse(doc)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("not a fault for the caller: %v", err)
			}
			return
		}
		if !json.Valid(p.Spec) {
			t.Fatalf("spec is not JSON: %s", p.Spec)
		}
		again, err := product.Parse(p.Spec)
		if err != nil {
			t.Fatalf("its own JSON is refused: %v\n%s", err, p.Spec)
		}
		p.SpecYAML = ""
		if d := cmp.Diff(p, again); d != "" {
			t.Fatal(d)
		}
		rendered, err := product.Parse([]byte(again.YAML()))
		if err != nil {
			t.Fatalf("its own YAML is refused: %v\n%s", err, again.YAML())
		}
		rendered.SpecYAML = ""
		rendered.Spec, again.Spec = nil, nil
		if d := cmp.Diff(again, rendered); d != "" {
			t.Fatal(d)
		}
	})
}

func TestWhatMayLeaveToALanguageModelIsTheSchemaUnlessTheSpecSaysOtherwise(t *testing.T) {
	doc := string(read(t, "full.yaml"))
	for key, want := range map[string]product.ModelUse{"": product.ModelSchema, "none": product.ModelNone, "schema": product.ModelSchema, "rows": product.ModelRows} {
		with := doc
		if key != "" {
			with = strings.Replace(doc, "product:\n", "product:\n  x-postern-model: "+key+"\n", 1)
		}
		p, err := product.Parse([]byte(with))
		if err != nil || p.ModelUse != want {
			t.Errorf("%q: %q, %v", key, p.ModelUse, err)
		}
	}
	bad := strings.Replace(doc, "product:\n", "product:\n  x-postern-model: everything\n", 1)
	if _, err := product.Parse([]byte(bad)); err == nil || !strings.Contains(err.Error(), "none, schema or rows") {
		t.Errorf("an unknown word: %v", err)
	}
	// One that is stored nevertheless lets nothing leave.
	if p, err := product.Stored([]byte(bad)); err != nil || p.ModelUse != product.ModelNone {
		t.Errorf("an unknown word in the store: %q, %v", p.ModelUse, err)
	}
}

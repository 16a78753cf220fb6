package tool_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // the driver

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/gateway/gatewaytest"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/testpg"
	"github.com/postern/postern/internal/tool"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/postgres"
	"github.com/postern/postern/internal/warehouse/sqlite"
)

func TestMain(m *testing.M) { testpg.Main(m) }

// plots have beds: a fan. Of a plot the pin is outside the product; one bed
// has no plot.
const plots = `
CREATE TABLE plot (plot_id INTEGER PRIMARY KEY, name TEXT, soil TEXT, area INTEGER, leased DATE, pin TEXT);
CREATE TABLE bed (bed_id INTEGER PRIMARY KEY, plot_id INTEGER REFERENCES plot(plot_id), crop TEXT);
INSERT INTO plot VALUES (1, 'North', 'clay', 10, '2023-01-05', '4711'), (2, 'South', 'sand', 20, '2023-03-05', '4712'), (3, 'Hill', 'clay', 30, '2024-01-09', '4713');
INSERT INTO bed VALUES (1, 1, 'leek'), (2, 1, 'kale'), (3, 2, 'leek'), (4, NULL, 'chard');
`

const plotsSpec = `product:
  productId: garden
  version: 1.0.0
  contactEmail: ann@example.com
  contactName: Ann
  en: {name: Garden}
  deliverySystems: {wh: {type: sql, uri: "%s"%s}}
  recordSets:
    plots:
      name: plots
      x-postern-time-column: leased
      schema:
        - {name: plot_id, type: numeric}
        - {name: name, type: text}
        - {name: soil, type: text, x-postern-synonyms: [ground]}
        - {name: area, type: numeric}
        - {name: leased, type: date}
      dataAccess: [{type: SQL, qualifiedName: {schema: %s, table: plot}}]
    beds:
      name: beds
      dataAccess: [{type: SQL, qualifiedName: {schema: %[3]s, table: bed}}]
  metadata:
    metrics:
      land: {displayName: Land, description: Square metres, expression: "SUM(plots.area)", type: aggregate}
`

// use calls a tool as who, and gives its content as JSON says it.
func use(t *testing.T, w *gatewaytest.World, m *tool.Models, who auth.Caller, name, input string) (map[string]any, tool.Return) {
	t.Helper()
	tl, err := tool.Find(tool.Builtin(), name)
	if err != nil {
		t.Fatal(err)
	}
	ret, err := tl.Call(t.Context(), &tool.Env{Caller: who, Data: w, Models: m, Via: "test:" + name}, json.RawMessage(input))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(ret.Content)
	if err != nil {
		t.Fatal(err)
	}
	checkOutput(t, tl, ret, b)
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v, ret
}

func lite(t *testing.T) (*gatewaytest.World, auth.Caller) {
	t.Helper()
	w := gatewaytest.New(t, map[product.Engine]warehouse.Driver{product.SQLite: sqlite.Driver{}})
	file := filepath.Join(w.Files, "garden.sqlite")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(plots); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	viewer := gatewaytest.Client("viewer", auth.Viewer)
	w.Register(t, fmt.Sprintf(plotsSpec, "sqlite://"+file, ", x-postern-login: none", "main"), viewer)
	return w, viewer
}

// semantics are semantic queries and SQL by hand for the same.
var semantics = map[string]string{
	`"measures":["land"]`: "SELECT SUM(area) FROM plots",
	`"measures":["land","count(beds)"],"dimensions":["plots.soil"],"order":["soil"]`:                                  "SELECT soil, SUM(area), (SELECT COUNT(*) FROM beds b JOIN plots p ON p.plot_id = b.plot_id WHERE p.soil = plots.soil) FROM plots GROUP BY soil ORDER BY soil",
	`"dimensions":["plots.name"],"filters":[{"not_exists":"beds"}]`:                                                   "SELECT name FROM plots WHERE plot_id NOT IN (SELECT plot_id FROM beds WHERE plot_id IS NOT NULL)",
	`"measures":[{"name":"land","show":"share"}],"dimensions":["plots.soil"],"order":["soil"]`:                        "SELECT soil, SUM(area) * 1.0 / 60 FROM plots GROUP BY soil ORDER BY soil",
	`"measures":["land"],"time":{"grain":"year","in":"2024","compare":"previous_period"}`:                             "SELECT 2024, 30, 30, 0.0",
	`"measures":["count(plots)"],"filters":[{"column":"ground","value":"clay"}]`:                                      "",
	`"table":"plots","dimensions":["plots.name"],"measures":["count(beds)"],"keep_without":["beds"],"order":["name"]`: "SELECT name, (SELECT COUNT(*) FROM beds b WHERE b.plot_id = plots.plot_id) FROM plots ORDER BY name",
}

func TestASemanticQueryGivesWhatSQLByHandGives(t *testing.T) {
	w, viewer := lite(t)
	m := &tool.Models{Changes: w.DB.Changes}
	for q, by := range semantics {
		got, ret := use(t, w, m, viewer, "semantic_query_tool", `{"data_product_id":"garden",`+q+`}`)
		if by == "" {
			if !fault.Is(ret.Err, fault.Invalid) {
				t.Errorf("%s: %v", q, got)
			}
			continue
		}
		want, _ := use(t, w, m, viewer, "sql_execution_tool", `{"data_product_id":"garden","result_table_name":"r","sql":`+string(quoteJSON(by))+`}`)
		if d := cmp.Diff(want["rows"], got["rows"]); d != "" || want["rows"] == nil {
			t.Errorf("%s: %s\n%s", q, d, got["sql"])
		}
		if got["restatement"] == "" || got["tier"] != "semantic" || got["result_table_name"] != "answer" || got["model_version"] == "" {
			t.Errorf("%s: the facts are not whole: %v", q, got)
		}
	}
}

func quoteJSON(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestADryRunRunsNothing(t *testing.T) {
	data := &grove{}
	_, m := call(t, data, "semantic_query_tool", `{"data_product_id":"orchard","measures":["harvest"],"dimensions":["trees.kind"],"dry_run":true}`)
	if sql, _ := m["sql"].(string); !strings.Contains(sql, "GROUP BY") || m["dry_run"] != true || len(m["rows"].([]any)) != 0 {
		t.Errorf("got %v", m)
	}
	if strings.Contains(data.asked.SQL, "GROUP BY") {
		t.Errorf("%s was run", data.asked.SQL)
	}
}

func TestAColumnOutsideTheProductIsNoColumn(t *testing.T) {
	w, viewer := lite(t)
	got, ret := use(t, w, nil, viewer, "semantic_query_tool", `{"data_product_id":"garden","dimensions":["plots.pin"]}`)
	if !fault.Is(ret.Err, fault.Invalid) || !strings.Contains(fmt.Sprint(got), `no column \"plots.pin\"`) && !strings.Contains(fmt.Sprint(got), `no column "plots.pin"`) {
		t.Errorf("got %v", got)
	}
	other := gatewaytest.Client("other", auth.Viewer)
	if _, ret := use(t, w, nil, other, "semantic_query_tool", `{"data_product_id":"garden","measures":["land"]}`); !fault.Is(ret.Err, fault.NotFound) {
		t.Errorf("one without a grant got %v", ret.Err)
	}
}

func TestAKeyThatIsNotKnownIsRefusedAndNotPassedOver(t *testing.T) {
	w, viewer := lite(t)
	got, ret := use(t, w, nil, viewer, "semantic_query_tool", `{"data_product_id":"garden","measures":["land"],"filter":[{"column":"plots.soil","value":"clay"}],"message":"of clay","auth_mode":null}`)
	want := map[string]any{"code": 20001.0, "name": "CONTEXT_VALIDATION_ERROR", "message": "filter: there is no key of this name; did you mean filters?", "fields": []any{"filter"}}
	if d := cmp.Diff(want, got["error"]); d != "" || ret.Err == nil {
		t.Error(d)
	}
}

func TestASearchKeepsToItsMarketplace(t *testing.T) {
	w, viewer := lite(t)
	if _, err := w.CreateMarketplace(t.Context(), w.Admin, []byte("marketplace: {marketplaceId: fresh, contactName: A, contactEmail: a@example.com, en: {name: Fresh}}")); err != nil {
		t.Fatal(err)
	}
	if err := w.GrantMarket(t.Context(), w.Admin, market.Grant{Marketplace: "fresh", Subject: viewer.Subject(), Role: market.Viewer}, false); err != nil {
		t.Fatal(err)
	}
	find := func(id string) int {
		got, ret := use(t, w, nil, viewer, "list_data_products_tool", `{"search_term":"plots","marketplace_id":"`+id+`"}`)
		if ret.Err != nil {
			return -1
		}
		return len(got["results"].([]any))
	}
	if err := w.SetStatus(t.Context(), w.Admin, "garden", "1.0.0", product.Ready, false); err != nil {
		t.Fatal(err)
	}
	all, none, other := find("default"), find("fresh"), find("unknown")
	if _, err := w.Publish(t.Context(), w.Admin, "fresh", []market.Change{{Op: market.Publish, Product: "garden"}}); err != nil {
		t.Fatal(err)
	}
	if one := find("fresh"); all != 1 || none != 0 || one != 1 || other != -1 {
		t.Errorf("found %d in default, %d where nothing was published, then %d, and %d in none", all, none, one, other)
	}
}

// own is a table of which each login sees its own rows.
const own = `
CREATE TABLE plot (plot_id int PRIMARY KEY, name text, soil text, area int, leased date, owner text);
CREATE TABLE bed (bed_id int PRIMARY KEY, plot_id int REFERENCES plot(plot_id), crop text);
INSERT INTO plot VALUES (1, 'North', 'clay', 10, '2023-01-05', 'ann_%[1]s'), (2, 'South', 'peat', 20, '2023-03-05', 'bob_%[1]s'), (3, 'Hill', 'sand', 30, '2024-01-09', 'ann_%[1]s');
CREATE ROLE ann_%[1]s LOGIN PASSWORD 'p';
CREATE ROLE bob_%[1]s LOGIN PASSWORD 'p';
ALTER TABLE plot ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON plot USING (owner = current_user);
GRANT SELECT ON plot, bed TO ann_%[1]s, bob_%[1]s;
`

// TestASchemaHoldsTheValuesThatItsCallersLoginSees asks with two clients, and
// with two credentials of one client, over PostgreSQL's row security.
func TestASchemaHoldsTheValuesThatItsCallersLoginSees(t *testing.T) {
	pg := testpg.TCP(t)
	pg.Exec(t, fmt.Sprintf(own, pg.Database))
	w := gatewaytest.New(t, map[product.Engine]warehouse.Driver{product.PostgreSQL: postgres.Driver{}})
	ann, bob := gatewaytest.Client("ann", auth.Viewer), gatewaytest.Client("bob", auth.Viewer)
	uri := fmt.Sprintf("postgresql://127.0.0.1:%d/%s?sslmode=disable", pg.Port, pg.Database)
	id := w.Register(t, fmt.Sprintf(plotsSpec, uri, "", "public"), ann, bob)
	w.Login(t, ann, id, "own", "ann_"+pg.Database, "p")
	w.Login(t, bob, id, "own", "bob_"+pg.Database, "p")
	m := &tool.Models{Changes: w.DB.Changes}
	check := func(who auth.Caller, soils []any, land float64, hidden string) {
		t.Helper()
		schema, _ := use(t, w, m, who, "get_data_schema_tool", `{"data_product_id":"garden","query":"clay peat sand"}`)
		if s := fmt.Sprint(schema); strings.Contains(s, hidden) {
			t.Errorf("%s is told of %s: %s", who.Name, hidden, s)
		}
		matched := []any{}
		for _, x := range schema["matches"].([]any) {
			matched = append(matched, x.(map[string]any)["value"])
		}
		if d := cmp.Diff(soils, matched); d != "" {
			t.Errorf("%s: %s", who.Name, d)
		}
		got, ret := use(t, w, m, who, "semantic_query_tool", `{"data_product_id":"garden","measures":["land"]}`)
		if d := cmp.Diff([]any{[]any{land}}, got["rows"]); d != "" {
			t.Errorf("%s: %s (%v)", who.Name, d, ret.Err)
		}
	}
	for range 2 { // the second time what the others saw is remembered
		check(ann, []any{"clay", "sand"}, 40, "peat")
		check(bob, []any{"peat"}, 20, "clay")
	}
	w.Login(t, ann, id, "other", "bob_"+pg.Database, "p") // the newest credential is the one used
	check(ann, []any{"peat"}, 20, "clay")
}

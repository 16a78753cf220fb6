package agent_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/gateway/gatewaytest"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/tool"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/sqlite"
)

const garden = `
CREATE TABLE plot (plot_id INTEGER PRIMARY KEY, name TEXT, soil TEXT, area REAL, pin TEXT);
CREATE TABLE bed (bed_id INTEGER PRIMARY KEY, plot_id INTEGER NOT NULL REFERENCES plot(plot_id), crop TEXT);
INSERT INTO plot VALUES (1, 'North', 'clay', 10, '4711'), (2, 'South', 'sand', 20, '4712'), (3, 'Hill', 'clay', 30, '4713');
INSERT INTO bed VALUES (1, 1, 'leek'), (2, 1, 'kale'), (3, 2, 'leek');
`

const spec = `product:
  productId: %s
  version: 1.0.0
  contactEmail: ann@example.com
  contactName: Ann
  en: {name: Garden, description: Plots and beds}
  deliverySystems:
    lite: {type: sql, uri: "sqlite://%s", x-postern-login: none}
  recordSets:
    plots:
      name: plots
      schema:
        - {name: plot_id, type: numeric}
        - {name: name, type: text}
        - {name: soil, type: text}
        - {name: area, type: numeric}
      dataAccess: [{type: SQL, qualifiedName: {schema: main, table: plot}}]
    beds:
      name: beds
      dataAccess: [{type: SQL, qualifiedName: {schema: main, table: bed}}]
`

// world is the real path over a real SQLite warehouse.
type world struct {
	*gatewaytest.World
	viewer auth.Caller
	other  auth.Caller
	models *tool.Models
	now    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Now(), World: gatewaytest.New(t, map[product.Engine]warehouse.Driver{product.SQLite: sqlite.Driver{}})}
	file := filepath.Join(w.Files, "garden.sqlite")
	lite, err := sql.Open("sqlite", file)
	must(t, err)
	_, err = lite.Exec(garden)
	must(t, err)
	must(t, lite.Close())
	w.models = &tool.Models{Changes: w.DB.Changes, Now: func() time.Time { return w.now }}
	w.viewer, w.other = gatewaytest.Client("viewer", auth.Viewer), gatewaytest.Client("other", auth.Viewer)
	w.Register(t, fmt.Sprintf(spec, "garden", file), w.viewer)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask puts a question to the Query agent and gives its answer and its steps.
func ask(t *testing.T, m *tool.Models, d tool.Data, c auth.Caller, question string, earlier ...string) (tool.Return, []tool.Step) {
	t.Helper()
	ag, err := tool.Find(new(agent.Agents).Tools(), "sql_query_agent")
	must(t, err)
	var steps []tool.Step
	e := &tool.Env{Caller: c, Data: d, Models: m, Via: "test:sql_query_agent", Told: func(s tool.Step) error { steps = append(steps, s); return nil }}
	for _, was := range earlier {
		in, err := json.Marshal(map[string]string{"message": was, "data_product_id": "garden"})
		must(t, err)
		e.Earlier = append(e.Earlier, in)
	}
	in, err := json.Marshal(map[string]string{"message": question, "data_product_id": "garden"})
	must(t, err)
	ret, err := ag.Call(context.Background(), e, in)
	must(t, err)
	return ret, steps
}

func output(t *testing.T, ret tool.Return) agent.Output {
	t.Helper()
	must(t, ret.Err)
	return ret.Content.(agent.Output)
}

func TestAQuestionIsAnsweredFromTheTableOfAQueryThatRan(t *testing.T) {
	w := newWorld(t)
	for question, want := range map[string][][]any{
		"how many plots are there?":           {{json.Number("3")}},
		"how many beds are there?":            {{json.Number("3")}},
		"what is the total area of plots?":    {{json.Number("60")}},
		"number of plots by soil":             {{"clay", json.Number("2")}, {"sand", json.Number("1")}},
		"how many plots with soil clay?":      {{json.Number("2")}},
		"how many beds have the crop 'leek'?": {{json.Number("2")}},
	} {
		ret, steps := ask(t, w.models, w, w.viewer, question)
		out := output(t, ret)
		if out.Status != agent.Answered || out.Table == nil {
			t.Errorf("%s: %s: %s", question, out.Status, out.Answer)
			continue
		}
		got := slices.Clone(out.Table.Rows)
		slices.SortFunc(got, func(a, b []any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s\n%s", question, d, out.SQL)
		}
		if len(steps) != 2 || steps[0].Return != nil || steps[1].Return == nil || !strings.Contains(string(steps[0].Args), "SELECT") {
			t.Errorf("%s: the steps are not the call of a query and its return: %+v", question, steps)
		}
		if out.Tier != agent.Semantic || out.Restatement == "" || out.ModelVersion == "" || !strings.Contains(out.Answer, "| --- |") {
			t.Errorf("%s: the facts are not whole: %+v", question, out)
		}
	}
}

func TestWhatHasNoPlaceIsNotAnsweredAndNothingRuns(t *testing.T) {
	w := newWorld(t)
	ret, steps := ask(t, w.models, w, w.viewer, "how many unicorns are there?")
	out := output(t, ret)
	if out.Status != agent.Abstained || !slices.Contains(out.Unplaced, "unicorns") || out.SQL != "" || out.Table != nil || len(steps) > 0 {
		t.Errorf("got %+v and %d steps", out, len(steps))
	}
	if !strings.HasPrefix(out.Answer, "I cannot answer this") || !strings.Contains(out.Answer, `"unicorns"`) {
		t.Errorf("the text is %q", out.Answer)
	}
}

// TestAColumnOutsideTheProductIsUnknown: pin is in the table, not in the spec.
func TestAColumnOutsideTheProductIsUnknown(t *testing.T) {
	w := newWorld(t)
	for _, question := range []string{"list the pins of plots", "how many plots have the pin 4711?", "which plot is 4712?"} {
		ret, _ := ask(t, w.models, w, w.viewer, question)
		out := output(t, ret)
		if out.Status == agent.Answered && strings.Contains(out.SQL, "pin") || strings.Contains(fmt.Sprint(out.Table), "471") {
			t.Errorf("%s: %s", question, out.Answer)
		}
	}
}

func TestAnInvisibleProductIsRefusedBeforeTheQuestionIsRead(t *testing.T) {
	w := newWorld(t)
	ret, steps := ask(t, w.models, w, w.other, "how many plots are there?")
	if !fault.Is(ret.Err, fault.NotFound) || len(steps) > 0 {
		t.Errorf("got %v and %d steps", ret.Err, len(steps))
	}
}

func TestARevokedGrantEndsWhatWasRemembered(t *testing.T) {
	w := newWorld(t)
	ret, _ := ask(t, w.models, w, w.viewer, "how many plots are there?")
	output(t, ret)
	must(t, w.Revoke(context.Background(), w.Admin, product.Grant{Product: "garden", Subject: w.viewer.Subject(), Role: product.ProductViewer}))
	if ret, _ = ask(t, w.models, w, w.viewer, "how many plots are there?"); !fault.Is(ret.Err, fault.NotFound) {
		t.Errorf("got %+v", ret)
	}
}

// counted counts what is run, and hides rows of sand from other: two callers
// whose logins see different rows.
type counted struct {
	*gateway.Gateway
	as  auth.Caller
	ran *[]string
}

func (c counted) Run(ctx context.Context, who auth.Caller, q product.Query) (result.Rows, error) {
	*c.ran = append(*c.ran, q.SQL)
	if who.Name == "other" {
		q.SQL = strings.ReplaceAll(q.SQL, `FROM "plots" AS t1`, `FROM (SELECT * FROM plots WHERE soil <> 'sand') AS t1`)
	}
	return c.Gateway.Run(ctx, c.as, q)
}

func (c counted) Schema(ctx context.Context, who auth.Caller, q product.Query) (product.Schema, error) {
	s, err := c.Gateway.Schema(ctx, c.as, q)
	for i := range s.Tables {
		for j := range s.Tables[i].Columns {
			if col := &s.Tables[i].Columns[j]; who.Name == "other" {
				col.Samples = slices.DeleteFunc(col.Samples, func(v string) bool { return v == "sand" || v == "South" })
			}
		}
	}
	return s, err
}

func (c counted) Product(ctx context.Context, _ auth.Caller, id, version string) (product.Product, error) {
	return c.Gateway.Product(ctx, c.as, id, version)
}

func TestAValueThatTheCallerMayNotSeeNeverSurfaces(t *testing.T) {
	w := newWorld(t)
	var ran []string
	d := counted{w.Gateway, w.viewer, &ran}
	const question = "how many plots with soil sand?"
	for range 2 { // the second time what the others saw is remembered
		ret, _ := ask(t, w.models, d, w.viewer, question)
		if out := output(t, ret); out.Status != agent.Answered || !strings.Contains(out.Restatement, "sand") {
			t.Fatalf("the one who sees it: %+v", out)
		}
		ret, _ = ask(t, w.models, d, w.other, question)
		out := output(t, ret)
		if out.Status == agent.Answered || !slices.Contains(out.Unplaced, "sand") {
			t.Errorf("the one who does not see it: %+v", out)
		}
	}
}

func TestWhatWasReadIsRememberedForFiveMinutes(t *testing.T) {
	w := newWorld(t)
	var ran []string
	d := counted{w.Gateway, w.viewer, &ran}
	runs := func() int {
		ran = nil
		ret, _ := ask(t, w.models, d, w.viewer, "how many plots are there?")
		output(t, ret)
		return len(ran)
	}
	first, second := runs(), runs()
	if first-second < 3 || second < 2 { // what it reads and its rivals give, and the answer, run again
		t.Errorf("the first question ran %d statements, the second %d", first, second)
	}
	w.now = w.now.Add(5*time.Minute + time.Second)
	if third := runs(); third != first {
		t.Errorf("after five minutes %d statements ran, not %d", third, first)
	}
}

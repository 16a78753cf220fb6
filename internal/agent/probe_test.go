package agent_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/gateway/gatewaytest"
	"github.com/postern/postern/internal/tool"
)

const crowd = `product:
  productId: crowd
  version: 1.0.0
  contactEmail: ann@example.com
  contactName: Ann
  en: {name: Crowd, description: People of a town}
  deliverySystems:
    lite: {type: sql, uri: "sqlite://%s", x-postern-login: none}
  recordSets:
    people:
      name: people
      schema:
        - {name: person_id, type: numeric}
        - {name: nickname, type: text}
        - {name: age, type: numeric}
        - {name: joined_date, type: date}
      dataAccess: [{type: SQL, qualifiedName: {schema: main, table: people}}]
`

// askCrowd puts a question about the crowd.
func askCrowd(t *testing.T, w *world, d tool.Data, c auth.Caller, question string) tool.Return {
	t.Helper()
	ag, err := tool.Find(new(agent.Agents).Tools(), "sql_query_agent")
	must(t, err)
	in, err := json.Marshal(map[string]string{"message": question, "data_product_id": "crowd"})
	must(t, err)
	e := &tool.Env{Caller: c, Data: d, Models: w.models, Via: "test:sql_query_agent", Told: func(tool.Step) error { return nil }}
	ret, err := ag.Call(context.Background(), e, in)
	must(t, err)
	return ret
}

// TestANameAmongTooManyToKnowIsLookedForAsTheCaller: 6,000 names are more than
// the agent reads, and one of them is asked about.
func TestANameAmongTooManyToKnowIsLookedForAsTheCaller(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(w.Files, "crowd.sqlite")
	db, err := sql.Open("sqlite", file)
	must(t, err)
	_, err = db.Exec(`CREATE TABLE people (person_id INTEGER PRIMARY KEY, nickname TEXT, age INTEGER, joined_date DATE);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) INSERT INTO people SELECT i, 'nick' || i, i % 90, '2020-01-01' FROM n;
		INSERT INTO people VALUES (7000, 'Zebedee', 77, '2021-07-08');`)
	must(t, err)
	must(t, db.Close())
	w.Register(t, fmt.Sprintf(crowd, file), w.viewer)
	var ran []string
	as := counted{w.Gateway, w.viewer, &ran}
	out := output(t, askCrowd(t, w, as, w.viewer, "What is the age of the people with nickname 'Zebedee'?"))
	if out.Status != agent.Answered || fmt.Sprint(out.Table.Rows) != "[[77]]" {
		t.Fatalf("%s: %s\n%s", out.Status, out.Answer, strings.Join(ran, "\n"))
	}
	looked := 0
	for _, s := range ran {
		if strings.Contains(s, "'zebedee'") {
			looked++
			if !strings.Contains(s, "LIMIT 10") {
				t.Errorf("the look for a name has no bound: %s", s)
			}
		}
	}
	if looked != 1 {
		t.Errorf("%d looks for the name:\n%s", looked, strings.Join(ran, "\n"))
	}
	ran = nil
	out = output(t, askCrowd(t, w, as, w.viewer, "How many people are there?"))
	for _, s := range ran {
		if out.Status == agent.Answered && strings.Contains(s, " IN (") {
			t.Errorf("a question without names looks for some: %s", s)
		}
	}
	w.now = time.Date(2021, 8, 15, 22, 0, 0, 0, time.UTC)
	out = output(t, askCrowd(t, w, as, w.viewer, "How many people joined last month?"))
	if out.Status != agent.Answered || fmt.Sprint(out.Table.Rows) != "[[1]]" || !strings.Contains(strings.Join(out.Assumptions, " "), "“last month” is July 2021") {
		t.Errorf("%s: %s %v", out.Status, out.Answer, out.Assumptions)
	}
	stranger := gatewaytest.Client("stranger", auth.Viewer)
	if ret := askCrowd(t, w, w, stranger, "What is the age of the people with nickname 'Zebedee'?"); ret.Err == nil {
		t.Error("one who may not see the product is answered")
	}
}

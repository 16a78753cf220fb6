package agent_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/gateway/gatewaytest"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/testpg"
	"github.com/postern/postern/internal/tool"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/postgres"
)

func TestMain(m *testing.M) { testpg.Main(m) }

// rowsOf is a table of which each login sees its own rows.
const rowsOf = `
CREATE TABLE plots (plot_id int PRIMARY KEY, soil text, owner text);
INSERT INTO plots VALUES (1, 'clay', 'ann_%[1]s'), (2, 'clay', 'bob_%[1]s'), (3, 'sand', 'ann_%[1]s');
CREATE ROLE ann_%[1]s LOGIN PASSWORD 'p';
CREATE ROLE bob_%[1]s LOGIN PASSWORD 'p';
ALTER TABLE plots ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON plots USING (owner = current_user);
GRANT SELECT ON plots TO ann_%[1]s, bob_%[1]s;
`

const rowsSpec = `product:
  productId: garden
  version: 1.0.0
  contactEmail: ann@example.com
  contactName: Ann
  en: {name: Garden, description: Plots}
  deliverySystems:
    pg: {type: sql, uri: "postgresql://127.0.0.1:%d/%s?sslmode=disable"}
  recordSets:
    plots:
      name: plots
      schema: [{name: plot_id, type: numeric}, {name: soil, type: text}]
      dataAccess: [{type: SQL, qualifiedName: {schema: public, table: plots}}]
`

// TestALoginsValuesAreKnownToItAlone asks with two clients, and with two
// credentials of one client, over PostgreSQL's row security.
func TestALoginsValuesAreKnownToItAlone(t *testing.T) {
	pg := testpg.TCP(t)
	pg.Exec(t, fmt.Sprintf(rowsOf, pg.Database))
	w := gatewaytest.New(t, map[product.Engine]warehouse.Driver{product.PostgreSQL: postgres.Driver{}})
	ann, bob := gatewaytest.Client("ann", auth.Viewer), gatewaytest.Client("bob", auth.Viewer)
	id := w.Register(t, fmt.Sprintf(rowsSpec, pg.Port, pg.Database), ann, bob)
	login := func(c auth.Caller, state, user string) {
		t.Helper()
		w.Login(t, c, id, state, user+"_"+pg.Database, "p")
	}
	login(ann, "own", "ann")
	login(bob, "own", "bob")
	models := &tool.Models{Changes: w.DB.Changes}
	const question = "how many plots with soil sand?"
	sees := func(c auth.Caller) bool {
		t.Helper()
		ret, _ := ask(t, models, w, c, question)
		out := output(t, ret)
		if out.Status != agent.Answered && !slices.Contains(out.Unplaced, "sand") {
			t.Errorf("%s: %s", c.Name, out.Answer)
		}
		return out.Status == agent.Answered
	}
	for range 2 {
		if !sees(ann) || sees(bob) {
			t.Fatal("the value is known to another than the one whose login sees it")
		}
	}
	login(ann, "other", "bob") // the newest credential is the one used
	if sees(ann) {
		t.Error("a value is known that only another credential of the caller sees")
	}
}

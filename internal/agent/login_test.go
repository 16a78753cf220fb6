package agent_test

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/store"
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
	ctx, dir := context.Background(), t.TempDir()
	db, err := store.Open(ctx, store.Config{Dir: dir, Writer: "test"})
	must(t, err)
	master, err := keyring.LoadMaster(dir, false)
	must(t, err)
	ring, err := keyring.Open(ctx, db, master, time.Now())
	must(t, err)
	pol, err := policy.New()
	must(t, err)
	pool := warehouse.NewPool(map[product.Engine]warehouse.Driver{product.PostgreSQL: postgres.Driver{}},
		warehouse.Guarded([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}), warehouse.Bounds{})
	t.Cleanup(func() { pool.Close(); must(t, db.Close()) })
	g := &gateway.Gateway{
		Catalog: db, Policy: pol, Vault: &credential.Vault{Store: db, Seal: ring.AEAD("credential")}, Pool: pool, Record: db,
		Files: product.Files{Root: filepath.Join(dir, "none"), DataDir: dir}, Changes: db.Changes,
	}
	admin, ann, bob := client("admin", auth.ServerAdmin), client("ann", auth.Viewer), client("bob", auth.Viewer)
	_, _, err = g.CreateProduct(ctx, admin, fmt.Appendf(nil, rowsSpec, pg.Port, pg.Database))
	must(t, err)
	for _, c := range []auth.Caller{ann, bob} {
		must(t, g.Grant(ctx, admin, product.Grant{Product: "garden", Subject: c.Subject(), Role: product.ProductViewer}))
	}
	login := func(c auth.Caller, state, user string) {
		t.Helper()
		_, _, err := g.StoreCredential(auth.WithCaller(ctx, c), c, credential.New{
			ProductID: "garden", State: state, Username: user + "_" + pg.Database, Secret: credential.Secret{Password: secret.New("p")},
		})
		must(t, err)
	}
	login(ann, "own", "ann")
	login(bob, "own", "bob")
	models := &tool.Models{Changes: db.Changes}
	const question = "how many plots with soil sand?"
	sees := func(c auth.Caller) bool {
		t.Helper()
		ret, _ := ask(t, models, g, c, question)
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

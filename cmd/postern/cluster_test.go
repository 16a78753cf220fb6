package main_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // a test looks at the state as a database's own operator would

	"github.com/postern/postern/internal/testpg"
)

// bites is within what time a change made anywhere holds everywhere. Tests
// measure it and print it; they fail at ten times as much, since a machine
// that is busy with other tests proves nothing about a second.
const bites = time.Second

// within is eventually for what has to hold within a second.
func within(t *testing.T, what string, try func() error) {
	t.Helper()
	if took := eventually(t, what, try); took > 10*bites {
		t.Errorf("%s took %s", what, took)
	}
}

// shop is a product over a SQLite file in which a query can take long.
func shop(t *testing.T, c *cluster, dir string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shop.sqlite")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(context.Background(), `CREATE TABLE orders (id INTEGER PRIMARY KEY, cents INTEGER);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO orders SELECT i, i * 7 FROM n`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	spec := c.cli(t, dir, "", "product", "draft", "--uri", "sqlite://"+file, "--id", "shop:sales")
	c.cli(t, dir, string(spec), "product", "apply", "-f", "-")
}

const (
	query      = "/api/v2/data-product/shop:sales/query/"
	quick      = "SELECT count(*) AS n FROM orders"
	slow       = "SELECT count(*) FROM orders a, orders b, orders c WHERE a.cents + b.cents + c.cents = 1"
	clientsAPI = "/integration/core/v1/oauth/clients/"
	logins     = "/api/v2/auth/credentials/"
)

func statement(s string) map[string]string { return map[string]string{"sql": s} }

// TestChangesOfOneNodeHoldOnTheOther makes each change that the design promises
// within a second on one node, or by the command line, and waits for it on the
// other, with tokens issued before.
func TestChangesOfOneNodeHoldOnTheOther(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	home := c.dir(t)
	one, two := c.node(t, c.dir(t)), c.node(t, c.dir(t))
	shop(t, c, home)
	admin := one.token(t, c.client(t, home, "admin", "server_admin"))
	reader := c.client(t, home, "reader", "viewer")
	one.must(t, http.StatusOK, http.MethodGet, clientsAPI, admin, nil)
	two.must(t, http.StatusOK, http.MethodGet, clientsAPI, admin, nil)

	t.Run("a token of one is good on the other", func(t *testing.T) {
		two.must(t, http.StatusOK, http.MethodGet, whoami, one.token(t, reader), nil)
		one.must(t, http.StatusOK, http.MethodGet, whoami, two.token(t, reader), nil)
	})
	t.Run("tokens revoked", func(t *testing.T) {
		token := one.token(t, reader)
		two.must(t, http.StatusOK, http.MethodGet, whoami, token, nil)
		one.must(t, http.StatusNoContent, http.MethodPost, clientsAPI+reader.ID+"/revoke-tokens/", admin, nil)
		within(t, "refused on the other", func() error { return two.refusal(token) })
		two.must(t, http.StatusOK, http.MethodGet, whoami, two.token(t, reader), nil)
	})
	t.Run("one token revoked by its client", func(t *testing.T) {
		token, other := two.token(t, reader), two.token(t, reader)
		one.must(t, http.StatusOK, http.MethodGet, whoami, token, nil)
		form := reader.form()
		form.Set("token", token)
		two.must(t, http.StatusOK, http.MethodPost, "/oauth/v2/revoke/", "", form)
		within(t, "refused on the other", func() error { return one.refusal(token) })
		one.must(t, http.StatusOK, http.MethodGet, whoami, other, nil)
	})
	t.Run("a role taken down", func(t *testing.T) {
		mc := c.client(t, home, "was admin", "server_admin")
		token := one.token(t, mc)
		two.must(t, http.StatusOK, http.MethodGet, clientsAPI, token, nil)
		one.must(t, http.StatusOK, http.MethodPatch, clientsAPI+mc.ID+"/", admin, map[string]string{"role": "viewer"})
		within(t, "forbidden on the other", func() error {
			return two.wants(http.StatusForbidden, http.MethodGet, clientsAPI, token, nil)
		})
		c.cli(t, home, "", "client", "update", mc.ID, "--role", "server_admin")
		within(t, "allowed again after the command line", func() error {
			return errors.Join(one.wants(http.StatusOK, http.MethodGet, clientsAPI, token, nil), two.wants(http.StatusOK, http.MethodGet, clientsAPI, token, nil))
		})
	})
	t.Run("a grant given and taken by the command line", func(t *testing.T) {
		token := one.token(t, reader)
		two.must(t, http.StatusNotFound, http.MethodPost, query, token, statement(quick))
		c.cli(t, home, "", "product", "grant", "shop:sales", "--client", "reader")
		for _, m := range []*member{one, two} {
			within(t, "granted", func() error { return m.wants(http.StatusOK, http.MethodPost, query, token, statement(quick)) })
		}
		c.cli(t, home, "", "product", "revoke-grant", "shop:sales", "--client", "reader")
		for _, m := range []*member{one, two} {
			within(t, "taken", func() error { return m.wants(http.StatusNotFound, http.MethodPost, query, token, statement(quick)) })
		}
	})
	t.Run("a credential deleted", func(t *testing.T) {
		c.cli(t, home, "", "product", "grant", "shop:sales", "--client", "reader")
		token := one.token(t, reader)
		var stored struct {
			AuthID string `json:"auth_id"`
		}
		within(t, "stored", func() error {
			status, b, err := one.call(http.MethodPost, logins, token, map[string]string{"state": "s", "username": "u", "password": "p", "dp_id": "shop:sales"})
			if err != nil || status != http.StatusCreated {
				return fmt.Errorf("HTTP %d %s %w", status, b, err)
			}
			decode(t, b, &stored)
			return nil
		})
		with := map[string]string{"sql": quick, "auth_id": stored.AuthID}
		within(t, "used on the other", func() error { return two.wants(http.StatusOK, http.MethodPost, query, token, with) })
		one.must(t, http.StatusNoContent, http.MethodDelete, logins+stored.AuthID+"/", token, nil)
		within(t, "no use on the other", func() error { return two.wants(http.StatusUnprocessableEntity, http.MethodPost, query, token, with) })
	})
	t.Run("a product deleted", func(t *testing.T) {
		token := one.token(t, reader)
		two.must(t, http.StatusOK, http.MethodPost, query, token, statement(quick))
		one.must(t, http.StatusNoContent, http.MethodDelete, "/integration/data-products/v1/data-product/shop:sales/", admin, nil)
		within(t, "gone on the other", func() error { return two.wants(http.StatusNotFound, http.MethodPost, query, token, statement(quick)) })
	})
	t.Run("a single active token", func(t *testing.T) {
		mc := c.client(t, home, "alone", "viewer")
		c.cli(t, home, "", "client", "update", mc.ID, "--single-active-token")
		first := one.token(t, mc)
		two.must(t, http.StatusOK, http.MethodGet, whoami, first, nil)
		second := two.token(t, mc)
		within(t, "the first is refused where it was issued", func() error { return one.refusal(first) })
		within(t, "and where the second was", func() error { return two.refusal(first) })
		one.must(t, http.StatusOK, http.MethodGet, whoami, second, nil)
	})
	t.Run("a client deleted", func(t *testing.T) {
		mc := c.client(t, home, "goes", "viewer")
		token := one.token(t, mc)
		two.must(t, http.StatusOK, http.MethodGet, whoami, token, nil)
		c.cli(t, home, "", "client", "delete", mc.ID)
		within(t, "refused", func() error { return errors.Join(one.refusal(token), two.refusal(token)) })
		two.must(t, http.StatusUnauthorized, http.MethodPost, "/oauth/v2/token/", "", mc.form())
	})
	t.Run("keys rotated and burned", func(t *testing.T) { keysTurn(t, c, home, one, two, reader) })
	verify(t, c, home, 3)
}

// keysTurn rotates the signing key on the command line, and burns the one that
// signs.
func keysTurn(t *testing.T, c *cluster, home string, one, two *member, mc machine) {
	t.Helper()
	token := one.token(t, mc)
	two.must(t, http.StatusOK, http.MethodGet, whoami, token, nil)
	var rotated struct {
		KeyID string `json:"kid"`
	}
	decode(t, c.cli(t, home, "", "keys", "rotate", "--json"), &rotated)
	for _, m := range []*member{one, two} {
		within(t, "the new key is published", func() error {
			_, b, err := m.call(http.MethodGet, "/oauth/v2/.well-known/jwks.json/", "", nil)
			if err == nil && !strings.Contains(string(b), rotated.KeyID) {
				err = fmt.Errorf("%s", b)
			}
			return err
		})
	}
	two.must(t, http.StatusOK, http.MethodGet, whoami, token, nil)
	var keys []struct{ Kid, State string }
	decode(t, c.cli(t, home, "", "keys", "list", "--json"), &keys)
	for _, k := range keys {
		if k.State == "signing" {
			c.cli(t, home, "", "keys", "burn", k.Kid)
		}
	}
	within(t, "what the burned key signed is refused", func() error { return errors.Join(one.refusal(token), two.refusal(token)) })
	within(t, "a new token of one is good on the other", func() error {
		return two.wants(http.StatusOK, http.MethodGet, whoami, one.token(t, mc), nil)
	})
}

// verify checks every chain there is.
func verify(t *testing.T, c *cluster, dir string, atLeast int) {
	t.Helper()
	var report struct {
		Records  int
		Writers  int
		Problems []any
	}
	decode(t, c.cli(t, dir, "", "audit", "verify", "--json"), &report)
	if report.Writers < atLeast || len(report.Problems) > 0 {
		t.Errorf("the record: %+v", report)
	}
	t.Logf("%d records in %d chains hold", report.Records, report.Writers)
}

// TestNodeThatIsKilledLeavesItsStartedQueryOnRecord kills a node in the middle
// of a query. The other goes on, and the record says that the query began.
func TestNodeThatIsKilledLeavesItsStartedQueryOnRecord(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	home := c.dir(t)
	one, two := c.node(t, c.dir(t)), c.node(t, c.dir(t))
	shop(t, c, home)
	mc := c.client(t, home, "reader", "viewer")
	c.cli(t, home, "", "product", "grant", "shop:sales", "--client", "reader")
	token := one.token(t, mc)
	broken := make(chan error, 1)
	go func() {
		_, _, err := one.call(http.MethodPost, query, token, statement(slow))
		broken <- err
	}()
	type record struct {
		Seq    int64
		Writer string
		Event  struct {
			ID, Kind, Of, SQL string
		}
	}
	var started []record
	list := func(kind string) (got []record) {
		decode(t, c.cli(t, home, "", "audit", "list", "--kind", kind, "--json"), &got)
		return got
	}
	eventually(t, "the query is on record as started", func() error {
		if started = list("query.started"); len(started) != 1 {
			return fmt.Errorf("%d records", len(started))
		}
		return nil
	})
	one.kill()
	if err := <-broken; err == nil {
		t.Error("the query of the killed node was answered")
	}
	two.must(t, http.StatusOK, http.MethodPost, query, token, statement(quick))
	if got := started[0].Event; got.SQL != slow {
		t.Errorf("the record says %q", got.SQL)
	}
	for _, r := range list("query.finished") {
		if r.Event.Of == started[0].Event.ID {
			t.Error("a query that was cut off is on record as finished")
		}
	}
	verify(t, c, home, 3)
	one.start(t)
	one.must(t, http.StatusOK, http.MethodPost, query, token, statement(quick))
	verify(t, c, home, 3)
}

// TestNodeWithAnotherMasterKeyRefusesToStart also wants it to change nothing:
// the right nodes go on, and no key file is made beside old data.
func TestNodeWithAnotherMasterKeyRefusesToStart(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	home := c.dir(t)
	other := t.TempDir()
	if out, err := exec.Command(bin, "migrate", "--data", other).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, errOut, err := c.command(other, "", "serve", "--listen", "127.0.0.1:0")
	if err == nil || !strings.Contains(string(errOut), "not the one this store was made with") {
		t.Errorf("%v\n%s", err, errOut)
	}
	empty := t.TempDir()
	_, errOut, err = c.command(empty, "", "serve", "--listen", "127.0.0.1:0")
	if err == nil || !strings.Contains(string(errOut), "another node") {
		t.Errorf("%v\n%s", err, errOut)
	}
	if _, err := os.Stat(filepath.Join(empty, "master.key")); err == nil {
		t.Error("a new master key was made beside old data")
	}
	c.cli(t, home, "", "doctor")
}

// TestNodesThatStartTogetherOnAnEmptyDatabaseAgree races first starts.
func TestNodesThatStartTogetherOnAnEmptyDatabaseAgree(t *testing.T) {
	t.Parallel()
	fresh := &cluster{db: testpg.URL(t), master: newCluster(t).master} // a key that this database has not seen
	dirs := []string{fresh.dir(t), fresh.dir(t), fresh.dir(t)}
	nodes := make([]*member, len(dirs))
	var wg sync.WaitGroup
	for i := range dirs {
		nodes[i] = &member{dir: dirs[i], line: newLine(t, fresh.db)}
		wg.Go(func() { nodes[i].start(t) })
	}
	wg.Wait()
	mc := fresh.client(t, fresh.dir(t), "reader", "viewer")
	token := nodes[0].token(t, mc)
	for _, m := range nodes {
		within(t, "known to all", func() error { return m.wants(http.StatusOK, http.MethodGet, whoami, token, nil) })
	}
	verify(t, fresh, fresh.dir(t), 3)
}

// TestNodeOutlivesItsDatabase takes a node's way to the database away, for a
// while and in both ways in which that happens, and wants it to say so and to
// come back by itself. It never answers 401 or 500 meanwhile: a client would
// throw its good token away, or file a bug.
func TestNodeOutlivesItsDatabase(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	home := c.dir(t)
	m := c.node(t, c.dir(t))
	shop(t, c, home)
	mc := c.client(t, home, "reader", "viewer")
	c.cli(t, home, "", "product", "grant", "shop:sales", "--client", "reader")
	token := m.token(t, mc)
	within(t, "granted", func() error { return m.wants(http.StatusOK, http.MethodPost, query, token, statement(quick)) })
	for _, trouble := range []struct {
		name  string
		state lineState
	}{{"cut", lineCut}, {"hung", lineHung}} {
		t.Run(trouble.name, func(t *testing.T) {
			m.line.set(trouble.state)
			defer m.line.set(lineUp)
			within(t, "readyz says so", func() error { return m.wants(http.StatusServiceUnavailable, http.MethodGet, "/readyz", "", nil) })
			m.must(t, http.StatusOK, http.MethodGet, "/healthz", "", nil)
			// What was remembered may be used for a second; then nothing may.
			eventually(t, "requests are unavailable", func() error { return m.unavailable(http.MethodGet, whoami, token, nil) })
			var wg sync.WaitGroup
			for _, try := range []func() error{
				func() error { return m.unavailable(http.MethodGet, whoami, token, nil) },
				func() error { return m.unavailable(http.MethodPost, query, token, statement(quick)) },
				func() error { return m.unavailable(http.MethodPost, "/oauth/v2/token/", "", mc.form()) },
				func() error { return m.unavailable(http.MethodGet, whoami, "not.a.token", nil) },
			} {
				wg.Go(func() {
					start := time.Now()
					if err := try(); err != nil {
						t.Error(err)
					}
					t.Logf("answered after %d ms", time.Since(start).Milliseconds())
				})
			}
			wg.Wait()
			m.line.set(lineUp)
			eventually(t, "ready again", func() error { return m.wants(http.StatusOK, http.MethodGet, "/readyz", "", nil) })
			eventually(t, "a token again", func() error { return m.wants(http.StatusOK, http.MethodPost, "/oauth/v2/token/", "", mc.form()) })
			eventually(t, "a query again", func() error { return m.wants(http.StatusOK, http.MethodPost, query, token, statement(quick)) })
		})
	}
	verify(t, c, home, 2)
}

// unavailable is the error of an answer that does not say that the server is
// at fault for now. A broken token may be told so at any time.
func (m *member) unavailable(method, path, token string, body any) error {
	status, b, err := m.call(method, path, token, body)
	switch {
	case err != nil:
		return err
	case status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return nil
	case status == http.StatusUnauthorized && token == "not.a.token":
		return nil
	}
	return fmt.Errorf("%s %s: HTTP %d, wanted 503 or 504: %s", method, path, status, b)
}

// TestScrapersReadMetricsOnAListenerOfTheirOwn also wants none of it at the
// public address for others than this machine.
func TestScrapersReadMetricsOnAListenerOfTheirOwn(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	home := c.dir(t)
	m := c.node(t, c.dir(t), "--metrics-listen", "127.0.0.1:0")
	shop(t, c, home)
	mc := c.client(t, home, "reader", "viewer")
	c.cli(t, home, "", "product", "grant", "shop:sales", "--client", "reader")
	token := m.token(t, mc)
	within(t, "granted", func() error { return m.wants(http.StatusOK, http.MethodPost, query, token, statement(quick)) })
	m.must(t, http.StatusForbidden, http.MethodPost, query, token, statement("DROP TABLE orders"))
	mc.Secret = "wrong"
	m.must(t, http.StatusUnauthorized, http.MethodPost, "/oauth/v2/token/", "", mc.form())
	found := regexp.MustCompile(`metrics are on (\S+)/metrics`).FindStringSubmatch(m.printed())
	if found == nil {
		t.Fatalf("no listener\n%s", m.printed())
	}
	at := &member{url: found[1]}
	text := string(at.must(t, http.StatusOK, http.MethodGet, "/metrics", "", nil))
	for _, want := range []string{
		`postern_query_duration_seconds_count{engine="sqlite",kind="query",outcome="ok"} `,
		`postern_query_duration_seconds_count{engine="sqlite",kind="query",outcome="denied"} 1`,
		`postern_query_rows_total{engine="sqlite"} `,
		`postern_tokens_total{outcome="issued"} 1`,
		`postern_tokens_total{outcome="refused"} 1`,
		`postern_store_commit_duration_seconds_count{outcome="ok"} `,
		`postern_store_counter_age_seconds 0.`,
		`postern_warehouse_sessions `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, never := range []string{mc.ID, "shop:sales", "orders", token} {
		if strings.Contains(text, never) {
			t.Errorf("the metrics name %s", never)
		}
	}
	at.must(t, http.StatusNotFound, http.MethodGet, whoami, token, nil)
	if t.Failed() {
		t.Log(text)
	}
}

// TestNothingRememberedIsUsedWhileTheCounterCannotBeRead hides the change
// counter and takes a client's tokens back behind its back. A node that went
// on by what it remembers would not notice.
func TestNothingRememberedIsUsedWhileTheCounterCannotBeRead(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	home := c.dir(t)
	m := c.node(t, c.dir(t))
	mc := c.client(t, home, "reader", "viewer")
	token := m.token(t, mc)
	m.must(t, http.StatusOK, http.MethodGet, whoami, token, nil)
	db, err := sql.Open("pgx", c.db)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(q string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(context.Background(), q, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`ALTER TABLE changes RENAME TO hidden`)
	exec(`UPDATE oauth_clients SET epoch = epoch + 1 WHERE client_id = $1`, mc.ID)
	within(t, "refused without a counter", func() error { return m.refusal(token) })
	exec(`UPDATE oauth_clients SET epoch = epoch - 1 WHERE client_id = $1`, mc.ID)
	m.must(t, http.StatusOK, http.MethodGet, whoami, token, nil)
	exec(`ALTER TABLE hidden RENAME TO changes`)
	m.must(t, http.StatusOK, http.MethodGet, whoami, token, nil)
}

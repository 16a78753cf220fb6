package main_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/internal/testpg"
)

// office is a warehouse in PostgreSQL with two people's logins, a product over
// it, a node, and a client that may query.
type office struct {
	*member
	c          *cluster
	home       string
	pg         testpg.Address
	way        *line // to the warehouse
	alice, bob string
	token      string
	admin      *sql.DB
}

const officeSQL = `
CREATE ROLE alice_%[1]s LOGIN PASSWORD 'al1ce'; CREATE ROLE bob_%[1]s LOGIN PASSWORD 'b0b';
CREATE TABLE orders (id int PRIMARY KEY, tenant text NOT NULL, cents int NOT NULL);
INSERT INTO orders SELECT i, CASE WHEN i %% 3 = 0 THEN 'acme' ELSE 'bolt' END, i FROM generate_series(1, 3000) i;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON orders USING (tenant = current_setting('app.tenant', true));
CREATE TABLE numbers AS SELECT i FROM generate_series(1, 20000) i;
CREATE VIEW whoami AS SELECT current_user::text AS who;
GRANT SELECT ON orders, numbers, whoami TO alice_%[1]s, bob_%[1]s;
`

func newOffice(t *testing.T, flags ...string) *office {
	t.Helper()
	c := newCluster(t)
	o := &office{c: c, home: c.dir(t), pg: testpg.TCP(t)}
	o.alice, o.bob = "alice_"+o.pg.Database, "bob_"+o.pg.Database
	o.pg.Exec(t, fmt.Sprintf(officeSQL, o.pg.Database))
	var err error
	if o.admin, err = sql.Open("pgx", o.pg.Admin); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.admin.Close() })
	o.way = newTCPLine(t, o.pg.Port)
	o.apply(t, o.way, o.pg.Database, "")
	o.member = c.node(t, c.dir(t), append([]string{"--allow-network", "127.0.0.1/32"}, flags...)...)
	mc := c.client(t, o.home, "reader", "viewer")
	c.cli(t, o.home, "", "product", "grant", "office:all", "--client", "reader")
	o.token = o.member.token(t, mc)
	return o
}

// apply puts the product at the end of a line.
func (o *office) apply(t *testing.T, way *line, database, params string) {
	t.Helper()
	spec := o.c.cli(t, o.home, "al1ce\n", "product", "draft", "--uri", "postgresql://"+way.url+"/"+o.pg.Database, "--username", o.alice, "--id", "office:all")
	o.c.cli(t, o.home, strings.Replace(string(spec), way.url+"/"+o.pg.Database, way.url+"/"+database+params, 1), "product", "apply", "-f", "-")
}

const officeQuery = "/api/v2/data-product/office:all/query/"

// login is a credential as the API shows it.
type login struct {
	AuthID string `json:"auth_id"`
	Status string `json:"status"`
	Reason string `json:"reason"`
}

func (o *office) store(t *testing.T, state, user, password string) login {
	t.Helper()
	status, b, err := o.call(http.MethodPost, logins, o.token, map[string]string{"state": state, "username": user, "password": password, "dp_id": "office:all"})
	if err != nil || status != http.StatusCreated && status != http.StatusOK {
		t.Fatalf("HTTP %d %v\n%s", status, err, b)
	}
	var l login
	decode(t, b, &l)
	return l
}

// answer is a result, or why there is none.
type answer struct {
	Rows   [][]any `json:"rows"`
	Code   int     `json:"code"`
	Name   string  `json:"name"`
	Detail string  `json:"detail"`
}

func (o *office) ask(t *testing.T, body map[string]string) (int, answer) {
	t.Helper()
	status, b, err := o.call(http.MethodPost, officeQuery, o.token, body)
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	decode(t, b, &a)
	return status, a
}

// who is whose login a query runs under.
func (o *office) who(t *testing.T, authID string) string {
	t.Helper()
	body := map[string]string{"sql": "SELECT who FROM whoami"}
	if authID != "" {
		body["auth_id"] = authID
	}
	status, a := o.ask(t, body)
	if status != http.StatusOK {
		return fmt.Sprintf("%d %d %s %s", status, a.Code, a.Name, a.Detail)
	}
	return a.Rows[0][0].(string)
}

const noLogin = "422 10001 QUERY_DATA_PRODUCT_AUTH_ID_NOT_PROVIDED No auth ID was provided or configured for data product. Please configure credentials for this data product in the Alation catalog or contact your administrator."

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want && !(strings.HasSuffix(want, "…") && strings.HasPrefix(got, strings.TrimSuffix(want, "…"))) {
		t.Errorf("%s: %q, wanted %q", what, got, want)
	}
}

// TestLoginsGoThroughTheirStates walks a credential's life against a warehouse
// that asks for passwords.
func TestLoginsGoThroughTheirStates(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	within(t, "granted", func() error {
		return o.wants(http.StatusUnprocessableEntity, http.MethodPost, officeQuery, o.token, statement("SELECT 1"))
	})
	expect(t, "without a login", o.who(t, ""), noLogin)

	wrong := o.store(t, "one", o.alice, "not it")
	expect(t, "a wrong password", wrong.Status, "rejected")
	if !strings.Contains(wrong.Reason, "password authentication failed") || strings.Contains(wrong.Reason, "not it") {
		t.Errorf("the reason is %q", wrong.Reason)
	}
	expect(t, "with a rejected login", o.who(t, ""), noLogin)
	expect(t, "naming a rejected login", o.who(t, wrong.AuthID), "422 10003 QUERY_CREDENTIALS_NOT_FOUND_FOR_AUTH_ID …")
	expect(t, "naming none there is", o.who(t, "3f1d3c9e-7a55-4e0a-9a53-0a8f4f1b2c3d"), "422 10003 QUERY_CREDENTIALS_NOT_FOUND_FOR_AUTH_ID …")

	right := o.store(t, "one", o.alice, "al1ce")
	expect(t, "stored again", right.AuthID+right.Status, wrong.AuthID+"active")
	expect(t, "with a login", o.who(t, ""), o.alice)

	o.way.set(lineCut)
	unverified := o.store(t, "two", o.bob, "b0b")
	expect(t, "while the warehouse is down", unverified.Status, "unverified")
	expect(t, "a query then", o.who(t, ""), "503 10010 QUERY_SERVICE_ERROR …")
	o.way.set(lineUp)
	expect(t, "active before unverified, though older", o.who(t, ""), o.alice)
	var tested login
	decode(t, o.must(t, http.StatusOK, http.MethodPost, logins+unverified.AuthID+"/test/", o.token, nil), &tested)
	expect(t, "tested", tested.Status, "active")
	expect(t, "the newest of two that are active", o.who(t, ""), o.bob)
	expect(t, "the one that is named", o.who(t, right.AuthID), o.alice)
	o.must(t, http.StatusNoContent, http.MethodDelete, logins+unverified.AuthID+"/", o.token, nil)
	expect(t, "after the newest was deleted", o.who(t, ""), o.alice)

	o.moves(t, right)
}

// moves points the product at another place, where no login stored before may
// be sent.
func (o *office) moves(t *testing.T, l login) {
	elsewhere := newTCPLine(t, o.pg.Port)
	o.apply(t, elsewhere, o.pg.Database, "")
	within(t, "the move is known", func() error {
		if got := o.who(t, ""); got != noLogin {
			return fmt.Errorf("%s", got)
		}
		return nil
	})
	var now login
	decode(t, o.must(t, http.StatusOK, http.MethodGet, logins+l.AuthID+"/", o.token, nil), &now)
	expect(t, "after a move", now.Status+" "+now.Reason, "rejected The data product's warehouse has changed since this credential was stored. Store it again.")
	expect(t, "naming it", o.who(t, l.AuthID), "422 10003 QUERY_CREDENTIALS_NOT_FOUND_FOR_AUTH_ID The data product's warehouse has changed…")
	expect(t, "stored again", o.store(t, "one", o.alice, "al1ce").Status, "active")

	// A node may go by the product as it was for a moment more.
	becomes := func(what, status, reason string) {
		t.Helper()
		within(t, what, func() error {
			if got := o.store(t, "moved", o.alice, "al1ce"); got.Status != status || !strings.Contains(got.Reason, reason) {
				return fmt.Errorf("%+v", got)
			}
			return nil
		})
	}
	o.apply(t, elsewhere, "nowhere", "")
	becomes("a database that is not there", "rejected", `database "nowhere" does not exist`)
	o.apply(t, elsewhere, o.pg.Database, "?sslmode=require")
	becomes("with TLS required", "active", "")
	o.apply(t, elsewhere, o.pg.Database, "?sslmode=verify-full")
	becomes("with a certificate nobody signed", "unverified", "certificate")
}

// TestATenantsSettingDoesNotOutliveItsRequest has row level security decide by
// a setting, on sessions that all requests share.
func TestATenantsSettingDoesNotOutliveItsRequest(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	within(t, "granted", func() error {
		return o.wants(http.StatusUnprocessableEntity, http.MethodPost, officeQuery, o.token, statement("SELECT 1"))
	})
	o.store(t, "one", o.bob, "b0b")
	want := map[string]float64{"acme": 1000, "bolt": 2000, "": 0}
	tenants := []string{"acme", "bolt", "", "acme", ""}
	var mu sync.Mutex
	got := map[string]int{}
	var wg sync.WaitGroup
	start := time.Now()
	for worker := range 8 {
		wg.Go(func() {
			for i := range 125 {
				tenant := tenants[(worker+i)%len(tenants)]
				body := statement("SELECT count(*) FROM orders")
				if tenant != "" {
					body["pre_exec_sql"] = "SET app.tenant = '" + tenant + "'"
				}
				status, a := o.ask(t, body)
				if status != http.StatusOK || a.Rows[0][0] != want[tenant] {
					t.Errorf("tenant %q: HTTP %d %+v", tenant, status, a)
					return
				}
				mu.Lock()
				got[tenant]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%v in %s", got, time.Since(start).Round(time.Millisecond))
	for _, pre := range []string{"SET ROLE postgres", "SET session_authorization = postgres", "SET row_security = off", "RESET ALL", "SET app.tenant = 'acme'; DROP TABLE orders", "SET LOCAL app.tenant = (SELECT 'x')"} {
		if status, a := o.ask(t, map[string]string{"sql": "SELECT count(*) FROM orders", "pre_exec_sql": pre}); status == http.StatusOK {
			t.Errorf("%s: %+v", pre, a)
		}
	}
}

// active counts sessions of the warehouse that a login has, and those that run
// something.
func (o *office) sessions(t *testing.T, user string) (all, running int) {
	t.Helper()
	err := o.admin.QueryRowContext(context.Background(), `SELECT count(*), count(*) FILTER (WHERE state = 'active') FROM pg_stat_activity WHERE usename = $1`, user).Scan(&all, &running)
	if err != nil {
		t.Fatal(err)
	}
	return all, running
}

const endless = "SELECT count(*) FROM numbers a, numbers b, numbers c WHERE a.i + b.i + c.i = 7"

// TestAQueryThatNobodyWaitsForIsCanceledInTheWarehouse hangs up, and lets the
// time run out.
func TestAQueryThatNobodyWaitsForIsCanceledInTheWarehouse(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "--query-timeout", "3s")
	within(t, "granted", func() error {
		return o.wants(http.StatusUnprocessableEntity, http.MethodPost, officeQuery, o.token, statement("SELECT 1"))
	})
	o.store(t, "one", o.bob, "b0b")
	eventually(t, "the parser is compiled", func() error {
		return o.wants(http.StatusOK, http.MethodPost, officeQuery, o.token, statement("SELECT who FROM whoami"))
	})
	running := func(want int) func() error {
		return func() error {
			if _, n := o.sessions(t, o.bob); n != want {
				return fmt.Errorf("%d run", n)
			}
			return nil
		}
	}
	ctx, hangUp := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() {
		body, _ := json.Marshal(statement(endless))
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url+officeQuery, strings.NewReader(string(body)))
		if err == nil {
			req.Header.Set("Authorization", "Bearer "+o.token)
			req.Header.Set("Content-Type", "application/json")
			_, err = direct.Do(req) //nolint:bodyclose // it is never answered
		}
		over <- err
	}()
	eventually(t, "it runs", running(1))
	hangUp()
	if err := <-over; err == nil {
		t.Error("it was answered")
	}
	eventually(t, "it was canceled in the warehouse", running(0))

	start := time.Now()
	status, a := o.ask(t, statement(endless))
	expect(t, "after its time", fmt.Sprintf("%d %d %s", status, a.Code, a.Detail), "504 10010 the query was stopped after 3s")
	t.Logf("answered after %s", time.Since(start).Round(time.Millisecond))
	eventually(t, "nothing runs", running(0))
}

// TestSessionsOfALoginAreBounded sends more at once than there may be sessions.
func TestSessionsOfALoginAreBounded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	within(t, "granted", func() error {
		return o.wants(http.StatusUnprocessableEntity, http.MethodPost, officeQuery, o.token, statement("SELECT 1"))
	})
	o.store(t, "one", o.bob, "b0b")
	most, done := 0, make(chan struct{})
	var watch, work sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				all, _ := o.sessions(t, o.bob)
				most = max(most, all)
			}
		}
	})
	for range 64 {
		work.Go(func() {
			if status, a := o.ask(t, statement("SELECT count(*) FROM numbers a, numbers b WHERE a.i < 50 AND b.i = a.i")); status != http.StatusOK {
				t.Errorf("HTTP %d %+v", status, a)
			}
		})
	}
	work.Wait()
	close(done)
	watch.Wait()
	t.Logf("64 at once: %d sessions", most)
	if most > 9 { // eight, and the one that the login was tried with
		t.Errorf("%d sessions", most)
	}
}

// TestALoginThatCouldNotBeTriedSaysWhy has a node that may not reach the
// warehouse's network.
func TestALoginThatCouldNotBeTriedSaysWhy(t *testing.T) {
	o := newOffice(t)
	m := o.c.node(t, o.c.dir(t))
	mc := o.c.client(t, o.home, "other", "viewer")
	o.c.cli(t, o.home, "", "product", "grant", "office:all", "--client", "other")
	token := m.token(t, mc)
	within(t, "granted", func() error {
		return m.wants(http.StatusUnprocessableEntity, http.MethodPost, officeQuery, token, statement("SELECT 1"))
	})
	t.Setenv("POSTERN_URL", m.url)
	t.Setenv("POSTERN_CLIENT_ID", mc.ID)
	t.Setenv("POSTERN_CLIENT_SECRET", mc.Secret)
	_, errOut, err := o.c.command(o.home, "", "sql", "--product", "office:all", "SELECT 1")
	if err == nil || !strings.Contains(string(errOut), "postern credential set") {
		t.Errorf("a query without a login: %v\n%s", err, errOut)
	}
	out, errOut, err := o.c.command(o.home, "al1ce\n", "credential", "set", "--product", "office:all", "--username", o.alice)
	if err != nil || !strings.Contains(string(out), "unverified") || !strings.Contains(string(errOut), "--allow-network 127.0.0.1/32") {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}
}

package gateway_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/store"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/sqlite"
)

// world is a gateway over a real store, the real policy and a real SQLite
// warehouse; what a warehouse can do wrong is put in through its driver.
type world struct {
	*gateway.Gateway
	db       *store.DB
	record   *recorder
	driver   *driver
	admin    auth.Caller
	machine  auth.Caller
	stranger auth.Caller
}

// recorder can be made to fail.
type recorder struct {
	*store.DB
	mu     sync.Mutex
	refuse func(audit.Event) bool
	events []audit.Event
}

var errDisk = errors.New("disk full")

func (r *recorder) Append(ctx context.Context, events ...audit.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err() // a record must not end with its request
	}
	for _, e := range events {
		if r.refuse != nil && r.refuse(e) {
			return errDisk
		}
		r.events = append(r.events, e)
	}
	return r.DB.Append(ctx, events...)
}

func (r *recorder) of(kinds ...audit.Kind) (out []audit.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if slices.Contains(kinds, e.Kind) {
			out = append(out, e)
		}
	}
	return out
}

// driver is SQLite's, with hooks.
type driver struct {
	mu      sync.Mutex
	open    func(warehouse.Login) error
	query   func(ctx context.Context, sql string) (result.Rows, error)
	queries []string
	limits  []warehouse.Limits
	logins  []warehouse.Login
}

func (d *driver) Open(ctx context.Context, s product.Source, l warehouse.Login, dial warehouse.Dial) (warehouse.Conn, error) {
	d.mu.Lock()
	d.logins = append(d.logins, l)
	open := d.open
	d.mu.Unlock()
	if open != nil {
		if err := open(l); err != nil {
			return nil, err
		}
	}
	c, err := sqlite.Driver{}.Open(ctx, s, l, dial)
	return conn{c, d}, err
}

type conn struct {
	warehouse.Conn
	d *driver
}

func (c conn) Query(ctx context.Context, sql string, l warehouse.Limits) (result.Rows, error) {
	c.d.mu.Lock()
	c.d.queries, c.d.limits = append(c.d.queries, sql), append(c.d.limits, l)
	query := c.d.query
	c.d.mu.Unlock()
	if query != nil {
		if rows, err := query(ctx, sql); rows != nil || err != nil {
			return rows, err
		}
	}
	return c.Conn.Query(ctx, sql, l)
}

func (d *driver) ran() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.queries)
}

const shop = `
CREATE TABLE t_orders (id INTEGER PRIMARY KEY, region TEXT, total REAL, card TEXT);
INSERT INTO t_orders VALUES (1, 'north', 10.5, '4111'), (2, 'south', 20, '4222'), (3, 'north', 30, '4333');
CREATE TABLE staff (name TEXT);
INSERT INTO staff VALUES ('Ann');
`

// spec is a product over the file; login is "none" or "".
func spec(id, file, login string) []byte {
	extra := ""
	if login != "" {
		extra = "\n      x-postern-login: " + login
	}
	return fmt.Appendf(nil, `product:
  productId: %s
  version: 1.0.0
  contactEmail: ann@example.com
  contactName: Ann
  en: {name: Shop, description: Orders}
  deliverySystems:
    lite:
      type: sql
      uri: sqlite://%s%s
  recordSets:
    orders:
      name: orders
      description: What was sold
      schema:
        - {name: id, type: numeric}
        - {name: region, type: text, description: Where}
        - {name: total, type: numeric}
      dataAccess: [{type: SQL, qualifiedName: {schema: main, table: t_orders}}]
`, id, file, extra)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := context.Background()
	dir, files := t.TempDir(), t.TempDir()
	for _, name := range []string{"shop.sqlite", "other.sqlite"} {
		lite, err := sql.Open("sqlite", filepath.Join(files, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lite.Exec(shop); err != nil {
			t.Fatal(err)
		}
		if err := lite.Close(); err != nil {
			t.Fatal(err)
		}
	}
	db, err := store.Open(ctx, store.Config{Dir: dir, Writer: "test"})
	if err != nil {
		t.Fatal(err)
	}
	master, err := keyring.LoadMaster(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Open(ctx, db, master, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pol, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{db: db, record: &recorder{DB: db}, driver: &driver{}}
	pool := warehouse.NewPool(map[product.Engine]warehouse.Driver{product.SQLite: w.driver}, nil, warehouse.Bounds{})
	w.Gateway = &gateway.Gateway{
		Catalog: db, Markets: db, Policy: pol, Vault: &credential.Vault{Store: db, Seal: ring.AEAD("credential")},
		Pool: pool, Record: w.record, Files: product.Files{Root: files, DataDir: dir}, Changes: db.Changes,
	}
	t.Cleanup(func() {
		pool.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	client := func(id string, role auth.Role) auth.Caller {
		return auth.Caller{Kind: auth.Machine, ClientID: auth.ClientID(id), Name: id, Role: role, Scopes: []auth.Scope{auth.ScopeAll}}
	}
	w.admin, w.machine, w.stranger = client("pc_admin", auth.ServerAdmin), client("pc_machine", auth.Viewer), client("pc_stranger", auth.Viewer)
	for id, login := range map[string]string{"shop": "", "open": "none"} {
		if _, _, err := w.CreateProduct(ctx, w.admin, spec(id, filepath.Join(files, "shop.sqlite"), login)); err != nil {
			t.Fatalf("create %s: %v", id, err)
		}
		if err := w.Grant(ctx, w.admin, product.Grant{Product: id, Subject: w.machine.Subject(), Role: product.ProductViewer}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// file is a warehouse of the world: shop or other.
func (w *world) file(name string) string { return filepath.Join(w.Files.Root, name+".sqlite") }

const password = "correct-horse-battery"

func (w *world) store(t *testing.T, c auth.Caller, id, state string) credential.Credential {
	t.Helper()
	cred, _, err := w.StoreCredential(context.Background(), c, credential.New{
		ProductID: id, State: state, Username: "reader", Secret: credential.Secret{Password: secret.New(password)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

// read runs SQL and gives its rows as CSV.
func (w *world) read(c auth.Caller, q product.Query) (string, error) {
	rows, err := w.Run(context.Background(), c, q)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	_, err = result.Encode(context.Background(), &out, rows, result.CSV, nil)
	return out.String(), err
}

const allOrders = "id,region,total\r\n1,north,10.5\r\n2,south,20\r\n3,north,30\r\n"

func TestAQueryRunsAsTheCallerAndIsOnRecord(t *testing.T) {
	w := newWorld(t)
	cred := w.store(t, w.machine, "shop", "prod")
	got, err := w.read(w.machine, product.Query{ProductID: "shop", SQL: "SELECT * FROM orders ORDER BY id", Via: "test"})
	if err != nil || got != allOrders {
		t.Fatalf("%q, %v", got, err)
	}
	started, finished := w.record.of(audit.QueryStarted), w.record.of(audit.QueryFinished)
	if len(started) != 1 || len(finished) != 1 || len(w.record.of(audit.QueryRefused)) != 0 {
		t.Fatalf("%d started, %d finished", len(started), len(finished))
	}
	s, f := started[0], finished[0]
	if f.Of != s.ID || s.Credential != cred.ID || s.SQL != "SELECT * FROM orders ORDER BY id" || s.RanSQL == "" || s.Product != "shop" {
		t.Errorf("started %+v", s)
	}
	if f.Outcome != "ok" || *f.Rows != 3 || f.Millis == nil {
		t.Errorf("finished %+v", f)
	}
	if l := w.driver.logins[len(w.driver.logins)-1]; l.Username != "reader" || l.Password.Reveal() != password {
		t.Error("the warehouse was not asked as the credential's user")
	}
}

func TestWhatCannotBeRecordedDoesNotRun(t *testing.T) {
	w := newWorld(t)
	w.record.refuse = func(e audit.Event) bool { return e.Kind == audit.QueryStarted }
	if _, err := w.read(w.machine, product.Query{ProductID: "open", SQL: "SELECT id FROM orders"}); !errors.Is(err, errDisk) {
		t.Errorf("%v", err)
	}
	if ran := w.driver.ran(); len(ran) != 0 {
		t.Errorf("ran %q", ran)
	}
}

func TestTheEndIsNotToldBeforeItIsOnRecord(t *testing.T) {
	w := newWorld(t)
	w.record.refuse = func(e audit.Event) bool { return e.Kind == audit.QueryFinished }
	rows, err := w.Run(context.Background(), w.machine, product.Query{ProductID: "open", SQL: "SELECT id FROM orders"})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = rows.Next(context.Background())
	}
	if errors.Is(err, io.EOF) || !errors.Is(err, errDisk) {
		t.Errorf("the end was told: %v", err)
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
}

func TestRefusalsAreOnRecordAndNothingRuns(t *testing.T) {
	w := newWorld(t)
	w.store(t, w.machine, "shop", "prod")
	for _, c := range []struct {
		name    string
		caller  auth.Caller
		q       product.Query
		kind    fault.Kind
		code    int
		lock    string
		outcome string
	}{
		{"a write", w.machine, product.Query{ProductID: "shop", SQL: "DELETE FROM orders"}, fault.Denied, 20001, "statement", "denied"},
		{"another table", w.machine, product.Query{ProductID: "shop", SQL: "SELECT * FROM staff"}, fault.Denied, 20002, "tables", "denied"},
		{"a column that is not shown", w.machine, product.Query{ProductID: "shop", SQL: "SELECT card FROM orders"}, fault.Rejected, 0, "", "refused"},
		{"a product that is not there", w.machine, product.Query{ProductID: "none", SQL: "SELECT 1"}, fault.NotFound, 0, "", "denied"},
		{"a product without a grant", w.stranger, product.Query{ProductID: "shop", SQL: "SELECT 1"}, fault.NotFound, 0, "", "denied"},
		{"a version that is not there", w.machine, product.Query{ProductID: "shop", Version: "9.9.9", SQL: "SELECT 1"}, fault.NotFound, 0, "", "denied"},
		{"no credential", w.admin, product.Query{ProductID: "shop", SQL: "SELECT id FROM orders"}, fault.Rejected, 10001, "", "refused"},
		{"another's credential", w.admin, product.Query{ProductID: "shop", SQL: "SELECT id FROM orders", AuthID: w.store(t, w.machine, "shop", "x").ID}, fault.Rejected, 10003, "", "refused"},
		{"the extraction account", w.admin, product.Query{ProductID: "shop", SQL: "SELECT 1", AuthMode: "mde_credentials"}, fault.Denied, 0, "", "denied"},
		{"an endless statement", w.machine, product.Query{ProductID: "shop", SQL: strings.Repeat("-- x\n", 1<<20)}, fault.Invalid, 0, "", "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, ran := len(w.record.of(audit.QueryRefused)), len(w.driver.ran())
			_, err := w.read(c.caller, c.q)
			f := fault.As(err)
			if f == nil || f.Kind != c.kind || f.Lock != c.lock || c.code != 0 && f.Code != c.code {
				t.Errorf("%v (%+v)", err, f)
			}
			refused := w.record.of(audit.QueryRefused)
			if len(refused) != before+1 || len(w.driver.ran()) != ran {
				t.Fatalf("%d refusals on record, %d queries ran", len(refused)-before, len(w.driver.ran())-ran)
			}
			e := refused[before]
			if e.Outcome != c.outcome || e.Lock != c.lock || e.Reason != f.Message || e.Product != c.q.ProductID || len(e.SQL) > 1<<20 {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestWhatIsInvisibleLooksLikeWhatIsAbsent(t *testing.T) {
	w := newWorld(t)
	_, hidden := w.read(w.stranger, product.Query{ProductID: "shop", SQL: "SELECT 1"})
	_, absent := w.read(w.stranger, product.Query{ProductID: "shoq", SQL: "SELECT 1"})
	if strings.ReplaceAll(hidden.Error(), "shop", "shoq") != absent.Error() {
		t.Errorf("%q and %q", hidden, absent)
	}
}

func TestAMissingCredentialHasTheDocumentedText(t *testing.T) {
	w := newWorld(t)
	_, err := w.read(w.machine, product.Query{ProductID: "shop", SQL: "SELECT id FROM orders"})
	want := "No auth ID was provided or configured for data product. Please configure credentials for this data product in the Alation catalog or contact your administrator."
	if f := fault.As(err); f == nil || f.Message != want || f.Code != 10001 || f.Name != "QUERY_DATA_PRODUCT_AUTH_ID_NOT_PROVIDED" {
		t.Errorf("%+v", f)
	}
}

func TestAFailureOfTheWarehouseIsCodedAndOnRecord(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		kind   fault.Kind
		told   string
		reason string
	}{
		{"its own words", fault.New(fault.Rejected, "no such thing as a foo"), fault.Rejected, "no such thing as a foo", "no such thing as a foo"},
		{"out of reach", fault.New(fault.Unavailable, "the warehouse cannot be reached"), fault.Unavailable, "the warehouse cannot be reached", "the warehouse cannot be reached"},
		{"an unclassified error", errors.New("dial postgres://u:p@h"), fault.Unavailable, "the warehouse of this data product could not be used", "the warehouse of this data product could not be used"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.driver.query = func(context.Context, string) (result.Rows, error) { return nil, c.err }
			_, err := w.read(w.machine, product.Query{ProductID: "open", SQL: "SELECT id FROM orders"})
			if f := fault.As(err); f == nil || f.Kind != c.kind || f.Message != c.told || f.Code != 10010 || f.Name != "QUERY_SERVICE_ERROR" {
				t.Errorf("%+v", err)
			}
			finished := w.record.of(audit.QueryFinished)
			if len(finished) != 1 || finished[0].Outcome == "ok" || finished[0].Reason != c.reason {
				t.Errorf("%+v", finished)
			}
		})
	}
}

// scripted are rows that a test controls.
type scripted struct {
	next func() (arrow.RecordBatch, error)
}

func (s scripted) Schema() *arrow.Schema { return arrow.NewSchema(nil, nil) }
func (s scripted) Close() error          { return nil }
func (s scripted) Next(context.Context) (arrow.RecordBatch, error) {
	return s.next()
}

func TestAPanicOfADriverIsAnErrorOnRecord(t *testing.T) {
	for name, query := range map[string]func(context.Context, string) (result.Rows, error){
		"in Query": func(context.Context, string) (result.Rows, error) { panic("dsn " + password) },
		"in Next": func(context.Context, string) (result.Rows, error) {
			return scripted{func() (arrow.RecordBatch, error) { panic("dsn " + password) }}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.driver.query = query
			_, err := w.read(w.machine, product.Query{ProductID: "open", SQL: "SELECT id FROM orders"})
			if err == nil || fault.KindOf(err) != fault.Internal || strings.Contains(err.Error(), password) {
				t.Errorf("%v", err)
			}
			if f := w.record.of(audit.QueryFinished); len(f) != 1 || f[0].Outcome != "failed" || f[0].Reason != "internal error" {
				t.Errorf("%+v", f)
			}
			// The way is free again.
			w.driver.query = nil
			if got, err := w.read(w.machine, product.Query{ProductID: "open", SQL: "SELECT * FROM orders ORDER BY id"}); got != allOrders || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestEachEndIsHeardOnce(t *testing.T) {
	w := newWorld(t)
	var heard []gateway.Ended
	w.Observe = func(e gateway.Ended) { e.Took = 0; heard = append(heard, e) }
	for _, q := range []product.Query{
		{ProductID: "open", SQL: "SELECT id FROM orders"},
		{ProductID: "open", SQL: "DELETE FROM orders"},
		{ProductID: "nothing", SQL: "SELECT 1"},
	} {
		_, _ = w.read(w.machine, q)
	}
	if _, err := w.Schema(context.Background(), w.machine, product.Query{ProductID: "open"}); err != nil {
		t.Fatal(err)
	}
	want := []gateway.Ended{
		{Engine: product.SQLite, Outcome: "ok", Rows: 3}, {Engine: product.SQLite, Outcome: "denied"},
		{Outcome: "denied"}, {Engine: product.SQLite, Outcome: "ok", Schema: true},
	}
	if d := cmp.Diff(want, heard); d != "" {
		t.Error(d)
	}
}

func TestACallerThatStopsReadingIsOnRecordAsCanceled(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	rows, err := w.Run(ctx, w.machine, product.Query{ProductID: "open", SQL: "SELECT id FROM orders"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	f := w.record.of(audit.QueryFinished)
	if len(f) != 1 || f[0].Outcome != "canceled" || *f[0].Rows != 3 {
		t.Errorf("%+v", f)
	}
}

func TestAQueryStopsAtItsTime(t *testing.T) {
	w := newWorld(t)
	w.Timeout = time.Nanosecond
	_, err := w.read(w.machine, product.Query{ProductID: "open", SQL: "SELECT id FROM orders"})
	if f := fault.As(err); f != nil && f.Kind != fault.Timeout && f.Kind != fault.Limited {
		t.Errorf("%+v", err)
	}
	w.Timeout = time.Hour
	w.driver.query = func(ctx context.Context, _ string) (result.Rows, error) {
		if d, ok := ctx.Deadline(); !ok || time.Until(d) > time.Hour {
			t.Error("the driver was given no deadline")
		}
		return nil, nil
	}
	if _, err := w.read(w.machine, product.Query{ProductID: "open", SQL: "SELECT id FROM orders"}); err != nil {
		t.Error(err)
	}
}

func TestALimitCutsTheResultAndSaysSo(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		limit, limitOfServer int64
		want                 int64
		capped               bool
	}{{0, 0, 3, false}, {2, 0, 2, true}, {3, 0, 3, false}, {0, 2, 2, true}, {100, 2, 2, true}, {1, 2, 1, true}} {
		w.RowCap = c.limitOfServer
		rows, err := w.Run(context.Background(), w.machine, product.Query{ProductID: "open", SQL: "SELECT id FROM orders", Limit: c.limit})
		if err != nil {
			t.Fatal(err)
		}
		n, err := result.Encode(context.Background(), io.Discard, rows, result.JSON, nil)
		if err != nil || n != c.want || result.Capped(rows) != c.capped {
			t.Errorf("%+v: %d rows, capped %v, %v", c, n, result.Capped(rows), err)
		}
	}
}

func TestDrainingLetsQueriesEndAndThenStopsThem(t *testing.T) {
	w := newWorld(t)
	running, err := w.Run(context.Background(), w.machine, product.Query{ProductID: "open", SQL: "SELECT id FROM orders"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, giveUp := context.WithCancel(context.Background())
	drained := make(chan error, 1)
	go func() { drained <- w.Drain(ctx) }()
	for { // new ones are refused as soon as Drain has begun
		rows, err := w.Run(context.Background(), w.machine, product.Query{ProductID: "open", SQL: "SELECT id FROM orders"})
		if fault.Is(err, fault.Unavailable) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	giveUp()
	for err == nil { // the one under way is stopped
		_, err = running.Next(context.Background())
		if err == nil {
			continue
		}
	}
	_ = running.Close()
	if err := <-drained; !errors.Is(err, context.Canceled) {
		t.Errorf("drain: %v", err)
	}
	f := w.record.of(audit.QueryFinished)
	if last := f[len(f)-1]; last.Of == "" {
		t.Errorf("%+v", last)
	}
}

func TestARevokedGrantBitesOnTheNextQuery(t *testing.T) {
	w := newWorld(t)
	q := product.Query{ProductID: "open", SQL: "SELECT id FROM orders"}
	if _, err := w.read(w.machine, q); err != nil {
		t.Fatal(err)
	}
	if err := w.Revoke(context.Background(), w.admin, product.Grant{Product: "open", Subject: w.machine.Subject()}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.read(w.machine, q); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
}

package gateway_test

import (
	"context"
	"strings"
	"testing"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

const verifiedKeys = `
  x-postern-verified-queries:
    - {name: in_region, publish: true, sql: "SELECT id FROM orders WHERE region = :region ORDER BY id", parameters: [{name: region}]}
    - {name: cards, publish: true, sql: SELECT name FROM staff}
    - {name: kept, sql: SELECT id FROM orders}
`

// withQueries is a world whose product shop has verified queries, and is ready.
func withQueries(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.Bind = semantic.BindPublished
	doc := append(spec("shop", w.file("shop"), ""), verifiedKeys...)
	if _, _, err := w.ApplyProduct(t.Context(), w.admin, doc, gateway.Apply{}); err != nil {
		t.Fatal(err)
	}
	return w
}

func inRegion(region string) product.Query {
	return product.Query{ProductID: "shop", Verified: "in_region", Values: map[string]string{"region": region}}
}

func TestAVerifiedQueryIsRunByWhoWasGrantedItAlone(t *testing.T) {
	w := withQueries(t)
	gr := product.Grant{Product: "shop", Query: "in_region", Subject: w.stranger.Subject()}
	if _, err := w.read(w.stranger, inRegion("north")); !fault.Is(err, fault.NotFound) {
		t.Fatalf("without a grant: %v", err)
	}
	must(t, w.GrantQuery(t.Context(), w.admin, gr))
	w.store(t, w.stranger, "shop", "prod")
	if got, err := w.read(w.stranger, inRegion("north")); err != nil || got != "id\r\n1\r\n3\r\n" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := w.read(w.stranger, inRegion("north' OR '1'='1")); err != nil || got != "id\r\n" {
		t.Errorf("a value became SQL: %q, %v", got, err)
	}
	for name, q := range map[string]product.Query{
		"SQL of its own":    {ProductID: "shop", SQL: "SELECT id FROM orders"},
		"another query":     {ProductID: "shop", Verified: "cards"},
		"one not published": {ProductID: "shop", Verified: "kept"},
		"none of the name":  {ProductID: "shop", Verified: "in_Region"},
		"another product":   {ProductID: "open", Verified: "in_region", Values: map[string]string{"region": "north"}},
	} {
		if _, err := w.read(w.stranger, q); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	q := inRegion("south")
	q.SQL = "SELECT total FROM orders"
	if got, err := w.read(w.stranger, q); err != nil || got != "id\r\n2\r\n" {
		t.Errorf("SQL sent along ran: %q, %v", got, err)
	}
	if _, err := w.Product(t.Context(), w.stranger, "shop", ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("the product is seen: %v", err)
	}
	if _, err := w.Schema(t.Context(), w.stranger, product.Query{ProductID: "shop"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("the schema is seen: %v", err)
	}
	must(t, w.RevokeQuery(t.Context(), w.admin, gr))
	if _, err := w.read(w.stranger, inRegion("north")); !fault.Is(err, fault.NotFound) {
		t.Errorf("after it was taken away: %v", err)
	}
}

func TestAVerifiedQueryPassesTheLocksAndIsOnRecord(t *testing.T) {
	w := withQueries(t)
	w.store(t, w.machine, "shop", "prod")
	if _, err := w.read(w.machine, product.Query{ProductID: "shop", Verified: "cards"}); fault.As(err) == nil || fault.As(err).Lock != "tables" {
		t.Errorf("a table that the product does not have: %v", err)
	}
	if _, err := w.read(w.machine, inRegion("south")); err != nil {
		t.Fatal(err)
	}
	started := w.record.of(audit.QueryStarted)
	if len(started) != 1 || !strings.Contains(started[0].SQL, "region = 'south'") || started[0].Detail["verified_query"] != "in_region" || started[0].Credential == "" {
		t.Errorf("on record: %+v", started)
	}
	if _, err := w.read(w.machine, product.Query{ProductID: "shop", Verified: "in_region"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("without its value: %v", err)
	}
}

func TestToolsAreThePublishedQueriesOfReadyVersionsThatOneMayRun(t *testing.T) {
	w := withQueries(t)
	names := func(c func() ([]product.Published, error)) string {
		t.Helper()
		all, err := c()
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, p := range all {
			out = append(out, p.Query.Name)
			if again, err := w.PublishedAs(t.Context(), w.admin, p.ToolName()); err != nil || again.Query.Name != p.Query.Name {
				t.Errorf("%s: %v, %v", p.ToolName(), again.Query.Name, err)
			}
		}
		return strings.Join(out, " ")
	}
	of := func(ctx context.Context) {
		t.Helper()
		if got := names(func() ([]product.Published, error) { return w.Published(ctx, w.machine) }); got != "cards in_region" {
			t.Errorf("a viewer of the product has %q", got)
		}
		if got := names(func() ([]product.Published, error) { return w.Published(ctx, w.stranger) }); got != "" {
			t.Errorf("a stranger has %q", got)
		}
	}
	of(t.Context())
	must(t, w.GrantQuery(t.Context(), w.admin, product.Grant{Product: "shop", Query: "in_region", Subject: w.stranger.Subject()}))
	if got := names(func() ([]product.Published, error) { return w.Published(t.Context(), w.stranger) }); got != "in_region" {
		t.Errorf("with a grant on one a stranger has %q", got)
	}
	must(t, w.SetStatus(t.Context(), w.admin, "shop", "1.0.0", product.InDraft, false))
	if got := names(func() ([]product.Published, error) { return w.Published(t.Context(), w.admin) }); got != "" {
		t.Errorf("a draft's queries are tools: %q", got)
	}
	if _, err := w.read(w.admin, inRegion("north")); !fault.Is(err, fault.NotFound) {
		t.Errorf("a draft's query runs: %v", err)
	}
}

func TestAQueryForEveryoneDoesNotMakeItsProductPublic(t *testing.T) {
	w := withQueries(t)
	must(t, w.GrantQuery(t.Context(), w.admin, product.Grant{Product: "shop", Query: "in_region", Subject: "everyone"}))
	w.store(t, w.stranger, "shop", "prod")
	if _, err := w.read(w.stranger, inRegion("north")); err != nil {
		t.Error(err)
	}
	if _, err := w.read(w.stranger, product.Query{ProductID: "shop", SQL: "SELECT id FROM orders"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("SQL runs: %v", err)
	}
	if all, err := w.Products(t.Context(), w.stranger); err != nil || len(all) != 0 {
		t.Errorf("products %v, %v", all, err)
	}
}

func TestOnlyAnAdministratorSharesAQuery(t *testing.T) {
	w := withQueries(t)
	gr := product.Grant{Product: "shop", Query: "in_region", Subject: w.stranger.Subject()}
	if err := w.GrantQuery(t.Context(), w.machine, gr); !fault.Is(err, fault.Denied) {
		t.Errorf("a viewer: %v", err)
	}
	if err := w.GrantQuery(t.Context(), w.stranger, gr); !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger: %v", err)
	}
	gr.Query = "no_such"
	if err := w.GrantQuery(t.Context(), w.admin, gr); !fault.Is(err, fault.NotFound) {
		t.Errorf("a query that is not there: %v", err)
	}
	if _, err := w.QueryGrants(t.Context(), w.machine, "shop"); !fault.Is(err, fault.Denied) {
		t.Errorf("a viewer reads who it is shared with: %v", err)
	}
}

func TestAStreamOfAVerifiedQueryEndsWithTheRightToIt(t *testing.T) {
	w := withQueries(t)
	gr := product.Grant{Product: "shop", Query: "in_region", Subject: w.stranger.Subject()}
	must(t, w.GrantQuery(t.Context(), w.admin, gr))
	w.Again = nobodyNew
	w.store(t, w.stranger, "shop", "prod")
	rows, err := w.Run(t.Context(), w.stranger, inRegion("north"))
	must(t, err)
	defer rows.Close() //nolint:errcheck // its end is checked below
	must(t, w.RevokeQuery(t.Context(), w.admin, gr))
	if _, err := rows.Next(t.Context()); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
}

//go:build integration

package compat_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // makes the warehouse of one product

	"github.com/postern/postern/cmd/postern/demo"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/testpg"
)

// served is a data product that clients query: a statement, its rows as text,
// and a statement that has to be refused.
type served struct {
	ID     string     `json:"id"`
	Engine string     `json:"engine"`
	Word   string     `json:"word"` // finds it in a search
	SQL    string     `json:"sql"`
	Rows   [][]string `json:"rows"`
	Write  string     `json:"write"`

	username, password string
}

const orders = `CREATE TABLE orders (id INTEGER PRIMARY KEY, customer VARCHAR(40), total INTEGER);
INSERT INTO orders VALUES (1, 'Ann', 120), (2, 'Bob', 80), (3, 'Zoë', 300), (4, 'Ann', 50);`

// products makes one data product on each engine and shares it with the client.
func products(t *testing.T, s *server) []served {
	t.Helper()
	all := []served{inSQLite(t, s), inPostgres(t, s), inDuckDB(t, s)}
	for _, p := range all {
		s.cli("", "product", "grant", p.ID, "--client", "compat", "--role", "product_viewer")
		if p.password != "" {
			s.login(p.ID, p.username, p.password)
		}
	}
	return all
}

func inSQLite(t *testing.T, s *server) served {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shop.sqlite")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(orders); err != nil {
		t.Fatal(err)
	}
	return ordersIn(s, "SQLite", "shop:orders", "sqlite://"+file)
}

func inPostgres(t *testing.T, s *server) served {
	t.Helper()
	at := testpg.TCP(t)
	// Roles belong to all databases of the server that tests share.
	at.Exec(t, orders+`DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD 'a-reader-of-orders'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT SELECT ON orders TO reader;`)
	// The server's certificate is nobody's, so the sign-in alone is protected.
	p := ordersIn(s, "PostgreSQL", "books:orders", fmt.Sprintf("postgresql://%s:%d/%s?sslmode=require", at.Host, at.Port, at.Database),
		"--username", "reader")
	p.username, p.password = "reader", "a-reader-of-orders"
	return p
}

// ordersIn drafts a product from the warehouse and applies the draft.
func ordersIn(s *server, engine, id, uri string, draft ...string) served {
	s.t.Helper()
	spec := s.cli("a-reader-of-orders\n", append([]string{"product", "draft", "--uri", uri, "--id", id, "--name", "Orders in " + engine}, draft...)...)
	s.cli(string(spec), "product", "apply", "-f", "-")
	return served{
		ID: id, Engine: engine, Word: "orders",
		SQL:   "SELECT customer, total FROM orders WHERE total > 100 ORDER BY id",
		Rows:  [][]string{{"Ann", "120"}, {"Zoë", "300"}},
		Write: "DELETE FROM orders",
	}
}

func inDuckDB(t *testing.T, s *server) served {
	t.Helper()
	key := rand.Text()
	files, err := demo.Build(t.Context(), t.TempDir(), secret.New(key))
	if err != nil {
		t.Fatal(err)
	}
	s.cli(string(files.Specs[demo.Flights]), "product", "apply", "-f", "-")
	return served{
		ID: demo.Flights, Engine: "DuckDB", Word: "flights",
		SQL:   strings.Join([]string{"SELECT carrier, count(*) AS n FROM flights", "GROUP BY carrier ORDER BY n DESC LIMIT 2"}, " "),
		Rows:  [][]string{{"UA", "58665"}, {"B6", "54635"}},
		Write: "DELETE FROM flights", username: "demo", password: key,
	}
}

// Package warehousetest is the one suite every warehouse driver passes. It is
// linked by tests only.
package warehousetest

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
)

// Subject is a driver under test, over a warehouse that holds the Shop tables
// (see Shop) and what its own Types read.
type Subject struct {
	Driver warehouse.Driver
	Source product.Source
	Login  warehouse.Login
	// Dial is given to Driver.Open; nil is one that refuses everything, for
	// engines that need no network.
	Dial warehouse.Dial
	// BadLogin is one the warehouse refuses; nil for engines without logins.
	BadLogin *warehouse.Login

	// Schema is where the Shop tables are ("public", "main"), for introspection.
	Schema string
	// Series is a query of one integer column named n with the numbers 1 to
	// 100000.
	Series string
	// Slow is a query that runs for minutes unless it is stopped.
	Slow string
	// Session sets something in the session, and Seen is a query whose only
	// value shows it as text: "leak" if it is still set. Empty where a session
	// has nothing to set.
	Session, Seen string
	// Writes are further statements, beyond INSERT, UPDATE, DELETE, CREATE and
	// DROP, which the engine must refuse by itself.
	Writes []string
	// Types are single-value queries and what must come of each.
	Types []Type
	// NoForeignKeys, NoComments: the engine has none.
	NoForeignKeys, NoComments bool
}

// Type is a one-row, one-column query with the Arrow type and value it gives.
// Want is the value as arrow's ValueStr prints it; Null has none.
type Type struct {
	SQL   string
	Arrow string // arrow.DataType.String()
	Want  string
	Null  bool
}

// Shop is the DDL and data the suite reads, in SQL that SQLite, DuckDB and
// PostgreSQL run alike. Run it with an admin's connection.
const Shop = `
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT);
CREATE TABLE orders (region INTEGER NOT NULL, num INTEGER NOT NULL, customer_id INTEGER NOT NULL REFERENCES customers(id), total NUMERIC(10,2), PRIMARY KEY (region, num));
CREATE TABLE lines (region INTEGER NOT NULL, num INTEGER NOT NULL, pos INTEGER NOT NULL, item TEXT, PRIMARY KEY (region, num, pos), FOREIGN KEY (region, num) REFERENCES orders(region, num));
INSERT INTO customers VALUES (1, 'Ada', NULL), (2, 'Bob', 'x'), (3, 'Çelik', '');
INSERT INTO orders VALUES (1, 1, 1, 10.50), (1, 2, 2, NULL), (2, 1, 3, 99999999.99);
INSERT INTO lines VALUES (1, 1, 1, 'apple'), (1, 1, 2, 'pear'), (2, 1, 1, NULL);
`

// Run runs the suite.
func Run(t *testing.T, s Subject) {
	t.Helper()
	if s.Dial == nil {
		s.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("this engine has no business on the network")
		}
	}
	for name, test := range map[string]func(*testing.T, Subject){
		"ReadsRowsAndNulls":                    readsRows,
		"EngineRefusesWrites":                  refusesWrites,
		"WrongLoginIsRejected":                 rejectsLogin,
		"ErrorsCarryNoSecret":                  hidesSecrets,
		"EndedContextStopsTheQuery":            stopsOnContext,
		"TimeLimitStopsTheQuery":               stopsOnTimeout,
		"RowLimitStopsTheResult":               stopsOnRows,
		"LongResultStreamsInBatches":           streams,
		"TypesAreKept":                         keepsTypes,
		"EmptyResultHasColumns":                describesEmpty,
		"PreStatementRunsInTheQuerysSession":   runsPre,
		"ResetSessionKeepsNothing":             forgets,
		"ResultClosedEarlyLeavesTheSessionFit": closesEarly,
		"SchemaHasKeys":                        findsKeys,
		"SchemaIsOfTheTablesAsked":             findsAsked,
		"CloseIsIdempotent":                    closesTwice,
		"BrokenSQLIsRejectedWithTheReason":     rejectsSQL,
		"FactsAreStated":                       statesFacts,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

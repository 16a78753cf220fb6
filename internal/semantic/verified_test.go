package semantic_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/semantic/semantictest"
)

func TestParametersOfAVerifiedQueryAreBoundAsLiterals(t *testing.T) {
	v := semantic.VerifiedQuery{
		Name: "orders_of", SQL: `SELECT ':name', "a:name", placed::text, E'\':name', $$ :name $$ -- :name
FROM orders /* :name */ WHERE name = :name AND amount > :least AND placed >= :since AND open = :open OR name=:name`,
		Parameters: []semantic.Parameter{{Name: "name", Class: semantic.Text}, {Name: "least", Class: semantic.Numeric, Default: "10"}, {Name: "since", Class: semantic.Date}, {Name: "open", Class: semantic.Boolean}},
	}
	got, err := v.Bind(map[string]string{"name": `O'Hare \ :least`, "since": "2024-01-01", "open": "true"}, semantic.Postgres)
	want := `SELECT ':name', "a:name", placed::text, E'\':name', $$ :name $$ -- :name
FROM orders /* :name */ WHERE name = E'O''Hare \\ :least' AND amount > 10 AND placed >= DATE '2024-01-01' AND open = TRUE OR name=E'O''Hare \\ :least'`
	if err != nil || got != want {
		t.Errorf("%v\n%s\n%s", err, got, want)
	}
	for says, values := range map[string]map[string]string{
		"needs a value":   {"name": "x", "open": "true"},
		"no parameter":    {"name": "x", "since": "2024-01-01", "open": "true", "more": "y"},
		"not a number":    {"name": "x", "since": "2024-01-01", "open": "true", "least": "1 OR 1=1"},
		"not a date like": {"name": "x", "since": "now()", "open": "true"},
		"true or false":   {"name": "x", "since": "2024-01-01", "open": "maybe"},
		"NUL":             {"name": "\x00", "since": "2024-01-01", "open": "true"},
	} {
		if s, err := v.Bind(values, semantic.Postgres); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) || s != "" {
			t.Errorf("%v: %v, want %q", values, err, says)
		}
	}
	unknown := semantic.VerifiedQuery{Name: "x", SQL: "SELECT :oops"}
	if _, err := unknown.Bind(nil, semantic.SQLite); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

func TestAValueOfAVerifiedQueryStaysAValue(t *testing.T) {
	lite := sqlite(t)
	v := semantic.VerifiedQuery{SQL: "SELECT :v", Parameters: []semantic.Parameter{{Name: "v", Class: semantic.Text}}}
	for _, value := range []string{"'", "''", `\`, `\'`, "'; DROP TABLE orders --", ":v", "$$", "é\n\t", "/*", `"`} {
		statement, err := v.Bind(map[string]string{"v": value}, semantic.SQLite)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := semantictest.Answer(t.Context(), lite, statement); err != nil || len(got) != 1 || got[0] != value {
			t.Errorf("%q became %q (%v)", value, got, err)
		}
	}
}

package semantic_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/semantic/semantictest"
	"github.com/postern/postern/internal/testpg"
)

// runner runs statements on a database, as the gateway would.
func runner(db *sql.DB) semantic.Run {
	return func(ctx context.Context, statement string) (out [][]*string, err error) {
		rows, err := db.QueryContext(ctx, statement)
		if err != nil {
			return nil, err
		}
		defer rows.Close() //nolint:errcheck // read to its end
		names, err := rows.Columns()
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			row, to := make([]*string, len(names)), make([]any, len(names))
			for i := range row {
				to[i] = &row[i]
			}
			if err := rows.Scan(to...); err != nil {
				return nil, err
			}
			out = append(out, row)
		}
		return out, rows.Err()
	}
}

func TestAModelIsSampledBySQL(t *testing.T) {
	for d, db := range map[semantic.Dialect]*sql.DB{semantic.SQLite: sqlite(t), semantic.Postgres: open(t, "pgx", testpg.URL(t))} {
		m := semantictest.Model(d)
		if err := m.Sample(t.Context(), &semantic.Looker{Dialect: d, Run: runner(db)}, 12); err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		customer, _ := m.Table("customer")
		level, _ := customer.Column("level")
		id, _ := customer.Column("id")
		since, _ := customer.Column("since")
		if customer.Rows != 14 || level.Distinct != 3 || !level.Complete || !slices.Equal(level.Values, []string{"0", "1", "2"}) || id.Distinct != 14 || id.Complete || len(id.Values) != 12 || since.Class != semantic.Date {
			t.Errorf("%s: %d rows, %+v, %+v", d, customer.Rows, level, id)
		}
	}
	fails := func(context.Context, string) ([][]*string, error) { return nil, errors.New("denied") }
	if err := semantictest.Model(semantic.SQLite).Sample(t.Context(), &semantic.Looker{Dialect: semantic.SQLite, Run: fails}, 12); err == nil {
		t.Error("a refused statement is no failure")
	}
}

// idle looks into nothing.
type idle struct{}

func (idle) Values(context.Context, *semantic.Table, *semantic.Column, int) ([]string, int64, int64, error) {
	return nil, -1, -1, nil
}

func TestAColumnThatWasNotLookedIntoStaysAsItWas(t *testing.T) {
	m, before := semantictest.Model(semantic.SQLite), semantictest.Model(semantic.SQLite)
	if err := m.Sample(t.Context(), idle{}, 12); err != nil {
		t.Fatal(err)
	}
	for i := range m.Tables {
		for j, c := range m.Tables[i].Columns {
			was := before.Tables[i].Columns[j]
			if c.Complete != was.Complete || c.Distinct != was.Distinct || !slices.Equal(c.Values, was.Values) {
				t.Errorf("%s.%s: %+v, was %+v", m.Tables[i].Name, c.Name, c, was)
			}
		}
	}
}

func TestEachTableIsLookedIntoOnceAndDeepWhereAllIsKnown(t *testing.T) {
	db := sqlite(t)
	ran, taken := 0, map[string]int{}
	run := func(ctx context.Context, statement string) ([][]*string, error) {
		ran++
		return runner(db)(ctx, statement)
	}
	m := semantictest.Model(semantic.SQLite)
	take := func(table *semantic.Table, c *semantic.Column, values []string) {
		taken[table.Name+"."+c.Name] = len(values)
		if !slices.IsSorted(values) {
			t.Errorf("%s.%s is not in order: %q", table.Name, c.Name, values)
		}
	}
	if err := m.Sample(t.Context(), &semantic.Looker{Dialect: semantic.SQLite, Run: run, Deep: 100, Take: take}, 2); err != nil {
		t.Fatal(err)
	}
	if ran != 2*len(m.Tables) {
		t.Errorf("%d statements for %d tables", ran, len(m.Tables))
	}
	customer, _ := m.Table("customer")
	name, _ := customer.Column("name")
	if int64(taken["customer.name"]) != name.Distinct || name.Distinct < 3 || len(name.Values) != 2 || name.Complete {
		t.Errorf("%d names taken of %d; the model keeps %q", taken["customer.name"], name.Distinct, name.Values)
	}
}

func TestAColumnThatMayNotBeReadKeepsNoOtherBack(t *testing.T) {
	db := sqlite(t)
	run := func(ctx context.Context, statement string) ([][]*string, error) {
		if strings.Contains(statement, "DISTINCT CAST") && strings.Contains(statement, `"level"`) {
			return nil, errors.New("denied")
		}
		return runner(db)(ctx, statement)
	}
	m := semantictest.Model(semantic.SQLite)
	customer, _ := m.Table("customer")
	if err := m.Sample(t.Context(), passing{&semantic.Looker{Dialect: semantic.SQLite, Run: run}}, 20); err != nil {
		t.Fatal(err)
	}
	name, _ := customer.Column("name")
	level, _ := customer.Column("level")
	if !name.Complete || len(name.Values) == 0 || level.Complete {
		t.Errorf("name %q, level %q", name.Values, level.Values)
	}
}

// passing passes over what is refused, as the tools do.
type passing struct{ of *semantic.Looker }

func (p passing) Values(ctx context.Context, t *semantic.Table, c *semantic.Column, limit int) ([]string, int64, int64, error) {
	values, distinct, rows, err := p.of.Values(ctx, t, c, limit)
	if err != nil {
		return nil, -1, -1, nil
	}
	return values, distinct, rows, nil
}

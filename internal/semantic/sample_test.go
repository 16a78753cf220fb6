package semantic_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
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

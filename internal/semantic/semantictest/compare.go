package semantictest

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fill runs the fixture's statements.
func Fill(ctx context.Context, db *sql.DB) error {
	for _, s := range Statements() {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// Answer runs a query and gives its rows as texts that are the same on every
// engine: numbers to nine digits, dates as they are written.
func Answer(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []string
	for rows.Next() {
		values, to := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		cells := make([]string, len(values))
		for i, v := range values {
			cells[i] = Cell(v)
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out, rows.Err()
}

// Cell writes a value so that equal ones of different engines are equal.
func Cell(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case float64:
		return digits(v)
	case float32:
		return digits(float64(v))
	case []byte:
		return Cell(string(v))
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return digits(f)
		}
		return v
	case time.Time:
		return v.Format("2006-01-02")
	case bool:
		return map[bool]string{true: "1", false: "0"}[v]
	}
	s := fmt.Sprint(v)
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return digits(f)
	}
	return s
}

func digits(f float64) string {
	if math.Abs(f) < 1e-12 {
		f = 0
	}
	return strconv.FormatFloat(f, 'g', 9, 64)
}

// Same compares answers, in order where the order is part of them.
func Same(a, b []string, ordered bool) bool {
	if !ordered {
		a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	}
	return slices.Equal(a, b)
}

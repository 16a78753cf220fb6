package warehousetest

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/warehouse"
)

func (s Subject) open(t *testing.T) warehouse.Conn {
	t.Helper()
	c, err := s.Driver.Open(t.Context(), s.Source, s.Login, s.Dial)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Pool gives a pool with the subject's driver alone.
func (s Subject) pool(t *testing.T) *warehouse.Pool {
	t.Helper()
	p := warehouse.NewPool(map[product.Engine]warehouse.Driver{s.Source.Engine: s.Driver}, s.Dial, warehouse.Bounds{})
	t.Cleanup(p.Close)
	return p
}

// table is a result read to its end, with arrow's text of each value.
type table struct {
	columns []string
	types   []string
	rows    [][]string
	batches []int
}

const null = "(null)" // arrow's ValueStr of one

// read runs a query and reads all of it.
func read(ctx context.Context, c warehouse.Conn, sql string, l warehouse.Limits) (table, error) {
	rows, err := c.Query(ctx, sql, l)
	if err != nil {
		return table{}, err
	}
	out, err := drain(ctx, rows)
	return out, errors.Join(err, rows.Close())
}

func drain(ctx context.Context, rows result.Rows) (out table, err error) {
	for _, f := range rows.Schema().Fields() {
		out.columns = append(out.columns, f.Name)
		out.types = append(out.types, f.Type.String())
	}
	for {
		b, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out.batches = append(out.batches, int(b.NumRows()))
		for i := range int(b.NumRows()) {
			row := make([]string, b.NumCols())
			for j := range row {
				row[j] = b.Column(j).ValueStr(i)
			}
			out.rows = append(out.rows, row)
		}
	}
}

func mustRead(t *testing.T, c warehouse.Conn, sql string) table {
	t.Helper()
	out, err := read(t.Context(), c, sql, warehouse.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

func reset(t *testing.T, c warehouse.Conn) {
	t.Helper()
	if err := c.Reset(t.Context()); err != nil {
		t.Fatalf("reset: %v", err)
	}
}

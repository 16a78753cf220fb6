package result

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
)

// Table is the part of a result that a model reads.
type Table struct {
	Columns   []Column
	Rows      [][]any // nil, bool, int64, float64, json.Number, string, json.RawMessage
	RowCount  int64   // of the whole result, not of Rows
	Truncated bool
	Reason    string // what was left out
	Next      string // how to get at it
}

const (
	fewest  = 10  // columns are left out before fewer rows than this are shown
	longest = 300 // characters a cell is cut to, when the table does not fit
)

// Head reads rows to their end, closes them, and keeps what fits in about
// maxChars characters of JSON, maxRows rows at most. All rows are counted.
// What does not fit is left out in this order: rows after the tenth, the ends
// of long cells, columns from the right.
func Head(ctx context.Context, rows Rows, maxRows, maxChars int) (t Table, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	h := head{maxRows: maxRows, maxChars: maxChars, cols: ColumnsOf(rows.Schema())}
	for {
		b, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return h.table(Capped(rows)), nil
		}
		if err != nil {
			return Table{}, err
		}
		h.read(b)
	}
}

// head is a table being kept: as many rows as could be shown, with the length
// of every cell.
type head struct {
	maxRows, maxChars int
	cols              []Column
	rows              [][]any
	sizes             [][]int // characters of each cell as JSON
	size              int
	count             int64
}

func (h *head) read(b arrow.RecordBatch) {
	h.count += b.NumRows()
	if h.enough() {
		return
	}
	values, cells := make([]func(int) any, b.NumCols()), jsonCells(b)
	for j, col := range b.Columns() {
		if values[j] = valueAt(col); isNumber(b.Schema().Field(j)) {
			values[j] = numberAt(col)
		}
	}
	var scratch []byte
	for i := 0; i < int(b.NumRows()) && !h.enough(); i++ {
		row, sizes := make([]any, len(values)), make([]int, len(values))
		for j := range values {
			scratch = cells[j](scratch[:0], i)
			row[j], sizes[j] = h.keep(values[j], scratch, i)
			h.size += min(sizes[j], longest) + 1
		}
		h.rows, h.sizes = append(h.rows, row), append(h.sizes, sizes)
	}
}

// keep gives the value and its length; one that could never be shown whole is
// cut now, so that a few huge cells do not fill the memory.
func (h *head) keep(value func(int) any, json []byte, i int) (any, int) {
	n := utf8.RuneCount(json)
	if n <= h.maxChars {
		return value(i), n
	}
	v := cut(string(json[:min(len(json), 4*longest)]), longest)
	return v, n
}

func (h *head) enough() bool {
	return len(h.rows) >= h.maxRows || h.size > h.maxChars && len(h.rows) > fewest
}

func (h *head) table(capped bool) Table {
	rows, cols, cutAt := h.fit()
	t := Table{Columns: h.cols[:cols], Rows: make([][]any, rows), RowCount: h.count}
	anyCut := false
	for i := range rows {
		t.Rows[i] = h.rows[i][:cols:cols]
		for j := range t.Rows[i] {
			if cutAt > 0 && h.sizes[i][j] > cutAt {
				t.Rows[i][j], anyCut = cut(asText(t.Rows[i][j]), cutAt), true
			}
		}
	}
	t.tell(int64(rows) < h.count, len(h.cols), anyCut, cutAt, capped)
	return t
}

// tell says what was left out, and how to get at it.
func (t *Table) tell(fewer bool, columns int, anyCut bool, cutAt int, capped bool) {
	var left []string
	if fewer {
		left = append(left, "the first "+strconv.Itoa(len(t.Rows))+" of "+strconv.FormatInt(t.RowCount, 10)+" rows are shown")
	}
	if len(t.Columns) < columns {
		left = append(left, "the first "+strconv.Itoa(len(t.Columns))+" of "+strconv.Itoa(columns)+" columns are shown")
	}
	if anyCut {
		left = append(left, "values longer than "+strconv.Itoa(cutAt)+" characters are cut off")
	}
	if capped {
		left = append(left, "the row limit of "+strconv.FormatInt(t.RowCount, 10)+" was reached, there are more rows in the warehouse")
	}
	if t.Truncated = len(left) > 0; t.Truncated {
		t.Reason = strings.Join(left, "; ")
		t.Next = "Aggregate, filter or select fewer columns in SQL, or page with ORDER BY, LIMIT and OFFSET."
	}
}

// fit finds how much of what was kept fits. cutAt 0 leaves cells whole.
func (h *head) fit() (rows, cols, cutAt int) {
	cols = len(h.cols)
	want := min(fewest, len(h.rows))
	if rows = h.fitting(cols, 0); rows >= want && !h.cutAlready(rows) {
		return rows, cols, 0
	}
	cutAt = longest
	for cols > 1 && h.fitting(cols, cutAt) < want {
		cols--
	}
	return max(h.fitting(cols, cutAt), min(1, want)), cols, cutAt
}

// cutAlready reports whether keep cut a cell of the rows.
func (h *head) cutAlready(rows int) bool {
	for _, sizes := range h.sizes[:rows] {
		for _, n := range sizes {
			if n > h.maxChars {
				return true
			}
		}
	}
	return false
}

// fitting counts the rows that fit with so many columns.
func (h *head) fitting(cols, cutAt int) int {
	size := 0
	for _, c := range h.cols[:cols] {
		size += len(c.Name) + len(c.Type) + len(`{"name":"","type":""},`)
	}
	for i, sizes := range h.sizes {
		size += 2
		for _, n := range sizes[:cols] {
			if cutAt > 0 {
				n = min(n, cutAt)
			}
			size += n + 1
		}
		if size > h.maxChars {
			return i
		}
	}
	return len(h.sizes)
}

// cut keeps the first n characters.
func cut(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}

func asText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case interface{ MarshalJSON() ([]byte, error) }:
		b, _ := v.MarshalJSON()
		return string(b)
	}
	return ""
}

// Tee writes every batch that is read from rows to w as CSV. The writer is not
// closed; when it fails, so does the read.
func Tee(rows Rows, w io.Writer) Rows {
	return &tee{Rows: rows, to: &csvEncoder{out: sink{w: w}}}
}

type tee struct {
	Rows
	to    *csvEncoder
	begun bool
	ended bool
}

func (t *tee) Next(ctx context.Context) (arrow.RecordBatch, error) {
	b, err := t.Rows.Next(ctx)
	if err != nil && !errors.Is(err, io.EOF) || t.ended {
		return b, err
	}
	if !t.begun {
		t.begun = true
		if err := t.to.begin(t.Schema()); err != nil {
			return nil, err
		}
	}
	if err != nil {
		t.ended = true
		if endErr := t.to.end(0, false); endErr != nil {
			return nil, endErr
		}
		return nil, err
	}
	return b, t.to.batch(b)
}

// Capped passes the row limit on.
func (t *tee) Capped() bool { return Capped(t.Rows) }

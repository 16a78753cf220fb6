package chart

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
)

// What of a result is read to be drawn.
const (
	mostRows  = 500_000
	mostCells = 1_500_000
)

// Read takes a result to its end and closes it, and gives its beginning as a
// table: enough for any chart. What is not in it is said by Partial.
func Read(ctx context.Context, rows result.Rows) (Table, error) {
	columns := max(1, len(rows.Schema().Fields()))
	head, err := result.Head(ctx, rows, min(mostRows, mostCells/columns), 32<<20)
	if err != nil {
		return Table{}, err
	}
	t := Table{Rows: head.Rows, Partial: left(int64(len(head.Rows)), head.RowCount, result.Capped(rows))}
	for _, c := range head.Columns {
		t.Columns = append(t.Columns, Column{Name: c.Name, Type: c.Type})
	}
	return t, nil
}

// left says what of a result is not drawn.
func left(drawn, of int64, capped bool) string {
	n := func(i int64) string { return grouped(strconv.FormatInt(i, 10)) }
	switch {
	case drawn < of && capped:
		return "drawn from the first " + n(drawn) + " of more than " + n(of) + " rows of the result"
	case drawn < of:
		return "drawn from the first " + n(drawn) + " of " + n(of) + " rows of the result"
	case capped:
		return "the result was cut off at the limit of " + n(of) + " rows"
	}
	return ""
}

// ReadCSV reads a kept result. types are those of its columns, where they are
// known; without them they are told from the values.
func ReadCSV(r io.Reader, types []string, capped bool) (Table, error) {
	c := csv.NewReader(r)
	c.FieldsPerRecord, c.ReuseRecord = -1, true
	names, err := c.Read()
	if err != nil {
		return Table{}, fault.Because(err, fault.Invalid, "the asset is not a table")
	}
	t := Table{}
	for i, name := range names {
		col := Column{Name: name}
		if len(types) == len(names) {
			col.Type = types[i]
		}
		t.Columns = append(t.Columns, col)
	}
	most, total := min(mostRows, mostCells/max(1, len(names))), int64(0)
	for {
		rec, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Table{}, fault.Because(err, fault.Invalid, "the asset cannot be read as a table")
		}
		if total++; len(t.Rows) >= most {
			continue
		}
		row := make([]any, len(t.Columns))
		for i := range row {
			if i < len(rec) && rec[i] != "" {
				row[i] = strings.Clone(rec[i])
			}
		}
		t.Rows = append(t.Rows, row)
	}
	t.Partial = left(int64(len(t.Rows)), total, capped)
	t.typed()
	return t, nil
}

// typed gives texts the types that their columns have.
func (t *Table) typed() {
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Type == "" {
			c.Type = t.guess(i)
		}
		for _, row := range t.Rows {
			s, ok := row[i].(string)
			if !ok {
				continue
			}
			switch c.Type {
			case "integer", "number":
				if n, isNumber := number(s); isNumber {
					row[i] = n
				} else {
					row[i] = nil
				}
			case "boolean":
				row[i] = s == "true"
			}
		}
	}
}

// guess tells a column's type from all of its values. Digits that begin with a
// zero are a code.
func (t *Table) guess(i int) string {
	integer, num, boolean, any := true, true, true, false
	for _, row := range t.Rows {
		s, ok := row[i].(string)
		if !ok {
			continue
		}
		any = true
		digits := strings.TrimPrefix(s, "-")
		code := len(digits) > 1 && digits[0] == '0' && digits[1] != '.'
		_, isNumber := number(s)
		num = num && isNumber && !code
		integer = integer && num && strings.Trim(digits, "0123456789") == ""
		boolean = boolean && (s == "true" || s == "false")
	}
	switch {
	case !any:
		return "string"
	case boolean:
		return "boolean"
	case integer:
		return "integer"
	case num:
		return "number"
	}
	return "string"
}

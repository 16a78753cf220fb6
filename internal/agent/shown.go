package agent

import (
	"context"
	"encoding/json"
	"unicode/utf8"
)

// What a model gets to read of what tools give.
const (
	shownRows   = 50     // of one result
	shownBytes  = 8_000  // of the rows of one result
	shownCell   = 200    // characters of a cell
	shownLength = 32_000 // bytes of anything
)

// Talk has the loop ask this model, within its budget.
func (c *Configured) Talk(ctx context.Context, l Loop, first string) (Ending, error) {
	model := &tracedModel{Configured: c}
	l.Model, l.Budget = model, c.Budget
	end, err := l.Run(ctx, first)
	model.tell(ctx)
	return end, err
}

// Quoted encodes for a model what is no instruction. JSON writes < as an
// escape, so that nothing in it can end it.
func Quoted(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	if len(b) > shownLength {
		b, err = json.Marshal(map[string]string{"error": "it is too long to be shown: ask for less"})
	}
	return "<data>" + string(b) + "</data>", err
}

// Shown is what a model sees of a table: its columns and whether it has rows,
// and with rows how many there are and the first of them, as many as most,
// which it counts.
func (t Table) Shown(rows bool, most int) (shown map[string]any, n int, err error) {
	if !rows {
		return map[string]any{"columns": t.Columns, "row_count": roughly(t.RowCount)}, 0, nil
	}
	shown = map[string]any{"columns": t.Columns, "row_count": t.RowCount}
	some, size := [][]any{}, 0
	for _, row := range t.Rows {
		short := make([]any, len(row))
		for i, v := range row {
			short[i] = v
			if s, ok := v.(string); ok && utf8.RuneCountInString(s) > shownCell {
				short[i] = string([]rune(s)[:shownCell]) + "…"
			}
		}
		b, err := json.Marshal(short)
		if err != nil {
			return nil, 0, err
		}
		if size += len(b); size > shownBytes || len(some) == shownRows || len(some) >= most {
			break
		}
		some = append(some, short)
	}
	shown["rows"] = some
	return shown, len(some), nil
}

// roughly is a number of rows for a model that may see no cell: 0, 1 or
// "several". A statement can be written whose number of rows is a value.
func roughly(n int64) any {
	if n > 1 {
		return "several"
	}
	return n
}

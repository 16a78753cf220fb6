package result

import (
	"context"
	"errors"
	"io"
	"strings"
)

// Texts reads rows to their end, each cell as Arrow writes it and NULL as nil.
// It is for the few rows that Postern asks for itself; it does not close them.
func Texts(ctx context.Context, rows Rows) (out [][]*string, err error) {
	for {
		b, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range int(b.NumRows()) {
			row := make([]*string, b.NumCols())
			for j, col := range b.Columns() {
				if !col.IsNull(i) {
					s := strings.Clone(col.ValueStr(i)) // the batch's memory is the engine's
					row[j] = &s
				}
			}
			out = append(out, row)
		}
	}
}

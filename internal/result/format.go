package result

import (
	"context"
	"io"

	"github.com/postern/postern/internal/fault"
)

// Format is how rows are written.
type Format string

// The formats, by their media types.
const (
	JSON    Format = "application/json"
	NDJSON  Format = "application/x-ndjson"
	CSV     Format = "text/csv"
	Arrow   Format = "application/vnd.apache.arrow.stream"
	Parquet Format = "application/vnd.apache.parquet"
)

// Formats lists them, the default first.
var Formats = []Format{JSON, NDJSON, CSV, Arrow, Parquet}

// Encode writes all rows to w and closes them. Nothing is written before the
// first batch (or the end) is there, so that an error until then can still be
// answered as one; after each batch it calls flush. n counts the rows.
func Encode(ctx context.Context, w io.Writer, rows Rows, f Format, flush func()) (n int64, err error) {
	return 0, fault.New(fault.Internal, "not written yet")
}

// Column is one column of a result: its name and its wire type.
type Column struct {
	Name string
	Type string // integer, number, string, boolean, date, timestamp, time, binary, json
}

// Table is the part of a result that a model reads.
type Table struct {
	Columns   []Column
	Rows      [][]any // values that encoding/json writes as the JSON encoder would
	RowCount  int64   // of the whole result, not of Rows
	Truncated bool
	Reason    string // what was left out
	Next      string // how to get at it
}

// Head reads rows to their end, closes them, and keeps what fits in about
// maxChars characters of JSON, maxRows rows at most.
func Head(ctx context.Context, rows Rows, maxRows, maxChars int) (Table, error) {
	return Table{}, fault.New(fault.Internal, "not written yet")
}

// Tee writes every batch that is read from rows to w, as CSV.
func Tee(rows Rows, w io.Writer) Rows { return rows }

// Package result is the answer: a stream of Arrow record batches, the encoders
// that write it as JSON, NDJSON, CSV, Arrow or Parquet at the edge, the trimmed
// table a model reads, and assets, which keep a full result for a while.
//
// Encoders append to one buffer through a function bound to each column once a
// batch: no value costs an allocation, and memory does not grow with the rows.
package result

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
)

// Rows is a result under way. It carries only what Arrow IPC can, so that a
// driver may live in another process. Close is idempotent and must be called;
// Next returns io.EOF after the last batch, and the batch is valid until the
// next call.
type Rows interface {
	Schema() *arrow.Schema
	Next(ctx context.Context) (arrow.RecordBatch, error)
	Close() error
}

// Capped reports whether rows that were read to their end stopped at a row
// limit, with more to come in the warehouse.
func Capped(rows Rows) bool {
	c, ok := rows.(interface{ Capped() bool })
	return ok && c.Capped()
}

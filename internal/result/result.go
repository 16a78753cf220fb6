// Package result is the answer: a stream of Arrow record batches, the encoders
// that write it as JSON, CSV or Arrow at the edge, the trimmed table a model
// reads, and assets, which keep a full result for a while.
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

//go:build cgo && duckdb_arrow

package duckdb

import (
	"context"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	duck "github.com/duckdb/duckdb-go-bindings"
)

// rows streams a result, a chunk of the engine at a time. It owns the session
// until Close.
type rows struct {
	conn    *Conn
	ctx     context.Context //nolint:containedctx // a result lives as long as its query's context
	cancel  context.CancelFunc
	p       *prepared
	res     duck.Result
	arrow   *converter
	left    int64
	limited bool

	batch  arrow.RecordBatch
	done   bool
	closed bool
}

func (r *rows) Schema() *arrow.Schema { return r.arrow.schema }

func (r *rows) Next(ctx context.Context) (arrow.RecordBatch, error) {
	if r.closed {
		return nil, errors.New("the result is closed")
	}
	r.release()
	if r.done || r.limited && r.left == 0 {
		return nil, io.EOF
	}
	both, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	chunk, err := r.conn.s.fetch(both, &r.res)
	if err != nil {
		if r.ctx.Err() != nil {
			ctx = r.ctx // its end, not that of this one call
		}
		return nil, r.conn.failed(ctx, err)
	}
	if chunk.Ptr == nil {
		r.done = true
		return nil, io.EOF
	}
	b, err := r.arrow.batch(chunk)
	if err != nil {
		return nil, r.conn.failed(ctx, err)
	}
	if r.limited && b.NumRows() > r.left {
		whole := b
		b = whole.NewSlice(0, r.left)
		whole.Release()
	}
	r.left -= b.NumRows()
	r.batch = b
	return b, nil
}

func (r *rows) release() {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
}

// Close ends the query. It is idempotent.
func (r *rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.cancel()
	r.release()
	r.arrow.close()
	duck.DestroyResult(&r.res)
	r.p.close()
	r.conn.rows = nil
	return nil
}

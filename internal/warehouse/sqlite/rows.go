package sqlite

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/postern/postern/internal/fault"
)

const (
	// sampleRows settle the types.
	sampleRows = 1024
	batchRows  = 4096
	// batchBytes ends a batch early when values are large.
	batchBytes = 1 << 20
)

// rows reads a statement batch by batch. It owns the statement and the
// session until Close.
type rows struct {
	conn    *Conn
	s       *statement
	ctx     context.Context //nolint:containedctx // a result lives as long as its query's context
	cancel  context.CancelFunc
	timeout time.Duration
	left    int64 // rows until the limit; 0 when there is none

	schema  *arrow.Schema
	columns []column
	sample  [][]any // rows read before the types were known
	batch   arrow.RecordBatch
	done    bool
	closed  bool
}

func limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d > 0 {
		return context.WithTimeout(ctx, d)
	}
	return context.WithCancel(ctx)
}

// start reads the sample and settles the types by it.
func (r *rows) start() error {
	stop := r.watch(r.ctx)
	defer stop()
	bytes := 0
	for len(r.sample) < sampleRows && bytes < batchBytes {
		ok, err := r.step(r.ctx)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		row := make([]any, r.s.columns())
		for i := range row {
			row[i] = r.s.value(i)
			bytes += size(row[i])
		}
		r.sample = append(r.sample, row)
	}
	fields := make([]arrow.Field, r.s.columns())
	r.columns = make([]column, len(fields))
	for i := range fields {
		values := make([]any, len(r.sample))
		for n, row := range r.sample {
			values[n] = row[i]
		}
		r.columns[i] = column{name: r.s.name(i), kind: settle(r.s.declared(i), values)}
		fields[i] = arrow.Field{Name: r.columns[i].name, Type: r.columns[i].kind, Nullable: true}
	}
	r.schema = arrow.NewSchema(fields, nil)
	return nil
}

// watch ties the running step to ctx until the returned function is called.
func (r *rows) watch(ctx context.Context) func() bool {
	r.conn.d.stopped.Store(false)
	return context.AfterFunc(ctx, func() { r.conn.d.stopped.Store(true) })
}

// step moves to the next row within the limit; false when there is no more.
func (r *rows) step(ctx context.Context) (bool, error) {
	if r.done {
		return false, nil
	}
	if err := ctx.Err(); err != nil {
		return false, r.ended(err)
	}
	ok, err := r.s.stepOnce(ctx)
	if err != nil {
		return false, r.ended(err)
	}
	if r.left > 0 {
		r.left--
		r.done = r.left == 0
	}
	r.done = r.done || !ok
	return ok, nil
}

// ended tells a time limit from a caller who went away and from the engine.
func (r *rows) ended(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Because(err, fault.Timeout, "the query did not finish within its time limit")
	case errors.Is(err, context.Canceled):
		return fault.Because(err, fault.Timeout, "the query was stopped: its caller went away")
	}
	return rejected(err)
}

func (r *rows) Schema() *arrow.Schema { return r.schema }

func (r *rows) Next(ctx context.Context) (arrow.RecordBatch, error) {
	if r.closed {
		return nil, errors.New("the result is closed")
	}
	r.release()
	both, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	stop := r.watch(both)
	defer stop()
	b := array.NewRecordBuilder(memory.DefaultAllocator, r.schema)
	defer b.Release()
	n, err := r.fill(both, b)
	if err != nil {
		if errors.Is(err, context.Canceled) && r.ctx.Err() != nil {
			err = r.ended(r.ctx.Err())
		}
		return nil, err
	}
	if n == 0 {
		return nil, io.EOF
	}
	r.batch = b.NewRecordBatch()
	return r.batch, nil
}

// fill appends the sample, or rows from the engine, and counts them.
func (r *rows) fill(ctx context.Context, b *array.RecordBuilder) (int, error) {
	n := 0
	for _, row := range r.sample {
		for i, v := range row {
			if err := r.columns[i].add(b.Field(i), v); err != nil {
				return n, err
			}
		}
		n++
	}
	r.sample = nil
	for bytes := 0; n < batchRows && bytes < batchBytes; n++ {
		ok, err := r.step(ctx)
		if err != nil || !ok {
			return n, err
		}
		for i := range r.columns {
			v := r.s.value(i)
			bytes += size(v)
			if err := r.columns[i].add(b.Field(i), v); err != nil {
				return n, err
			}
		}
	}
	return n, nil
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
	r.s.close()
	r.conn.d.action = denyAll
	r.conn.rows = nil
	return nil
}

func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []byte:
		return len(v)
	}
	return 8
}

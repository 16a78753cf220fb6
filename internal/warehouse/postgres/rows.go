package postgres

import (
	"context"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/postern/postern/internal/warehouse"
)

// The first batch is small, so that a caller sees something soon.
const (
	firstRows  = 512
	batchRows  = 8192
	batchBytes = 4 << 20
)

// rows is a result under way.
type rows struct {
	conn   *Conn
	caller context.Context // as Query got it
	ctx    context.Context // with the time limit
	cancel context.CancelFunc
	watch  *watcher
	sql    string
	limits warehouse.Limits
	params bool // the statement is ours and has values

	columns []column
	schema  *arrow.Schema
	builder *array.RecordBuilder
	batch   arrow.RecordBatch

	synced bool // a Sync was sent: the server will end with ReadyForQuery
	ready  bool // and has
	read   int64
	err    error // io.EOF at the end
	closed bool
}

func (r *rows) Schema() *arrow.Schema { return r.schema }

func (r *rows) describe(m *pgproto3.RowDescription) error {
	var fields []arrow.Field
	r.columns = r.columns[:0]
	for i := range m.Fields {
		c := columnOf(&m.Fields[i])
		r.columns = append(r.columns, c)
		fields = append(fields, c.field)
	}
	r.schema = arrow.NewSchema(fields, nil)
	return nil
}

// Next gives the next batch. It is valid until the next call.
func (r *rows) Next(ctx context.Context) (arrow.RecordBatch, error) {
	r.release()
	if r.err == nil && ctx.Err() != nil {
		r.err = stopped(ctx)
	}
	if r.err != nil {
		return nil, r.err
	}
	var inner *watcher
	if ctx.Done() != nil && ctx.Done() != r.caller.Done() {
		inner = r.conn.watch(ctx)
		defer inner.done()
	}
	n, err := r.fill()
	switch {
	case err == nil:
	case ctx.Err() != nil:
		r.err = stopped(ctx)
		return nil, r.err
	case err == io.EOF: //nolint:errorlint // fill's own
		r.err = io.EOF
		if n == 0 {
			r.finish()
			return nil, io.EOF
		}
	default:
		r.err = r.failed(err)
		return nil, r.err
	}
	r.batch = r.builder.NewRecordBatch()
	return r.batch, nil
}

// fill reads rows into the builder until a batch is full. io.EOF means the
// result has ended, with the rows read so far.
func (r *rows) fill() (int, error) {
	if r.builder == nil {
		r.builder = array.NewRecordBuilder(memory.DefaultAllocator, r.schema)
		for i := range r.columns {
			r.columns[i].builder = r.builder.Field(i)
		}
	}
	most, size, n := batchRows, 0, 0
	if r.read == 0 {
		most = firstRows
	}
	for n < most && size < batchBytes {
		if r.limits.Rows > 0 && r.read >= r.limits.Rows {
			return n, io.EOF
		}
		m, err := r.conn.receive()
		if err != nil {
			return n, err
		}
		switch m := m.(type) {
		case *pgproto3.DataRow:
			if err := r.append(m.Values, &size); err != nil {
				return n, err
			}
			n++
			r.read++
		case *pgproto3.ReadyForQuery:
			r.ready = true
			return n, io.EOF
		}
	}
	return n, nil
}

func (r *rows) append(values [][]byte, size *int) error {
	for i, v := range values {
		c := &r.columns[i]
		if v == nil {
			c.builder.AppendNull()
			continue
		}
		*size += len(v)
		if err := c.append(c, v); err != nil {
			return err
		}
	}
	return nil
}

func (r *rows) release() {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
}

// finish brings the session to where another statement may follow. What is
// left of the result is cancelled.
func (r *rows) finish() {
	c := r.conn
	if !r.ready && c.broken == nil {
		r.stop()
	}
	r.watch.done()
	r.cancel()
	c.busy = false
}

// stop ends a result that is not read to its end. A short rest is read; for a
// longer one the server is asked to stop.
func (r *rows) stop() {
	c := r.conn
	if !r.synced {
		c.front.SendSync(&pgproto3.Sync{})
		if r.flush() != nil {
			return
		}
	}
	_ = c.pg.Conn().SetDeadline(time.Now().Add(drainTime))
	if r.err == nil || r.err == io.EOF && r.maxRows() == 0 { //nolint:errorlint // our own
		// Cancelling must not outlive this call, or it would hit the next
		// query: CancelRequest returns when the server has acted on it.
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		_ = c.pg.CancelRequest(ctx)
	}
	_ = c.drain(1)
	if c.broken == nil {
		_ = c.pg.Conn().SetDeadline(time.Time{})
		r.ready = true
	}
}

// Close ends the result. It is idempotent.
func (r *rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	if r.err != io.EOF || !r.ready { //nolint:errorlint // our own
		r.finish()
	} else {
		r.watch.done()
		r.cancel()
		r.conn.busy = false
	}
	if r.err == nil {
		r.err = io.EOF
	}
	r.release()
	if r.builder != nil {
		r.builder.Release()
		r.builder = nil
	}
	return nil
}

//go:build cgo && duckdb_arrow

package duckdb

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	duck "github.com/duckdb/duckdb-go-bindings"

	"github.com/postern/postern/internal/fault"
)

// session is one connection to an instance. The driver uses DuckDB's bindings
// and not its database/sql driver, which holds a whole result in memory before
// it gives the first row. It is not safe for concurrent use.
type session struct {
	conn      duck.Connection
	serialize *prepared // json_serialize_sql, prepared once
}

// engineError is DuckDB's word on a failure.
type engineError struct{ message string }

func (e *engineError) Error() string { return e.message }

func newSession(db duck.Database) (*session, error) {
	s := &session{}
	if duck.Connect(db, &s.conn) == duck.StateError {
		return nil, errors.New("connect to duckdb")
	}
	return s, nil
}

func (s *session) close() {
	if s.serialize != nil {
		s.serialize.close()
		s.serialize = nil
	}
	duck.Disconnect(&s.conn)
}

// during runs f, and interrupts the engine when ctx ends before it does: again
// and again, since DuckDB forgets an interrupt that comes between two tasks.
func (s *session) during(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if ctx.Done() == nil {
		return f()
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		for {
			duck.Interrupt(s.conn)
			select {
			case <-done:
				return
			case <-again.C:
			}
		}
	}()
	err := f()
	close(done)
	<-ended // or a late interrupt would hit the next query
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// prepared is one prepared statement.
type prepared struct{ stmt duck.PreparedStatement }

func (p *prepared) close() { duck.DestroyPrepare(&p.stmt) }

// prepare compiles exactly one statement.
func (s *session) prepare(ctx context.Context, sql string) (*prepared, error) {
	if strings.IndexByte(sql, 0) >= 0 {
		return nil, &engineError{"the SQL holds a NUL character"}
	}
	var p prepared
	err := s.during(ctx, func() error {
		var parts duck.ExtractedStatements
		n := duck.ExtractStatements(s.conn, sql, &parts)
		defer duck.DestroyExtracted(&parts)
		if n == 0 {
			return &engineError{firstOf(duck.ExtractStatementsError(parts), "there is no statement")}
		}
		if n > 1 {
			return errSeveral
		}
		if duck.PrepareExtractedStatement(s.conn, parts, 0, &p.stmt) == duck.StateError {
			defer duck.DestroyPrepare(&p.stmt)
			return &engineError{duck.PrepareError(p.stmt)}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &p, nil
}

var errSeveral = errors.New("there is more than one statement")

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// stream starts a prepared statement. Rows come as they are fetched.
func (s *session) stream(ctx context.Context, p *prepared, res *duck.Result) error {
	return s.during(ctx, func() error {
		var pending duck.PendingResult
		defer duck.DestroyPending(&pending)
		if duck.PendingPreparedStreaming(p.stmt, &pending) == duck.StateError {
			return &engineError{duck.PendingError(pending)}
		}
		if duck.ExecutePending(pending, res) == duck.StateError {
			defer duck.DestroyResult(res)
			return &engineError{duck.ResultError(res)}
		}
		return nil
	})
}

// exec runs a statement of the driver's own and drops its result.
func (s *session) exec(ctx context.Context, sql string) error {
	p, err := s.prepare(ctx, sql)
	if err != nil {
		return err
	}
	defer p.close()
	var res duck.Result
	if err := s.stream(ctx, p, &res); err != nil {
		return err
	}
	defer duck.DestroyResult(&res)
	for {
		chunk, err := s.fetch(ctx, &res)
		if err != nil || chunk.Ptr == nil {
			return err
		}
		duck.DestroyDataChunk(&chunk)
	}
}

// fetch gives the next chunk, with a nil Ptr after the last.
func (s *session) fetch(ctx context.Context, res *duck.Result) (duck.DataChunk, error) {
	var chunk duck.DataChunk
	err := s.during(ctx, func() error {
		chunk = duck.FetchChunk(*res)
		if chunk.Ptr == nil {
			if text := duck.ResultError(res); text != "" {
				return &engineError{text}
			}
		}
		return nil
	})
	return chunk, err
}

// each runs a query of the driver's own, whose columns are all VARCHAR, and
// calls f at each row; NULL is "".
func (s *session) each(ctx context.Context, p *prepared, f func(row []string) error) error {
	var res duck.Result
	if err := s.stream(ctx, p, &res); err != nil {
		return err
	}
	defer duck.DestroyResult(&res)
	a, err := newConverter(&res)
	if err != nil {
		return err
	}
	defer a.close()
	for {
		chunk, err := s.fetch(ctx, &res)
		if err != nil || chunk.Ptr == nil {
			return err
		}
		b, err := a.batch(chunk)
		if err != nil {
			return err
		}
		err = eachRow(b, f)
		b.Release()
		if err != nil {
			return err
		}
	}
}

func eachRow(b arrow.RecordBatch, f func(row []string) error) error {
	row := make([]string, b.NumCols())
	for i := range int(b.NumRows()) {
		for c := range row {
			row[c] = ""
			if s, ok := b.Column(c).(*array.String); ok && !s.IsNull(i) {
				row[c] = strings.Clone(s.Value(i))
			}
		}
		if err := f(row); err != nil {
			return err
		}
	}
	return nil
}

// converter turns a result's chunks into Arrow batches.
type converter struct {
	options duck.ArrowOptions
	schema  *arrow.Schema
}

func newConverter(res *duck.Result) (*converter, error) {
	n := duck.ColumnCount(res)
	names, types := make([]string, n), make([]duck.LogicalType, n)
	for i := range n {
		names[i], types[i] = duck.ColumnName(res, i), duck.ColumnLogicalType(res, i)
	}
	defer func() {
		for i := range types {
			duck.DestroyLogicalType(&types[i])
		}
	}()
	c := &converter{options: duck.ResultGetArrowOptions(res)}
	schema, failed := duck.NewArrowSchema(c.options, types, names)
	defer duck.DestroyErrorData(&failed)
	if duck.ErrorDataHasError(failed) {
		c.close()
		return nil, &engineError{duck.ErrorDataMessage(failed)}
	}
	c.schema = schema
	return c, nil
}

func (c *converter) close() { duck.DestroyArrowOptions(&c.options) }

// batch converts a chunk and frees it.
func (c *converter) batch(chunk duck.DataChunk) (arrow.RecordBatch, error) {
	defer duck.DestroyDataChunk(&chunk)
	b, failed := duck.DataChunkToArrowArray(c.options, c.schema, chunk)
	defer duck.DestroyErrorData(&failed)
	if duck.ErrorDataHasError(failed) {
		return nil, &engineError{duck.ErrorDataMessage(failed)}
	}
	defer b.Release()
	if err := fits(b); err != nil {
		return nil, err
	}
	columns := make([]arrow.Array, b.NumCols())
	for i, col := range b.Columns() {
		data := owned(col.Data())
		columns[i] = array.MakeFromData(data)
		data.Release()
	}
	return array.NewRecordBatch(c.schema, columns, b.NumRows()), nil
}

// maxBatch is how large a batch may be. A longer one would be in memory several
// times on its way out; a chunk has 2,048 rows.
const maxBatch = 256 << 20

func fits(b arrow.RecordBatch) error {
	var size uint64
	for _, c := range b.Columns() {
		size += c.Data().SizeInBytes()
	}
	if size > maxBatch {
		return fault.New(fault.Rejected, "2,048 rows of the result are longer than %d MiB", maxBatch>>20)
	}
	return nil
}

// owned copies an array into Go's memory. A batch is valid until the next one,
// and a reader that keeps a string of it longer has a mistake; in the engine's
// memory that would be a read of freed memory, in Go's it does no harm.
func owned(d arrow.ArrayData) arrow.ArrayData {
	buffers := make([]*memory.Buffer, len(d.Buffers()))
	for i, b := range d.Buffers() {
		if b != nil {
			buffers[i] = memory.NewBufferBytes(bytes.Clone(b.Bytes()))
		}
	}
	children := make([]arrow.ArrayData, len(d.Children()))
	for i, child := range d.Children() {
		children[i] = owned(child)
		defer children[i].Release()
	}
	return array.NewData(d.DataType(), d.Len(), buffers, children, d.NullN(), d.Offset())
}

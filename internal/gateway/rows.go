package gateway

import (
	"context"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
)

// stream is a result on its way to the caller: it counts the rows, stops at
// the limit, and ends the attempt. The caller hears of the end only once it is
// on record.
type stream struct {
	a      *attempt
	rows   result.Rows
	schema *arrow.Schema
	limit  int64
	n      int64
	cut    arrow.RecordBatch // a batch that the limit cut
	capped bool
	err    error // what every further Next gives
}

func (a *attempt) stream(rows result.Rows) *stream {
	a.streams = true
	return &stream{a: a, rows: rows, schema: rows.Schema(), limit: a.limit()}
}

func (s *stream) Schema() *arrow.Schema { return s.schema }

// Capped reports whether the limit kept rows back.
func (s *stream) Capped() bool { return s.capped }

// Next implements result.Rows.
func (s *stream) Next(ctx context.Context) (b arrow.RecordBatch, err error) {
	s.dropCut()
	if s.err != nil {
		return nil, s.err
	}
	if s.capped {
		return nil, s.finish(io.EOF)
	}
	defer func() {
		if p := recover(); p != nil {
			b, err = nil, s.finish(panicError(p))
		}
	}()
	// The query lives under the attempt's context; the reader may hang up
	// under its own.
	defer context.AfterFunc(ctx, func() { s.a.cancel(context.Cause(ctx)) })()
	if b, err = s.rows.Next(s.a.ctx); err != nil {
		if !errors.Is(err, io.EOF) {
			err = s.a.engine(err)
		}
		return nil, s.finish(err)
	}
	if err = s.a.still(); err != nil {
		return nil, s.finish(err)
	}
	return s.take(b), nil
}

// take counts a batch, and cuts it at the limit.
func (s *stream) take(b arrow.RecordBatch) arrow.RecordBatch {
	if rest := s.limit - s.n; s.limit > 0 && b.NumRows() > rest {
		b = b.NewSlice(0, rest)
		s.cut, s.capped = b, true
	}
	s.n += b.NumRows()
	return b
}

func (s *stream) dropCut() {
	if s.cut != nil {
		s.cut.Release()
		s.cut = nil
	}
}

// finish puts the end on record and then says it.
func (s *stream) finish(err error) error {
	told := err
	if errors.Is(err, io.EOF) {
		told = nil
	}
	closeErr := s.closeRows()
	if told == nil && closeErr != nil && !s.capped { // rows that were cut may complain of it
		told, err = s.a.engine(closeErr), s.a.engine(closeErr)
	}
	if got := s.a.end(told, s.n); got != nil {
		err = got
	}
	s.err = err
	return err
}

// closeRows closes the driver's rows before their session goes back.
func (s *stream) closeRows() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicError(p)
		}
	}()
	return s.rows.Close()
}

// Close implements result.Rows. Rows that are closed before their end were
// given up.
func (s *stream) Close() error {
	s.dropCut()
	if s.err != nil {
		return nil
	}
	cause := context.Cause(s.a.ctx)
	s.a.cancel(context.Canceled)
	err := error(context.Canceled)
	if cause != nil {
		err = s.a.engine(cause)
	}
	got := s.finish(err)
	s.err = errClosed
	if got == err { //nolint:errorlint // the very error: the record was written
		return nil
	}
	return got
}

var errClosed = fault.New(fault.Internal, "the rows are closed")

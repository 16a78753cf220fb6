package result

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

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

// encoder writes one format. Its methods are called in order: begin, batch for
// each, end; end only when every row was seen.
type encoder interface {
	begin(s *arrow.Schema) error
	batch(b arrow.RecordBatch) error
	end(n int64, capped bool) error
}

// Encode writes all rows to w and closes them. Nothing is written before the
// first batch (or the end) is there, so that an error until then can still be
// answered as one; after each batch it calls flush. n counts the rows.
//
// After an error what was written is cut short without an ending: the caller
// must break the connection rather than end it.
func Encode(ctx context.Context, w io.Writer, rows Rows, f Format, flush func()) (n int64, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	e, err := newEncoder(w, f)
	if err != nil {
		return 0, err
	}
	if flush == nil {
		flush = func() {}
	}
	begun := false
	for {
		b, err := rows.Next(ctx)
		if err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
		if !begun {
			begun = true
			if err := e.begin(rows.Schema()); err != nil {
				return n, err
			}
		}
		if err != nil {
			return n, e.end(n, Capped(rows))
		}
		if err := e.batch(b); err != nil {
			return n, err
		}
		n += b.NumRows()
		flush()
	}
}

func newEncoder(w io.Writer, f Format) (encoder, error) {
	switch f {
	case JSON:
		return &jsonEncoder{out: sink{w: w}}, nil
	case NDJSON:
		return &ndjsonEncoder{out: sink{w: w}}, nil
	case CSV:
		return &csvEncoder{out: sink{w: w}}, nil
	case Arrow:
		return &arrowEncoder{w: bufio.NewWriterSize(w, chunk)}, nil
	case Parquet:
		return &parquetEncoder{w: w}, nil
	}
	return nil, fault.New(fault.Invalid, "the format %q is not known", f)
}

// chunk is how much text is gathered before it is written.
const chunk = 64 << 10

// sink gathers text, so that a batch of any size takes a bounded buffer.
type sink struct {
	w io.Writer
	b []byte
}

// full writes what was gathered once it is enough.
func (s *sink) full() error {
	if len(s.b) < chunk {
		return nil
	}
	return s.flush()
}

func (s *sink) flush() error {
	if len(s.b) == 0 {
		return nil
	}
	_, err := s.w.Write(s.b)
	s.b = s.b[:0]
	return err
}

// arrowEncoder writes an Arrow IPC stream. Close writes the end-of-stream
// marker, so it is not called after an error.
type arrowEncoder struct {
	w   *bufio.Writer
	ipc *ipc.Writer
}

func (e *arrowEncoder) begin(s *arrow.Schema) error {
	e.ipc = ipc.NewWriter(e.w, ipc.WithSchema(s))
	return nil
}

func (e *arrowEncoder) batch(b arrow.RecordBatch) error {
	if err := e.ipc.Write(b); err != nil {
		return err
	}
	return e.w.Flush()
}

func (e *arrowEncoder) end(int64, bool) error {
	if err := e.ipc.Close(); err != nil {
		return err
	}
	return e.w.Flush()
}

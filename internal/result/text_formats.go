package result

import (
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
)

// jsonEncoder writes one document:
//
//	{"columns":[{"name":…,"type":…}],"rows":[[…],…],"row_count":n,"complete":true}
//
// "complete" comes last: a document without it was broken off. When the row
// limit cut the result, "limit_reached":true stands before it.
type jsonEncoder struct {
	out sink
	any bool // a row was written
}

func (e *jsonEncoder) begin(s *arrow.Schema) error {
	e.out.b = appendJSONColumns(append(e.out.b, `{"columns":`...), ColumnsOf(s))
	e.out.b = append(e.out.b, `,"rows":[`...)
	return nil
}

func appendJSONColumns(b []byte, cols []Column) []byte {
	b = append(b, '[')
	for i, c := range cols {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(append(b, `{"name":`...), c.Name)
		b = append(append(append(b, `,"type":"`...), c.Type...), `"}`...)
	}
	return append(b, ']')
}

func (e *jsonEncoder) batch(rec arrow.RecordBatch) error {
	cells := jsonCells(rec)
	for i := range int(rec.NumRows()) {
		if e.any {
			e.out.b = append(e.out.b, ',')
		}
		e.any = true
		e.out.b = appendJSONRow(e.out.b, cells, i)
		if err := e.out.full(); err != nil {
			return err
		}
	}
	return e.out.flush()
}

func appendJSONRow(b []byte, cells []cell, i int) []byte {
	b = append(b, '[')
	for j, c := range cells {
		if j > 0 {
			b = append(b, ',')
		}
		b = c(b, i)
	}
	return append(b, ']')
}

func (e *jsonEncoder) end(n int64, capped bool) error {
	e.out.b = strconv.AppendInt(append(e.out.b, `],"row_count":`...), n, 10)
	if capped {
		e.out.b = append(e.out.b, `,"limit_reached":true`...)
	}
	e.out.b = append(e.out.b, `,"complete":true}`+"\n"...)
	return e.out.flush()
}

// ndjsonEncoder writes one object a row, and nothing else.
type ndjsonEncoder struct {
	out  sink
	keys [][]byte // `{"a":`, `,"b":`
}

func (e *ndjsonEncoder) begin(s *arrow.Schema) error {
	for i, name := range uniqueNames(s) {
		open := byte('{')
		if i > 0 {
			open = ','
		}
		e.keys = append(e.keys, append(appendJSONString([]byte{open}, name), ':'))
	}
	return nil
}

func (e *ndjsonEncoder) batch(rec arrow.RecordBatch) error {
	cells := jsonCells(rec)
	for i := range int(rec.NumRows()) {
		for j, c := range cells {
			e.out.b = c(append(e.out.b, e.keys[j]...), i)
		}
		e.out.b = append(e.out.b, '}', '\n')
		if err := e.out.full(); err != nil {
			return err
		}
	}
	return e.out.flush()
}

func (e *ndjsonEncoder) end(int64, bool) error { return e.out.flush() }

// csvEncoder writes RFC 4180 with a header line. A null is empty, an empty
// text is "". Only where a line has one column is a null written as "" too:
// readers take an empty line for no line.
type csvEncoder struct {
	out sink
}

func (e *csvEncoder) begin(s *arrow.Schema) error {
	for i, f := range s.Fields() {
		if i > 0 {
			e.out.b = append(e.out.b, ',')
		}
		e.out.b = appendCSVString(e.out.b, f.Name)
	}
	e.out.b = append(e.out.b, '\r', '\n')
	return nil
}

func (e *csvEncoder) batch(rec arrow.RecordBatch) error {
	cells := csvCells(rec)
	for i := range int(rec.NumRows()) {
		start := len(e.out.b)
		for j, c := range cells {
			if j > 0 {
				e.out.b = append(e.out.b, ',')
			}
			e.out.b = c(e.out.b, i)
		}
		if len(e.out.b) == start {
			e.out.b = append(e.out.b, '"', '"')
		}
		e.out.b = append(e.out.b, '\r', '\n')
		if err := e.out.full(); err != nil {
			return err
		}
	}
	return e.out.flush()
}

func (e *csvEncoder) end(int64, bool) error { return e.out.flush() }

package result

import (
	"encoding/binary"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/klauspost/compress/snappy"
)

// parquetEncoder writes a Parquet file: every column optional, plain encoding,
// one Snappy page for each column of a row group. It is written here because
// arrow-go's writer brings all of its compute kernels along, 24 MB of binary,
// where this takes some hundred lines. A file that was broken off has no
// footer, and no reader opens it.
type parquetEncoder struct {
	w      io.Writer
	at     int64 // bytes written
	cols   []parquetColumn
	rows   int64 // of the open row group
	groups []parquetGroup
	total  int64
	packed []byte
}

// A row group is closed at either, so that what is buffered stays bounded.
const (
	groupBytes = 8 << 20
	groupRows  = 1 << 20
	window     = 8 << 10 // rows between two looks at the size
)

const magic = "PAR1"

// parquetColumn is one column of the open row group.
type parquetColumn struct {
	name    string
	kind    parquetKind
	present []bool
	nulls   int
	values  []byte
}

type parquetGroup struct {
	rows   int64
	chunks []parquetChunk
}

type parquetChunk struct {
	offset                 int64
	plain, packed, present int64
}

func (e *parquetEncoder) begin(s *arrow.Schema) error {
	e.cols = make([]parquetColumn, s.NumFields())
	names := uniqueNames(s)
	for i, f := range s.Fields() {
		e.cols[i] = parquetColumn{name: names[i], kind: parquetKindOf(f.Type)}
	}
	return e.write([]byte(magic))
}

func (e *parquetEncoder) write(b []byte) error {
	n, err := e.w.Write(b)
	e.at += int64(n)
	return err
}

func (e *parquetEncoder) batch(b arrow.RecordBatch) error {
	cells := make([]cell, len(e.cols))
	for j, col := range b.Columns() {
		cells[j] = plainCell(unwrap(col))
	}
	for from := 0; from < int(b.NumRows()); from += window {
		to := min(from+window, int(b.NumRows()))
		size := 0
		for j := range e.cols {
			e.cols[j].add(b.Column(j), cells[j], from, to)
			size += len(e.cols[j].values)
		}
		e.rows += int64(to - from)
		if size >= groupBytes || e.rows >= groupRows {
			if err := e.closeGroup(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *parquetColumn) add(col arrow.Array, value cell, from, to int) {
	for i := from; i < to; i++ {
		if col.IsNull(i) || col.DataType().ID() == arrow.NULL {
			c.present, c.nulls = append(c.present, false), c.nulls+1
			continue
		}
		c.present = append(c.present, true)
		c.values = value(c.values, i)
	}
}

func (e *parquetEncoder) closeGroup() error {
	if e.rows == 0 {
		return nil
	}
	g := parquetGroup{rows: e.rows}
	for i := range e.cols {
		chunk, err := e.writeChunk(&e.cols[i])
		if err != nil {
			return err
		}
		g.chunks = append(g.chunks, chunk)
	}
	e.groups = append(e.groups, g)
	e.total += e.rows
	e.rows = 0
	return nil
}

// writeChunk writes one page: a header, then levels and values, compressed.
func (e *parquetEncoder) writeChunk(c *parquetColumn) (parquetChunk, error) {
	page := c.levels()
	if c.kind.physical == physicalBoolean {
		page = appendBits(page, c.values)
	} else {
		page = append(page, c.values...)
	}
	e.packed = snappy.Encode(e.packed[:cap(e.packed)], page)
	n := len(c.present)
	var t thrift
	t.i32(1, 0) // DATA_PAGE
	t.i32(2, len(page))
	t.i32(3, len(e.packed))
	t.begin(5)
	t.i32(1, n)
	t.i32(2, encodingPlain)
	t.i32(3, encodingRLE)
	t.i32(4, encodingRLE)
	t.end()
	t.end()
	chunk := parquetChunk{offset: e.at, plain: int64(len(t.b) + len(page)), packed: int64(len(t.b) + len(e.packed)), present: int64(n)}
	if err := e.write(t.b); err != nil {
		return chunk, err
	}
	c.present, c.values, c.nulls = c.present[:0], c.values[:0], 0
	return chunk, e.write(e.packed)
}

// levels say which rows have a value: one run when all have, else bits.
func (c *parquetColumn) levels() []byte {
	runs := binary.AppendUvarint(nil, uint64(len(c.present))<<1)
	if c.nulls == 0 {
		runs = append(runs, 1)
	} else {
		runs = binary.AppendUvarint(nil, uint64((len(c.present)+7)/8)<<1|1)
		bits := make([]byte, len(c.present))
		for i, p := range c.present {
			bits[i] = flag(p)
		}
		runs = appendBits(runs, bits)
	}
	out := make([]byte, 0, 4+len(runs)+len(c.values))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(runs))) //nolint:gosec // a group has a million rows at most
	return append(out, runs...)
}

// appendBits packs bytes of 0 and 1, the lowest bit first.
func appendBits(b, bits []byte) []byte {
	for chunk := range slices.Chunk(bits, 8) {
		var v byte
		for i, bit := range chunk {
			v |= bit << i
		}
		b = append(b, v)
	}
	return b
}

func (e *parquetEncoder) end(int64, bool) error {
	if err := e.closeGroup(); err != nil {
		return err
	}
	foot := e.footer()
	foot = binary.LittleEndian.AppendUint32(foot, uint32(len(foot))) //nolint:gosec // some kilobytes
	return e.write(append(foot, magic...))
}

func (e *parquetEncoder) footer() []byte {
	var t thrift
	t.i32(1, 2) // version
	t.list(2, thriftStruct, len(e.cols)+1)
	t.nest()
	t.str(4, "schema")
	t.i32(5, len(e.cols))
	t.end()
	for _, c := range e.cols {
		t.nest()
		c.kind.element(&t, c.name)
		t.end()
	}
	t.i64(3, e.total)
	t.list(4, thriftStruct, len(e.groups))
	for _, g := range e.groups {
		t.nest()
		e.group(&t, g)
		t.end()
	}
	t.str(6, "postern")
	t.end()
	return t.b
}

func (e *parquetEncoder) group(t *thrift, g parquetGroup) {
	size := int64(0)
	t.list(1, thriftStruct, len(g.chunks))
	for i, c := range g.chunks {
		size += c.plain
		t.nest()
		t.i64(2, c.offset)
		t.begin(3)
		t.i32(1, e.cols[i].kind.physical)
		t.list(2, thriftI32, 2)
		t.varint(encodingPlain)
		t.varint(encodingRLE)
		t.list(3, thriftBinary, 1)
		t.text(e.cols[i].name)
		t.i32(4, 1) // SNAPPY
		t.i64(5, c.present)
		t.i64(6, c.plain)
		t.i64(7, c.packed)
		t.i64(9, c.offset)
		t.end()
		t.end()
	}
	t.i64(2, size)
	t.i64(3, g.rows)
}

const (
	encodingPlain = 0
	encodingRLE   = 3
)

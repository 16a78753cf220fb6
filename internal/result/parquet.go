package result

import (
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
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

// The physical types.
const (
	physicalBoolean = 0
	physicalInt32   = 1
	physicalInt64   = 2
	physicalFloat   = 4
	physicalDouble  = 5
	physicalBytes   = 6
	physicalFixed   = 7
)

// parquetKind is how a column is declared.
type parquetKind struct {
	physical  int
	length    int // of physicalFixed
	converted int // the older annotation, -1 for none
	logical   func(t *thrift)
	scale     int // of decimals
	precision int
}

func (k parquetKind) element(t *thrift, name string) {
	t.i32(1, k.physical)
	if k.physical == physicalFixed {
		t.i32(2, k.length)
	}
	t.i32(3, 1) // OPTIONAL
	t.str(4, name)
	if k.converted >= 0 {
		t.i32(6, k.converted)
	}
	if k.precision > 0 {
		t.i32(7, k.scale)
		t.i32(8, k.precision)
	}
	if k.logical != nil {
		t.begin(10)
		k.logical(t)
		t.end()
	}
}

// marker is a logical type without parameters.
func marker(id int) func(*thrift) {
	return func(t *thrift) {
		t.begin(id)
		t.end()
	}
}

var (
	parquetText = parquetKind{physical: physicalBytes, converted: 0, logical: marker(1)}
	parquetJSON = parquetKind{physical: physicalBytes, converted: 19, logical: marker(12)}
)

func parquetKindOf(dt arrow.DataType) parquetKind {
	for {
		x, ok := dt.(arrow.ExtensionType)
		if !ok {
			break
		}
		dt = x.StorageType()
	}
	switch dt.ID() {
	case arrow.BOOL:
		return parquetKind{physical: physicalBoolean, converted: -1}
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.INT64, arrow.UINT64:
		return parquetInteger(dt)
	case arrow.FLOAT16, arrow.FLOAT32:
		return parquetKind{physical: physicalFloat, converted: -1}
	case arrow.FLOAT64:
		return parquetKind{physical: physicalDouble, converted: -1}
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return parquetKind{physical: physicalBytes, converted: -1}
	case arrow.DATE32, arrow.DATE64:
		return parquetKind{physical: physicalInt32, converted: 6, logical: marker(6)}
	}
	switch dt := dt.(type) {
	case *arrow.TimestampType:
		return parquetKind{physical: physicalInt64, converted: -1, logical: clock(8, dt.TimeZone != "", dt.Unit)}
	case *arrow.Time32Type:
		return parquetKind{physical: physicalInt32, converted: -1, logical: clock(7, false, dt.Unit)}
	case *arrow.Time64Type:
		return parquetKind{physical: physicalInt64, converted: -1, logical: clock(7, false, dt.Unit)}
	case arrow.DecimalType:
		if dt.GetScale() >= 0 {
			return parquetDecimal(int(dt.GetScale()), int(dt.GetPrecision()), dt.BitWidth()/8)
		}
	}
	if TypeOf(dt) == "json" {
		return parquetJSON
	}
	return parquetText
}

func parquetInteger(dt arrow.DataType) parquetKind {
	bits := dt.(arrow.FixedWidthDataType).BitWidth()
	unsigned := arrow.IsUnsignedInteger(dt.ID())
	k := parquetKind{physical: physicalInt32, converted: -1}
	if bits == 64 {
		k.physical = physicalInt64
	}
	if bits < 32 || unsigned {
		k.converted = map[int]int{8: 15, 16: 16}[bits] // INT_8, INT_16
		if unsigned {
			k.converted = map[int]int{8: 11, 16: 12, 32: 13, 64: 14}[bits] // UINT_8 and on
		}
		k.logical = func(t *thrift) {
			t.begin(10)
			t.i8(1, bits)
			t.boolean(2, !unsigned)
			t.end()
		}
	}
	return k
}

func parquetDecimal(scale, precision, width int) parquetKind {
	return parquetKind{
		physical: physicalFixed, length: width, converted: 5, scale: scale, precision: precision,
		logical: func(t *thrift) {
			t.begin(5)
			t.i32(1, scale)
			t.i32(2, precision)
			t.end()
		},
	}
}

// clock is a TIME (7) or TIMESTAMP (8); Parquet has no seconds, which are
// written as milliseconds.
func clock(id int, utc bool, unit arrow.TimeUnit) func(*thrift) {
	name := map[arrow.TimeUnit]int{arrow.Second: 1, arrow.Millisecond: 1, arrow.Microsecond: 2, arrow.Nanosecond: 3}[unit]
	return func(t *thrift) {
		t.begin(id)
		t.boolean(1, utc)
		t.begin(2)
		marker(name)(t)
		t.end()
		t.end()
	}
}

// plainCell appends a value in Parquet's plain encoding; a boolean as a byte,
// which is packed later.
func plainCell(col arrow.Array) cell {
	le := binary.LittleEndian
	switch a := col.(type) {
	case *array.Boolean:
		return func(b []byte, i int) []byte { return append(b, flag(a.Value(i))) }
	case *array.Float64:
		return func(b []byte, i int) []byte { return le.AppendUint64(b, math.Float64bits(a.Value(i))) }
	case *array.Float32:
		return func(b []byte, i int) []byte { return le.AppendUint32(b, math.Float32bits(a.Value(i))) }
	case *array.Float16:
		return func(b []byte, i int) []byte { return le.AppendUint32(b, math.Float32bits(a.Value(i).Float32())) }
	case interface{ Value(i int) []byte }:
		return func(b []byte, i int) []byte { return appendSized(b, a.Value(i)) }
	case array.StringLike:
		return func(b []byte, i int) []byte { return appendSized(b, a.Value(i)) }
	}
	if number := wholeAt(col); number != nil {
		if k := parquetKindOf(col.DataType()); k.physical == physicalInt32 {
			return func(b []byte, i int) []byte { return le.AppendUint32(b, uint32(number(i))) } //nolint:gosec // the bits as they are
		}
		return func(b []byte, i int) []byte { return le.AppendUint64(b, uint64(number(i))) } //nolint:gosec // the bits as they are
	}
	if c := plainDecimal(col); c != nil {
		return c
	}
	text := csvText(col)
	return func(b []byte, i int) []byte {
		at := len(b)
		b = text(append(b, 0, 0, 0, 0), i)
		le.PutUint32(b[at:], uint32(len(b)-at-4)) //nolint:gosec // arrow's own limit
		return b
	}
}

// csvText is the text of values that Parquet gets as text.
func csvText(col arrow.Array) cell {
	c, sh := bind(col)
	if sh == text {
		value := stringAt(col)
		return func(b []byte, i int) []byte { return append(b, value(i)...) }
	}
	return c
}

func appendSized[T string | []byte](b []byte, v T) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(v))) //nolint:gosec // arrow's own limit
	return append(b, v...)
}

// wholeAt gives values that are whole numbers in Parquet, in its units.
func wholeAt(col arrow.Array) func(int) int64 {
	switch a := col.(type) {
	case *array.Int8:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Int16:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Int32:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Int64:
		return a.Value
	case *array.Uint8:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Uint16:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Uint32:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Uint64:
		return func(i int) int64 { return int64(a.Value(i)) } //nolint:gosec // the bits as they are
	case *array.Date32:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Date64:
		return func(i int) int64 { return floorDiv(int64(a.Value(i)), 86400000) }
	case *array.Timestamp:
		by := scaleOf(a.DataType().(*arrow.TimestampType).Unit)
		return func(i int) int64 { return int64(a.Value(i)) * by }
	case *array.Time32:
		by := scaleOf(a.DataType().(*arrow.Time32Type).Unit)
		return func(i int) int64 { return int64(a.Value(i)) * by }
	case *array.Time64:
		return func(i int) int64 { return int64(a.Value(i)) }
	}
	return nil
}

func scaleOf(u arrow.TimeUnit) int64 {
	if u == arrow.Second {
		return 1000
	}
	return 1
}

// plainDecimal writes two's complement, the highest byte first.
func plainDecimal(col arrow.Array) cell {
	be := binary.BigEndian
	if dt, ok := col.DataType().(arrow.DecimalType); !ok || dt.GetScale() < 0 {
		return nil
	}
	switch a := col.(type) {
	case *array.Decimal32:
		return func(b []byte, i int) []byte { return be.AppendUint32(b, uint32(a.Value(i))) } //nolint:gosec // the bits as they are
	case *array.Decimal64:
		return func(b []byte, i int) []byte { return be.AppendUint64(b, uint64(a.Value(i))) } //nolint:gosec // the bits as they are
	case *array.Decimal128:
		return func(b []byte, i int) []byte {
			v := a.Value(i)
			return be.AppendUint64(be.AppendUint64(b, uint64(v.HighBits())), v.LowBits()) //nolint:gosec // the bits as they are
		}
	case *array.Decimal256:
		return func(b []byte, i int) []byte {
			words := a.Value(i).Array() // the lowest first
			for _, w := range slices.Backward(words[:]) {
				b = be.AppendUint64(b, w)
			}
			return b
		}
	}
	return nil
}

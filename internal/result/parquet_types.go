package result

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
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

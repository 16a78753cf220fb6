package postgres

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/postern/postern/internal/fault"
)

// Object ids of the types with a representation of their own. They are fixed
// in PostgreSQL's catalog.
const (
	oidBool        = 16
	oidBytea       = 17
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidOid         = 26
	oidFloat4      = 700
	oidFloat8      = 701
	oidDate        = 1082
	oidTime        = 1083
	oidTimestamp   = 1114
	oidTimestamptz = 1184
	oidNumeric     = 1700
)

// column is one column of a result: its Arrow field and how a value is read.
type column struct {
	field   arrow.Field
	oid     uint32
	typmod  int32
	format  int16 // what the server sends
	append  func(c *column, v []byte) error
	builder array.Builder
}

// binary are the types asked for in binary. All others come as text: their
// text is what is shown.
var binaryTypes = map[uint32]struct {
	arrow  arrow.DataType
	append func(c *column, v []byte) error
}{
	oidBool:        {arrow.FixedWidthTypes.Boolean, appendBool},
	oidInt2:        {arrow.PrimitiveTypes.Int32, appendInt2},
	oidInt4:        {arrow.PrimitiveTypes.Int32, appendInt4},
	oidInt8:        {arrow.PrimitiveTypes.Int64, appendInt8},
	oidOid:         {arrow.PrimitiveTypes.Int64, appendOid},
	oidFloat4:      {arrow.PrimitiveTypes.Float32, appendFloat4},
	oidFloat8:      {arrow.PrimitiveTypes.Float64, appendFloat8},
	oidBytea:       {arrow.BinaryTypes.Binary, appendBytes},
	oidDate:        {arrow.FixedWidthTypes.Date32, appendDate},
	oidTime:        {arrow.FixedWidthTypes.Time64us, appendTime},
	oidTimestamp:   {&arrow.TimestampType{Unit: arrow.Microsecond}, appendTimestamp},
	oidTimestamptz: {arrow.FixedWidthTypes.Timestamp_us, appendTimestamp},
}

// number marks text that is a number: a numeric without a declared precision
// has no Arrow type that holds every value.
var number = arrow.NewMetadata([]string{"postern.type"}, []string{"number"})

func columnOf(f *pgproto3.FieldDescription) column {
	c := column{oid: f.DataTypeOID, typmod: f.TypeModifier, format: f.Format, append: appendText}
	c.field = arrow.Field{Name: string(f.Name), Type: arrow.BinaryTypes.String, Nullable: true}
	if b, ok := binaryTypes[c.oid]; ok {
		c.field.Type, c.append = b.arrow, b.append
		return c
	}
	if c.oid == oidNumeric {
		if p, s, ok := precision(c.typmod); ok {
			c.field.Type, c.append = &arrow.Decimal128Type{Precision: p, Scale: s}, appendDecimal
		} else {
			c.field.Metadata = number
		}
	}
	return c
}

func formatsOf(columns []column) []int16 {
	out := make([]int16, len(columns))
	for i := range columns {
		if _, ok := binaryTypes[columns[i].oid]; ok {
			out[i] = pgproto3.BinaryFormat
		}
	}
	return out
}

// fit says whether the columns come in the formats their types are read in.
func fit(columns []column) bool {
	for i, want := range formatsOf(columns) {
		if columns[i].format != want {
			return false
		}
	}
	return true
}

func (c *column) size(v []byte, n int) error {
	if len(v) != n {
		return fmt.Errorf("column %q has a value of %d bytes, not %d", c.field.Name, len(v), n)
	}
	return nil
}

// unshown is the fault of a value that the Arrow type has no place for. No
// other value is put in its stead.
func (c *column) unshown(value, as string) error {
	return fault.New(fault.Rejected, "column %q holds %s, which a result cannot show as %s: cast the column to text", c.field.Name, value, as)
}

func appendText(c *column, v []byte) error {
	c.builder.(*array.StringBuilder).BinaryBuilder.Append(v) //nolint:forcetypeassert // columnOf pairs them
	return nil
}

func appendBytes(c *column, v []byte) error {
	c.builder.(*array.BinaryBuilder).Append(v) //nolint:forcetypeassert // columnOf pairs them
	return nil
}

func appendBool(c *column, v []byte) error {
	if err := c.size(v, 1); err != nil {
		return err
	}
	c.builder.(*array.BooleanBuilder).Append(v[0] != 0) //nolint:forcetypeassert // columnOf pairs them
	return nil
}

func appendInt2(c *column, v []byte) error {
	if err := c.size(v, 2); err != nil {
		return err
	}
	c.builder.(*array.Int32Builder).Append(int32(int16(binary.BigEndian.Uint16(v)))) //nolint:forcetypeassert,gosec // the wire's two's complement
	return nil
}

func appendInt4(c *column, v []byte) error {
	if err := c.size(v, 4); err != nil {
		return err
	}
	c.builder.(*array.Int32Builder).Append(int32(binary.BigEndian.Uint32(v))) //nolint:forcetypeassert,gosec // the wire's two's complement
	return nil
}

func appendInt8(c *column, v []byte) error {
	if err := c.size(v, 8); err != nil {
		return err
	}
	c.builder.(*array.Int64Builder).Append(int64(binary.BigEndian.Uint64(v))) //nolint:forcetypeassert,gosec // the wire's two's complement
	return nil
}

func appendOid(c *column, v []byte) error {
	if err := c.size(v, 4); err != nil {
		return err
	}
	c.builder.(*array.Int64Builder).Append(int64(binary.BigEndian.Uint32(v))) //nolint:forcetypeassert // columnOf pairs them
	return nil
}

func appendFloat4(c *column, v []byte) error {
	if err := c.size(v, 4); err != nil {
		return err
	}
	c.builder.(*array.Float32Builder).Append(math.Float32frombits(binary.BigEndian.Uint32(v))) //nolint:forcetypeassert // columnOf pairs them
	return nil
}

func appendFloat8(c *column, v []byte) error {
	if err := c.size(v, 8); err != nil {
		return err
	}
	c.builder.(*array.Float64Builder).Append(math.Float64frombits(binary.BigEndian.Uint64(v))) //nolint:forcetypeassert // columnOf pairs them
	return nil
}

// PostgreSQL counts from 2000-01-01, Arrow from 1970-01-01.
const (
	epochDays   = 10957
	epochMicros = epochDays * 24 * 3600 * 1_000_000
)

func appendDate(c *column, v []byte) error {
	if err := c.size(v, 4); err != nil {
		return err
	}
	d := int32(binary.BigEndian.Uint32(v)) //nolint:gosec // the wire's two's complement
	if d == math.MaxInt32 || d == math.MinInt32 {
		return c.unshown("an infinite date", "a date")
	}
	c.builder.(*array.Date32Builder).Append(arrow.Date32(d + epochDays)) //nolint:forcetypeassert // columnOf pairs them
	return nil
}

func appendTime(c *column, v []byte) error {
	if err := c.size(v, 8); err != nil {
		return err
	}
	c.builder.(*array.Time64Builder).Append(arrow.Time64(binary.BigEndian.Uint64(v))) //nolint:forcetypeassert,gosec // never negative
	return nil
}

func appendTimestamp(c *column, v []byte) error {
	if err := c.size(v, 8); err != nil {
		return err
	}
	t := int64(binary.BigEndian.Uint64(v)) //nolint:gosec // the wire's two's complement
	if t == math.MaxInt64 || t == math.MinInt64 {
		return c.unshown("an infinite timestamp", "a timestamp")
	}
	c.builder.(*array.TimestampBuilder).Append(arrow.Timestamp(t + epochMicros)) //nolint:forcetypeassert // columnOf pairs them
	return nil
}

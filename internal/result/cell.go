package result

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal"
)

// cell appends the text of one value, which is not null.
type cell func(b []byte, i int) []byte

// shape says what a cell's text is, and with that how a format wraps it.
type shape int

const (
	bare   shape = iota // a number or a boolean: the same in JSON and CSV
	float               // as bare, but may not be finite
	plain               // text that needs no escaping: dates, base64
	text                // any text
	nested              // JSON already
)

// jsonCells and csvCells bind a batch's columns once, so that a value costs
// one call and no allocation.
func jsonCells(b arrow.RecordBatch) []cell {
	cells := make([]cell, b.NumCols())
	for i, col := range b.Columns() {
		if isNumber(b.Schema().Field(i)) {
			cells[i] = numberCell(col)
			continue
		}
		cells[i] = jsonCell(col)
	}
	return cells
}

// numberCell writes text that is a number as one, with every digit.
func numberCell(col arrow.Array) cell {
	value := stringAt(col)
	return orNull(col, func(b []byte, i int) []byte {
		if v := value(i); numeral(v) {
			return append(b, v...)
		}
		return append(b, "null"...)
	}, "null")
}

// numberAt is numberCell for a table.
func numberAt(col arrow.Array) func(int) any {
	value := stringAt(col)
	return func(i int) any {
		if col.IsNull(i) || !numeral(value(i)) {
			return nil
		}
		return json.Number(strings.Clone(value(i))) // the batch ends before the table
	}
}

func csvCells(b arrow.RecordBatch) []cell {
	cells := make([]cell, b.NumCols())
	for i, col := range b.Columns() {
		cells[i] = csvCell(col)
	}
	return cells
}

// unwrap gives the storage of an extension type.
func unwrap(col arrow.Array) arrow.Array {
	for {
		e, ok := col.(array.ExtensionArray)
		if !ok {
			return col
		}
		col = e.Storage()
	}
}
func jsonCell(col arrow.Array) cell {
	col = unwrap(col)
	c, sh := bind(col)
	switch sh {
	case plain:
		inner := c
		c = func(b []byte, i int) []byte { return append(inner(append(b, '"'), i), '"') }
	case text:
		value := stringAt(col)
		c = func(b []byte, i int) []byte { return appendJSONString(b, value(i)) }
	case float:
		c = finiteCell(col, c)
	}
	return orNull(col, c, "null")
}

func csvCell(col arrow.Array) cell {
	col = unwrap(col)
	c, sh := bind(col)
	switch sh {
	case text:
		value := stringAt(col)
		c = func(b []byte, i int) []byte { return appendCSVString(b, value(i)) }
	case nested:
		inner, scratch := c, []byte(nil)
		c = func(b []byte, i int) []byte {
			scratch = inner(scratch[:0], i)
			return appendCSVString(b, string(scratch))
		}
	}
	return orNull(col, c, "")
}

func orNull(col arrow.Array, c cell, null string) cell {
	if col.DataType().ID() == arrow.NULL {
		return func(b []byte, _ int) []byte { return append(b, null...) }
	}
	if col.NullN() == 0 {
		return c
	}
	return func(b []byte, i int) []byte {
		if col.IsNull(i) {
			return append(b, null...)
		}
		return c(b, i)
	}
}

// finiteCell writes null for what JSON has no number for.
func finiteCell(col arrow.Array, c cell) cell {
	value := floatAt(col)
	return func(b []byte, i int) []byte {
		if !isFinite(value(i)) {
			return append(b, "null"...)
		}
		return c(b, i)
	}
}

func floatAt(col arrow.Array) func(int) float64 {
	switch a := col.(type) {
	case *array.Float32:
		return func(i int) float64 { return float64(a.Value(i)) }
	case *array.Float16:
		return func(i int) float64 { return float64(a.Value(i).Float32()) }
	}
	return col.(*array.Float64).Value
}

func stringAt(col arrow.Array) func(int) string {
	switch a := col.(type) {
	case array.StringLike:
		return a.Value
	case *array.Dictionary:
		value := stringAt(a.Dictionary())
		return func(i int) string { return value(a.GetValueIndex(i)) }
	}
	return col.ValueStr
}

// bind gives the text of a column's values. For the shape text, stringAt is
// used instead, which needs no copy.
func bind(col arrow.Array) (cell, shape) {
	if c := bindNumber(col); c != nil {
		return c, bare
	}
	switch a := col.(type) {
	case *array.Boolean:
		return func(b []byte, i int) []byte { return strconv.AppendBool(b, a.Value(i)) }, bare
	case *array.Float64:
		v := a.Float64Values()
		return func(b []byte, i int) []byte { return appendFloat(b, v[i], 64) }, float
	case *array.Float32:
		v := a.Float32Values()
		return func(b []byte, i int) []byte { return appendFloat(b, float64(v[i]), 32) }, float
	case *array.Float16:
		return func(b []byte, i int) []byte { return appendFloat(b, float64(a.Value(i).Float32()), 32) }, float
	case *array.Dictionary:
		return bindDictionary(a)
	}
	if c := bindTime(col); c != nil {
		return c, plain
	}
	if c := bindBinary(col); c != nil {
		return c, plain
	}
	if c := bindNested(col); c != nil {
		return c, nested
	}
	return func(b []byte, i int) []byte { return append(b, col.ValueStr(i)...) }, text
}

func bindDictionary(a *array.Dictionary) (cell, shape) {
	inner, sh := bind(a.Dictionary())
	if sh == float { // dictionaries of floats are rare: NaN is then a text
		sh = text
	}
	return func(b []byte, i int) []byte { return inner(b, a.GetValueIndex(i)) }, sh
}

type signed interface {
	~int8 | ~int16 | ~int32 | ~int64
}
type unsigned interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64
}

func ints[T signed](v []T) cell {
	return func(b []byte, i int) []byte { return strconv.AppendInt(b, int64(v[i]), 10) }
}

func uints[T unsigned](v []T) cell {
	return func(b []byte, i int) []byte { return strconv.AppendUint(b, uint64(v[i]), 10) }
}

func bindNumber(col arrow.Array) cell {
	switch a := col.(type) {
	case *array.Int8:
		return ints(a.Int8Values())
	case *array.Int16:
		return ints(a.Int16Values())
	case *array.Int32:
		return ints(a.Int32Values())
	case *array.Int64:
		return ints(a.Int64Values())
	case *array.Uint8:
		return uints(a.Uint8Values())
	case *array.Uint16:
		return uints(a.Uint16Values())
	case *array.Uint32:
		return uints(a.Uint32Values())
	case *array.Uint64:
		return uints(a.Uint64Values())
	}
	return bindDecimal(col)
}

func bindDecimal(col arrow.Array) cell {
	dt, ok := col.DataType().(arrow.DecimalType)
	if !ok {
		return nil
	}
	scale := dt.GetScale()
	switch a := col.(type) {
	case *array.Decimal32:
		return func(b []byte, i int) []byte { return appendScaled(b, int64(a.Value(i)), scale) }
	case *array.Decimal64:
		return func(b []byte, i int) []byte { return appendScaled(b, int64(a.Value(i)), scale) }
	case *array.Decimal128:
		return func(b []byte, i int) []byte { return appendDecimal128(b, a.Value(i), scale) }
	case *array.Decimal256:
		return func(b []byte, i int) []byte { return appendBigScaled(b, a.Value(i).BigInt(), scale) }
	}
	return nil
}

func appendDecimal128(b []byte, v decimal.Decimal128, scale int32) []byte {
	lo := int64(v.LowBits()) //nolint:gosec // the low word as it stands; the high one says whether it is all
	if v.HighBits() == lo>>63 {
		return appendScaled(b, lo, scale)
	}
	return appendBigScaled(b, v.BigInt(), scale)
}

var perSecond = map[arrow.TimeUnit]int64{arrow.Second: 1, arrow.Millisecond: 1e3, arrow.Microsecond: 1e6, arrow.Nanosecond: 1e9}

func bindTime(col arrow.Array) cell {
	switch a := col.(type) {
	case *array.Date32:
		v := a.Date32Values()
		return func(b []byte, i int) []byte { return appendDate(b, int64(v[i])) }
	case *array.Date64:
		v := a.Date64Values()
		return func(b []byte, i int) []byte { return appendDate(b, floorDiv(int64(v[i]), 86400000)) }
	case *array.Timestamp:
		v, t := a.TimestampValues(), a.DataType().(*arrow.TimestampType)
		per, zone := perSecond[t.Unit], t.TimeZone != ""
		return func(b []byte, i int) []byte { return appendTimestamp(b, int64(v[i]), per, zone) }
	case *array.Time32:
		v, per := a.Time32Values(), perSecond[a.DataType().(*arrow.Time32Type).Unit]
		return func(b []byte, i int) []byte { return appendClock(b, int64(v[i]), per) }
	case *array.Time64:
		v, per := a.Time64Values(), perSecond[a.DataType().(*arrow.Time64Type).Unit]
		return func(b []byte, i int) []byte { return appendClock(b, int64(v[i]), per) }
	}
	return bindInterval(col)
}

func bindInterval(col arrow.Array) cell {
	switch a := col.(type) {
	case *array.MonthInterval:
		return func(b []byte, i int) []byte { return appendInterval(b, int64(a.Value(i)), 0, 0) }
	case *array.DayTimeInterval:
		return func(b []byte, i int) []byte {
			v := a.Value(i)
			return appendInterval(b, 0, int64(v.Days), int64(v.Milliseconds)*1e6)
		}
	case *array.MonthDayNanoInterval:
		return func(b []byte, i int) []byte {
			v := a.Value(i)
			return appendInterval(b, int64(v.Months), int64(v.Days), v.Nanoseconds)
		}
	case *array.Duration:
		v, per := a.DurationValues(), perSecond[a.DataType().(*arrow.DurationType).Unit]
		return func(b []byte, i int) []byte { return appendDuration(b, int64(v[i]), per) }
	}
	return nil
}

func bindBinary(col arrow.Array) cell {
	a, ok := col.(interface{ Value(i int) []byte })
	if !ok {
		return nil
	}
	value := a.Value
	return func(b []byte, i int) []byte { return base64.StdEncoding.AppendEncode(b, value(i)) }
}

func bindNested(col arrow.Array) cell {
	switch a := col.(type) {
	case *array.Map:
		return bindMap(a)
	case array.ListLike:
		if col.DataType().ID() == arrow.LIST_VIEW || col.DataType().ID() == arrow.LARGE_LIST_VIEW {
			return nil
		}
		inner := jsonCell(a.ListValues())
		return func(b []byte, i int) []byte {
			b = append(b, '[')
			from, to := a.ValueOffsets(i)
			for j := from; j < to; j++ {
				if j > from {
					b = append(b, ',')
				}
				b = inner(b, int(j))
			}
			return append(b, ']')
		}
	case *array.Struct:
		return bindStruct(a)
	}
	return nil
}

func bindStruct(a *array.Struct) cell {
	fields := a.DataType().(*arrow.StructType).Fields()
	keys, cells := make([][]byte, len(fields)), make([]cell, len(fields))
	for j, f := range fields {
		keys[j], cells[j] = append(appendJSONString(nil, f.Name), ':'), jsonCell(a.Field(j))
	}
	return func(b []byte, i int) []byte {
		b = append(b, '{')
		for j, c := range cells {
			if j > 0 {
				b = append(b, ',')
			}
			b = c(append(b, keys[j]...), i)
		}
		return append(b, '}')
	}
}

// bindMap writes an array of {"key","value"}: keys need not be text, and need
// not be unique.
func bindMap(a *array.Map) cell {
	key, item := jsonCell(a.Keys()), jsonCell(a.Items())
	return func(b []byte, i int) []byte {
		b = append(b, '[')
		from, to := a.ValueOffsets(i)
		for j := from; j < to; j++ {
			if j > from {
				b = append(b, ',')
			}
			b = key(append(b, `{"key":`...), int(j))
			b = append(item(append(b, `,"value":`...), int(j)), '}')
		}
		return append(b, ']')
	}
}

// valueAt gives values that encoding/json writes as jsonCell does, and that Go
// code can use: nil, bool, int64, float64, json.Number (uint64 and decimals),
// string, json.RawMessage (nested).
func valueAt(col arrow.Array) func(int) any {
	col = unwrap(col)
	c, sh := bind(col)
	value := func(i int) any { return string(c(nil, i)) }
	switch sh {
	case bare:
		value = bareValue(col, c)
	case float:
		value = func(i int) any { // by its text: 0.1 as a float32 is not 0.10000000149011612
			if f, err := strconv.ParseFloat(string(c(nil, i)), 64); err == nil && isFinite(f) {
				return f
			}
			return nil
		}
	case text:
		at := stringAt(col)
		value = func(i int) any { return string([]byte(at(i))) } // a copy: the batch ends before the table
	case nested:
		value = func(i int) any { return json.RawMessage(c(nil, i)) }
	}
	return func(i int) any {
		if col.IsNull(i) || col.DataType().ID() == arrow.NULL {
			return nil
		}
		return value(i)
	}
}

func bareValue(col arrow.Array, c cell) func(int) any {
	if a, ok := col.(*array.Boolean); ok {
		return func(i int) any { return a.Value(i) }
	}
	return func(i int) any {
		s := string(c(nil, i))
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
		return json.Number(s)
	}
}

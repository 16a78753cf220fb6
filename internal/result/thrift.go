package result

import "encoding/binary"

// thrift writes Thrift's compact protocol, as far as Parquet's headers need.
type thrift struct {
	b    []byte
	last int   // the id of the last field in the open struct
	up   []int // of the structs around it
}

const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftI8     = 3
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

// field begins a field; ids grow by 15 at most, which all of Parquet's do.
func (t *thrift) field(id, kind int) {
	t.b = append(t.b, byte((id-t.last)<<4|kind)) //nolint:gosec // see above
	t.last = id
}

func (t *thrift) varint(v int64) { t.b = binary.AppendVarint(t.b, v) }

func (t *thrift) i8(id, v int) {
	t.field(id, thriftI8)
	t.b = append(t.b, byte(v)) //nolint:gosec // bit widths
}

func (t *thrift) i32(id, v int) {
	t.field(id, thriftI32)
	t.varint(int64(v))
}

func (t *thrift) i64(id int, v int64) {
	t.field(id, thriftI64)
	t.varint(v)
}

func (t *thrift) boolean(id int, v bool) {
	if v {
		t.field(id, thriftTrue)
	} else {
		t.field(id, thriftFalse)
	}
}

func (t *thrift) text(s string) {
	t.b = append(binary.AppendUvarint(t.b, uint64(len(s))), s...)
}

func (t *thrift) str(id int, s string) {
	t.field(id, thriftBinary)
	t.text(s)
}

// list begins a list; its n elements follow.
func (t *thrift) list(id, kind, n int) {
	t.field(id, thriftList)
	if n < 15 {
		t.b = append(t.b, byte(n<<4|kind)) //nolint:gosec // four bits each
		return
	}
	t.b = binary.AppendUvarint(append(t.b, byte(0xf0|kind)), uint64(n)) //nolint:gosec // four bits each
}

// begin opens a struct as a field, nest one as an element of a list; end
// closes it. The outermost struct is open from the start.
func (t *thrift) begin(id int) {
	t.field(id, thriftStruct)
	t.nest()
}

func (t *thrift) nest() { t.up, t.last = append(t.up, t.last), 0 }

func (t *thrift) end() {
	t.b = append(t.b, 0)
	if n := len(t.up); n > 0 {
		t.last, t.up = t.up[n-1], t.up[:n-1]
	}
}

package result_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/big"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/snappy"
	"pgregory.net/rapid"

	"github.com/postern/postern/internal/result"
)

// compact reads Thrift's compact protocol into maps by field id, and lists. It
// is written from the protocol's document, and shares nothing with the writer.
type compact struct {
	b []byte
	i int
}

func (c *compact) uvarint() uint64 {
	v, n := binary.Uvarint(c.b[c.i:])
	c.i += n
	return v
}

func (c *compact) value(kind byte) any {
	switch kind {
	case 1, 2:
		return kind == 1
	case 3:
		c.i++
		return int64(int8(c.b[c.i-1]))
	case 4, 5, 6:
		u := c.uvarint()
		return int64(u>>1) ^ -int64(u&1)
	case 8:
		n := int(c.uvarint())
		c.i += n
		return string(c.b[c.i-n : c.i])
	case 9:
		head := c.b[c.i]
		c.i++
		n := int(head >> 4)
		if n == 15 {
			n = int(c.uvarint())
		}
		list := make([]any, n)
		for i := range list {
			list[i] = c.value(head & 15)
		}
		return list
	case 12:
		return c.object()
	}
	panic("unknown kind " + strconv.Itoa(int(kind)))
}

func (c *compact) object() map[int]any {
	o, id := map[int]any{}, 0
	for {
		head := c.b[c.i]
		c.i++
		if head == 0 {
			return o
		}
		if head>>4 == 0 {
			panic("a field id of its own")
		}
		id += int(head >> 4)
		o[id] = c.value(head & 15)
	}
}

// parquetCells decodes a file of columns INT64, BYTE_ARRAY and decimals of 16
// bytes.
func parquetCells(t *rapid.T, file []byte) (out [][]string) {
	n := len(file)
	if string(file[:4]) != "PAR1" || string(file[n-4:]) != "PAR1" {
		t.Fatal("no magic")
	}
	size := int(binary.LittleEndian.Uint32(file[n-8:]))
	foot := (&compact{b: file[n-8-size : n-8]}).object()
	for _, g := range list(foot[4]) {
		var cols [][]string
		for _, c := range list(g.(map[int]any)[1]) {
			cols = append(cols, parquetColumn(t, file, c.(map[int]any)[3].(map[int]any)))
		}
		for i := range cols[0] {
			out = append(out, []string{cols[0][i], cols[1][i], cols[2][i]})
		}
	}
	if int(foot[3].(int64)) != len(out) {
		t.Fatalf("%d rows in the footer, %d in pages", foot[3], len(out))
	}
	return out
}

func list(v any) []any { l, _ := v.([]any); return l }

func parquetColumn(t *rapid.T, file []byte, meta map[int]any) (out []string) {
	r := &compact{b: file, i: int(meta[9].(int64))}
	head := r.object()
	page, err := snappy.Decode(nil, file[r.i:r.i+int(head[3].(int64))])
	if err != nil || len(page) != int(head[2].(int64)) {
		t.Fatal(err)
	}
	rows := int(head[5].(map[int]any)[1].(int64))
	levels := int(binary.LittleEndian.Uint32(page))
	bits := &compact{b: page[4 : 4+levels]}
	run := bits.uvarint()
	present := func(int) bool { return true }
	if run&1 == 1 {
		packed := bits.b[bits.i:]
		present = func(i int) bool { return packed[i/8]>>(i%8)&1 == 1 }
	} else if int(run>>1) != rows || bits.b[bits.i] != 1 {
		t.Fatalf("a run of %d for %d rows", run>>1, rows)
	}
	data := page[4+levels:]
	for i := range rows {
		if !present(i) {
			out = append(out, "\x00")
			continue
		}
		var s string
		s, data = parquetValue(data, meta[1].(int64))
		out = append(out, s)
	}
	if len(data) > 0 {
		t.Fatalf("%d bytes are left", len(data))
	}
	return out
}

func parquetValue(data []byte, physical int64) (string, []byte) {
	switch physical {
	case 2:
		return strconv.FormatInt(int64(binary.LittleEndian.Uint64(data)), 10), data[8:]
	case 6:
		n := binary.LittleEndian.Uint32(data)
		return string(data[4 : 4+n]), data[4+n:]
	}
	n := new(big.Int).SetBytes(data[:16])
	if data[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return new(big.Rat).SetFrac(n, big.NewInt(1e9)).FloatString(9), data[16:]
}

func TestWhatAParquetFileHoldsIsWhatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := anyRows(t)
		want := cells(rows)
		var out bytes.Buffer
		if _, err := result.Encode(context.Background(), &out, rows, result.Parquet, nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, parquetCells(t, out.Bytes()), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

func TestALongParquetFileHasManyRowGroups(t *testing.T) {
	rows := wide(t, 4000, 5, 1000) // 20 MB
	var out bytes.Buffer
	if _, err := result.Encode(context.Background(), &out, rows, result.Parquet, nil); err != nil {
		t.Fatal(err)
	}
	size := int(binary.LittleEndian.Uint32(out.Bytes()[out.Len()-8:]))
	foot := (&compact{b: out.Bytes()[out.Len()-8-size : out.Len()-8]}).object()
	if n := len(list(foot[4])); n < 2 || foot[3].(int64) != 4000 {
		t.Errorf("%d row groups of %d rows", n, foot[3])
	}
}

func TestABrokenParquetFileHasNoFooter(t *testing.T) {
	rows := rowsOf(t, []arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, `[{"n":1}]`)
	rows.err = errors.New("gone")
	var out bytes.Buffer
	if _, err := result.Encode(context.Background(), &out, rows, result.Parquet, nil); err == nil || bytes.HasSuffix(out.Bytes(), []byte("PAR1")) && out.Len() > 4 {
		t.Errorf("%v, %q", err, out.Bytes())
	}
}

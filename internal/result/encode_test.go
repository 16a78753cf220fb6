package result_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/postern/postern/internal/result"
)

// batches is a result that is there already; err, if set, comes in place of
// the end.
type batches struct {
	schema *arrow.Schema
	recs   []arrow.RecordBatch
	err    error
	capped bool
	closed int
}

func (b *batches) Schema() *arrow.Schema { return b.schema }
func (b *batches) Close() error          { b.closed++; return nil }
func (b *batches) Capped() bool          { return b.capped }
func (b *batches) Next(context.Context) (arrow.RecordBatch, error) {
	if len(b.recs) == 0 {
		if b.err != nil {
			return nil, b.err
		}
		return nil, io.EOF
	}
	r := b.recs[0]
	b.recs = b.recs[1:]
	return r, nil
}

// rowsOf builds a result of one batch per JSON array of row objects.
func rowsOf(t testing.TB, fields []arrow.Field, docs ...string) *batches {
	t.Helper()
	s := arrow.NewSchema(fields, nil)
	b := &batches{schema: s}
	for _, doc := range docs {
		rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, s, strings.NewReader(doc))
		if err != nil {
			t.Fatal(err)
		}
		b.recs = append(b.recs, rec)
	}
	return b
}

func encode(t testing.TB, rows result.Rows, f result.Format) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := result.Encode(context.Background(), &out, rows, f, nil); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var people = []arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int64},
	{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "paid", Type: &arrow.Decimal128Type{Precision: 20, Scale: 2}, Nullable: true},
}

const ann = `[{"id":1,"name":"Ann, \"A\"","paid":"12.50"},{"id":2,"name":null,"paid":null},{"id":9007199254740993,"name":"","paid":"-0.05"}]`

func TestFormatsWriteTheSameRows(t *testing.T) {
	for _, c := range []struct {
		format result.Format
		want   string
	}{
		{result.JSON, `{"columns":[{"name":"id","type":"integer"},{"name":"name","type":"string"},{"name":"paid","type":"number"}],` +
			`"rows":[[1,"Ann, \"A\"",12.50],[2,null,null],[9007199254740993,"",-0.05]],"row_count":3,"complete":true}` + "\n"},
		{result.NDJSON, `{"id":1,"name":"Ann, \"A\"","paid":12.50}` + "\n" + `{"id":2,"name":null,"paid":null}` + "\n" + `{"id":9007199254740993,"name":"","paid":-0.05}` + "\n"},
		{result.CSV, "id,name,paid\r\n1,\"Ann, \"\"A\"\"\",12.50\r\n2,,\r\n9007199254740993,\"\",-0.05\r\n"},
	} {
		if diff := cmp.Diff(c.want, encode(t, rowsOf(t, people, ann), c.format)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.format, diff)
		}
	}
}

func TestAnEmptyResultIsWhole(t *testing.T) {
	for f, want := range map[result.Format]string{
		result.JSON:   `{"columns":[{"name":"id","type":"integer"},{"name":"name","type":"string"},{"name":"paid","type":"number"}],"rows":[],"row_count":0,"complete":true}` + "\n",
		result.NDJSON: "",
		result.CSV:    "id,name,paid\r\n",
	} {
		if got := encode(t, rowsOf(t, people), f); got != want {
			t.Errorf("%s: %q, want %q", f, got, want)
		}
	}
}

func TestABrokenResultHasNoEnding(t *testing.T) {
	boom := errors.New("boom")
	for _, f := range result.Formats {
		rows := rowsOf(t, people, ann)
		rows.err = boom
		var out bytes.Buffer
		n, err := result.Encode(context.Background(), &out, rows, f, nil)
		if !errors.Is(err, boom) {
			t.Errorf("%s: error %v", f, err)
		}
		if n != 3 || rows.closed == 0 {
			t.Errorf("%s: %d rows, closed %d times", f, n, rows.closed)
		}
		if strings.Contains(out.String(), "complete") {
			t.Errorf("%s: a broken document says it is complete", f)
		}
		if f == result.Arrow && bytes.HasSuffix(out.Bytes(), []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}) {
			t.Error("a broken Arrow stream ends with the end-of-stream marker")
		}
	}
}

func TestNothingIsWrittenBeforeTheFirstBatch(t *testing.T) {
	for _, f := range result.Formats {
		rows := rowsOf(t, people)
		rows.err = errors.New("refused")
		var out bytes.Buffer
		if _, err := result.Encode(context.Background(), &out, rows, f, nil); err == nil || out.Len() > 0 {
			t.Errorf("%s: error %v after %d bytes", f, err, out.Len())
		}
	}
}

func TestALimitThatKeptRowsBackIsSaid(t *testing.T) {
	rows := rowsOf(t, people, ann)
	rows.capped = true
	if got := encode(t, rows, result.JSON); !strings.HasSuffix(got, `"row_count":3,"limit_reached":true,"complete":true}`+"\n") {
		t.Error(got[len(got)-80:])
	}
}

func TestEveryTypeHasOneSpelling(t *testing.T) {
	tz := &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "Europe/Paris"}
	for _, c := range []struct {
		name string
		typ  arrow.DataType
		json string // of the value, as arrow reads it
		wire string
		want string
	}{
		{"bool", arrow.FixedWidthTypes.Boolean, `true`, "boolean", `true`},
		{"int8", arrow.PrimitiveTypes.Int8, `-128`, "integer", `-128`},
		{"uint64", arrow.PrimitiveTypes.Uint64, `18446744073709551615`, "integer", `18446744073709551615`},
		{"float", arrow.PrimitiveTypes.Float64, `0.1`, "number", `0.1`},
		{"float32", arrow.PrimitiveTypes.Float32, `0.1`, "number", `0.1`},
		{"tiny float", arrow.PrimitiveTypes.Float64, `1e-300`, "number", `1e-300`},
		{"huge float", arrow.PrimitiveTypes.Float64, `1e21`, "number", `1e+21`},
		{"whole float", arrow.PrimitiveTypes.Float64, `100000000000000000000`, "number", `100000000000000000000`},
		{"decimal", &arrow.Decimal128Type{Precision: 38, Scale: 4}, `"-1234567890123456789012345678901234.5678"`, "number", `-1234567890123456789012345678901234.5678`},
		{"small decimal", &arrow.Decimal128Type{Precision: 10, Scale: 4}, `"0.0001"`, "number", `0.0001`},
		{"hugeint", &arrow.Decimal128Type{Precision: 38, Scale: 0}, `"170141183460469231731687303715884105"`, "integer", `170141183460469231731687303715884105`},
		{"decimal256", &arrow.Decimal256Type{Precision: 50, Scale: 1}, `"12345678901234567890123456789012345678901234.5"`, "number", `12345678901234567890123456789012345678901234.5`},
		{"text", arrow.BinaryTypes.String, `"a\"\\\n\u0001é😀"`, "string", `"a\"\\\n\u0001é😀"`},
		{"large text", arrow.BinaryTypes.LargeString, `"x"`, "string", `"x"`},
		{"date", arrow.FixedWidthTypes.Date32, `"2024-02-29"`, "date", `"2024-02-29"`},
		{"old date", arrow.FixedWidthTypes.Date32, `"0001-01-01"`, "date", `"0001-01-01"`},
		{"date64", arrow.FixedWidthTypes.Date64, `"1969-12-31"`, "date", `"1969-12-31"`},
		{"zoned", tz, `"2024-02-29T23:59:59.000001Z"`, "timestamp", `"2024-02-29T23:59:59.000001Z"`},
		{"naive", &arrow.TimestampType{Unit: arrow.Nanosecond}, `"1969-12-31T23:59:59.5"`, "timestamp", `"1969-12-31T23:59:59.5"`},
		{"whole second", &arrow.TimestampType{Unit: arrow.Second}, `"2000-01-01T00:00:00"`, "timestamp", `"2000-01-01T00:00:00"`},
		{"time", &arrow.Time64Type{Unit: arrow.Microsecond}, `"23:59:59.25"`, "time", `"23:59:59.25"`},
		{"time32", &arrow.Time32Type{Unit: arrow.Second}, `"00:00:01"`, "time", `"00:00:01"`},
		{"binary", arrow.BinaryTypes.Binary, `"AP8="`, "binary", `"AP8="`},
		{"list", arrow.ListOf(arrow.PrimitiveTypes.Int32), `[1,null,3]`, "json", `[1,null,3]`},
		{"struct", arrow.StructOf(arrow.Field{Name: `a"b`, Type: arrow.BinaryTypes.String, Nullable: true}), `{"a\"b":"x"}`, "json", `{"a\"b":"x"}`},
		{"map", arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64), `[{"key":"k","value":1}]`, "json", `[{"key":"k","value":1}]`},
		{"dictionary", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `"red"`, "string", `"red"`},
		{"interval", arrow.FixedWidthTypes.MonthDayNanoInterval, `{"months":14,"days":-3,"nanoseconds":1500000000}`, "string", `"P14M-3DT1.5S"`},
		{"duration", &arrow.DurationType{Unit: arrow.Millisecond}, `"-500ms"`, "string", `"PT-0.5S"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := []arrow.Field{{Name: "v", Type: c.typ, Nullable: true}}
			doc := `[{"v":` + c.json + `},{"v":null}]`
			want := `{"columns":[{"name":"v","type":"` + c.wire + `"}],"rows":[[` + c.want + `],[null]],"row_count":2,"complete":true}` + "\n"
			if diff := cmp.Diff(want, encode(t, rowsOf(t, f, doc), result.JSON)); diff != "" {
				t.Errorf("JSON (-want +got)\n%s", diff)
			}
			// A table for a model holds the same values.
			tab, err := result.Head(context.Background(), rowsOf(t, f, doc), 10, 10000)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(tab.Rows)
			if err != nil || !sameJSON(t, string(got), `[[`+c.want+`],[null]]`) {
				t.Errorf("head %s, %v", got, err)
			}
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	read := func(s string) (v any) {
		d := json.NewDecoder(strings.NewReader(s))
		if err := d.Decode(&v); err != nil {
			t.Fatal(s, err)
		}
		return v
	}
	return cmp.Equal(read(a), read(b))
}

func TestWhatJSONHasNoNumberForIsNull(t *testing.T) {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.AppendValues([]float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}, nil)
	s := arrow.NewSchema([]arrow.Field{{Name: "f", Type: arrow.PrimitiveTypes.Float64}}, nil)
	rows := func() *batches {
		return &batches{schema: s, recs: []arrow.RecordBatch{array.NewRecordBatch(s, []arrow.Array{b.NewArray()}, 4)}}
	}
	first := rows()
	rec := first.recs[0]
	if got := encode(t, first, result.JSON); !strings.Contains(got, `"rows":[[null],[null],[null],[-0]]`) {
		t.Error(got)
	}
	if got := encode(t, &batches{schema: s, recs: []arrow.RecordBatch{rec}}, result.CSV); got != "f\r\nNaN\r\n+Inf\r\n-Inf\r\n-0\r\n" {
		t.Errorf("%q", got)
	}
}

func TestBytesThatAreNotTextDoNotBreakJSON(t *testing.T) {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.Append("a\xffb\xc3")
	s := arrow.NewSchema([]arrow.Field{{Name: "s", Type: arrow.BinaryTypes.String}}, nil)
	got := encode(t, &batches{schema: s, recs: []arrow.RecordBatch{array.NewRecordBatch(s, []arrow.Array{b.NewArray()}, 1)}}, result.JSON)
	if !json.Valid([]byte(got)) || !strings.Contains(got, "a\uFFFDb\uFFFD") {
		t.Errorf("%q", got)
	}
}

func TestColumnsOfOneNameStayApart(t *testing.T) {
	i := arrow.PrimitiveTypes.Int64
	s := arrow.NewSchema([]arrow.Field{{Name: "n", Type: i}, {Name: "n", Type: i}, {Name: "n_2", Type: i}, {Name: "n", Type: i}}, nil)
	var cols []arrow.Array
	for v := range int64(4) {
		b := array.NewInt64Builder(memory.DefaultAllocator)
		b.Append(v)
		cols = append(cols, b.NewArray())
	}
	rows := &batches{schema: s, recs: []arrow.RecordBatch{array.NewRecordBatch(s, cols, 1)}}
	if got := encode(t, rows, result.NDJSON); got != `{"n":0,"n_3":1,"n_2":2,"n_4":3}`+"\n" {
		t.Error(got)
	}
}

func TestANullAloneOnItsLineIsStillALine(t *testing.T) {
	got := encode(t, rowsOf(t, []arrow.Field{{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}}, `[{"s":null},{"s":"x"}]`), result.CSV)
	lines, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil || len(lines) != 3 {
		t.Errorf("%q: %d lines, %v", got, len(lines), err)
	}
}

// anyRows draws batches of three columns with nulls.
func anyRows(t *rapid.T) *batches {
	s := arrow.NewSchema([]arrow.Field{
		{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "t", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "d", Type: &arrow.Decimal128Type{Precision: 38, Scale: 9}, Nullable: true},
	}, nil)
	b := &batches{schema: s}
	for range rapid.IntRange(0, 4).Draw(t, "batches") {
		rb := array.NewRecordBuilder(memory.DefaultAllocator, s)
		for range rapid.IntRange(0, 20).Draw(t, "rows") {
			if v := rapid.Ptr(rapid.Int64(), true).Draw(t, "n"); v != nil {
				rb.Field(0).(*array.Int64Builder).Append(*v)
			} else {
				rb.Field(0).AppendNull()
			}
			if v := rapid.Ptr(rapid.String(), true).Draw(t, "t"); v != nil {
				rb.Field(1).(*array.StringBuilder).Append(*v)
			} else {
				rb.Field(1).AppendNull()
			}
			if v := rapid.Ptr(rapid.Int64(), true).Draw(t, "d"); v != nil {
				rb.Field(2).(*array.Decimal128Builder).Append(decimal128.FromI64(*v).Mul(decimal128.FromI64(rapid.Int64Range(1, 1000).Draw(t, "m"))))
			} else {
				rb.Field(2).AppendNull()
			}
		}
		b.recs = append(b.recs, rb.NewRecordBatch())
	}
	return b
}

// cells gives all values as text, null as "\x00".
func cells(b *batches) (out [][]string) {
	for _, r := range b.recs {
		for i := range int(r.NumRows()) {
			row := make([]string, r.NumCols())
			for j, c := range r.Columns() {
				switch a := c.(type) {
				case *array.Decimal128:
					row[j] = a.Value(i).ToString(9)
				default:
					row[j] = c.ValueStr(i)
				}
				if c.IsNull(i) {
					row[j] = "\x00"
				}
			}
			out = append(out, row)
		}
	}
	return out
}

func TestWhatIsDecodedIsWhatWasEncoded(t *testing.T) {
	for f, decode := range map[result.Format]func(*rapid.T, string) [][]string{
		result.Arrow: decodeArrow, result.JSON: decodeJSON, result.CSV: decodeCSV, result.NDJSON: decodeNDJSON,
	} {
		t.Run(string(f), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				rows := anyRows(t)
				want := cells(rows)
				var out bytes.Buffer
				n, err := result.Encode(context.Background(), &out, rows, f, nil)
				if err != nil || int(n) != len(want) {
					t.Fatal(n, err)
				}
				if diff := cmp.Diff(want, decode(t, out.String()), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("(-want +got)\n%s", diff)
				}
			})
		})
	}
}

func decodeArrow(t *rapid.T, s string) [][]string {
	r, err := ipc.NewReader(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	b := &batches{}
	for r.Next() {
		rec := r.RecordBatch()
		rec.Retain()
		b.recs = append(b.recs, rec)
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return cells(b)
}

func asCell(t *rapid.T, raw json.RawMessage) string {
	if string(raw) == "null" {
		return "\x00"
	}
	if raw[0] != '"' {
		return string(raw)
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func decodeJSON(t *rapid.T, s string) (out [][]string) {
	var doc struct {
		Rows     [][]json.RawMessage `json:"rows"`
		Count    int                 `json:"row_count"`
		Complete bool                `json:"complete"`
	}
	if err := json.Unmarshal([]byte(s), &doc); err != nil || !doc.Complete || doc.Count != len(doc.Rows) {
		t.Fatal(err, s)
	}
	for _, r := range doc.Rows {
		var row []string
		for _, raw := range r {
			row = append(row, asCell(t, raw))
		}
		out = append(out, row)
	}
	return out
}

func decodeNDJSON(t *rapid.T, s string) (out [][]string) {
	d := json.NewDecoder(strings.NewReader(s))
	for d.More() {
		var o struct{ N, T, D json.RawMessage }
		if err := d.Decode(&o); err != nil {
			t.Fatal(err)
		}
		out = append(out, []string{asCell(t, o.N), asCell(t, o.T), asCell(t, o.D)})
	}
	return out
}

// decodeCSV is a reader of its own: Go's takes \r\n inside quotes for \n, and
// does not tell "" from nothing.
func decodeCSV(t *rapid.T, s string) (out [][]string) {
	var row []string
	for i := 0; i < len(s); {
		field := "\x00"
		if s[i] == '"' {
			field, i = "", i+1
			for s[i] != '"' || i+1 < len(s) && s[i+1] == '"' {
				if s[i] == '"' {
					i++
				}
				field, i = field+s[i:i+1], i+1
			}
			i++
		} else if n := strings.IndexAny(s[i:], ",\r"); n > 0 {
			field, i = s[i:i+n], i+n
		}
		row = append(row, field)
		if s[i] == ',' {
			i++
			if s[i] == '\r' {
				row = append(row, "\x00")
			} else {
				continue
			}
		}
		if s[i:i+2] != "\r\n" {
			t.Fatalf("line ends with %q", s[i:i+2])
		}
		out, row, i = append(out, row), nil, i+2
	}
	return out[1:]
}

// PostgreSQL's sum and avg give numerics of any length, which have no Arrow type.
func TestNumbersThatAreTextInArrowAreNumbersOnTheWire(t *testing.T) {
	fields := []arrow.Field{{Name: "n", Type: arrow.BinaryTypes.String, Nullable: true, Metadata: arrow.NewMetadata([]string{"postern.type"}, []string{"number"})}}
	doc := `[{"n":"12345678901234567890123.4500"},{"n":"-0.5"},{"n":"0"},{"n":"NaN"},{"n":"-Infinity"},{"n":"1\"2"},{"n":"007"},{"n":null}]`
	want := `{"columns":[{"name":"n","type":"number"}],"rows":[[12345678901234567890123.4500],[-0.5],[0],[null],[null],[null],[null],[null]],"row_count":8,"complete":true}` + "\n"
	if got := encode(t, rowsOf(t, fields, doc), result.JSON); got != want {
		t.Error(cmp.Diff(want, got))
	}
	head, err := result.Head(t.Context(), rowsOf(t, fields, doc), 2, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if want := [][]any{{json.Number("12345678901234567890123.4500")}, {json.Number("-0.5")}}; !cmp.Equal(want, head.Rows) || head.Columns[0].Type != "number" {
		t.Error(head.Columns, cmp.Diff(want, head.Rows))
	}
}

package result

import (
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// Column is one column of a result: its name and its wire type.
type Column struct {
	Name string
	Type string // as TypeOf spells it
}

// TypeOf is the one type table: the wire's name for an Arrow type, and how a
// value of it is written.
//
//	integer    whole numbers of any width, decimals without a fraction; a number
//	number     floats (NaN and infinities are null in JSON), decimals with every digit; a number
//	boolean    true, false
//	string     text, intervals (ISO 8601)
//	date       "2026-11-24"
//	timestamp  RFC 3339: "2026-11-24T19:31:00.5Z" with a zone (always UTC), without the Z where the column has none
//	time       "19:31:00"
//	binary     base64
//	json       lists, structs and maps; JSON as it is, in CSV its text
func TypeOf(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.DictionaryType:
		return TypeOf(t.ValueType)
	case arrow.ExtensionType:
		return TypeOf(t.StorageType())
	case arrow.DecimalType:
		if t.GetScale() <= 0 {
			return "integer"
		}
		return "number"
	}
	return typeNames[t.ID()]
}

// typeNames holds every plain Arrow type.
var typeNames = map[arrow.Type]string{
	arrow.NULL: "string", arrow.BOOL: "boolean",
	arrow.INT8: "integer", arrow.INT16: "integer", arrow.INT32: "integer", arrow.INT64: "integer",
	arrow.UINT8: "integer", arrow.UINT16: "integer", arrow.UINT32: "integer", arrow.UINT64: "integer",
	arrow.FLOAT16: "number", arrow.FLOAT32: "number", arrow.FLOAT64: "number",
	arrow.STRING: "string", arrow.LARGE_STRING: "string", arrow.STRING_VIEW: "string",
	arrow.BINARY: "binary", arrow.LARGE_BINARY: "binary", arrow.BINARY_VIEW: "binary", arrow.FIXED_SIZE_BINARY: "binary",
	arrow.DATE32: "date", arrow.DATE64: "date", arrow.TIMESTAMP: "timestamp", arrow.TIME32: "time", arrow.TIME64: "time",
	arrow.INTERVAL_MONTHS: "string", arrow.INTERVAL_DAY_TIME: "string", arrow.INTERVAL_MONTH_DAY_NANO: "string", arrow.DURATION: "string",
	arrow.LIST: "json", arrow.LARGE_LIST: "json", arrow.FIXED_SIZE_LIST: "json", arrow.STRUCT: "json", arrow.MAP: "json",
	arrow.LIST_VIEW: "string", arrow.LARGE_LIST_VIEW: "string", arrow.SPARSE_UNION: "string", arrow.DENSE_UNION: "string", arrow.RUN_END_ENCODED: "string",
}

// ColumnsOf gives the columns of a schema.
func ColumnsOf(s *arrow.Schema) []Column {
	cols := make([]Column, s.NumFields())
	for i, f := range s.Fields() {
		cols[i] = Column{Name: f.Name, Type: TypeOf(f.Type)}
		if isNumber(f) {
			cols[i].Type = "number"
		}
	}
	return cols
}

// isNumber tells text that is a number of any length and scale: some engines
// have such a type, and Arrow has none. Its driver says so in the field's
// metadata; in Arrow and Parquet it stays text, with every digit.
func isNumber(f arrow.Field) bool {
	v, ok := f.Metadata.GetValue("postern.type")
	return ok && v == "number" && f.Type.ID() == arrow.STRING
}

// numeral reports whether text is a number in JSON; NaN and infinities are not.
func numeral(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	return whole != "" && (whole == "0" || whole[0] != '0') && strings.Trim(whole+fraction, "0123456789") == "" && point == (fraction != "")
}

// uniqueNames are the keys of the columns in a JSON object: where a result has
// a name twice, the later ones are name_2, name_3.
func uniqueNames(s *arrow.Schema) []string {
	taken := map[string]bool{}
	for _, f := range s.Fields() {
		taken[f.Name] = true
	}
	seen := map[string]bool{}
	names := make([]string, s.NumFields())
	for i, f := range s.Fields() {
		name := f.Name
		for n := 2; seen[name] || name != f.Name && taken[name]; n++ {
			name = f.Name + "_" + strconv.Itoa(n)
		}
		seen[name], names[i] = true, name
	}
	return names
}

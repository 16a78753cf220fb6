package sqlite

import (
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/postern/postern/internal/fault"
)

// column is a result column with the type that was settled for it.
type column struct {
	name string
	kind arrow.DataType
}

var (
	boolean = arrow.FixedWidthTypes.Boolean
	integer = arrow.PrimitiveTypes.Int64
	real    = arrow.PrimitiveTypes.Float64
	texts   = arrow.BinaryTypes.String
	blobs   = arrow.BinaryTypes.Binary
)

// settle chooses a column's type by the declared type and the values seen. The
// table is in the package comment.
func settle(declared string, values []any) arrow.DataType {
	decl := strings.ToUpper(declared)
	var ints, reals, strs, bins, bits int
	exact := true
	for _, v := range values {
		switch v := v.(type) {
		case int64:
			ints++
			exact = exact && fits(v)
			if v == 0 || v == 1 {
				bits++
			}
		case float64:
			reals++
		case string:
			strs++
		case []byte:
			bins++
		}
	}
	switch numbers := ints + reals; {
	case ints+reals+strs+bins == 0:
		return affinity(decl)
	case bins > 0 && numbers == 0:
		return blobs
	case strs > 0 || bins > 0:
		return texts
	case reals > 0 && exact:
		return real
	case reals > 0:
		return texts
	case strings.HasPrefix(decl, "BOOL") && bits == ints:
		return boolean
	case exact && (affinity(decl) == real):
		return real
	}
	return integer
}

// affinity is SQLite's rule for a declared type, as the type of a column of
// which no value is known.
func affinity(decl string) arrow.DataType {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(decl, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("INT"):
		return integer
	case has("CHAR", "CLOB", "TEXT"):
		return texts
	case has("BLOB"):
		return blobs
	case has("REAL", "FLOA", "DOUB", "NUM", "DEC"):
		return real
	case has("BOOL"):
		return boolean
	}
	return texts
}

// fits tells whether a float64 holds v exactly.
func fits(v int64) bool { return v >= -1<<53 && v <= 1<<53 }

// add appends a value, converted to the column's type where nothing is lost.
func (c column) add(b array.Builder, v any) error {
	if v == nil {
		b.AppendNull()
		return nil
	}
	ok := false
	switch b := b.(type) {
	case *array.BooleanBuilder:
		var n int64
		if n, ok = v.(int64); ok && (n == 0 || n == 1) {
			b.Append(n == 1)
		} else {
			ok = false
		}
	case *array.Int64Builder:
		var n int64
		if n, ok = asInteger(v); ok {
			b.Append(n)
		}
	case *array.Float64Builder:
		var f float64
		if f, ok = asReal(v); ok {
			b.Append(f)
		}
	case *array.StringBuilder:
		var s string
		if s, ok = asText(v); ok {
			b.Append(s)
		}
	case *array.BinaryBuilder:
		var p []byte
		if p, ok = asBlob(v); ok {
			b.Append(p)
		}
	}
	if !ok {
		return c.misfit(v)
	}
	return nil
}

func (c column) misfit(v any) error {
	kind := "a number"
	switch v := v.(type) {
	case string:
		kind = "a text"
		if c.kind == texts {
			kind = "a text that is not UTF-8"
		}
	case []byte:
		kind = "a blob"
	case float64:
		kind = "the number " + strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fault.New(fault.Rejected,
		"column %q holds values of several types: after values of type %s comes %s. Write CAST(... AS TEXT) in the query", c.name, c.kind, kind)
}

func asInteger(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), true
		}
	}
	return 0, false
}

func asReal(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), fits(v)
	}
	return 0, false
}

func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return strings.ToValidUTF8(v, "\uFFFD"), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	}
	return "", false
}

func asBlob(v any) ([]byte, bool) {
	switch v := v.(type) {
	case []byte:
		return v, true
	case string:
		return []byte(v), true
	}
	return nil, false
}

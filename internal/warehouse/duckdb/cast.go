//go:build cgo && duckdb_arrow

package duckdb

import (
	"fmt"
	"strings"

	duck "github.com/duckdb/duckdb-go-bindings"
)

// casts gives what to put around a statement so that it casts to text what
// Arrow cannot carry; false when all columns can stay. The table is in the
// package comment. Columns go by position inside, for names may come twice.
func casts(p *prepared) (before, after string, needed bool) {
	n := duck.PreparedStatementColumnCount(p.stmt)
	items, names := make([]string, n), make([]string, n)
	for i := range n {
		kind := duck.PreparedStatementColumnLogicalType(p.stmt, i)
		names[i] = fmt.Sprintf("c%d", i)
		items[i] = names[i]
		if !carried(kind) {
			items[i], needed = "CAST("+names[i]+" AS VARCHAR)", true
		}
		duck.DestroyLogicalType(&kind)
		items[i] += " AS " + ident(duck.PreparedStatementColumnName(p.stmt, i))
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM (\n", "\n) AS q(" + strings.Join(names, ", ") + ")", needed
}

// carried tells whether Arrow carries a type as the package comment says.
func carried(t duck.LogicalType) bool {
	switch duck.GetTypeId(t) {
	case duck.TypeEnum, duck.TypeUHugeInt, duck.TypeBigNum, duck.TypeBit, duck.TypeUnion, duck.TypeTimeTZ,
		duck.TypeVariant, duck.TypeGeometry, duck.TypeInvalid, duck.TypeAny:
		return false
	case duck.TypeList:
		return child(duck.ListTypeChildType(t))
	case duck.TypeArray:
		return child(duck.ArrayTypeChildType(t))
	case duck.TypeMap:
		return child(duck.MapTypeKeyType(t)) && child(duck.MapTypeValueType(t))
	case duck.TypeStruct:
		for i := range duck.StructTypeChildCount(t) {
			if !child(duck.StructTypeChildType(t, i)) {
				return false
			}
		}
	}
	return true
}

func child(t duck.LogicalType) bool {
	defer duck.DestroyLogicalType(&t)
	return carried(t)
}

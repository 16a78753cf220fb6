package product_test

import (
	"testing"

	"github.com/postern/postern/internal/product"
)

func TestEngineTypesMapToTheDocumentedOnes(t *testing.T) {
	for in, want := range map[string]string{
		"VARCHAR(20)": "text", "character varying": "text", "Nullable(String)": "text", "LowCardinality(Nullable(FixedString(3)))": "text", "uuid": "text",
		"INTEGER": "numeric", "int unsigned": "numeric", "bigint(20) unsigned": "numeric", "DECIMAL(10,2)": "numeric", "double  precision": "numeric", "UInt64": "numeric", "HUGEINT": "numeric",
		"date": "date", "TIMESTAMP WITH TIME ZONE": "date", "timestamp(3) without time zone": "date", "TIMESTAMP_NS": "date", "DateTime64(3, 'UTC')": "date", "time": "date",
		"BOOLEAN": "boolean", "tinyint(1)": "boolean", "bit": "boolean",
		"": "unknown", "integer[]": "unknown", "STRUCT(a INTEGER)": "unknown", "jsonb": "unknown", "bytea": "unknown", "BLOB": "unknown", "geometry": "unknown", "Array(String)": "unknown", "interval": "unknown", "INTEGER[3]": "unknown",
	} {
		if got := product.ColumnType(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

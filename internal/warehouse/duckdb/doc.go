// Package duckdb is the warehouse driver for DuckDB files. A file is attached
// read-only to an in-process instance of its own, with the credential's
// password as the file's encryption key where there is one; then the instance's
// own database is detached, access to anything outside is switched off and the
// configuration locked. Sessions of one credential share the instance, since an
// attached catalog is visible to every connection of it.
//
// Rows stream as Arrow batches straight from the engine:
//
//	BOOLEAN, integers up to 64 bits, FLOAT, DOUBLE   the same in Arrow
//	HUGEINT                                          decimal128(38, 0)
//	DECIMAL(p, s)                                    decimal128(p, s)
//	VARCHAR, JSON, UUID                              utf8
//	BLOB                                             binary
//	DATE                                             date32
//	TIME                                             time64 in microseconds
//	TIMESTAMP, _S, _MS, _NS                          timestamp in the same unit, no zone
//	TIMESTAMP WITH TIME ZONE                         timestamp in microseconds, UTC
//	INTERVAL                                         month_day_nano_interval
//	LIST, ARRAY, STRUCT and MAP of the above         list, fixed_size_list, struct, map
//	ENUM, UHUGEINT, BIGNUM, BIT, UNION, VARIANT,
//	TIME WITH TIME ZONE, and what holds one of them  utf8, as DuckDB writes them
//	NULL                                             null
//
// The package needs cgo and the build tag duckdb_arrow. Without them the Driver
// is there and says so.
package duckdb

//go:build cgo && duckdb_arrow

package demo

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/postern/postern/internal/secret"
)

// schema makes the tables. They are in the order their keys need.
//
//go:embed schema.sql
var schema string

// tables in the order they have to be filled.
var tables = []string{"airlines", "airports", "planes", "flights", "weather"}

// Build writes the DuckDB file into dir, encrypted with key, and gives the
// specs of the products on it. It replaces an earlier file.
func Build(ctx context.Context, dir string, key secret.Secret) (Files, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Files{}, err
	}
	file := filepath.Join(dir, Database)
	work, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return Files{}, fmt.Errorf("build the demo's data: %w", err)
	}
	defer os.RemoveAll(work)
	made := filepath.Join(work, Database)
	if err := build(ctx, work, made, key); err != nil {
		return Files{}, err
	}
	if err := os.Chmod(made, 0o600); err != nil {
		return Files{}, err
	}
	if err := os.Rename(made, file); err != nil {
		return Files{}, err
	}
	s, err := specsFor(file)
	return Files{Database: file, Specs: s}, err
}

func build(ctx context.Context, work, file string, key secret.Secret) error {
	if err := unpack(work); err != nil {
		return err
	}
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return fmt.Errorf("start duckdb: %w", err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	db.SetMaxOpenConns(1) // USE and SET are the connection's
	// DuckDB encrypts with OpenSSL where the httpfs extension brings it, and
	// otherwise with mbedtls, whose random numbers it does not hold to be good
	// enough for writing. That is true of this file: it shows how a key opens a
	// warehouse, and protects data that is public anyway.
	for _, q := range []string{"SET force_mbedtls_unsafe = 'true'", "SET temp_directory = ''", "SET preserve_insertion_order = true"} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("prepare duckdb: %w", err)
		}
	}
	return fill(ctx, db, work, file, key)
}

// fill makes the file and its tables, and fills them from the Parquet files in
// work.
func fill(ctx context.Context, db *sql.DB, work, file string, key secret.Secret) error {
	// The error is dropped: it could quote the statement, and so the key.
	if _, err := db.ExecContext(ctx, "ATTACH "+quote(file)+" AS demo (ENCRYPTION_KEY "+quote(key.Reveal())+")"); err != nil {
		return fmt.Errorf("create the demo's warehouse in %s", filepath.Dir(file))
	}
	if _, err := db.ExecContext(ctx, "USE demo"); err != nil {
		return fmt.Errorf("use the demo's warehouse: %w", err)
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("make the demo's tables: %w", err)
	}
	for _, t := range tables {
		from := quote(filepath.Join(work, t+".parquet"))
		if _, err := db.ExecContext(ctx, "INSERT INTO "+t+" BY NAME SELECT * FROM read_parquet("+from+")"); err != nil {
			return fmt.Errorf("fill the demo's table %s: %w", t, err)
		}
	}
	for _, q := range []string{"CHECKPOINT demo", "USE memory", "DETACH demo"} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("finish the demo's warehouse: %w", err)
		}
	}
	return nil
}

// unpack writes the embedded Parquet files where DuckDB can read them.
func unpack(dir string) error {
	for _, t := range tables {
		b, err := fs.ReadFile(data, "data/"+t+".parquet")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, t+".parquet"), b, 0o600); err != nil {
			return fmt.Errorf("unpack the demo's data: %w", err)
		}
	}
	return nil
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

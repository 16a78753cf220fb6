//go:build cgo && duckdb_arrow

package main

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/duckdb/duckdb-go/v2"
)

// makeFile makes the DuckDB file that is exported.
func makeFile(args []string) (any, error) {
	f := flag.NewFlagSet("make", flag.ContinueOnError)
	file := f.String("file", "", "to make")
	rows := f.Int("rows", 1_000_000, "how many")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	db, err := sql.Open("duckdb", *file)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // checkpointed by the statement below
	_, err = db.Exec(fmt.Sprintf(`CREATE TABLE events AS SELECT i AS id, TIMESTAMP '2024-01-01' + to_seconds(i * 7) AS happened,
		'customer ' || (hash(i) %% 50000) AS customer, ['new','open','paid','closed'][1 + i %% 4] AS state,
		CAST(hash(i) %% 10000000 AS DECIMAL(12,2)) / 100 AS amount, CAST(hash(i + 1) %% 1000 AS INTEGER) AS quantity,
		(hash(i + 2) %% 1000000) / 7.0 AS score FROM range(1, %d + 1) AS t(i); CHECKPOINT`, *rows))
	return nil, err
}

// export times DuckDB's own export of all rows, warm: the second of two in one
// process. CSV is COPY TO; Arrow is the driver's reader into an IPC stream.
func export(args []string) (any, error) {
	f := flag.NewFlagSet("export", flag.ContinueOnError)
	file, format, to := f.String("file", "", "database"), f.String("format", "csv", "csv or arrow"), f.String("to", "", "file")
	fresh := f.Int64("fresh", 0, "a literal nobody used before")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	c, err := duckdb.NewConnector(*file+"?access_mode=READ_ONLY", nil)
	if err != nil {
		return nil, err
	}
	conn, err := c.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	run := exportCSV
	if *format == "arrow" {
		run = exportArrow
	}
	var t took
	for i := range int64(2) {
		q := fmt.Sprintf("SELECT id, happened, customer, state, amount, quantity, score FROM events WHERE id > -%d", *fresh+i)
		began := time.Now()
		if err := run(conn, q, *to); err != nil {
			return nil, err
		}
		t.Seconds = time.Since(began).Seconds()
	}
	info, err := os.Stat(*to)
	if err == nil {
		t.Bytes = info.Size()
	}
	return t, err
}

func exportCSV(c driver.Conn, q, to string) error {
	_, err := c.(driver.ExecerContext).ExecContext(context.Background(), "COPY ("+q+") TO '"+to+"' (FORMAT csv, HEADER)", nil)
	return err
}

func exportArrow(c driver.Conn, q, to string) error {
	ar, err := duckdb.NewArrowFromConn(c)
	if err != nil {
		return err
	}
	rows, err := ar.QueryContext(context.Background(), q)
	if err != nil {
		return err
	}
	defer rows.Release()
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	buf := bufio.NewWriterSize(file, 64<<10)
	w := ipc.NewWriter(buf, ipc.WithSchema(rows.Schema()))
	for rows.Next() {
		if err := w.Write(rows.RecordBatch()); err != nil {
			return err
		}
	}
	for _, end := range []func() error{rows.Err, w.Close, buf.Flush, file.Close} {
		if err := end(); err != nil {
			return err
		}
	}
	return nil
}

package main_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdSum prints what changes when a file is written: two runs with nothing
// written between them print the same.
func cmdSum(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sum FILE")
	}
	path := ts.MkAbs(args[0])
	info, err := os.Stat(path)
	ts.Check(err)
	b, err := os.ReadFile(path)
	ts.Check(err)
	_, _ = fmt.Fprintf(ts.Stdout(), "%d %s %s %x\n", info.Size(), info.Mode(), info.ModTime().Format(time.RFC3339Nano), sha256.Sum256(b))
}

// cmdScreen takes what a person would copy from the terminal.
func cmdScreen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: screen NAME regexp-with-one-group")
	}
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	m := re.FindStringSubmatch(server(ts).printed())
	if len(m) != 2 {
		ts.Fatalf("nothing on the screen matches %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// cmdHeader takes a header of the last answer.
func cmdHeader(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: header NAME header")
	}
	_, text, _ := strings.Cut(ts.ReadFile("stderr"), "\n")
	h, err := textproto.NewReader(bufio.NewReader(strings.NewReader(text + "\n"))).ReadMIMEHeader()
	ts.Check(err)
	if h.Get(args[1]) == "" {
		ts.Fatalf("the answer has no %s", args[1])
	}
	ts.Setenv(args[0], h.Get(args[1]))
}

// firstColumn reads a file that may be in use.
func firstColumn(ts *testscript.TestScript, file, query string) []string {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	ts.Check(err)
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), query)
	ts.Check(err)
	defer rows.Close()
	out := []string{}
	for rows.Next() {
		var s string
		ts.Check(rows.Scan(&s))
		out = append(out, s)
	}
	ts.Check(rows.Err())
	return out
}

func cmdSQLite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite FILE SQL")
	}
	if strings.HasPrefix(args[1], "SELECT") {
		ts.Check(json.NewEncoder(ts.Stdout()).Encode(firstColumn(ts, ts.MkAbs(args[0]), args[1])))
		return
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	res, err := db.ExecContext(context.Background(), args[1])
	ts.Check(err)
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		ts.Fatalf("no row was touched (%v)", err)
	}
	ts.Check(db.Close())
}

// cmdLogged waits for the record, which is written before what it says runs.
func cmdLogged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: logged KIND N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	file := filepath.Join(ts.Getenv("POSTERN_DATA"), "postern.db")
	for late := time.Now().Add(patience); ; {
		if len(firstColumn(ts, file, "SELECT id FROM audit_records WHERE kind = '"+args[0]+"'")) >= n {
			return
		}
		if time.Now().After(late) {
			ts.Fatalf("%s is not on record", args[0])
		}
	}
}

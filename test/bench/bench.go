package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	accountRows = 200_000
	eventRows   = 1_000_000
)

// bench is what is running while figures are measured.
type bench struct {
	options
	dir   string
	began time.Time
	pg    *postgres
	gate  *gate
	bare  *process // floor serve
	group float64  // changes in one commit at 32 connections
	idle  float64  // MiB

	micros float64 // of processor time a request of the last load took the server
}

func (b *bench) end() {
	if b.gate != nil {
		b.gate.stop()
	}
	b.bare.stop()
	if b.pg != nil {
		b.pg.end()
	}
}

func (b *bench) duckFile() string { return filepath.Join(b.dir, "events.duckdb") }

// setUp starts everything that figures are measured on.
func (b *bench) setUp() (err error) {
	if err := call(nil, nil, b.floor, "make", "--file", b.duckFile(), "--rows", strconv.Itoa(eventRows)); err != nil {
		return err
	}
	if b.pg, err = startPostgres(accountRows); err != nil {
		return err
	}
	if b.gate, err = setUp(b.postern, b.dir, b.pg.host, b.duckFile()); err != nil {
		return err
	}
	for range b.runs {
		b.gate.stopped()
		if err := b.gate.serve(); err != nil {
			return err
		}
	}
	if err := b.gate.signIn(); err != nil {
		return err
	}
	if err := settle(b.gate.cmd.Process.Pid, time.Minute); err != nil {
		return err
	}
	return b.serveBare()
}

// stopped ends a server that runs, so that it can be started again.
func (g *gate) stopped() {
	if g.process != nil {
		g.stop()
	}
}

func (b *bench) serveBare() error {
	size, err := b.gate.payload()
	if err != nil {
		return err
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	if b.bare, err = start(filepath.Join(b.dir, "floor.log"), b.floor, "serve", "--listen", addr, "--payload", strconv.Itoa(size)); err != nil {
		return err
	}
	b.bare.addr = addr
	_, err = await("http://"+addr+"/empty", time.Now(), 10*time.Second)
	return err
}

// load is a load with the times of this run.
func (b *bench) load(l load) (float64, error) {
	l.Warm, l.Measure = b.warm, b.options.measure
	pid := b.gate.cmd.Process.Pid
	if l.Addr == b.bare.addr {
		pid = b.bare.cmd.Process.Pid
	}
	before, err := cpu(pid)
	if err != nil {
		return 0, err
	}
	out, err := l.child()
	if err != nil {
		return 0, err
	}
	after, err := cpu(pid)
	b.micros = float64(after-before) * 10_000 / float64(max(1, out.All))
	return out.PerSecond, err
}

func (b *bench) form() load {
	return load{
		Addr: b.gate.addr, Method: "POST", Path: "/oauth/v2/token/", Header: []string{"Content-Type: application/x-www-form-urlencoded"},
		Body: "grant_type=client_credentials&client_id=" + b.gate.client.ID + "&client_secret=" + b.gate.client.Secret, Want: "access_token", Conns: 32,
	}
}

func (b *bench) tokens() (float64, error) {
	commits, changes, err := b.gate.commits()
	if err != nil {
		return 0, err
	}
	n, err := b.load(b.form())
	if err != nil {
		return 0, err
	}
	moreCommits, moreChanges, err := b.gate.commits()
	b.group = (moreChanges - changes) / max(1, moreCommits-commits)
	return n, err
}

func (b *bench) sign() (float64, error) {
	l := b.form()
	l.Addr, l.Path = b.bare.addr, "/sign"
	return b.load(l)
}

// tokenFloor is the lower of what can be signed and what can be synced.
func (b *bench) tokenFloor() (float64, error) {
	signed, err := b.sign()
	if err != nil {
		return 0, err
	}
	var disk struct {
		PerSecond float64 `json:"per_second"`
	}
	if err := call(&disk, nil, b.floor, "fsync", "--dir", b.dir); err != nil {
		return 0, err
	}
	return min(signed, disk.PerSecond*b.group), nil
}

func (b *bench) userinfo(conns int) func() (float64, error) {
	return func() (float64, error) {
		return b.load(load{Addr: b.gate.addr, Method: "GET", Path: "/integration/v1/userinfo/", Header: []string{"Authorization: Bearer " + b.gate.token}, Want: "bench", Conns: conns})
	}
}

func (b *bench) empty(conns int) func() (float64, error) {
	return func() (float64, error) {
		return b.load(load{Addr: b.bare.addr, Method: "GET", Path: "/empty", Header: []string{"Authorization: Bearer " + b.gate.token}, Conns: conns})
	}
}

const pointSQL = "SELECT id, owner, balance, opened FROM accounts WHERE id = @id@ AND balance > -@fresh@"

func (b *bench) rest(conns int) func() (float64, error) {
	return func() (float64, error) {
		return b.load(load{
			Addr: b.gate.addr, Method: "POST", Path: "/api/v2/data-product/bench:accounts/query/", Conns: conns, Rows: accountRows,
			Header: []string{"Authorization: Bearer " + b.gate.token, "Content-Type: application/json"},
			Body:   `{"sql":"` + pointSQL + `"}`, Want: `"row_count":1,"complete":true`,
		})
	}
}

func (b *bench) mcp(conns int) func() (float64, error) {
	return func() (float64, error) {
		return b.load(load{
			Addr: b.gate.addr, Method: "POST", Path: "/ai/mcp/", Conns: conns, Rows: accountRows,
			Header: []string{
				"Authorization: Bearer " + b.gate.token, "Content-Type: application/json", "Accept: application/json, text/event-stream", "MCP-Protocol-Version: 2025-11-25",
			},
			Body: `{"jsonrpc":"2.0","id":@fresh@,"method":"tools/call","params":{"name":"sql_execution_tool","arguments":{"data_product_id":"bench:accounts","result_table_name":"one","sql":"` + pointSQL + `"}}}`,
			Want: `"row_count":1`,
		})
	}
}

func (b *bench) pgx(conns int) func() (float64, error) {
	return func() (float64, error) {
		var out struct {
			PerSecond float64 `json:"per_second"`
		}
		err := call(&out, nil, b.floor, "pgx", "--url", b.pg.url, "--conns", strconv.Itoa(conns), "--rows", strconv.Itoa(accountRows), "--warm", b.warm.String(), "--for", b.options.measure.String())
		return out.PerSecond, err
	}
}

// million streams all rows out of DuckDB, and gives the seconds it took and
// the memory it took beyond idle.
func (b *bench) million(accept string, count bool) (downloaded, float64, error) {
	most := peak(b.gate.cmd.Process.Pid)
	out, err := download{
		URL: b.gate.url("/api/v2/data-product/bench:events/query/"), Token: b.gate.token, Accept: accept, Count: count,
		SQL: fmt.Sprintf("SELECT id, happened, customer, state, amount, quantity, score FROM events WHERE id > -%d", rand.Int64N(1e12)),
	}.child()
	return out, most() - b.idle, err
}

func (b *bench) bareExport(format string) func() (float64, error) {
	return func() (float64, error) {
		to := filepath.Join(b.dir, "export")
		defer os.Remove(to) //nolint:errcheck // in a temporary folder
		var out downloaded
		err := call(&out, nil, b.floor, "export", "--file", b.duckFile(), "--format", format, "--to", to, "--fresh", strconv.FormatInt(rand.Int64N(1e12), 10))
		return out.Seconds, err
	}
}

// machine is where the figures were measured.
func machine() string {
	cpu, _ := os.ReadFile("/proc/cpuinfo")
	model, n := "", 0
	for line := range strings.Lines(string(cpu)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model, n = strings.TrimSpace(value), n+1
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%d × %s, Linux %s, load average %s when it ended", n, model, strings.TrimSpace(string(kernel)), strings.Join(strings.Fields(string(load))[:1], ""))
}

package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// figure is one line of the table. Its floor is measured in turns with it, so
// that what else the machine does falls on both.
type figure struct {
	name, unit string
	gate       func() (float64, error)
	floor      func() (float64, error) // nil: there is only a limit
	above      string                  // what the floor is
	goal       float64                 // of gate/floor, or of the gate alone without a floor
	most       bool                    // the goal is a most, not a least
	free       bool                    // there is no goal
	limit      bool                    // the goal is of the gate alone, also beside a floor
	runs       int                     // how often, when not as often as the others
	once       func() error            // before the first run
	after      func() error            // after the last run

	got, bare []float64
	micros    []float64
}

func (b *bench) measure(f *figure) error {
	if f.once != nil {
		if err := f.once(); err != nil {
			return err
		}
	}
	for range cmp.Or(f.runs, b.runs) {
		for _, side := range []struct {
			run func() (float64, error)
			out *[]float64
		}{{f.gate, &f.got}, {f.floor, &f.bare}} {
			if side.run == nil {
				continue
			}
			n, err := side.run()
			if err != nil {
				return err
			}
			*side.out = append(*side.out, n)
			if side.out == &f.got && f.unit == "/s" {
				f.micros = append(f.micros, b.micros)
			}
		}
	}
	if f.after != nil {
		return f.after()
	}
	return nil
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	return s[len(s)/2]
}

func (f *figure) ratio() float64 {
	if f.floor == nil {
		return median(f.got)
	}
	return median(f.got) / median(f.bare)
}

func (f *figure) met() bool {
	if f.free {
		return true
	}
	if f.limit {
		return median(f.got) <= f.goal
	}
	if f.most {
		return f.ratio() <= f.goal
	}
	return f.ratio() >= f.goal
}

// figures lists what is measured, in the table's order.
func (b *bench) figures() []*figure {
	sign := &figure{name: "tokens, 32 connections", unit: "/s", gate: b.tokens, floor: b.tokenFloor, above: "sign with ES256 in a bare handler, or fsyncs × group", goal: .6}
	empty := &figure{name: "authenticated requests, 32 connections", unit: "/s", gate: b.userinfo(32), floor: b.empty(32), above: "an empty handler", goal: .6}
	all := []*figure{sign, empty}
	for _, conns := range []int{1, 16} {
		all = append(all,
			&figure{name: fmt.Sprintf("REST point query, PostgreSQL, %d %s", conns, plural(conns)), unit: "/s", gate: b.rest(conns), floor: b.pgx(conns), above: "the same by bare pgx", goal: .4},
			&figure{name: fmt.Sprintf("MCP point query, PostgreSQL, %d %s", conns, plural(conns)), unit: "/s", gate: b.mcp(conns), floor: b.pgx(conns), above: "the same by bare pgx", goal: .2})
	}
	all = append(all, b.export("Arrow", "application/vnd.apache.arrow.stream", "arrow", "the bare driver to an IPC file")...)
	all = append(all, b.export("CSV", "text/csv", "csv", "COPY TO a CSV file")...)
	all = append(all, b.agents()...)
	all = append(all, b.planners()...)
	all = append(all, b.drafts()...)
	all = append(all, b.charts()...)
	return append(all,
		&figure{name: "start to /readyz", unit: "s", gate: b.startTime(), goal: 2, most: true},
		&figure{name: "postern demo to /readyz", unit: "s", gate: b.demo, goal: 10, most: true})
}

func plural(n int) string {
	if n == 1 {
		return "connection"
	}
	return "connections"
}

// export is two figures that are measured together: time and memory.
func (b *bench) export(name, accept, format, above string) []*figure {
	memory := &figure{name: "memory above idle, rows out of DuckDB, " + name, unit: "MiB PSS", goal: 64, most: true}
	var taken []float64
	memory.gate = func() (float64, error) {
		n := taken[0]
		taken = taken[1:]
		return n, nil
	}
	time := &figure{name: "1,000,000 rows out of DuckDB, " + name, unit: "s", floor: b.bareExport(format), above: above, goal: 3, most: true}
	time.once = func() error {
		if err := b.fresh(); err != nil {
			return err
		}
		out, _, err := b.million(accept, true)
		if err == nil && out.Rows != eventRows {
			err = fmt.Errorf("%d rows came, not %d", out.Rows, eventRows)
		}
		return err
	}
	time.gate = func() (float64, error) {
		out, more, err := b.million(accept, false)
		taken = append(taken, more)
		return out.Seconds, err
	}
	return []*figure{time, memory}
}

// fresh starts the server anew and notes its memory when it is idle: ready and
// settled, with no DuckDB file opened yet, so that all that the engine takes is
// counted as the query's.
func (b *bench) fresh() error {
	b.gate.stop()
	if err := b.gate.serve(); err != nil {
		return err
	}
	err := settle(b.gate.cmd.Process.Pid, time.Minute)
	if err == nil {
		b.idle, err = pss(b.gate.cmd.Process.Pid)
	}
	return err
}

// startTime gives what the starts of setUp took.
func (b *bench) startTime() func() (float64, error) {
	next := 0
	return func() (float64, error) {
		next++
		return b.gate.started[next-1], nil
	}
}

// demo is from the start of postern demo, which builds its DuckDB file, until
// it is ready.
func (b *bench) demo() (float64, error) {
	addr, err := freeAddr()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	p, err := start(filepath.Join(b.dir, "demo.log"), b.postern, "demo", "--listen", addr)
	if err != nil {
		return 0, err
	}
	defer p.stop()
	took, err := await("http://"+addr+"/readyz", began, time.Minute)
	return took.Seconds(), err
}

package main

import (
	"fmt"
	"time"
)

// agents are the figures of questions: how long the Query agent takes without a
// model beside the very statement that it runs, and what an open stream holds.
func (b *bench) agents() []*figure {
	const conns = 16
	var asked, bare []loaded
	ask := func() (float64, error) {
		out, err := b.latency(load{
			Addr: b.gate.addr, Method: "POST", Path: "/ai/api/v1/chats/agent/default/sql_query_agent/stream", Conns: conns, Rows: accountRows,
			Header: []string{"Authorization: Bearer " + b.gate.token, "Content-Type: application/json", "Accept: text/event-stream"},
			Body:   `{"data_product_id":"bench:accounts","message":"how many accounts have a balance greater than @id@?"}`, Want: `"status":"answered"`,
		})
		asked = append(asked, out)
		return out.P50, err
	}
	plain := func() (float64, error) {
		out, err := b.latency(load{
			Addr: b.gate.addr, Method: "POST", Path: "/api/v2/data-product/bench:accounts/query/", Conns: conns, Rows: accountRows,
			Header: []string{"Authorization: Bearer " + b.gate.token, "Content-Type: application/json"},
			Body:   `{"sql":"SELECT count(*) FROM accounts WHERE balance > @id@"}`, Want: `"complete":true`,
		})
		bare = append(bare, out)
		return out.P50, err
	}
	above := "the statement by REST"
	return []*figure{
		{name: "Query agent, no model, 16 connections, p50", unit: "ms", gate: ask, floor: plain, above: above, free: true},
		{name: "Query agent, no model, 16 connections, p99", unit: "ms", gate: next(&asked, func(l loaded) float64 { return l.P99 }),
			floor: next(&bare, func(l loaded) float64 { return l.P99 }), above: above, free: true},
		{name: "memory of an open stream, 1,000 open", unit: "KiB PSS", gate: b.openStreams, goal: 64, most: true, runs: 1},
	}
}

// next gives one figure of what another has measured, run by run.
func next(all *[]loaded, of func(loaded) float64) func() (float64, error) {
	return func() (float64, error) {
		if len(*all) == 0 {
			return 0, fmt.Errorf("it is measured with the p50: leave --only wider")
		}
		l := (*all)[0]
		*all = (*all)[1:]
		return of(l), nil
	}
}

func (b *bench) latency(l load) (loaded, error) {
	l.Warm, l.Measure = b.warm, b.options.measure
	return l.child()
}

// openStreams opens a thousand streams that wait for a warehouse that is busy,
// and gives what each takes.
func (b *bench) openStreams() (float64, error) {
	const streams = 1000
	if err := b.fresh(); err != nil {
		return 0, err
	}
	pid := b.gate.cmd.Process.Pid
	// One stream first: what it warms up is not an open stream's.
	first, err := b.open(1)
	if err != nil {
		return 0, err
	}
	defer first()
	idle, err := pss(pid)
	if err != nil {
		return 0, err
	}
	rest, err := b.open(streams)
	if err != nil {
		return 0, err
	}
	defer rest()
	if err := settle(pid, time.Minute); err != nil {
		return 0, err
	}
	open, err := pss(pid)
	return (open - idle) * 1024 / streams, err
}

// open begins streams and reads what each says at first; end hangs up.
func (b *bench) open(n int) (end func(), err error) {
	var all []*client
	end = func() {
		for _, c := range all {
			c.close()
		}
	}
	body := `{"data_product_id":"bench:accounts","result_table_name":"slow","sql":"SELECT count(*) FROM accounts a, accounts b, accounts c WHERE a.balance + b.balance > c.balance"}`
	for range n {
		c, err := dial(b.gate.addr)
		if err != nil {
			end()
			return nil, err
		}
		all = append(all, c)
		_, err = fmt.Fprintf(c.net, "POST /ai/api/v1/chats/tool/default/sql_execution_tool/stream HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			b.gate.addr, b.gate.token, len(body), body)
		if err == nil {
			err = c.begun()
		}
		if err != nil {
			end()
			return nil, err
		}
	}
	return end, nil
}

// begun reads until the first event of a stream.
func (c *client) begun() error {
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return err
		}
		if len(line) > 5 && line[:5] == "data:" {
			return nil
		}
	}
}

package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// pointQueries counts the point queries that bare pgx does in a second: BEGIN
// READ ONLY, the setting that Postern makes, the query with fresh literals,
// COMMIT. The query goes in one round trip (QueryExecModeExec): pgx's default,
// preparing each text first, takes one more.
func pointQueries(args []string) (any, error) {
	f := flag.NewFlagSet("pgx", flag.ContinueOnError)
	url := f.String("url", "", "database")
	conns := f.Int("conns", 1, "connections")
	rows := f.Int64("rows", 1, "rows in the table")
	warm, length := f.Duration("warm", time.Second, "warm-up"), f.Duration("for", time.Second, "how long")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var (
		done  atomic.Int64
		work  sync.WaitGroup
		first = make(chan error, *conns)
	)
	for range *conns {
		c, err := pgx.Connect(ctx, *url)
		if err != nil {
			return nil, err
		}
		work.Go(func() {
			for ctx.Err() == nil {
				if err := pointQuery(c, rand.Int64N(*rows)+1, rand.Int64N(1e9)); err != nil {
					first <- err
					cancel()
				}
				done.Add(1)
			}
			_ = c.Close(context.Background())
		})
	}
	time.Sleep(*warm)
	from, began := done.Load(), time.Now()
	time.Sleep(*length)
	n, lasted := done.Load()-from, time.Since(began)
	cancel()
	work.Wait()
	select {
	case err := <-first:
		return nil, err
	default:
		return rate{float64(n) / lasted.Seconds()}, nil
	}
}

func pointQuery(c *pgx.Conn, id, fresh int64) error {
	ctx := context.Background()
	tx, err := c.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = 600000"); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT id, owner, balance, opened FROM accounts WHERE id = %d AND balance > -%d", id, fresh), pgx.QueryExecModeExec)
	if err != nil {
		return err
	}
	n := 0
	for rows.Next() {
		if _, err := rows.Values(); err != nil {
			return err
		}
		n++
	}
	if err := rows.Err(); err != nil || n != 1 {
		return fmt.Errorf("%d rows: %w", n, err)
	}
	return tx.Commit(ctx)
}

// Package job works what was left for later: River keeps the queue in the
// store, on both engines, so that an acknowledged call survives a crash and any
// node may work it.
//
// A job holds the id of a run and nothing else: what was asked, and by whom, is
// sealed in the run.
package job

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

const (
	// workFor must be longer than a run may take; River sets stuck jobs free
	// after rescueAfter, when their node died.
	workFor     = 20 * time.Minute
	rescueAfter = 25 * time.Minute
	mendEvery   = 30 * time.Second
	pollEvery   = 250 * time.Millisecond
	attempts    = 3
	workers     = 8
)

// callArgs is an asynchronous call. River needs kinds of two characters or more.
type callArgs struct {
	RunID string `json:"run_id"`
}

// Kind implements river.JobArgs.
func (callArgs) Kind() string { return "call" }

// sweepArgs deletes what retention no longer keeps.
type sweepArgs struct{}

// Kind implements river.JobArgs.
func (sweepArgs) Kind() string { return "sweep" }

// mendArgs ends what a node that died was working on.
type mendArgs struct{}

// Kind implements river.JobArgs.
func (mendArgs) Kind() string { return "mend" }

// Work is what jobs do.
type Work struct {
	// Call works a run; an error has it tried again, up to three times.
	Call func(ctx context.Context, runID string) error
	// Sweep deletes what is past its time, each hour, on one node.
	Sweep func(ctx context.Context) error
	// Mend ends what a node that died was working on, twice a minute, on one
	// node.
	Mend func(ctx context.Context) error
}

type caller struct {
	river.WorkerDefaults[callArgs]
	work Work
}

// Work implements river.Worker.
func (c *caller) Work(ctx context.Context, j *river.Job[callArgs]) error {
	return c.work.Call(ctx, j.Args.RunID)
}

// NextRetry implements river.Worker: River's own would wait longer each time,
// and a caller waits.
func (c *caller) NextRetry(*river.Job[callArgs]) time.Time { return time.Now().Add(time.Second) }

type sweeper struct {
	river.WorkerDefaults[sweepArgs]
	work Work
}

// Work implements river.Worker.
func (s *sweeper) Work(ctx context.Context, _ *river.Job[sweepArgs]) error { return s.work.Sweep(ctx) }

type mender struct {
	river.WorkerDefaults[mendArgs]
	work Work
}

// Work implements river.Worker.
func (m *mender) Work(ctx context.Context, _ *river.Job[mendArgs]) error { return m.work.Mend(ctx) }

// every is a periodic job, first when a node becomes the leader.
func every(d time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(d), func() (river.JobArgs, *river.InsertOpts) {
		return args, &river.InsertOpts{MaxAttempts: 1}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

// Queue is the queue of a node.
type Queue struct {
	client *river.Client[*sql.Tx]
}

// Open makes a node's queue over the store's connections. Nothing is worked
// before Start.
func Open(db *sql.DB, postgres bool, w Work, log *slog.Logger) (*Queue, error) {
	all := river.NewWorkers()
	river.AddWorker(all, &caller{work: w})
	river.AddWorker(all, &sweeper{work: w})
	river.AddWorker(all, &mender{work: w})
	cfg := &river.Config{
		Logger: slog.New(loud{log.Handler()}), Workers: all,
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		FetchPollInterval: pollEvery, JobTimeout: workFor, RescueStuckJobsAfter: rescueAfter, MaxAttempts: attempts,
		CompletedJobRetentionPeriod: time.Hour,
		PeriodicJobs:                []*river.PeriodicJob{every(time.Hour, sweepArgs{}), every(mendEvery, mendArgs{})},
	}
	var c *river.Client[*sql.Tx]
	var err error
	if postgres {
		c, err = river.NewClient(riverdatabasesql.New(db), cfg)
	} else {
		c, err = river.NewClient(riversqlite.New(db), cfg)
	}
	return &Queue{c}, err
}

// Migrate makes River's tables, up to a version of its own, inside a migration
// of the store. Version 6 uses an enum value that 4 adds, which
// PostgreSQL does not allow in one transaction: stop at 5 first.
func Migrate(ctx context.Context, tx *sql.Tx, postgres bool, version int) error {
	var m *rivermigrate.Migrator[*sql.Tx]
	var err error
	if postgres {
		m, err = rivermigrate.New(riverdatabasesql.New(nil), nil)
	} else {
		m, err = rivermigrate.New(riversqlite.New(nil), nil)
	}
	if err == nil {
		//lint:ignore SA1019 one migration of ours is one transaction; versions that cannot share one are in two of ours
		_, err = m.MigrateTx(ctx, tx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: version})
	}
	return err
}

// Insert queues a run in the caller's transaction.
func (q *Queue) Insert(ctx context.Context, tx *sql.Tx, runID string) error {
	_, err := q.client.InsertTx(ctx, tx, callArgs{runID}, nil)
	return err
}

// Start works jobs until Stop.
func (q *Queue) Start(ctx context.Context) error { return q.client.Start(ctx) }

// Stop takes no new jobs and waits for those under way; when ctx ends it
// cancels them.
func (q *Queue) Stop(ctx context.Context) error {
	err := q.client.Stop(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return q.client.StopAndCancel(late)
	}
	return err
}

// loud lets through what an operator must see: River tells of each fetch.
type loud struct{ slog.Handler }

// Enabled implements slog.Handler.
func (l loud) Enabled(ctx context.Context, at slog.Level) bool {
	return at >= slog.LevelWarn && l.Handler.Enabled(ctx, at)
}

// WithAttrs implements slog.Handler.
func (l loud) WithAttrs(a []slog.Attr) slog.Handler { return loud{l.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (l loud) WithGroup(g string) slog.Handler { return loud{l.Handler.WithGroup(g)} }

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/fault"
)

// maxBatch bounds how many changes share one transaction: enough that 32
// concurrent requests cost one fsync, small enough that a failed commit fails
// few.
const maxBatch = 256

// change is one caller waiting for its part of a group commit.
type change struct {
	ctx    context.Context
	events []audit.Event
	apply  func(context.Context, *Tx) error // nil for records alone
	bump   bool
	done   chan error
	err    error
}

// Change runs apply and writes its record in one transaction, which concurrent
// callers share. It returns after the commit is durable. When apply fails, its
// own writes are undone, nothing is recorded, and the others in the batch are
// not touched. apply must only use tx, and must be quick.
//
// apply may complete the event (an id made inside, say): it is recorded after
// apply returns.
func (db *DB) Change(ctx context.Context, e *audit.Event, apply func(context.Context, *Tx) error) error {
	c := &change{ctx: ctx, bump: true, done: make(chan error, 1)}
	c.apply = func(ctx context.Context, tx *Tx) error {
		if err := apply(ctx, tx); err != nil {
			return err
		}
		c.events = []audit.Event{e.Stamp(ctx, db.now())}
		return nil
	}
	return db.submit(c)
}

// Append writes records that stand alone. It implements audit.Recorder.
func (db *DB) Append(ctx context.Context, events ...audit.Event) error {
	for i := range events {
		events[i] = events[i].Stamp(ctx, db.now())
	}
	return db.submit(&change{ctx: ctx, events: events, done: make(chan error, 1)})
}

// submit queues the change and waits. A caller that gives up still gets its
// change committed: whether it happened is on record either way.
func (db *DB) submit(c *change) error {
	select {
	case db.queue <- c:
	case <-db.quit:
		return fault.New(fault.Unavailable, "the server is shutting down")
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
	return <-c.done
}

// commitLoop is the one writer of this process: it takes whatever is waiting
// and commits it together.
func (db *DB) commitLoop() {
	defer db.done.Done()
	for {
		select {
		case c := <-db.queue:
			db.commit(db.gather(c))
		case <-db.quit:
			for {
				select {
				case c := <-db.queue:
					db.commit(db.gather(c))
				default:
					return
				}
			}
		}
	}
}

// gather takes all that waits. Requests that were just answered are about to
// come with the next change, so they get their turn before it is closed, until
// a turn brings nothing: no one waits for a clock.
func (db *DB) gather(first *change) []*change {
	batch := []*change{first}
	for grown := true; grown && len(batch) < maxBatch; {
		grown = false
		runtime.Gosched()
		for len(batch) < maxBatch {
			select {
			case c := <-db.queue:
				batch, grown = append(batch, c), true
				continue
			default:
			}
			break
		}
	}
	return batch
}

func (db *DB) commit(batch []*change) {
	start := time.Now()
	bumped, err := db.tryCommit(batch)
	db.failing.Store(err != nil)
	if f := db.committed.Load(); f != nil {
		(*f)(time.Since(start), err)
	}
	for _, c := range batch {
		if err != nil && fault.As(c.err) == nil {
			c.err = fault.Because(err, fault.Unavailable, "the record could not be written").After(2 * time.Second)
		}
	}
	if err == nil {
		db.commits.Add(1)
		db.changes.Add(int64(len(batch)))
	}
	if err == nil && bumped > 0 {
		db.counter.saw(bumped, db.now())
	}
	for _, c := range batch {
		c.done <- c.err
	}
}

// tryCommit applies the batch in one transaction. The error is of the whole
// batch; an error of one change stays in it.
func (db *DB) tryCommit(batch []*change) (counter int64, err error) {
	deadline := time.Now().Add(commitTime)
	ctx, cancel := db.until(batch[0].ctx, deadline)
	defer cancel()
	sqlTx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer sqlTx.Rollback() //nolint:errcheck // after Commit it is a no-op; before, the batch error says more
	tx := &Tx{tx: sqlTx, pg: db.pg, hot: db.hot}
	head, err := tx.lockHead(ctx, db.writer)
	if err != nil {
		return 0, err
	}
	bump := false
	var events []audit.Event
	for _, c := range batch {
		if err := db.applyOne(tx, c, deadline); err != nil {
			return 0, err
		}
		if c.err == nil {
			bump = bump || c.bump
			events = append(events, c.events...)
		}
	}
	if head, err = tx.appendChain(ctx, head, events); err != nil {
		return 0, err
	}
	if err := tx.saveHead(ctx, head); err != nil {
		return 0, err
	}
	if bump {
		if err := tx.QueryRow(ctx, sqlBump).Scan(&counter); err != nil {
			return 0, err
		}
	}
	return counter, sqlTx.Commit()
}

// applyOne runs one change inside a savepoint. Only a broken transaction is
// returned; the change's own failure is put in it.
func (db *DB) applyOne(tx *Tx, c *change, deadline time.Time) (err error) {
	if c.apply == nil {
		return nil
	}
	ctx, cancel := db.until(c.ctx, deadline)
	defer cancel()
	if _, err := tx.Exec(ctx, `SAVEPOINT one`); err != nil {
		return err
	}
	c.err = outage(safely(ctx, tx, c.apply))
	if c.err != nil {
		if _, err := tx.Exec(ctx, `ROLLBACK TO SAVEPOINT one`); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `RELEASE SAVEPOINT one`)
	return err
}

// safely keeps a panic of one change from ending the writer, and with it every
// change that follows.
func safely(ctx context.Context, tx *Tx, apply func(context.Context, *Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("change panicked: %v", p)
		}
	}()
	return apply(ctx, tx)
}

// head is the end of this writer's chain, held inside the transaction.
type head struct {
	writer string
	seq    int64
	hash   []byte
}

// lockHead reads the chain's end. On PostgreSQL the row is locked, so that two
// processes that write the same chain take turns; on SQLite the immediate
// transaction already holds the only write lock.
func (t *Tx) lockHead(ctx context.Context, writer string) (head, error) {
	q := sqlHead
	if t.pg {
		q += ` FOR UPDATE`
	}
	h := head{writer: writer}
	err := t.QueryRow(ctx, q, writer).Scan(&h.seq, &h.hash)
	if !errors.Is(err, sql.ErrNoRows) {
		return h, err
	}
	if _, err := t.Exec(ctx, `INSERT INTO audit_heads (writer, seq, hash) VALUES (?, 0, ?) ON CONFLICT (writer) DO NOTHING`, writer, audit.Genesis); err != nil {
		return h, err
	}
	err = t.QueryRow(ctx, q, writer).Scan(&h.seq, &h.hash)
	return h, err
}

// appendChain writes the events as records, several in one statement.
func (t *Tx) appendChain(ctx context.Context, h head, events []audit.Event) (head, error) {
	for len(events) > 0 {
		n := 1
		for _, n = range recordGroups {
			if n <= len(events) {
				break
			}
		}
		args := make([]any, 0, 12*n)
		for _, e := range events[:n] {
			r, err := audit.Seal(h.writer, h.seq+1, h.hash, e)
			if err != nil {
				return h, err
			}
			args = append(args, r.Writer, r.Seq, e.ID, e.Time.UnixMicro(), string(e.Kind), e.Actor, e.Product, e.RequestID, e.Of, string(r.Body), r.Prev, r.Hash)
			h.seq, h.hash = r.Seq, r.Hash
		}
		if _, err := t.Exec(ctx, sqlRecords[n], args...); err != nil {
			return h, err
		}
		events = events[n:]
	}
	return h, nil
}

func (t *Tx) saveHead(ctx context.Context, h head) error {
	_, err := t.Exec(ctx, sqlSaveHead, h.seq, h.hash, h.writer)
	return err
}

// Tx is a transaction that takes ? placeholders on both engines.
type Tx struct {
	tx  *sql.Tx
	pg  bool
	hot map[string]*sql.Stmt // compiled before
}

// Exec runs a statement.
func (t *Tx) Exec(ctx context.Context, q string, args ...any) (sql.Result, error) {
	if s := t.hot[q]; s != nil {
		return t.tx.StmtContext(ctx, s).ExecContext(ctx, args...) //nolint:sqlclosecheck // the transaction's end closes it
	}
	return t.tx.ExecContext(ctx, rebind(t.pg, q), args...)
}

// Query reads rows.
func (t *Tx) Query(ctx context.Context, q string, args ...any) (*cursor, error) {
	rows, err := t.tx.QueryContext(ctx, rebind(t.pg, q), args...) //nolint:sqlclosecheck // the caller closes
	return &cursor{rows, outage}, err
}

// QueryRow reads one row.
func (t *Tx) QueryRow(ctx context.Context, q string, args ...any) *sql.Row {
	if s := t.hot[q]; s != nil {
		return t.tx.StmtContext(ctx, s).QueryRowContext(ctx, args...) //nolint:sqlclosecheck // the transaction's end closes it
	}
	return t.tx.QueryRowContext(ctx, rebind(t.pg, q), args...)
}

// Must runs a statement that has to touch exactly one row; none is NotFound.
func (t *Tx) Must(ctx context.Context, what, q string, args ...any) error {
	res, err := t.Exec(ctx, q, args...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "%s not found", what)
	}
	return err
}

// next takes the next number of a named sequence, the same way on both
// engines; a number whose transaction is undone is used again.
func (t *Tx) next(ctx context.Context, name string) (n int64, err error) {
	err = t.QueryRow(ctx, `INSERT INTO sequences (name, n) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = sequences.n + 1 RETURNING n`, name).Scan(&n)
	return n, err
}

// query and queryRow read outside a change.
func (db *DB) query(ctx context.Context, q string, args ...any) (*cursor, error) {
	ctx, end := db.limited(ctx)
	rows, err := db.sql.QueryContext(ctx, rebind(db.pg, q), args...) //nolint:sqlclosecheck // the caller closes
	return &cursor{rows, end}, err
}

func (db *DB) queryRow(ctx context.Context, q string, args ...any) row {
	if !db.pg {
		// One row of a file is there sooner than a cancel would be.
		ctx = context.WithoutCancel(ctx)
		if s := db.rows.of(ctx, db.sql, q); s != nil {
			return row{s.QueryRowContext(ctx, args...), outage}
		}
	}
	ctx, end := db.limited(ctx)
	return row{db.sql.QueryRowContext(ctx, rebind(db.pg, q), args...), end}
}

// each reads rows one by one into scan, and closes them.
func each(rows *cursor, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return rows.end(err)
	}
	defer func() { _ = rows.Close() }() // rows.Err says what matters
	for rows.Next() {
		if err := scan(rows.Rows); err != nil {
			return rows.end(err)
		}
	}
	return rows.end(errors.Join(rows.Err(), rows.Close()))
}

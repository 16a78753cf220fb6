package audit

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// Checkpoint is a signed statement of where a chain stood.
type Checkpoint struct {
	Writer string
	Seq    int64
	Hash   []byte
	Time   time.Time
	KeyID  string
	Sig    []byte
}

// Signed is what a checkpoint's signature covers.
func (c Checkpoint) Signed() []byte {
	return fmt.Appendf(nil, "postern audit checkpoint v1\n%d:%s\n%d\n%x\n%d\n", len(c.Writer), c.Writer, c.Seq, c.Hash, c.Time.UnixMicro())
}

// Head is the end of a chain as the store has it.
type Head struct {
	Writer string
	Seq    int64
	Hash   []byte
}

// Row is a stored record together with the columns it is searched by, which
// must agree with its body.
type Row struct {
	Record
	ID, Kind, Actor, Product, RequestID, Of string
	Time                                    time.Time
}

// Chain reads what is stored.
type Chain interface {
	AuditHeads(ctx context.Context) ([]Head, error)
	// AuditRows gives up to limit records of a writer after seq, in order.
	AuditRows(ctx context.Context, writer string, after int64, limit int) ([]Row, error)
	AuditCheckpoints(ctx context.Context, writer string) ([]Checkpoint, error)
}

// Verifier checks a checkpoint's signature.
type Verifier interface {
	Verify(keyID string, data, sig []byte) bool
}

// Problem is one thing that does not hold.
type Problem struct {
	Writer string `json:"writer"`
	Seq    int64  `json:"seq"`
	ID     string `json:"id,omitempty"`
	What   string `json:"what"`
}

// Report is the outcome of a verification.
type Report struct {
	Writers     int       `json:"writers"`
	Records     int64     `json:"records"`
	Checkpoints int       `json:"checkpoints"`
	Problems    []Problem `json:"problems"`
}

const verifyPage = 1000

// Verify walks every chain from its first record and names each record
// that was altered, removed or moved. progress may be nil.
func Verify(ctx context.Context, c Chain, v Verifier, progress func(done int64)) (Report, error) {
	r := Report{Problems: []Problem{}}
	heads, err := c.AuditHeads(ctx)
	if err != nil {
		return r, err
	}
	for _, h := range heads {
		r.Writers++
		if err := verifyChain(ctx, c, v, h, &r, progress); err != nil {
			return r, err
		}
	}
	return r, nil
}

func verifyChain(ctx context.Context, c Chain, v Verifier, h Head, r *Report, progress func(int64)) error {
	w := &walk{head: h, report: r, hashes: map[int64][]byte{}, prev: Genesis}
	points, err := c.AuditCheckpoints(ctx, h.Writer)
	if err != nil {
		return err
	}
	for _, p := range points {
		w.hashes[p.Seq] = nil
	}
	for {
		rows, err := c.AuditRows(ctx, h.Writer, w.seq, verifyPage)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		for _, row := range rows {
			w.step(row)
		}
		if progress != nil {
			progress(r.Records)
		}
	}
	w.end(points, v)
	return nil
}

// walk is the state of one chain's verification.
type walk struct {
	head   Head
	report *Report
	seq    int64
	prev   []byte
	hashes map[int64][]byte // of the records that checkpoints speak of
}

func (w *walk) problem(seq int64, id, format string, args ...any) {
	w.report.Problems = append(w.report.Problems, Problem{Writer: w.head.Writer, Seq: seq, ID: id, What: fmt.Sprintf(format, args...)})
}

func (w *walk) step(row Row) {
	w.report.Records++
	switch {
	case row.Seq != w.seq+1:
		w.problem(w.seq+1, "", "records %d to %d are missing", w.seq+1, row.Seq-1)
	case !bytes.Equal(row.Prev, w.prev):
		w.problem(row.Seq, row.ID, "does not follow the record before it")
	}
	if !bytes.Equal(row.Sum(), row.Hash) {
		w.problem(row.Seq, row.ID, "was altered: its hash does not match its body")
	} else if what := row.disagrees(); what != "" {
		w.problem(row.Seq, row.ID, "was altered: its %s does not match its body", what)
	}
	if _, wanted := w.hashes[row.Seq]; wanted {
		w.hashes[row.Seq] = row.Hash
	}
	w.seq, w.prev = row.Seq, row.Hash
}

// disagrees names the first search column that differs from the body.
func (row Row) disagrees() string {
	e, err := row.Event()
	switch {
	case err != nil:
		return "body"
	case e.ID != row.ID:
		return "id"
	case string(e.Kind) != row.Kind:
		return "kind"
	case e.Actor != row.Actor:
		return "actor"
	case e.Product != row.Product:
		return "product"
	case e.RequestID != row.RequestID:
		return "request id"
	case e.Of != row.Of:
		return "reference"
	case e.Time.UnixMicro() != row.Time.UnixMicro():
		return "time"
	}
	return ""
}

// end compares with the stored head and with every checkpoint.
func (w *walk) end(points []Checkpoint, v Verifier) {
	if w.seq != w.head.Seq || w.seq > 0 && !bytes.Equal(w.prev, w.head.Hash) {
		w.problem(w.head.Seq, "", "the chain ends at record %d, its head says %d: records at its end are missing or were replaced", w.seq, w.head.Seq)
	}
	for _, p := range points {
		w.report.Checkpoints++
		if !v.Verify(p.KeyID, p.Signed(), p.Sig) {
			w.problem(p.Seq, "", "the checkpoint's signature is not valid")
			continue
		}
		if got := w.hashes[p.Seq]; !bytes.Equal(got, p.Hash) {
			w.problem(p.Seq, "", "the chain differs from what the checkpoint of %s signed: records up to here were rewritten or removed", p.Time.Format(time.RFC3339))
		}
	}
}

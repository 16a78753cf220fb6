package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/store"
)

type auditCmd struct {
	Show   auditShowCmd   `cmd:"" help:"Show everything that belongs to a record or a request: from the token to the SQL."`
	List   auditListCmd   `cmd:"" help:"List the newest records."`
	Verify auditVerifyCmd `cmd:"" help:"Check every chain and checkpoint; names each record that was altered, removed or moved."`
	Export auditExportCmd `cmd:"" help:"Write the record as JSON lines, with what is needed to verify it elsewhere."`
	Keys   auditKeysCmd   `cmd:"" help:"Print the public keys that checkpoints are signed with, for a verifier to keep."`
}

type auditShowCmd struct {
	output
	stateFlags
	ID string `arg:"" help:"A record's id, or a request id (X-Request-Id)."`
}

// shownEvent is a record as the commands print it.
type shownEvent struct {
	Writer string          `json:"writer"`
	Seq    int64           `json:"seq"`
	Hash   string          `json:"hash"`
	Event  json.RawMessage `json:"event"`
}

func shown(rows []audit.Row) []shownEvent {
	out := make([]shownEvent, 0, len(rows))
	for _, r := range rows {
		out = append(out, shownEvent{r.Writer, r.Seq, hex.EncodeToString(r.Hash), json.RawMessage(r.Body)})
	}
	return out
}

// Run prints the trail, oldest first.
func (a auditShowCmd) Run(ctx context.Context, c *terminal) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	rows, err := s.db.AuditTrail(ctx, a.ID)
	if err != nil {
		return err
	}
	return c.print(a.JSON, shown(rows), func(w io.Writer) error {
		for i, r := range rows {
			if i > 0 {
				_, _ = fmt.Fprintln(w)
			}
			if err := printEvent(w, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// printEvent writes a record's fields one a line, in the order of the format.
func printEvent(w io.Writer, r audit.Row) error {
	e, err := r.Event()
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	line := func(k, v string) {
		if v != "" {
			_, _ = fmt.Fprintf(tw, "%s\t%s\n", k, strings.ReplaceAll(harmless(v), "\n", "\n\t"))
		}
	}
	line("record", e.ID)
	line("time", e.Time.Format(time.RFC3339Nano))
	line("kind", string(e.Kind))
	line("outcome", e.Outcome)
	line("actor", strings.TrimSpace(e.Actor+"  "+e.ActorName))
	line("role", e.Role)
	line("token", e.TokenID)
	line("address", e.Address)
	line("request", e.RequestID)
	line("object", e.Object)
	line("product", e.Product)
	line("credential", e.Credential)
	line("sql", e.SQL)
	line("ran", e.RanSQL)
	line("lock", e.Lock)
	line("reason", e.Reason)
	if e.Rows != nil {
		line("rows", fmt.Sprint(*e.Rows))
	}
	if e.Millis != nil {
		line("ms", fmt.Sprintf("%.1f", *e.Millis))
	}
	if len(e.Detail) > 0 {
		b, _ := json.Marshal(e.Detail)
		line("detail", string(b))
	}
	line("chain", fmt.Sprintf("%s #%d %s", r.Writer, r.Seq, hex.EncodeToString(r.Hash)[:16]))
	return tw.Flush()
}

// harmless writes out what a terminal would obey, or show other than it is:
// a record holds text of callers, and whoever reads it is an operator.
func harmless(s string) string {
	if strings.IndexFunc(s, obeyed) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteString("    ")
		case obeyed(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func obeyed(r rune) bool { return r != '\n' && r != ' ' && !strconv.IsPrint(r) }

// auditFilter are the flags that select records.
type auditFilter struct {
	Kind    string    `help:"Only this kind (query.finished), or a family (query.)." placeholder:"KIND"`
	Actor   string    `help:"Only this actor, as client:ID or user:N." placeholder:"WHO"`
	Product string    `help:"Only this data product." placeholder:"ID"`
	Since   time.Time `help:"From this time on." placeholder:"RFC3339"`
	Until   time.Time `help:"Before this time." placeholder:"RFC3339"`
}

func (f auditFilter) filter() store.AuditFilter {
	return store.AuditFilter{Kind: f.Kind, Actor: f.Actor, Product: f.Product, Since: f.Since, Until: f.Until}
}

type auditListCmd struct {
	output
	stateFlags
	auditFilter
	Limit int `default:"50" help:"At most this many." placeholder:"N"`
}

// Run prints the newest records, newest first.
func (a auditListCmd) Run(ctx context.Context, c *terminal) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	f := a.filter()
	f.Limit = a.Limit
	rows, err := s.db.Audit(ctx, f)
	if err != nil {
		return err
	}
	return c.print(a.JSON, shown(rows), func(w io.Writer) error {
		tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
		_, _ = fmt.Fprintln(tw, "TIME\tRECORD\tKIND\tOUTCOME\tACTOR\tPRODUCT\tREQUEST")
		for _, r := range rows {
			e, err := r.Event()
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Time.Format(time.RFC3339), e.ID, e.Kind, e.Outcome, e.Actor, harmless(e.Product), e.RequestID)
		}
		return tw.Flush()
	})
}

type auditVerifyCmd struct {
	output
	stateFlags
}

// Run fails when anything does not hold.
func (a auditVerifyCmd) Run(ctx context.Context, c *terminal) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	progress := func(done int64) {
		if !a.JSON && done%100_000 == 0 {
			c.progress("%d records checked", done)
		}
	}
	report, err := audit.Verify(ctx, s.db, s.ring, progress)
	if err != nil {
		return err
	}
	if err := c.print(a.JSON, report, func(w io.Writer) error { return printReport(w, report) }); err != nil {
		return err
	}
	if n := len(report.Problems); n > 0 {
		return fmt.Errorf("the record does not hold: %d problems", n)
	}
	return nil
}

func printReport(w io.Writer, r audit.Report) error {
	for _, p := range r.Problems {
		_, _ = fmt.Fprintf(w, "%s #%d %s: %s\n", p.Writer, p.Seq, p.ID, p.What)
	}
	_, err := fmt.Fprintf(w, "%d records in %d chains, %d signed checkpoints, %d problems\n", r.Records, r.Writers, r.Checkpoints, len(r.Problems))
	return err
}

type auditExportCmd struct {
	output
	stateFlags
	auditFilter
	Out string `short:"o" help:"Write to this file instead of stdout." placeholder:"FILE"`
}

// exported is one line of an export. Body is the exact text that was hashed.
type exported struct {
	Writer string `json:"writer"`
	Seq    int64  `json:"seq"`
	Prev   string `json:"prev"`
	Hash   string `json:"hash"`
	Body   string `json:"body"`
}

// exportedCheckpoint is a signed end of a chain.
type exportedCheckpoint struct {
	Checkpoint bool      `json:"checkpoint"`
	Writer     string    `json:"writer"`
	Seq        int64     `json:"seq"`
	Hash       string    `json:"hash"`
	Time       time.Time `json:"time"`
	KeyID      string    `json:"kid"`
	Sig        string    `json:"sig"`
}

// exportedKey is a public key that checkpoints are signed with. Its id is made
// from its bytes, so that one who knows the id knows the key.
type exportedKey struct {
	Key    bool   `json:"key"`
	KeyID  string `json:"kid"`
	Alg    string `json:"alg"`
	Public string `json:"public"`
}

func publicKeys(r *keyring.Ring) []exportedKey {
	out := []exportedKey{}
	for kid, public := range r.VerifyKeys() {
		out = append(out, exportedKey{true, kid, "Ed25519", hex.EncodeToString(public)})
	}
	slices.SortFunc(out, func(a, b exportedKey) int { return strings.Compare(a.KeyID, b.KeyID) })
	return out
}

type auditKeysCmd struct {
	output
	stateFlags
}

// Run prints the keys.
func (a auditKeysCmd) Run(ctx context.Context, c *terminal) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	all := publicKeys(s.ring)
	return c.print(a.JSON, all, func(w io.Writer) error {
		for _, k := range all {
			if _, err := fmt.Fprintf(w, "%s  %s  %s\n", k.KeyID, k.Alg, k.Public); err != nil {
				return err
			}
		}
		return nil
	})
}

// Run writes the keys, then the chains in order, each followed by its
// checkpoints. Filters leave records out, and then the chain cannot be verified
// from the export.
func (a auditExportCmd) Run(ctx context.Context, c *terminal) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	out := c.out
	if a.Out != "" {
		f, err := os.OpenFile(a.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // Sync below says whether it was written
		defer func() { _ = f.Sync() }()
		out = f
	}
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	for _, k := range publicKeys(s.ring) {
		if err := enc.Encode(k); err != nil {
			return err
		}
	}
	n, err := a.export(ctx, s.db, enc)
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	c.progress("%d records exported", n)
	return nil
}

func (a auditExportCmd) export(ctx context.Context, db *store.DB, enc *json.Encoder) (n int, err error) {
	heads, err := db.AuditHeads(ctx)
	if err != nil {
		return 0, err
	}
	for _, h := range heads {
		for after := int64(0); ; {
			rows, err := db.AuditRows(ctx, h.Writer, after, 1000)
			if err != nil {
				return n, err
			}
			if len(rows) == 0 {
				break
			}
			for _, r := range rows {
				after = r.Seq
				if !a.wants(r) {
					continue
				}
				n++
				if err := enc.Encode(exported{r.Writer, r.Seq, hex.EncodeToString(r.Prev), hex.EncodeToString(r.Hash), string(r.Body)}); err != nil {
					return n, err
				}
			}
		}
		if err := exportCheckpoints(ctx, db, h.Writer, enc); err != nil {
			return n, err
		}
	}
	return n, nil
}

func exportCheckpoints(ctx context.Context, db *store.DB, writer string, enc *json.Encoder) error {
	points, err := db.AuditCheckpoints(ctx, writer)
	if err != nil {
		return err
	}
	for _, p := range points {
		if err := enc.Encode(exportedCheckpoint{true, p.Writer, p.Seq, hex.EncodeToString(p.Hash), p.Time, p.KeyID, hex.EncodeToString(p.Sig)}); err != nil {
			return err
		}
	}
	return nil
}

func (f auditFilter) wants(r audit.Row) bool {
	family, isFamily := strings.CutSuffix(f.Kind, ".")
	return (f.Kind == "" || r.Kind == f.Kind || isFamily && strings.HasPrefix(r.Kind, family+".")) &&
		(f.Actor == "" || r.Actor == f.Actor) && (f.Product == "" || r.Product == f.Product) &&
		(f.Since.IsZero() || !r.Time.Before(f.Since)) && (f.Until.IsZero() || r.Time.Before(f.Until))
}

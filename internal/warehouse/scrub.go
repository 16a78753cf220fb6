package warehouse

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/sqlfacts"
)

// hidden are the spellings of the secrets a session signed in with.
type hidden struct {
	all  []string // replaced in errors
	long []string // block a result: 12 characters or more
}

const (
	shortest = 4 // a shorter secret is a word that errors hold anyway
	certain  = 12
)

func secretsOf(l Login) hidden {
	var h hidden
	for _, s := range []string{l.Password.Reveal(), l.PrivateKey.Reveal(), l.Passphrase.Reveal()} {
		for _, form := range []string{s, strings.TrimSpace(s), url.QueryEscape(s), url.PathEscape(s), url.UserPassword("", s).String()[1:]} {
			if len(form) >= shortest && !slices.Contains(h.all, form) {
				h.all = append(h.all, form)
			}
		}
		if len(s) >= certain {
			h.long = append(h.long, s)
		}
	}
	// The longest first, so that no part of one is left over by another.
	slices.SortStableFunc(h.all, func(a, b string) int { return len(b) - len(a) })
	return h
}

func (h hidden) text(s string) string {
	for _, secret := range h.all {
		s = strings.ReplaceAll(s, secret, "[redacted]")
	}
	return s
}

func (h hidden) leaks(s string) bool {
	return slices.ContainsFunc(h.all, func(secret string) bool { return strings.Contains(s, secret) })
}

// scrub takes the secrets out of an error. errors.Is still works on what it
// returns; errors.As gives faults, whose text is scrubbed too, and nothing
// else, since a driver's own error type would carry the text.
func (h hidden) scrub(err error) error {
	if err == nil || !h.leaks(err.Error()) && !h.leaksFault(err) {
		return err
	}
	if f := fault.As(err); f != nil {
		clean := *f
		clean.Message = h.text(f.Message)
		clean.Fields = slices.Clone(f.Fields)
		for i := range clean.Fields {
			clean.Fields[i].Msg = h.text(clean.Fields[i].Msg)
		}
		out := fault.Because(scrubbedError{h.text(err.Error()), err}, clean.Kind, "%s", clean.Message)
		out.Fields, out.Code, out.Name = clean.Fields, clean.Code, clean.Name
		out.Lock, out.Position, out.RetryAfter = clean.Lock, clean.Position, clean.RetryAfter
		return out
	}
	return scrubbedError{h.text(err.Error()), err}
}

func (h hidden) leaksFault(err error) bool {
	f := fault.As(err)
	if f == nil {
		return false
	}
	return h.leaks(f.Message) || slices.ContainsFunc(f.Fields, func(x fault.Field) bool { return h.leaks(x.Msg) })
}

// scrubbedError has the text without the secret. It does not unwrap: a log
// that walks the chain would print the secret from it.
type scrubbedError struct {
	text string
	err  error
}

func (e scrubbedError) Error() string        { return e.text }
func (e scrubbedError) Is(target error) bool { return errors.Is(e.err, target) }

// scrubbed is a session whose errors and results carry no secret.
type scrubbed struct {
	conn Conn
	hide hidden
}

func (c scrubbed) Analyze(ctx context.Context, sql string) (sqlfacts.Facts, error) {
	f, err := c.conn.Analyze(ctx, sql)
	f.Problem = c.hide.text(f.Problem)
	return f, c.hide.scrub(err)
}

func (c scrubbed) Query(ctx context.Context, sql string, l Limits) (result.Rows, error) {
	rows, err := c.conn.Query(ctx, sql, l)
	if err != nil {
		return nil, c.hide.scrub(err)
	}
	return &scannedRows{rows, c.hide}, nil
}

func (c scrubbed) Schema(ctx context.Context, tables []product.Table) (product.Schema, error) {
	s, err := c.conn.Schema(ctx, tables)
	return s, c.hide.scrub(err)
}

func (c scrubbed) Ping(ctx context.Context) error  { return c.hide.scrub(c.conn.Ping(ctx)) }
func (c scrubbed) Reset(ctx context.Context) error { return c.hide.scrub(c.conn.Reset(ctx)) }
func (c scrubbed) Close() error                    { return c.hide.scrub(c.conn.Close()) }

// scannedRows refuse a result that shows a secret in use: a warehouse that
// can be made to print it must not print it to the caller.
type scannedRows struct {
	rows result.Rows
	hide hidden
}

func (r *scannedRows) Schema() *arrow.Schema { return r.rows.Schema() }
func (r *scannedRows) Close() error          { return r.hide.scrub(r.rows.Close()) }

func (r *scannedRows) Next(ctx context.Context) (arrow.RecordBatch, error) {
	b, err := r.rows.Next(ctx)
	if err != nil {
		return nil, r.hide.scrub(err)
	}
	if r.hide.in(b) {
		_ = r.rows.Close()
		return nil, fault.New(fault.Denied, "the result holds the secret this session signed in with").At("session", -1)
	}
	return b, nil
}

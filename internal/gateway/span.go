package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

// systems are db.system.name where it is not the engine's own word.
var systems = map[product.Engine]string{
	product.SQLServer: "microsoft.sql_server", product.Oracle: "oracle.db", product.BigQuery: "gcp.bigquery",
}

const longestSpan = 255 // characters of a span's name

// beginSpan begins the span of an attempt, a child of that of ctx and of its tracer:
// where nothing is traced it costs nothing. It holds what the product and the
// warehouse are called, and no SQL unless Statements says so.
func beginSpan(ctx context.Context) (context.Context, trace.Span) {
	tracer := trace.SpanFromContext(ctx).TracerProvider().Tracer("github.com/postern/postern/internal/gateway")
	ctx, span := tracer.Start(ctx, "query", trace.WithSpanKind(trace.SpanKindClient))
	if span.IsRecording() {
		span.SetAttributes(attribute.String("postern.request_id", auth.RequestID(ctx)))
	}
	return ctx, span
}

// reaches says on the span where the attempt goes. The product is one that the
// caller may use: until then its name is whatever was sent.
func (a *attempt) reaches(pr *product.Product, s product.Source) {
	a.on = s.Engine
	if !a.span.IsRecording() {
		return
	}
	system := systems[s.Engine]
	if system == "" {
		system = string(s.Engine)
	}
	a.span.SetAttributes(attribute.String("db.system.name", system), attribute.String("postern.product", pr.ID))
	if s.Host != "" {
		a.span.SetAttributes(attribute.String("server.address", s.Host), attribute.Int("server.port", s.Port))
	}
	if s.Host != "" && s.Database != "" {
		a.span.SetAttributes(attribute.String("db.namespace", s.Database))
	}
}

// does says what the attempt does: with which record sets, and with SQL only
// where the operator wants it there.
func (a *attempt) does(operation string, recordSets []string, sql string) {
	if !a.span.IsRecording() {
		return
	}
	summary := strings.Join(append([]string{operation}, recordSets...), " ")
	if r := []rune(summary); len(r) > longestSpan {
		summary = string(r[:longestSpan])
	}
	a.span.SetName(summary)
	a.span.SetAttributes(attribute.String("db.operation.name", operation), attribute.String("db.query.summary", summary))
	if len(recordSets) == 1 {
		a.span.SetAttributes(attribute.String("db.collection.name", recordSets[0]))
	}
	if a.g.Statements && sql != "" {
		a.span.SetAttributes(attribute.String("db.query.text", clip(sql, longestText)))
	}
}

const longestText = 32 << 10 // of a statement on a span

// recorded names the record that belongs to the span.
func (a *attempt) recorded(id string) {
	a.span.SetAttributes(attribute.String("postern.record_id", id))
}

func (a *attempt) endSpan(err error, rows int64) {
	defer a.span.End()
	if !a.span.IsRecording() {
		return
	}
	if a.streams {
		a.span.SetAttributes(attribute.Int64("db.response.returned_rows", rows))
	}
	if err == nil {
		return
	}
	a.span.SetAttributes(attribute.String("error.type", errorType(err)))
	a.span.SetStatus(codes.Error, "") // without a text: the warehouse's may quote a cell
	if f := fault.As(err); f != nil && f.Lock != "" {
		a.span.SetAttributes(attribute.String("postern.lock", f.Lock))
	}
}

func errorType(err error) string {
	if fault.As(err) == nil && errors.Is(err, context.Canceled) {
		return "canceled"
	}
	return fault.KindOf(err).String()
}

// operationOf is the word that a statement begins with, of those that read.
// What it does beyond that is for policy to say.
func operationOf(sql string) string {
	word := strings.TrimLeft(sql, " \t\r\n(")
	if end := strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) }); end >= 0 {
		word = word[:end]
	}
	if word = strings.ToUpper(word); slices.Contains([]string{"SHOW", "DESCRIBE", "EXPLAIN", "VALUES", "TABLE"}, word) {
		return word
	}
	return "SELECT"
}

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resources "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	wire "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// otlp sends spans by OTLP over HTTP, as protobuf. OpenTelemetry's own exporter
// brings gRPC with it; see docs/adr/0014.
type otlp struct {
	*traceSettings
	http *http.Client
	log  *slog.Logger
	// stopping ends tries, ended also what is under way.
	stopping, ended context.Context

	// Batches are sent one at a time: these need no lock.
	failing bool
	lost    int // spans since the collector last took some
}

// How a batch is tried again: only what the specification calls worth it, and
// never for longer than the batch has.
const (
	otlpTries      = 4
	otlpBackoff    = 500 * time.Millisecond
	otlpLongPause  = 5 * time.Second
	otlpMostAnswer = 64 << 10
)

// ExportSpans implements sdk.SpanExporter. A failure is said in the log, once
// until it is over: a collector that is down must not fill it.
func (e *otlp) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	body, err := proto.Marshal(&collector.ExportTraceServiceRequest{ResourceSpans: grouped(spans)})
	if err == nil {
		err = e.deliver(ctx, body)
	}
	if err != nil {
		if e.lost += len(spans); !e.failing {
			e.failing = true
			e.log.WarnContext(ctx, "traces are not delivered; nothing else waits for them", "collector", e.host(), "cause", err.Error())
		}
		return nil
	}
	if e.failing {
		e.log.InfoContext(ctx, "traces are delivered again", "collector", e.host(), "lost", e.lost)
		e.failing, e.lost = false, 0
	}
	return nil
}

// Shutdown implements sdk.SpanExporter.
func (e *otlp) Shutdown(ctx context.Context) error {
	if e.failing {
		e.log.WarnContext(ctx, "traces were lost", "collector", e.host(), "lost", e.lost)
	}
	e.http.CloseIdleConnections()
	return nil
}

func (e *otlp) deliver(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	defer context.AfterFunc(e.ended, cancel)()
	tries, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(e.stopping, stop)()
	if e.gzip {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(body) // a buffer takes all
		_ = w.Close()
		body = b.Bytes()
	}
	for try := 1; ; try++ {
		again, after, err := e.post(ctx, body)
		if err == nil || !again || try == otlpTries || e.stopping.Err() != nil || !e.pause(tries, min(max(otlpBackoff<<(try-1), after), otlpLongPause)) {
			return err
		}
	}
}

// post sends a batch once. Its errors have no text of the collector's, nor of
// the request's: that has the headers.
func (e *otlp) post(ctx context.Context, body []byte) (again bool, after time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return false, 0, errors.New("the request cannot be made")
	}
	for name, value := range e.headers {
		req.Header.Set(name, value.Reveal())
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", "postern/"+version)
	if e.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	res, err := e.http.Do(req)
	if err != nil {
		return true, 0, unreachable(ctx, err)
	}
	defer func() { _ = res.Body.Close() }() // read as far as it is of use
	said, err := io.ReadAll(io.LimitReader(res.Body, otlpMostAnswer))
	switch {
	case res.StatusCode/100 != 2:
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After")) // 0 where it is a date
		again = res.StatusCode == 429 || res.StatusCode == 502 || res.StatusCode == 503 || res.StatusCode == 504
		return again, time.Duration(min(max(seconds, 0), 60)) * time.Second, fmt.Errorf("it answers %d", res.StatusCode)
	case err != nil:
		return false, 0, errors.New("its answer broke off")
	}
	var answer collector.ExportTraceServiceResponse
	if proto.Unmarshal(said, &answer) == nil && answer.GetPartialSuccess().GetRejectedSpans() > 0 {
		return false, 0, fmt.Errorf("it refuses %d spans of a batch", answer.GetPartialSuccess().GetRejectedSpans())
	}
	return false, 0, nil
}

// unreachable is the cause without the request around it.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("it does not answer in time")
	}
	if inner := errors.Unwrap(err); inner != nil { // a url.Error
		err = inner
	}
	return fmt.Errorf("it is not reached: %w", err)
}

// grouped puts spans under what they share: one resource, and their tracers.
func grouped(spans []sdk.ReadOnlySpan) []*wire.ResourceSpans {
	if len(spans) == 0 {
		return nil
	}
	about := spans[0].Resource() // all are of the one provider
	out := &wire.ResourceSpans{Resource: &resources.Resource{Attributes: pairs(about.Attributes())}, SchemaUrl: about.SchemaURL()}
	scopes := map[instrumentation.Scope]*wire.ScopeSpans{}
	for _, s := range spans {
		scope := s.InstrumentationScope()
		in := scopes[scope]
		if in == nil {
			in = &wire.ScopeSpans{Scope: &common.InstrumentationScope{Name: scope.Name, Version: scope.Version}}
			scopes[scope] = in
			out.ScopeSpans = append(out.ScopeSpans, in)
		}
		in.Spans = append(in.Spans, span(s))
	}
	return []*wire.ResourceSpans{out}
}

func span(s sdk.ReadOnlySpan) *wire.Span {
	id, traceID, parent := s.SpanContext().SpanID(), s.SpanContext().TraceID(), s.Parent().SpanID()
	out := &wire.Span{
		TraceId: traceID[:], SpanId: id[:], Name: s.Name(), Kind: kinds[s.SpanKind()],
		StartTimeUnixNano: nanos(s.StartTime()), EndTimeUnixNano: nanos(s.EndTime()),
		Attributes: pairs(s.Attributes()), DroppedAttributesCount: uint32(s.DroppedAttributes()),
		Flags:  uint32(s.SpanContext().TraceFlags()) | uint32(wire.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK),
		Status: &wire.Status{Code: statuses[s.Status().Code], Message: s.Status().Description},
	}
	if parent.IsValid() {
		out.ParentSpanId = parent[:]
	}
	if s.Parent().IsRemote() {
		out.Flags |= uint32(wire.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	}
	return out
}

var kinds = map[trace.SpanKind]wire.Span_SpanKind{
	trace.SpanKindInternal: wire.Span_SPAN_KIND_INTERNAL, trace.SpanKindServer: wire.Span_SPAN_KIND_SERVER,
	trace.SpanKindClient: wire.Span_SPAN_KIND_CLIENT, trace.SpanKindConsumer: wire.Span_SPAN_KIND_CONSUMER,
}

var statuses = map[codes.Code]wire.Status_StatusCode{
	codes.Ok: wire.Status_STATUS_CODE_OK, codes.Error: wire.Status_STATUS_CODE_ERROR,
}

func nanos(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }

func pairs(all []attribute.KeyValue) []*common.KeyValue {
	out := make([]*common.KeyValue, 0, len(all))
	for _, a := range all {
		out = append(out, &common.KeyValue{Key: string(a.Key), Value: value(a.Value)})
	}
	return out
}

// value is an attribute's; of lists, those of texts are used here.
func value(v attribute.Value) *common.AnyValue {
	switch v.Type() {
	case attribute.BOOL:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: v.AsBool()}}
	case attribute.INT64:
		return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: v.AsInt64()}}
	case attribute.FLOAT64:
		return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: v.AsFloat64()}}
	case attribute.STRINGSLICE:
		list := &common.ArrayValue{}
		for _, s := range v.AsStringSlice() {
			list.Values = append(list.Values, text(s))
		}
		return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: list}}
	}
	return text(v.String())
}

func text(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: strings.ToValidUTF8(s, "")}}
}

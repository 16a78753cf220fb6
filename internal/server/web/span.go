package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// Names of attributes that no convention has.
const (
	attrRequest = attribute.Key("postern.request_id") // as on record and in the log
	attrCaller  = attribute.Key("postern.caller")
	attrFault   = attribute.Key("postern.fault")
)

// known are the methods that a span may be called by: another is whatever was
// sent.
var known = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"}

// trace begins the span of a request; end hears what was answered, and whether
// that is all of it. A span says the route and never the path or the query:
// people put secrets there.
func (m *Mux) trace(ctx context.Context, r *http.Request, pattern string, start time.Time) (_ context.Context, end func(status int, whole bool)) {
	if m.Tracer == nil || m.untraced[pattern] {
		return ctx, func(int, bool) {}
	}
	method, route := "_OTHER", routeOf(pattern)
	if slices.Contains(known, r.Method) {
		method = r.Method
	}
	name := strings.TrimSpace(strings.TrimPrefix(method, "_OTHER") + " " + route)
	if method == "_OTHER" {
		name = strings.TrimSpace("HTTP " + route)
	}
	attrs := append([]attribute.KeyValue{
		attribute.String("http.request.method", method), attrRequest.String(auth.RequestID(ctx)),
		attribute.String("client.address", auth.CallerFrom(ctx).Address),
	}, m.place...)
	if route != "" {
		attrs = append(attrs, attribute.String("http.route", route))
	}
	ctx, span := m.Tracer.Start(remote(ctx, r.Header.Get("Traceparent")), name,
		trace.WithTimestamp(start), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attrs...))
	return ctx, func(status int, whole bool) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		switch {
		case status >= http.StatusInternalServerError:
			fail(span, strconv.Itoa(status))
		case !whole:
			fail(span, "aborted")
		}
		span.End()
	}
}

// placed says where the server is, as far as clients know it.
func placed(publicURL string) []attribute.KeyValue {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" {
		return nil
	}
	out := []attribute.KeyValue{attribute.String("url.scheme", u.Scheme), attribute.String("server.address", u.Hostname())}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		out = append(out, attribute.Int("server.port", port))
	}
	return out
}

// routeOf is a mux pattern without its method, one for both spellings.
func routeOf(pattern string) string {
	if at := strings.IndexByte(pattern, '/'); at > 0 {
		pattern = pattern[at:]
	}
	return strings.TrimSuffix(pattern, "/{$}")
}

// remote makes the caller's span the parent. tracestate is not taken: it may
// hold anything, and is for nobody here.
func remote(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	sent := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
	if sc := trace.SpanContextFromContext(sent); sc.IsValid() {
		return trace.ContextWithRemoteSpanContext(ctx, sc)
	}
	return ctx
}

// fail marks a span. Its status has no text: that may quote anything.
func fail(span trace.Span, errorType string) {
	span.SetAttributes(attribute.String("error.type", errorType))
	span.SetStatus(codes.Error, "")
}

// TraceParent names the span of ctx as the header traceparent does; "" where
// nothing is traced.
func TraceParent(ctx context.Context) string {
	c := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, c)
	return c["traceparent"]
}

// Later begins the span of what is done later than it was asked for. parent is
// the TraceParent that it was asked under.
func (m *Mux) Later(ctx context.Context, parent, name string) (_ context.Context, end func(error)) {
	if m.Tracer == nil {
		return ctx, func(error) {}
	}
	ctx, span := m.Tracer.Start(remote(ctx, parent), name,
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attrRequest.String(auth.RequestID(ctx))))
	return ctx, func(err error) {
		if err != nil {
			fail(span, fault.KindOf(err).String())
		}
		span.End()
	}
}

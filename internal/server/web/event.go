package web

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"go.opentelemetry.io/otel/trace"

	"github.com/postern/postern/internal/fault"
)

// Event is what one request will have said in the log: filled in by whoever
// learns something, written once at the end.
type Event struct {
	mu    sync.Mutex
	attrs []slog.Attr
}

type eventKey struct{}

func withEvent(ctx context.Context) (context.Context, *Event) {
	e := &Event{}
	return context.WithValue(ctx, eventKey{}, e), e
}

// Note adds an attribute to the request's log line. SQL, rows, tokens and
// passwords are never attributes.
func Note(ctx context.Context, key string, value any) {
	if e, ok := ctx.Value(eventKey{}).(*Event); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.attrs = append(e.attrs, slog.Any(key, value))
	}
}

// NoteFault adds an error. What the caller got wrong is told by its kind, name,
// lock and broken rules: its message and the names of fields may quote what was sent, and that may be a
// secret in the wrong place. What went wrong here is told with its cause.
func NoteFault(ctx context.Context, err error) {
	Note(ctx, "fault", fault.KindOf(err).String())
	trace.SpanFromContext(ctx).SetAttributes(attrFault.String(fault.KindOf(err).String()))
	e := fault.As(err)
	if e == nil || Status(err) >= http.StatusInternalServerError {
		Note(ctx, "cause", err.Error())
		return
	}
	if e.Name != "" && e.Name != statusOverride {
		Note(ctx, "name", e.Name)
	}
	if e.Lock != "" {
		Note(ctx, "lock", e.Lock)
	}
	for _, f := range e.Fields {
		Note(ctx, "rule", f.Type)
	}
}

func (e *Event) take() []slog.Attr {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.attrs
}

// writer remembers the status and whether the answer has begun.
type writer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *writer) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// said is the status as the client has it, or will.
func (w *writer) said() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// Unwrap lets http.ResponseController reach the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush keeps streams moving through the wrapper.
func (w *writer) Flush() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

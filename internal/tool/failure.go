package tool

import (
	"context"
	"errors"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// Failure is the content of a call that did not work. Tool failures travel as
// answers, since published clients cannot read the body of an error status on
// a stream.
type Failure struct {
	Error Problem `json:"error"`
}

// Problem says what went wrong, and where, so that a model can mend its input.
type Problem struct {
	Code       int      `json:"code"`
	Name       string   `json:"name"`
	Message    string   `json:"message"`
	Lock       string   `json:"lock,omitempty"`
	Position   *int     `json:"position,omitempty"`
	Fields     []string `json:"fields,omitempty"`
	RetryAfter int      `json:"retry_after,omitempty"`
	RequestID  string   `json:"request_id,omitempty"`
}

// The documented codes for failures that name none themselves.
var codes = map[fault.Kind]struct {
	code int
	name string
}{
	fault.Invalid:         {20001, "CONTEXT_VALIDATION_ERROR"},
	fault.Unauthenticated: {20002, "CONTEXT_ACCESS_DENIED"},
	fault.Denied:          {20002, "CONTEXT_ACCESS_DENIED"},
	fault.NotFound:        {20003, "CONTEXT_RESOURCE_NOT_FOUND"},
	fault.Conflict:        {20001, "CONTEXT_VALIDATION_ERROR"},
}

// Failed turns an error into a return. The text of an error that nobody
// classified stays in the log; the caller gets the request's id.
func Failed(ctx context.Context, err error) Return {
	e := fault.As(err)
	if e == nil && errors.Is(err, context.DeadlineExceeded) {
		e = fault.Because(err, fault.Timeout, "the call took too long and was stopped")
	}
	p := Problem{RequestID: auth.RequestID(ctx)}
	if e == nil || e.Kind == fault.Internal {
		p.Code, p.Name = 10010, "QUERY_SERVICE_ERROR"
		p.Message = "internal error; the request id leads to its cause in the log"
		return Return{Content: Failure{p}, Err: err}
	}
	p.Message, p.Code, p.Name = e.Message, e.Code, e.Name
	if p.Code == 0 {
		known, ok := codes[e.Kind]
		if !ok {
			known.code, known.name = 10010, "QUERY_SERVICE_ERROR"
		}
		p.Code = known.code
		if p.Name == "" {
			p.Name = known.name
		}
	}
	if p.Lock = e.Lock; e.Lock != "" && e.Position >= 0 {
		p.Position = &e.Position
	}
	for _, f := range e.Fields {
		p.Fields = append(p.Fields, strings.Join(f.Loc[min(1, len(f.Loc)-1):], "."))
	}
	if e.RetryAfter > 0 {
		p.RetryAfter = int((e.RetryAfter + 999999999) / 1e9)
	}
	return Return{Content: Failure{p}, Err: err}
}

package web

import (
	"context"
	"errors"
	"html/template"
	"math"
	"net/http"
	"strconv"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// statusOverride marks a fault whose Code is the HTTP status to answer, for
// statuses that no kind stands for (413, 415).
const statusOverride = "http_status"

// WithStatus makes a fault answer with this status in every style.
func WithStatus(e *fault.Error, status int) *fault.Error { return e.Coded(status, statusOverride) }

// Status is the HTTP status of an error: by its kind, unless it overrides.
func Status(err error) int {
	e := fault.As(err)
	if e == nil {
		if errors.Is(err, context.Canceled) {
			return 499 // the client hung up: nobody reads it, the log does
		}
		return http.StatusInternalServerError
	}
	if e.Name == statusOverride {
		return e.Code
	}
	switch e.Kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Denied:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Rejected:
		return http.StatusUnprocessableEntity
	case fault.Limited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Timeout:
		return http.StatusGatewayTimeout
	default:
		return http.StatusInternalServerError
	}
}

// Message is the text for the caller; an unclassified error has none.
func Message(err error) string {
	if e := fault.As(err); e != nil && e.Kind != fault.Internal {
		return e.Message
	}
	return "internal error; the request id leads to its cause in the log"
}

// WriteError answers with the style's body. Every one carries the request id.
func WriteError(w http.ResponseWriter, r *http.Request, style ErrorStyle, err error) {
	status := Status(err)
	h := w.Header()
	h.Del("Content-Length")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if e := fault.As(err); e != nil && e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	id := auth.RequestID(r.Context())
	switch style {
	case DetailErrors:
		status, body := detailBody(err, status, id)
		_ = Respond(w, status, body)
	case OAuthErrors:
		_ = Respond(w, status, oauthBody(err, id))
	case PageErrors:
		writeErrorPage(w, status, Message(err), id)
	default:
		writeProblem(w, r, status, err, id)
	}
}

type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail,omitempty"`
	RequestID string         `json:"request_id"`
	Errors    []problemField `json:"errors,omitempty"`
	Code      int            `json:"code,omitempty"`
	Name      string         `json:"name,omitempty"`
	Lock      string         `json:"lock,omitempty"`
	Position  *int           `json:"position,omitempty"`
}

type problemField struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
	Type   string `json:"type"`
}

func writeProblem(w http.ResponseWriter, _ *http.Request, status int, err error, id string) {
	p := problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: Message(err), RequestID: id}
	if e := fault.As(err); e != nil && e.Kind != fault.Internal {
		for _, f := range e.Fields {
			p.Errors = append(p.Errors, problemField{Field: join(f.Loc), Detail: f.Msg, Type: f.Type})
		}
		if e.Name != statusOverride {
			p.Code, p.Name = e.Code, e.Name
		}
		p.Lock = e.Lock
		if e.Lock != "" && e.Position >= 0 {
			p.Position = &e.Position
		}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	_ = Respond(problemWriter{w}, status, p)
}

// problemWriter keeps Respond from changing the content type.
type problemWriter struct{ http.ResponseWriter }

func (p problemWriter) WriteHeader(status int) {
	p.Header().Set("Content-Type", "application/problem+json")
	p.ResponseWriter.WriteHeader(status)
}

// join writes a field's place as a path, without the leading "body".
func join(loc []string) string {
	s := ""
	for i, l := range loc {
		if i == 0 && len(loc) > 1 && (l == "body" || l == "query" || l == "form") {
			continue
		}
		if s != "" {
			s += "."
		}
		s += l
	}
	return s
}

type detailField struct {
	Loc  []string `json:"loc"`
	Msg  string   `json:"msg"`
	Type string   `json:"type"`
}

// detailBody is FastAPI's: a list for fields, and then 422; a sentence else.
func detailBody(err error, status int, id string) (int, any) {
	if e := fault.As(err); e != nil && e.Kind == fault.Invalid && len(e.Fields) > 0 {
		fields := make([]detailField, 0, len(e.Fields))
		for _, f := range e.Fields {
			fields = append(fields, detailField(f))
		}
		if status == http.StatusBadRequest {
			status = http.StatusUnprocessableEntity
		}
		return status, map[string]any{"detail": fields, "request_id": id}
	}
	return status, map[string]any{"detail": Message(err), "request_id": id}
}

type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
	Message     string `json:"message,omitempty"` // read by the published SDK beside error
	RequestID   string `json:"request_id"`
}

// oauthBody names the RFC 6749 error: the fault's Name where the OAuth door
// set one, else by kind.
func oauthBody(err error, id string) oauthError {
	code := map[fault.Kind]string{
		fault.Invalid: "invalid_request", fault.Unauthenticated: "invalid_client",
		fault.Denied: "unauthorized_client", fault.Limited: "slow_down",
		fault.Unavailable: "temporarily_unavailable", fault.NotFound: "invalid_request",
	}[fault.KindOf(err)]
	if e := fault.As(err); e != nil && e.Name != "" && e.Name != statusOverride {
		code = e.Name
	}
	if code == "" {
		code = "server_error"
	}
	return oauthError{Error: code, Description: Message(err), Message: Message(err), RequestID: id}
}

var errorPage = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.Status}} {{.Title}}</title>
<link rel="stylesheet" href="/admin/static/console.css">
<main class="error"><h1>{{.Title}}</h1><p>{{.Message}}</p><p class="quiet">Request {{.ID}}</p>
<p><a href="/admin/">Back to the console</a></p></main></html>
`))

func writeErrorPage(w http.ResponseWriter, status int, message, id string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = errorPage.Execute(w, map[string]any{"Status": status, "Title": http.StatusText(status), "Message": message, "ID": id})
}

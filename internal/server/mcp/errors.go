package mcp

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
)

// errorWriter holds back the SDK's plain-text errors, so that they are
// answered in the surface's own form, with the request's id.
type errorWriter struct {
	http.ResponseWriter
	status int
	text   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (w *errorWriter) WriteHeader(status int) {
	if status >= 400 && strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		w.status = status
		w.Header().Del("Content-Type")
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *errorWriter) Write(b []byte) (int, error) {
	if w.status != 0 {
		return w.text.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *errorWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// err is the error that was held back.
func (w *errorWriter) err() error {
	if w.status == 0 {
		return nil
	}
	return web.WithStatus(fault.New(fault.Invalid, "%s", strings.TrimSpace(w.text.String())), w.status)
}

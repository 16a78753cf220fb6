package rest

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// releaseName is the release of the API that Postern is compatible with. A
// published client refuses a feature when it is older or does not parse.
const releaseName = "2026.2.1"

// System answers what published clients ask around their calls, and describes
// the API.
type System struct {
	Version string // Postern's own
	Record  audit.Recorder
	Tools   []tool.Tool
	Served  func() []web.Route // every route of the server; asked at the first request
}

// Routes are the licence, the version, client telemetry and the description.
func (h System) Routes() []web.Route {
	describe := sync.OnceValues(func() ([]byte, error) { return OpenAPI(h.Version, h.Served(), h.Tools) })
	return []web.Route{
		{Method: "GET", Path: "/api/v1/license", Scope: auth.ScopeProfile, Handle: h.license},
		{Method: "GET", Path: "/full_version", Scope: web.Public, Handle: h.version},
		{Method: "POST", Path: "/api/v1/ai_agent/tool/event/", Scope: auth.ScopeProfile, Handle: h.toolEvent},
		{Method: "GET", Path: "/openapi.json", Scope: web.Public, Handle: func(w http.ResponseWriter, _ *http.Request) error {
			doc, err := describe()
			if err != nil {
				return err
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(doc)))
			_, _ = w.Write(doc) // the client is gone; the request event has the status
			return nil
		}},
	}
}

func (h System) license(w http.ResponseWriter, _ *http.Request) error {
	return web.Respond(w, http.StatusOK, map[string]bool{"is_cloud": true})
}

func (h System) version(w http.ResponseWriter, _ *http.Request) error {
	return web.Respond(w, http.StatusOK, map[string]string{"ALATION_RELEASE_NAME": releaseName, "POSTERN_VERSION": h.Version})
}

// toolReport is a client's telemetry. What else it sends, its caller's
// arguments among it, is not even decoded.
type toolReport struct {
	ToolName   string `json:"tool_name"`
	StatusCode int64  `json:"status_code"`
}

func (h System) toolEvent(w http.ResponseWriter, r *http.Request) error {
	var in *toolReport
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	if in == nil {
		return fault.New(fault.Invalid, "the body must be a JSON object")
	}
	name := cleanName(in.ToolName)
	if name == "" {
		return fault.Missing("tool_name")
	}
	outcome := "failed"
	if in.StatusCode >= 200 && in.StatusCode < 300 {
		outcome = "ok"
	}
	if err := h.record(r.Context(), name, outcome, in.StatusCode); err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, map[string]string{"status": "recorded"})
}

func (h System) record(ctx context.Context, name, outcome string, status int64) error {
	return h.Record.Append(ctx, audit.Event{
		Kind: audit.ToolEvent, Object: "tool:" + name, Outcome: outcome,
		Detail: map[string]any{"status_code": status},
	})
}

// cleanName keeps of a client's text what can be a name, so that the record
// does not become a place to put things.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), 64)]
}

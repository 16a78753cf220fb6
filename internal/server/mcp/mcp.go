// Package mcp is the door for models: the tools as an MCP server over
// streamable HTTP, at /ai/mcp/ and /ai/mcp. It is stateless, so that any node
// answers any request, and it holds no rule of its own: the token was verified
// before it, and the tools hold the gateway.
package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// Resource is what a token must be for, under the public URL.
const Resource = "/ai/mcp/"

const instructions = "Data products of this company, through its gate. Find one with list_data_products_tool, " +
	"read its tables with get_data_schema_tool, then query it with semantic_query_tool, in measures and dimensions, or with sql_execution_tool. " +
	"Everything runs with the caller's own warehouse credentials and is on record."

// Handler serves the tools.
type Handler struct {
	PublicURL string // without a final slash; the one origin browsers may come from
	Version   string
	Data      tool.Data
	Models    *tool.Models
	Charts    *tool.Charts
	Tools     []tool.Tool // those that are not available are not offered
	// Own are the tools that each caller has of its own; nil is none.
	Own tool.Library
	// Permit decides a tool's scope for a caller; nil asks nothing beyond the
	// route's own scope.
	Permit func(context.Context, auth.Caller, auth.Scope) error
	Log    *slog.Logger // gets what the SDK says, at Debug; nil is silent
}

// Routes is the one endpoint.
func (h Handler) Routes() []web.Route {
	if h.Log != nil {
		h.Log = slog.New(demoted{h.Log.Handler()})
	}
	server := h.server()
	serve := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, &sdk.StreamableHTTPOptions{
		Stateless:    true,
		JSONResponse: true, // a tool says nothing before its answer
		Logger:       h.Log,
		// The token already keeps a rebinding page out, and a proxy on this
		// machine passes the public name as Host; Origin is checked instead.
		DisableLocalhostProtection:   true,
		MaxRequestBodyBytes:          web.MaxBody,
		PropagateRequestCancellation: true,
	})
	return []web.Route{{
		Path: Resource, Scope: auth.ScopeQuery, Resource: Resource, Errors: web.ProblemErrors,
		Handle: func(w http.ResponseWriter, r *http.Request) error { return h.handle(serve, w, r) },
	}}
}

// requestKey holds the HTTP request's context: the SDK runs tools in a context
// that outlives it for the older revisions.
type requestKey struct{}

func (h Handler) handle(serve http.Handler, w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return web.WithStatus(fault.New(fault.Invalid, "%s is not allowed here: this server has no sessions and sends nothing unasked", r.Method), http.StatusMethodNotAllowed)
	}
	if o := r.Header.Get("Origin"); o != "" && !h.ownOrigin(o) {
		return fault.New(fault.Denied, "requests from the web origin %q are not allowed", o)
	}
	ew := &errorWriter{ResponseWriter: w}
	ctx := context.WithValue(r.Context(), requestKey{}, r.Context())
	serve.ServeHTTP(ew, r.WithContext(ctx))
	return ew.err()
}

// ownOrigin reports whether a browser's page is of this server: of the public
// URL or, when that is a loopback address, of any page on this machine.
func (h Handler) ownOrigin(origin string) bool {
	o, err := url.Parse(origin)
	own, oerr := url.Parse(h.PublicURL)
	if err != nil || oerr != nil {
		return false
	}
	return o.Scheme == own.Scheme && o.Host == own.Host || loopback(o.Hostname()) && loopback(own.Hostname())
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// server makes the SDK's server with the tools that exist.
func (h Handler) server() *sdk.Server {
	s := sdk.NewServer(&sdk.Implementation{Name: "postern", Title: "Postern", Version: h.Version}, &sdk.ServerOptions{
		Instructions: instructions,
		Logger:       h.Log,
		Capabilities: &sdk.ServerCapabilities{Tools: &sdk.ToolCapabilities{}},
		// Lists differ from caller to caller; the SDK's default is public.
		SetCacheable: func(_ context.Context, _ sdk.Request, c *sdk.Cacheable) { c.TTLMs, c.CacheScope = 0, "private" },
		SupportedProtocolVersions: slices.DeleteFunc(sdk.SupportedProtocolVersions(), func(v string) bool {
			return v < "2025-03-26" // streamable HTTP begins there
		}),
	})
	for _, t := range h.Tools {
		if t.Available {
			s.AddTool(describe(t), h.runner(t))
		}
	}
	s.AddReceivingMiddleware(h.filter)
	if h.Own != nil {
		h.carry(s)
	}
	return s
}

// describe is the tool as tools/list shows it. A failed call's structured
// content is {"error": ...}, so the schema of the output has it too.
func describe(t tool.Tool) *sdk.Tool {
	no := false
	return &sdk.Tool{
		Name: t.Name, Title: t.Title, Description: t.Description, InputSchema: t.In, OutputSchema: outputSchema(t),
		Annotations: &sdk.ToolAnnotations{Title: t.Title, ReadOnlyHint: true, IdempotentHint: true, DestructiveHint: &no, OpenWorldHint: &no},
	}
}

func outputSchema(t tool.Tool) *jsonschema.Schema {
	problem, err := jsonschema.For[tool.Problem](nil)
	if err != nil {
		panic(err) // a programmer's mistake, seen at start
	}
	out := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{"error": problem}, PropertyOrder: []string{"error"}}
	if t.Out.Type != "object" {
		out.Properties["result"] = t.Out
		return out
	}
	for _, name := range t.Out.PropertyOrder {
		out.Properties[name] = t.Out.Properties[name]
	}
	out.PropertyOrder = append(slices.Clone(t.Out.PropertyOrder), "error")
	return out
}

// filter leaves out of tools/list what the caller may not use.
func (h Handler) filter(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, req sdk.Request) (sdk.Result, error) {
		res, err := next(ctx, method, req)
		list, ok := res.(*sdk.ListToolsResult)
		if err != nil || !ok || h.Permit == nil {
			return res, err
		}
		some := *list
		some.Tools = slices.DeleteFunc(slices.Clone(list.Tools), func(t *sdk.Tool) bool {
			own, err := tool.Find(h.Tools, t.Name)
			return err != nil || !h.may(ctx, own)
		})
		return &some, nil
	}
}

func (h Handler) may(ctx context.Context, t tool.Tool) bool {
	return h.Permit == nil || h.Permit(ctx, auth.CallerFrom(ctx), t.Scope) == nil
}

// runner calls one tool. What the model can act on is a result with isError;
// what it cannot is an internal error that says the request's id only.
func (h Handler) runner(t tool.Tool) sdk.ToolHandler {
	return func(ctx context.Context, req *sdk.CallToolRequest) (res *sdk.CallToolResult, err error) {
		if !h.may(ctx, t) {
			return nil, unknown(t.Name)
		}
		web.Note(ctx, "tool", t.Name)
		if hctx, ok := ctx.Value(requestKey{}).(context.Context); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(hctx, cancel)() // a client that hung up stops its query
		}
		defer func() { // the SDK's goroutine is not the one the mux guards
			if p := recover(); p != nil {
				web.Note(ctx, "stack", string(debug.Stack()))
				res, err = nil, internal(ctx, fmt.Errorf("panic: %v", p))
			}
		}()
		env := &tool.Env{Caller: auth.CallerFrom(ctx), Data: h.Data, Models: h.Models, Charts: h.Charts, Via: "mcp:" + t.Name}
		ret, err := t.Call(ctx, env, req.Params.Arguments)
		if err != nil {
			return nil, internal(ctx, err)
		}
		return answer(ctx, ret)
	}
}

// answer gives the content as JSON text and as structured content, and the
// picture that belongs to it.
func answer(ctx context.Context, ret tool.Return) (*sdk.CallToolResult, error) {
	if ret.Err != nil {
		if fault.Is(ret.Err, fault.Internal) || fault.As(ret.Err) == nil && !errors.Is(ret.Err, context.DeadlineExceeded) {
			return nil, internal(ctx, ret.Err)
		}
		web.NoteFault(ctx, ret.Err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(ret.Content); err != nil {
		return nil, internal(ctx, fmt.Errorf("encode content: %w", err))
	}
	text := bytes.TrimSpace(b.Bytes())
	structured := json.RawMessage(text)
	if text[0] != '{' { // structured content is an object in every revision
		structured = slices.Concat([]byte(`{"result":`), text, []byte(`}`))
	}
	content := []sdk.Content{&sdk.TextContent{Text: string(text)}}
	if ret.Image != nil {
		if img, err := ret.Image(ctx); err == nil {
			content = append(content, &sdk.ImageContent{MIMEType: img.Type, Data: img.Data})
		} else { // the answer stands without its picture
			web.Note(ctx, "cause", "draw the picture: "+err.Error())
		}
	}
	return &sdk.CallToolResult{Content: content, StructuredContent: structured, IsError: ret.Err != nil}, nil
}

func internal(ctx context.Context, err error) error {
	web.Note(ctx, "fault", fault.Internal.String())
	web.Note(ctx, "cause", err.Error())
	id := auth.RequestID(ctx)
	data, _ := json.Marshal(map[string]string{"request_id": id}) // strings always encode
	return &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "internal error; request " + id + " leads to its cause in the log", Data: data}
}

package main

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type mcpCmd struct {
	clientFlags
}

// Run serves MCP on stdin and stdout by forwarding tools/list and tools/call to
// the server's own MCP endpoint, so that desktop clients which cannot fetch
// tokens reach it. Everything else (initialize, ping) is answered here.
func (m mcpCmd) Run(ctx context.Context) error {
	a, err := m.api()
	if err != nil {
		return err
	}
	if _, err := a.bearer(ctx, true); err != nil {
		return err
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "postern-stdio", Version: version}, nil)
	remote, err := client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: a.base + "/ai/mcp/", HTTPClient: &http.Client{Transport: bearerTransport{a}}, DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		return hint(err, "is postern serve running at "+a.base+", and may the client use it?")
	}
	defer remote.Close() //nolint:errcheck // the session has no state to lose
	server := mcp.NewServer(&mcp.Implementation{Name: "postern", Version: version}, &mcp.ServerOptions{
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}},
	})
	server.AddReceivingMiddleware(forward(remote))
	err = server.Run(ctx, &mcp.StdioTransport{})
	if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// forward sends the tool methods to the remote session, live, so that a
// changed role or grant shows at the next call.
func forward(remote *mcp.ClientSession) mcp.Middleware {
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			switch p := req.GetParams().(type) {
			case *mcp.ListToolsParams:
				return remote.ListTools(ctx, &mcp.ListToolsParams{Cursor: p.Cursor})
			case *mcp.CallToolParamsRaw:
				return remote.CallTool(ctx, &mcp.CallToolParams{Name: p.Name, Arguments: p.Arguments})
			}
			return next(ctx, method, req)
		}
	}
}

// bearerTransport puts a token on each request, and a fresh one after a 401.
type bearerTransport struct{ api *api }

// RoundTrip implements http.RoundTripper.
func (t bearerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.once(r, false)
	if err != nil || res.StatusCode != http.StatusUnauthorized || r.Body != nil && r.GetBody == nil {
		return res, err
	}
	_ = res.Body.Close()
	if r.GetBody != nil {
		if r.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	return t.once(r, true)
}

func (t bearerTransport) once(r *http.Request, fresh bool) (*http.Response, error) {
	token, err := t.api.bearer(r.Context(), fresh)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return http.DefaultTransport.RoundTrip(r)
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"

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
		Instructions: instructionsOf(remote),
	})
	server.AddReceivingMiddleware(forward(remote))
	err = server.Run(ctx, newPatient(os.Stdin, os.Stdout).transport())
	if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// instructionsOf is what the server tells models about itself.
func instructionsOf(remote *mcp.ClientSession) string {
	if r := remote.InitializeResult(); r != nil {
		return r.Instructions
	}
	return ""
}

// forward sends the tool methods to the remote session, live, so that a
// changed role or grant shows at the next call.
func forward(remote *mcp.ClientSession) mcp.Middleware {
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			switch p := req.GetParams().(type) {
			case *mcp.ListToolsParams:
				list := &mcp.ListToolsParams{}
				if p != nil { // a client may leave params out
					list.Cursor = p.Cursor
				}
				return remote.ListTools(ctx, list)
			case *mcp.CallToolParamsRaw:
				if p != nil {
					return remote.CallTool(ctx, &mcp.CallToolParams{Name: p.Name, Arguments: p.Arguments})
				}
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

// patient is standard input and output that end only when every request read
// was answered: a script that pipes its requests in and closes the pipe still
// gets its answers.
type patient struct {
	in  io.ReadCloser
	out io.Writer

	mu   sync.Mutex
	idle *sync.Cond
	open int // requests read and not answered yet
	line []byte
}

func newPatient(in io.ReadCloser, out io.Writer) *patient {
	p := &patient{in: in, out: out}
	p.idle = sync.NewCond(&p.mu)
	return p
}

func (p *patient) transport() mcp.Transport {
	return &mcp.IOTransport{Reader: patientReader{p}, Writer: patientWriter{p}}
}

// message is as much of a JSON-RPC message as tells requests from answers.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
}

type patientReader struct{ *patient }

// Read implements io.Reader.
func (r patientReader) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line = append(r.line, b[:n]...)
	for {
		line, rest, whole := bytes.Cut(r.line, []byte("\n"))
		if !whole {
			break
		}
		var m message
		if json.Unmarshal(line, &m) == nil && m.Method != "" && len(m.ID) > 0 {
			r.open++
		}
		r.line = rest
	}
	for err != nil && r.open > 0 {
		r.idle.Wait()
	}
	return n, err
}

// Close implements io.Closer.
func (r patientReader) Close() error { return r.in.Close() }

type patientWriter struct{ *patient }

// Write implements io.Writer. The transport writes a message at a time.
func (w patientWriter) Write(b []byte) (int, error) {
	n, err := w.out.Write(b)
	var m message
	if err != nil || json.Unmarshal(b, &m) == nil && m.Method == "" {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.open--
		w.idle.Broadcast()
	}
	return n, err
}

// Close implements io.Closer; the process's output stays open.
func (w patientWriter) Close() error { return nil }

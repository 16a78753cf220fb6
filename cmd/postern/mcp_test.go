package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Clients may leave out the params of tools/list, which JSON-RPC allows.
func TestForwardingAnswersARequestWithoutParams(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	far := mcp.NewServer(&mcp.Implementation{Name: "far", Version: "1"}, nil)
	far.AddTool(&mcp.Tool{Name: "one_tool", InputSchema: &jsonschema.Schema{Type: "object"}}, func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{}, nil
	})
	a, b := mcp.NewInMemoryTransports()
	if _, err := far.Connect(ctx, a, nil); err != nil {
		t.Fatal(err)
	}
	remote, err := mcp.NewClient(&mcp.Implementation{Name: "near", Version: "1"}, nil).Connect(ctx, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	near := mcp.NewServer(&mcp.Implementation{Name: "near", Version: "1"}, &mcp.ServerOptions{Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}})
	near.AddReceivingMiddleware(forward(remote))
	in, toNear := io.Pipe()
	fromNear, out := io.Pipe()
	go func() { _ = near.Run(ctx, &mcp.IOTransport{Reader: in, Writer: out}) }()
	answers := bufio.NewReader(fromNear)
	for _, line := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`,
	} {
		if _, err := io.WriteString(toNear, line+"\n"); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "notifications") {
			continue
		}
		got, err := answers.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "tools/list") && !strings.Contains(got, `"one_tool"`) {
			t.Errorf("tools/list without params answers %s", got)
		}
	}
}

package mcp

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/tool"
)

// carrier is the one tool through which the SDK's server, which knows only the
// tools that everybody has, calls those that a caller has of its own. It is
// never listed, and nobody can call it by its name.
const carrier = "callers_own_tool"

// ownKey holds the tool that the carrier is to run.
type ownKey struct{}

func (h Handler) carry(s *sdk.Server) {
	s.AddTool(&sdk.Tool{Name: carrier, InputSchema: &jsonschema.Schema{Type: "object"}}, func(ctx context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		t, ok := ctx.Value(ownKey{}).(tool.Tool)
		if !ok {
			return nil, unknown(carrier)
		}
		return h.runner(t)(ctx, req)
	})
	s.AddReceivingMiddleware(h.own)
}

// own puts the caller's tools in the place of the carrier.
func (h Handler) own(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, req sdk.Request) (sdk.Result, error) {
		if call, ok := req.(*sdk.CallToolRequest); ok {
			if _, err := tool.Find(h.Tools, call.Params.Name); err != nil {
				return h.callOwn(ctx, method, call, next)
			}
		}
		res, err := next(ctx, method, req)
		list, ok := res.(*sdk.ListToolsResult)
		if err != nil || !ok {
			return res, err
		}
		own, err := h.Own.Tools(ctx, auth.CallerFrom(ctx))
		if err != nil {
			return nil, internal(ctx, err)
		}
		more := *list
		more.Tools = slices.DeleteFunc(slices.Clone(list.Tools), func(t *sdk.Tool) bool { return t.Name == carrier })
		if list.NextCursor == "" {
			for _, t := range own {
				if h.may(ctx, t) {
					more.Tools = append(more.Tools, describe(t))
				}
			}
		}
		return &more, nil
	}
}

func (h Handler) callOwn(ctx context.Context, method string, call *sdk.CallToolRequest, next sdk.MethodHandler) (sdk.Result, error) {
	t, err := h.Own.Tool(ctx, auth.CallerFrom(ctx), call.Params.Name)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, unknown(call.Params.Name)
	case err != nil:
		return nil, internal(ctx, err)
	}
	carried, params := *call, *call.Params
	params.Name = carrier
	carried.Params = &params
	return next(context.WithValue(ctx, ownKey{}, t), method, &carried)
}

// unknown is in the SDK's words for a tool that does not exist.
func unknown(name string) error {
	return &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: fmt.Sprintf("unknown tool %q", name)}
}

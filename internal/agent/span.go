package agent

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/tool"
)

// Names of the GenAI conventions.
const (
	genOperation    = attribute.Key("gen_ai.operation.name")
	genProvider     = attribute.Key("gen_ai.provider.name")
	genAgentName    = attribute.Key("gen_ai.agent.name")
	genAgentID      = attribute.Key("gen_ai.agent.id")
	genConversation = attribute.Key("gen_ai.conversation.id")
	genRequestModel = attribute.Key("gen_ai.request.model")
	genMaxTokens    = attribute.Key("gen_ai.request.max_tokens")
	genReplyModel   = attribute.Key("gen_ai.response.model")
	genFinish       = attribute.Key("gen_ai.response.finish_reasons")
	genTokensIn     = attribute.Key("gen_ai.usage.input_tokens")
	genTokensOut    = attribute.Key("gen_ai.usage.output_tokens")
	genToolName     = attribute.Key("gen_ai.tool.name")
	genToolType     = attribute.Key("gen_ai.tool.type")
	genToolCall     = attribute.Key("gen_ai.tool.call.id")
	genArguments    = attribute.Key("gen_ai.tool.call.arguments")
	genSystem       = attribute.Key("gen_ai.system_instructions")
	genSent         = attribute.Key("gen_ai.input.messages")
	genSaid         = attribute.Key("gen_ai.output.messages")
)

// providerNames are the conventions' names where they are not ours.
var providerNames = map[string]string{"gemini": "gcp.gemini"}

// beginSpan begins a span beneath that of ctx, by the same tracer: where nothing is
// traced it costs nothing.
func beginSpan(ctx context.Context, name string, kind trace.SpanKind, attrs ...attribute.KeyValue) (context.Context, trace.Span) {
	tracer := trace.SpanFromContext(ctx).TracerProvider().Tracer("github.com/postern/postern/internal/agent")
	ctx, span := tracer.Start(ctx, name, trace.WithSpanKind(kind))
	if span.IsRecording() {
		span.SetAttributes(attrs...)
		span.SetAttributes(attribute.String("postern.request_id", auth.RequestID(ctx)))
	}
	return ctx, span
}

// endSpan ends a span. Its status has no text: that may quote anything.
func endSpan(ctx context.Context, span trace.Span, err error) {
	if err != nil {
		span.SetAttributes(attribute.String("error.type", errorType(ctx, err)))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

func errorType(ctx context.Context, err error) string {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(cause, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled) || cause != nil:
		return "canceled"
	}
	return fault.KindOf(err).String()
}

// about says which product a span is about: one that the caller may use.
func about(ctx context.Context, productID string) {
	trace.SpanFromContext(ctx).SetAttributes(attribute.String("postern.product", productID))
}

// contentKey holds that what is said may stand on spans.
type contentKey struct{}

func withContent(ctx context.Context, content bool) context.Context {
	if !content {
		return ctx
	}
	return context.WithValue(ctx, contentKey{}, true)
}

func contentIn(ctx context.Context) bool { return ctx.Value(contentKey{}) != nil }

// errPanicked is how a call ended that never returned.
var errPanicked = errors.New("panic")

// invoked puts a span around an agent.
func (a *Agents) invoked(t tool.Tool) tool.Tool {
	return Invoked(t, tool.ID(t.Name), a.Content)
}

// Invoked puts a span around an agent of that id. With content, what is asked
// and answered stands there too.
func Invoked(t tool.Tool, id string, content bool) tool.Tool {
	call, name := t.Call, t.Name
	t.Call = func(ctx context.Context, e *tool.Env, raw json.RawMessage) (ret tool.Return, err error) {
		ctx, span := beginSpan(withContent(ctx, content), "invoke_agent "+name, trace.SpanKindInternal,
			genOperation.String("invoke_agent"), genProvider.String("postern"), genAgentName.String(name), genAgentID.String(id))
		if e.ChatID != "" {
			span.SetAttributes(genConversation.String(e.ChatID))
		}
		err = errPanicked
		defer func() { endSpan(ctx, span, firstOf(err, ret.Err, ctx.Err())) }()
		ret, err = call(ctx, e, raw)
		if out, ok := ret.Content.(Output); ok && span.IsRecording() {
			span.SetAttributes(attribute.String("postern.status", string(out.Status)), attribute.String("postern.tier", string(out.Tier)))
			if content {
				span.SetAttributes(genSent.String(turns(asked(raw))), genSaid.String(turns(replied(Reply{Text: out.Answer}))))
			}
		}
		return ret, err
	}
	return t
}

func firstOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// Traced puts a span around each tool, for the doors that call them by name.
// With content, what they are called with stands there too.
func Traced(tools []tool.Tool, content bool) []tool.Tool {
	out := slices.Clone(tools)
	for i := range out {
		out[i].Call = traced(tools[i], content)
	}
	return out
}

func traced(t tool.Tool, content bool) func(context.Context, *tool.Env, json.RawMessage) (tool.Return, error) {
	return func(ctx context.Context, e *tool.Env, raw json.RawMessage) (tool.Return, error) {
		if !trace.SpanFromContext(ctx).IsRecording() {
			return t.Call(ctx, e, raw)
		}
		return inSpan(withContent(ctx, content), e, &t, raw)
	}
}

func inSpan(ctx context.Context, e *tool.Env, t *tool.Tool, raw json.RawMessage) (ret tool.Return, err error) {
	ctx, span := executes(ctx, t.Name, e.CallID)
	err = errPanicked
	defer func() { endSpan(ctx, span, firstOf(err, ret.Err, ctx.Err())) }()
	ret, err = t.Call(ctx, e, raw)
	// What does not obey the schema may be anything.
	if contentIn(ctx) && err == nil && !fault.Is(ret.Err, fault.Invalid) {
		span.SetAttributes(genArguments.String(shownJSON(inputs(t.In, raw))))
	}
	return ret, err
}

// TracedLibrary puts a span around each tool of a library.
type TracedLibrary struct {
	tool.Library
	Content bool
}

// Tools implements tool.Library.
func (l TracedLibrary) Tools(ctx context.Context, c auth.Caller) ([]tool.Tool, error) {
	all, err := l.Library.Tools(ctx, c)
	return Traced(all, l.Content), err
}

// Tool implements tool.Library.
func (l TracedLibrary) Tool(ctx context.Context, c auth.Caller, name string) (tool.Tool, error) {
	t, err := l.Library.Tool(ctx, c, name)
	if err != nil {
		return t, err
	}
	return Traced([]tool.Tool{t}, l.Content)[0], nil
}

func executes(ctx context.Context, name, callID string) (context.Context, trace.Span) {
	ctx, span := beginSpan(ctx, "execute_tool "+name, trace.SpanKindInternal,
		genOperation.String("execute_tool"), genToolName.String(name), genToolType.String("function"))
	if callID != "" {
		span.SetAttributes(genToolCall.String(callID))
	}
	return ctx, span
}

// tracedModel puts a span around each request to a model. The model's host
// hears nothing of it: no traceparent leaves.
type tracedModel struct {
	*Configured
	used Usage // of all requests, as the provider counted
}

// Reply implements Model.
func (m *tracedModel) Reply(ctx context.Context, r Request, each func(string) error) (reply Reply, err error) {
	provider := m.Provider
	if name := providerNames[provider]; name != "" {
		provider = name
	}
	ctx, span := beginSpan(ctx, "chat "+m.Name, trace.SpanKindClient,
		genOperation.String("chat"), genProvider.String(provider), genRequestModel.String(m.Name), genMaxTokens.Int(r.MaxTokens))
	defer func() { endSpan(ctx, span, err) }()
	if !span.IsRecording() {
		return m.Model.Reply(ctx, r, each)
	}
	span.SetAttributes(hostOf(m.Host)...)
	if contentIn(ctx) {
		span.SetAttributes(genSystem.String(shownJSON([]part{{Type: "text", Content: r.System}})), genSent.String(turns(sent(r)...)))
	}
	reply, err = m.Model.Reply(ctx, r, each)
	if reply.Model != "" {
		span.SetAttributes(genReplyModel.String(reply.Model))
	}
	if reply.Usage != (Usage{}) {
		span.SetAttributes(genTokensIn.Int(reply.Usage.In), genTokensOut.Int(reply.Usage.Out))
		m.used = m.used.add(reply.Usage)
	}
	if err == nil {
		span.SetAttributes(genFinish.StringSlice([]string{reply.finish()}))
		if contentIn(ctx) {
			span.SetAttributes(genSaid.String(turns(replied(reply))))
		}
	}
	return reply, err
}

// tell says on the agent's span what its model used.
func (m *tracedModel) tell(ctx context.Context) {
	trace.SpanFromContext(ctx).SetAttributes(genRequestModel.String(m.Name), genTokensIn.Int(m.used.In), genTokensOut.Int(m.used.Out))
}

func hostOf(host string) []attribute.KeyValue {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		if host == "" {
			return nil
		}
		return []attribute.KeyValue{attribute.String("server.address", host)}
	}
	out := []attribute.KeyValue{attribute.String("server.address", name)}
	if n, err := strconv.Atoi(port); err == nil {
		out = append(out, attribute.Int("server.port", n))
	}
	return out
}

// finish says by the conventions why a reply ended.
func (r Reply) finish() string {
	switch {
	case r.Refused:
		return "content_filter"
	case r.Cut:
		return "length"
	case len(r.Calls) > 0:
		return "tool_call"
	}
	return "stop"
}

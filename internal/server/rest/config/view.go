package config

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/tool"
)

// fieldsView are the fields of an agent that its maker writes.
type fieldsView struct {
	Name        string                   `json:"name"`
	Description string                   `json:"description"`
	Prompt      *string                  `json:"prompt"`
	Model       *string                  `json:"llm_config_id"`
	Tools       []string                 `json:"tool_config_ids"`
	Bindings    []map[string]bindingView `json:"parameter_bindings"`
	ModelExtra  json.RawMessage          `json:"llm_extra_config"`
	Input       json.RawMessage          `json:"input_json_schema"`
	Output      json.RawMessage          `json:"output_json_schema"`
	MCPServers  []string                 `json:"mcp_server_config_ids"`
	Tags        []string                 `json:"tags"`
}

type bindingView struct {
	Source string          `json:"source"`
	Fixed  json.RawMessage `json:"fixed_value,omitempty"`
	Key    string          `json:"payload_key,omitempty"`
}

// agentView is an agent as it is told.
type agentView struct {
	ID string `json:"id"`
	fieldsView
	Default    bool       `json:"is_default"`
	Ref        *string    `json:"default_ref"` // the name of a built-in agent
	Visibility string     `json:"visibility"`
	Tool       *toolRef   `json:"published_tool"`
	May        []string   `json:"permissions"` // what the caller may do with it
	Version    int64      `json:"version"`
	CreatedBy  *string    `json:"created_by"`
	CreatedAt  *time.Time `json:"created_at"`
	UpdatedAt  *time.Time `json:"updated_at"`
}

type toolRef struct {
	ID       string `json:"id"`
	Function string `json:"function_name"`
}

var null = json.RawMessage("null")

// written is a definition on the wire.
func written(d custom.Definition, input json.RawMessage) fieldsView {
	v := fieldsView{
		Name: d.Name, Description: d.Description, Prompt: &d.Prompt, Tools: []string{}, Bindings: []map[string]bindingView{},
		ModelExtra: null, Input: input, Output: d.Output, MCPServers: []string{}, Tags: append([]string{}, d.Tags...),
	}
	if d.Model != "" {
		v.Model = &d.Model
	}
	for _, t := range d.Tools {
		of := map[string]bindingView{}
		for name, b := range t.Bind {
			of[name] = bindingView{string(b.Source), b.Value, b.Key}
		}
		v.Tools, v.Bindings = append(v.Tools, t.ID), append(v.Bindings, of)
	}
	if v.Input == nil {
		v.Input = null
	}
	if v.Output == nil {
		v.Output = null
	}
	return v
}

// verbs are what the wire calls what may be done with an agent.
var verbs = []struct {
	act  custom.Action
	name string
}{{custom.View, "view"}, {custom.Run, "run"}, {custom.Update, "edit"}, {custom.Delete, "delete"}, {custom.Publish, "publish"}, {custom.Share, "manage"}}

func (h Handler) view(ctx context.Context, c auth.Caller, a custom.Agent) (agentView, error) {
	in, err := h.Input(a.Definition)
	if err != nil {
		return agentView{}, err
	}
	doc, err := json.Marshal(in)
	if err != nil {
		return agentView{}, err
	}
	v := agentView{
		ID: a.ID, fieldsView: written(a.Definition, doc), Visibility: visibility(a.Public), May: []string{},
		Version: a.Version, CreatedBy: &a.Owner, CreatedAt: utc(a.CreatedAt), UpdatedAt: utc(a.UpdatedAt),
	}
	if a.ToolName != "" {
		v.Tool = &toolRef{tool.ID(a.ToolName), a.ToolName}
	}
	may, err := h.Agents.May(ctx, c, a.ID, custom.Actions...)
	for _, verb := range verbs {
		if may[verb.act] {
			v.May = append(v.May, verb.name)
		}
	}
	return v, err
}

func utc(t time.Time) *time.Time {
	t = t.UTC()
	return &t
}

// viewDefault shows a built-in agent. It has no prompt: the planner reads the
// question first.
func (h Handler) viewDefault(t tool.Tool) (agentView, error) {
	doc, err := json.Marshal(t.In)
	if err != nil {
		return agentView{}, err
	}
	d, _ := h.Start(t)
	d.Name, d.Description = t.Title, t.Description
	v := agentView{
		ID: tool.ID(t.Name), fieldsView: written(d, doc), Default: true, Ref: &t.Name, Visibility: "public", May: []string{"view", "run"}, Version: 1,
	}
	v.Prompt = nil
	return v, nil
}

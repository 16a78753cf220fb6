package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/server/rest/config"
	"github.com/postern/postern/internal/tool"
)

type agentCmd struct {
	Apply  agentApplyCmd  `cmd:"" help:"Make a custom agent as a file says, or change the one of its name."`
	List   agentListCmd   `cmd:"" help:"List the custom agents."`
	Show   agentShowCmd   `cmd:"" help:"Show a custom agent, and who it is shared with."`
	Export agentExportCmd `cmd:"" help:"Print a custom agent as apply takes it."`
	Grant  agentGrantCmd  `cmd:"" help:"Share a custom agent with a client or a group."`
	Delete agentDeleteCmd `cmd:"" help:"Delete a custom agent, and its tool with it."`
}

// shownAgent is an agent as the commands print it.
type shownAgent struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Tools       []string `json:"tools"`
	Tags        []string `json:"tags"`
	Visibility  string   `json:"visibility"`
	Tool        string   `json:"tool,omitempty"` // that it is published as
	Owner       string   `json:"owner"`
	Version     int64    `json:"version"`
	Grants      []string `json:"grants,omitempty"`
}

func showAgent(a custom.Agent) shownAgent {
	v := shownAgent{ID: a.ID, Name: a.Name, Description: a.Description, Tools: []string{}, Tags: a.Tags, Visibility: "private", Tool: a.ToolName, Owner: a.Owner, Version: a.Version}
	if a.Public {
		v.Visibility = "public"
	}
	for _, t := range a.Tools {
		v.Tools = append(v.Tools, toolNamed(t.ID))
	}
	return v
}

// toolNamed gives the name of a built-in tool in the place of its id.
func toolNamed(id string) string {
	for _, t := range tool.Builtin() {
		if tool.ID(t.Name) == id {
			return t.Name
		}
	}
	return id
}

// customs opens the state with its custom agents, as an operator's command
// uses them.
func (f stateFlags) customs(ctx context.Context, do func(*state, *custom.Agents) error) error {
	pol, err := policy.New()
	if err != nil {
		return err
	}
	s, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	return do(s, s.customAgents(pol, s.languageModels(nil, nil)))
}

// everyAgent opens all custom agents.
func everyAgent(ctx context.Context, kept *custom.Agents) ([]custom.Agent, error) {
	op := asOperator(ctx)
	seen, err := kept.List(op, auth.CallerFrom(op), custom.View)
	out := make([]custom.Agent, 0, len(seen))
	for _, s := range seen {
		a, oerr := kept.Open(op, s)
		if fault.Is(oerr, fault.NotFound) {
			continue // it went since the list was read
		}
		if oerr != nil {
			return nil, oerr
		}
		out = append(out, a)
	}
	return out, err
}

// findAgent finds an agent by its id, or by its name where that is one's only.
func findAgent(ctx context.Context, kept *custom.Agents, ref string) (custom.Agent, error) {
	all, err := everyAgent(ctx, kept)
	if err != nil {
		return custom.Agent{}, err
	}
	all = slices.DeleteFunc(all, func(a custom.Agent) bool { return a.ID != ref && a.Name != ref })
	switch len(all) {
	case 0:
		return custom.Agent{}, hint(fault.New(fault.NotFound, "there is no agent %q, by name or by id", ref), "postern agent list shows all")
	case 1:
		return all[0], nil
	}
	return custom.Agent{}, hint(fmt.Errorf("%d agents are named %q", len(all), ref), "say which by its id: postern agent list shows them")
}

// oneAgent is a command on one agent.
type oneAgent struct {
	output
	stateFlags
	Agent string `arg:"" help:"The agent's id, or its name." placeholder:"AGENT"`
}

func (o oneAgent) with(ctx context.Context, do func(*state, *custom.Agents, custom.Agent) error) error {
	return o.customs(ctx, func(s *state, kept *custom.Agents) error {
		a, err := findAgent(ctx, kept, o.Agent)
		if err != nil {
			return err
		}
		return do(s, kept, a)
	})
}

type agentApplyCmd struct {
	output
	stateFlags
	File string `short:"f" required:"" help:"The agent's fields, YAML or JSON, as POST /ai/api/v1/config/agent takes them; tools may be named. - reads stdin." placeholder:"FILE"`
}

// Run makes the agent, or changes the one of its name, the same again and again.
func (a agentApplyCmd) Run(ctx context.Context, c *terminal) error {
	doc, err := readDoc(c, a.File)
	if err != nil {
		return err
	}
	fields, err := agentFields(doc)
	if err != nil {
		return inFile(a.File, err)
	}
	return a.customs(ctx, func(_ *state, kept *custom.Agents) error {
		made, what, err := applyAgent(asOperator(ctx), kept, fields)
		if err != nil {
			return inFile(a.File, err)
		}
		v := showAgent(made)
		return c.print(a.JSON, v, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s %s %s (version %d, %s)\n", what, v.Name, v.ID, v.Version, v.Visibility)
			return err
		})
	})
}

// agentFields reads a file's fields, with ids for the names of tools.
func agentFields(doc []byte) (map[string]json.RawMessage, error) {
	var in map[string]any
	if err := yaml.Unmarshal(doc, &in); err != nil || in == nil {
		return nil, errors.New("it is not a map of an agent's fields, such as name, prompt and tool_config_ids")
	}
	if list, isList := in["tool_config_ids"].([]any); isList {
		for i, ref := range list {
			name, _ := ref.(string)
			if _, err := tool.Find(tool.Builtin(), name); err == nil {
				list[i] = tool.ID(name)
			}
		}
	}
	b, err := json.Marshal(in)
	if err != nil {
		return nil, errors.New("it has keys that are no text")
	}
	var fields map[string]json.RawMessage
	return fields, json.Unmarshal(b, &fields)
}

func applyAgent(ctx context.Context, kept *custom.Agents, fields map[string]json.RawMessage) (a custom.Agent, what string, err error) {
	c, name := auth.CallerFrom(ctx), ""
	_ = json.Unmarshal(fields["name"], &name) // what is no text is refused below
	a, err = findAgent(ctx, kept, name)
	var public *bool
	switch {
	case fault.Is(err, fault.NotFound):
		d := custom.Definition{Tags: []string{}}
		if public, err = config.Define(fields, &d); err == nil {
			a, err = kept.Create(ctx, c, d)
		}
		what = "created"
	case err == nil:
		before := a.Version
		a, err = kept.Change(ctx, c, a.ID, 0, func(d *custom.Definition) error {
			*d = custom.Definition{Tags: []string{}} // the file says all of it
			var derr error
			public, derr = config.Define(fields, d)
			return derr
		})
		if what = "updated"; a.Version == before {
			what = "unchanged"
		}
	}
	if err == nil && public != nil {
		a, err = kept.SetPublic(ctx, c, a, *public)
	}
	return a, what, err
}

type agentListCmd struct {
	output
	stateFlags
}

// Run lists the agents.
func (l agentListCmd) Run(ctx context.Context, c *terminal) error {
	var out []shownAgent
	err := l.customs(ctx, func(_ *state, kept *custom.Agents) error {
		all, err := everyAgent(ctx, kept)
		out = make([]shownAgent, 0, len(all))
		for _, a := range all {
			out = append(out, showAgent(a))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.print(l.JSON, out, func(w io.Writer) error {
		tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
		_, _ = fmt.Fprintln(tw, "ID\tNAME\tVISIBILITY\tTOOL\tOWNER\tTOOLS")
		for _, v := range out {
			_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", v.ID, v.Name, v.Visibility, v.Tool, v.Owner, strings.Join(v.Tools, " "))
		}
		return tw.Flush()
	})
}

type agentShowCmd struct{ oneAgent }

// Run shows the agent.
func (o agentShowCmd) Run(ctx context.Context, c *terminal) error {
	return o.with(ctx, func(s *state, _ *custom.Agents, a custom.Agent) error {
		grants, err := s.db.AgentGrants(ctx, a.ID)
		if err != nil {
			return err
		}
		v := showAgent(a)
		for _, g := range grants {
			v.Grants = append(v.Grants, g.Subject+" "+string(g.Role))
		}
		return c.print(o.JSON, v, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s  %s\n%s\ntools    %s\nowner    %s\nversion  %d\nshared   %s\n\n%s\n",
				v.ID, v.Name, v.Description, strings.Join(v.Tools, " "), v.Owner, v.Version, strings.Join(v.Grants, ", "), a.Prompt)
			return err
		})
	})
}

type agentExportCmd struct{ oneAgent }

// Run prints what apply takes.
func (o agentExportCmd) Run(ctx context.Context, c *terminal) error {
	return o.with(ctx, func(_ *state, _ *custom.Agents, a custom.Agent) error {
		for i := range a.Tools {
			a.Tools[i].ID = toolNamed(a.Tools[i].ID)
		}
		doc := config.Written(a.Definition)
		return c.print(o.JSON, doc, func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			return e.Encode(doc)
		})
	})
}

type agentGrantCmd struct {
	oneAgent
	sharedWith
	Role string `default:"user" enum:"viewer,user,editor" help:"viewer (see), user (and run) or editor (and change)." placeholder:"ROLE"`
}

// Run shares the agent.
func (o agentGrantCmd) Run(ctx context.Context, c *terminal) error {
	return o.with(ctx, func(s *state, kept *custom.Agents, a custom.Agent) error {
		subject, name, err := o.subject(ctx, s)
		if err != nil {
			return err
		}
		op := asOperator(ctx)
		g, err := kept.Grant(op, auth.CallerFrom(op), custom.Grant{Agent: a.ID, Subject: subject, Role: custom.Role(o.Role)})
		if err != nil {
			return err
		}
		return c.print(o.JSON, map[string]any{"id": a.ID, "subject": g.Subject, "role": o.Role}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s is %s of %s\n", name, o.Role, a.Name)
			return err
		})
	})
}

type agentDeleteCmd struct{ oneAgent }

// Run deletes the agent.
func (o agentDeleteCmd) Run(ctx context.Context, c *terminal) error {
	return o.with(ctx, func(_ *state, kept *custom.Agents, a custom.Agent) error {
		op := asOperator(ctx)
		if err := kept.Delete(op, auth.CallerFrom(op), a.ID); err != nil {
			return err
		}
		return c.print(o.JSON, map[string]any{"id": a.ID, "name": a.Name, "deleted": true}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "the agent %s is deleted\n", a.Name)
			return err
		})
	})
}

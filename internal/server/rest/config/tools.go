package config

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// toolView is a tool as it is told.
type toolView struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Function    string          `json:"function_name"`
	Description string          `json:"description"`
	Type        string          `json:"tool_type"` // default, verified_query, agent
	AgentID     *string         `json:"agent_config_id,omitempty"`
	Default     bool            `json:"is_default"`
	Parameters  json.RawMessage `json:"parameter_schema"`
}

func (h Handler) viewTool(t tool.Tool, kind string) (toolView, error) {
	schema := t.In
	if kind == "default" {
		schema = h.Parameters(t)
	}
	doc, err := json.Marshal(schema)
	return toolView{
		ID: tool.ID(t.Name), Name: t.Title, Function: t.Name, Description: t.Description, Type: kind, Default: kind == "default", Parameters: doc,
	}, err
}

// every gives the tools that the caller may use, with what each is.
func (h Handler) every(r *http.Request) (all []toolView, err error) {
	for _, t := range slices.Concat(h.Tools, h.Default) {
		if !t.Available {
			continue
		}
		v, err := h.viewTool(t, "default")
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	kinds := make([]string, 0, len(h.Own))
	for kind := range h.Own {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		own, err := h.Own[kind].Tools(r.Context(), auth.CallerFrom(r.Context()))
		if err != nil {
			return nil, err
		}
		for _, t := range own {
			v, err := h.viewTool(t, kind)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
	}
	return all, nil
}

func (h Handler) listTools(w http.ResponseWriter, r *http.Request) error {
	limit, offset, err := web.Page(r, 100, 1000)
	if err != nil {
		return err
	}
	want, err := labels(r)
	if err != nil {
		return err
	}
	all, err := h.every(r)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(v toolView) bool {
		label := "private"
		if v.Default {
			label = "default"
		}
		return !want(label)
	})
	page := append([]toolView{}, all[min(offset, len(all)):min(offset+limit, len(all))]...)
	return web.Respond(w, http.StatusOK, list[toolView]{page, len(all)})
}

func (h Handler) getDefaultTool(w http.ResponseWriter, r *http.Request) error {
	t, err := tool.Find(slices.Concat(h.Tools, h.Default), r.PathValue("ref"))
	if err == nil && !t.Available {
		err = fault.New(fault.NotFound, "there is no tool of this name")
	}
	if err != nil {
		return err
	}
	v, err := h.viewTool(t, "default")
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, v)
}

func (h Handler) findTool(r *http.Request) (toolView, error) {
	all, err := h.every(r)
	if err != nil {
		return toolView{}, err
	}
	i := slices.IndexFunc(all, func(v toolView) bool { return v.ID == r.PathValue("tool_id") })
	if i < 0 {
		return toolView{}, fault.New(fault.NotFound, "there is no tool of this id")
	}
	return all[i], nil
}

func (h Handler) getTool(w http.ResponseWriter, r *http.Request) error {
	v, err := h.findTool(r)
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, v)
}

// refuseTool says how a tool is changed: none of them is, by itself.
func (h Handler) refuseTool(_ http.ResponseWriter, r *http.Request) error {
	v, err := h.findTool(r)
	if err != nil {
		return err
	}
	switch v.Type {
	case "agent":
		return fault.New(fault.Denied, "this tool is a published agent: change the agent, or DELETE its unpublish_tool")
	case "verified_query":
		return fault.New(fault.Denied, "this tool is a verified query: change the data product that it is of")
	}
	return fault.New(fault.Denied, "the built-in tool %s cannot be changed or deleted", v.Function)
}

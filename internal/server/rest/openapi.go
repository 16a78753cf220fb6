package rest

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

type object = map[string]any

const toolPath = "/ai/api/v1/chats/tool/default/{ref}/stream"

// OpenAPI describes the server as it is: the routes it serves and the schemas
// of its tools, from which the same requests are validated.
func OpenAPI(version string, routes []web.Route, tools []tool.Tool) ([]byte, error) {
	paths := map[string]object{}
	for _, r := range routes {
		if r.Scope == web.Session || strings.HasPrefix(r.Path, "/admin") {
			continue // pages for people
		}
		if r.Path == toolPath {
			for _, t := range tools {
				op := operation(r, strings.Replace(r.Path, "{ref}", t.Name, 1))
				describeTool(op, t)
				addOperation(paths, strings.Replace(r.Path, "{ref}", t.Name, 1), r.Method, op)
			}
			continue
		}
		path := strings.TrimSuffix(strings.ReplaceAll(r.Path, "...}", "}"), "{$}")
		addOperation(paths, path, r.Method, operation(r, path))
	}
	return json.Marshal(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Postern", "version": cmp.Or(version, "dev"),
			"description": "The gate to a company's data, for machines. Paths are served with and without their final slash. Every answer carries X-Request-Id.",
		},
		"paths": paths,
		"components": object{
			"securitySchemes": object{
				"bearer": object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
				"token":  object{"type": "apiKey", "in": "header", "name": "Token", "description": "The same access token, as some published clients send it."},
			},
			"schemas": errorSchemas(),
		},
	})
}

func addOperation(paths map[string]object, path, method string, op object) {
	if paths[path] == nil {
		paths[path] = object{}
	}
	paths[path][strings.ToLower(cmp.Or(method, "POST"))] = op
}

var pathParam = regexp.MustCompile(`\{([^}]+)\}`)

func operation(r web.Route, path string) object {
	op := object{
		"operationId": strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(cmp.Or(r.Method, "POST")+" "+path), "_"), "_"),
		"responses": object{
			"2XX":     object{"description": "done"},
			"default": object{"description": "refused or failed", "content": errorContent(r.Errors)},
		},
	}
	var params []object
	for _, m := range pathParam.FindAllStringSubmatch(path, -1) {
		params = append(params, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	if params != nil {
		op["parameters"] = params
	}
	if r.Scope == web.Public {
		op["security"] = []object{}
		return op
	}
	op["x-scope"] = r.Scope
	op["security"] = []object{{"bearer": []auth.Scope{r.Scope}}, {"token": []auth.Scope{r.Scope}}}
	return op
}

func describeTool(op object, t tool.Tool) {
	op["summary"], op["description"] = t.Title, t.Description
	op["parameters"] = []object{{
		"name": "chat_id", "in": "query", "schema": object{"type": "string", "format": "uuid"},
		"description": "The chat the call belongs to; left out, a new one.",
	}}
	op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": t.In}}}
	done := object{"description": "A stream of events; the last one holds the tool-return part with the tool's content.", "content": object{"text/event-stream": object{}}}
	if t.Out != nil {
		done["x-tool-return"] = t.Out
	}
	op["responses"].(object)["200"] = done
	delete(op["responses"].(object), "2XX")
	if !t.Available {
		op["deprecated"] = true
	}
}

func errorContent(style web.ErrorStyle) object {
	name, media := "Problem", "application/problem+json"
	switch style {
	case web.DetailErrors:
		name, media = "Detail", "application/json"
	case web.OAuthErrors:
		name, media = "OAuthError", "application/json"
	}
	return object{media: object{"schema": object{"$ref": "#/components/schemas/" + name}}}
}

func errorSchemas() object {
	text, number := object{"type": "string"}, object{"type": "integer"}
	shape := func(required []string, properties object) object {
		properties["request_id"] = text
		return object{"type": "object", "required": append(slices.Clone(required), "request_id"), "properties": properties}
	}
	list := func(properties object) object {
		return object{"type": "array", "items": object{"type": "object", "properties": properties}}
	}
	return object{
		"Problem": shape([]string{"type", "title", "status"}, object{
			"type": text, "title": text, "status": number, "detail": text, "code": number, "name": text, "lock": text, "position": number,
			"errors": list(object{"field": text, "detail": text, "type": text}),
		}),
		"Detail": shape([]string{"detail"}, object{"detail": object{"oneOf": []object{
			text, list(object{"loc": object{"type": "array", "items": text}, "msg": text, "type": text}),
		}}}),
		"OAuthError": shape([]string{"error"}, object{"error": text, "error_description": text, "message": text}),
	}
}

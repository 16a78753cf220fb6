package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/postern/postern/cmd/postern/demo"
)

// What the walk asks of the warehouse.
const (
	demoQuestion = "SELECT a.name AS airline, count(*) AS flights, round(avg(f.departure_delay), 1) AS mean_delay_minutes" +
		" FROM flights f JOIN airlines a ON a.carrier = f.carrier GROUP BY a.name ORDER BY mean_delay_minutes DESC LIMIT 5"
	demoDetail = "SELECT departs, carrier, flight_number, origin, destination, departure_delay FROM flights ORDER BY departure_delay DESC NULLS LAST"
	demoWrite  = "DELETE FROM flights WHERE cancelled"
)

// walkDemo is the main job, in the order of the page it comes from: a token,
// the warehouse login, the schema, SQL, the refusals, MCP, and the record.
func walkDemo(ctx context.Context, c *terminal, n *node, who demoClient) error {
	w := &walk{out: c.out, base: n.mux.PublicURL, http: &http.Client{}}
	w.say("\nPostern serves on %s. Here is what a machine does, request by request.", w.base)
	token, err := w.fetchToken(ctx, who)
	if err != nil {
		return err
	}
	bearer := [][2]string{{"Authorization", "Bearer " + token}}
	stream := append([][2]string{{"Accept", "text/event-stream"}}, bearer...)
	sqlCall := func(title, sql string) call {
		return call{title: title, method: "POST", path: "/ai/api/v1/chats/tool/default/sql_execution_tool/stream", header: stream, want: 200,
			body: map[string]string{"data_product_id": demo.Flights, "sql": sql, "result_table_name": "answer"}}
	}
	for _, step := range []call{
		{title: "Store the warehouse login, once per data product. It is tried, sealed, and never read back.", method: "POST",
			path: "/api/v2/auth/credentials/", header: bearer, want: 201,
			body: map[string]string{"state": "demo", "username": "demo", "password": who.key.Reveal(), "dp_id": demo.Flights}},
		{title: "Read the schema.", method: "POST", path: "/ai/api/v1/chats/tool/default/get_data_schema_tool/stream",
			header: stream, body: map[string]string{"data_product_id": demo.Flights}, want: 200},
		sqlCall("Run SQL with the SQL Execution tool.", demoQuestion),
		askAgent("Ask in words: the Query agent answers without a language model, or says that it cannot.", "sql_query_agent", "average air time by origin", stream),
		askAgent("The Data Product Query agent ends with a chart of its table.", "data_product_query_agent", "number of flights by origin", stream),
		askAgent("The Chart Generation agent draws what is asked for.", "charting_agent", "pie chart of the number of flights by origin", stream),
		askAgent("The Analytics agent finds the data product, and computes statistics over it.", "analytics_agent",
			"what is the correlation between departure delay and arrival delay of flights?", stream),
		{title: "A query over plain REST, as CSV; large results stream.", method: "POST",
			path: "/api/v2/data-product/" + url.PathEscape(demo.Flights) + "/query/", header: append([][2]string{{"Accept", "text/csv"}}, bearer...),
			body: map[string]any{"sql": demoDetail, "limit": 5}, want: 200},
		sqlCall("A statement that writes is refused, and says by which lock.", demoWrite),
		{title: "A data product without a grant does not exist for this client.", method: "POST",
			path: "/api/v2/data-product/" + url.PathEscape(demo.Weather) + "/query/", header: bearer, body: map[string]any{"sql": "SELECT 1"}, want: 404},
		listTools(token),
		mcpCall("MCP: the SQL of step 4 as a tool call.", token, 2, "tools/call", map[string]any{
			"name": "sql_execution_tool", "arguments": map[string]string{"data_product_id": demo.Flights, "sql": demoQuestion, "result_table_name": "answer"}}),
	} {
		if _, err := w.do(ctx, step); err != nil {
			return err
		}
	}
	return w.record(ctx, n)
}

// askAgent asks an agent, and shows its steps on a line each and its answer.
func askAgent(title, agent, message string, stream [][2]string) call {
	body := map[string]string{"message": message}
	if agent != "analytics_agent" {
		body["data_product_id"] = demo.Flights
	}
	return call{title: title, method: "POST", path: "/ai/api/v1/chats/agent/default/" + agent + "/stream", header: stream, want: 200, body: body, brief: agentSteps}
}

// agentSteps are the events of an agent's stream in short.
func agentSteps(b []byte) string {
	var lines []string
	for line := range strings.SplitSeq(string(b), "\n") {
		data, is := strings.CutPrefix(line, "data: ")
		var e struct {
			Message struct {
				Parts []struct {
					Kind     string `json:"part_kind"`
					ToolName string `json:"tool_name"`
					Args     string
					Content  any
					Metadata []struct{ Kind, ID string }
				}
			} `json:"model_message"`
			Postern json.RawMessage
		}
		if !is || json.Unmarshal([]byte(data), &e) != nil || len(e.Message.Parts) == 0 {
			continue
		}
		switch p := e.Message.Parts[0]; p.Kind {
		case "tool-call":
			lines = append(lines, "  tool-call    "+p.ToolName+" "+p.Args)
		case "tool-return":
			kept := ""
			for _, a := range p.Metadata {
				kept += fmt.Sprintf(" %s asset %s", a.Kind, a.ID)
			}
			lines = append(lines, "  tool-return  "+p.ToolName+kept)
		case "text":
			lines = append(lines, "  text\n"+fmt.Sprint(p.Content))
		}
		if len(e.Postern) > 0 {
			lines = append(lines, "  postern      "+string(e.Postern))
		}
	}
	return strings.Join(lines, "\n")
}

func (w *walk) fetchToken(ctx context.Context, who demoClient) (string, error) {
	b, err := w.do(ctx, call{title: "Exchange the client's id and secret for a token.", method: "POST", path: "/oauth/v2/token/", want: 200,
		header: [][2]string{{"accept", "application/json"}},
		form:   url.Values{"grant_type": {"client_credentials"}, "client_id": {string(who.ID)}, "client_secret": {who.secret.Reveal()}}})
	if err != nil {
		return "", err
	}
	var g grant
	if err := json.Unmarshal(b, &g); err != nil || g.AccessToken == "" {
		return "", errors.New("the answer holds no access token")
	}
	w.token = g.AccessToken
	w.say("\n(from here on the access token is written as $TOKEN)")
	return g.AccessToken, nil
}

// mcpCall is one JSON-RPC request, without a session: the server keeps none.
func mcpCall(title, token string, id int, method string, params any) call {
	return call{title: title, method: "POST", path: "/ai/mcp/", want: 200,
		header: [][2]string{{"Authorization", "Bearer " + token}, {"Accept", "application/json, text/event-stream"}, {"Mcp-Protocol-Version", "2025-11-25"}},
		body:   map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params}}
}

// listTools shows the tools' names and descriptions, without their schemas.
func listTools(token string) call {
	c := mcpCall("MCP: which tools are there?", token, 1, "tools/list", map[string]any{})
	c.brief = func(b []byte) string {
		var answer struct {
			Result struct {
				Tools []struct{ Name, Description string }
			}
		}
		if json.Unmarshal(b, &answer) != nil {
			return string(b)
		}
		lines := []string{fmt.Sprintf("(%d tools, their schemas left out here)", len(answer.Result.Tools))}
		for _, t := range answer.Result.Tools {
			lines = append(lines, fmt.Sprintf("%-28s %s", t.Name, t.Description))
		}
		return strings.Join(lines, "\n")
	}
	return c
}

// record shows what the auditor reads: the last query, from token to SQL.
func (w *walk) record(ctx context.Context, n *node) error {
	last, err := n.db.Audit(ctx, auditFilter{Kind: "query.finished"}.filter())
	if err != nil || len(last) == 0 {
		return errors.Join(err, errors.New("no query is on record"))
	}
	w.step++
	w.say("\n── %d. On the record: the last query, from its token to its SQL (postern audit show %s).\n", w.step, last[0].ID)
	trail, err := n.db.AuditTrail(ctx, last[0].ID)
	if err != nil {
		return err
	}
	for _, r := range trail {
		if err := printEvent(w.out, r); err != nil {
			return err
		}
		w.say("")
	}
	return nil
}

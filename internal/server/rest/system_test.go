package rest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/audit"
)

func TestToolEventsAreRecordedWithoutTheCallersArguments(t *testing.T) {
	record := &toolsRecord{}
	m := toolsMux(t, toolsData{}, record, io.Discard)
	r := httptest.NewRequest("POST", "/api/v1/ai_agent/tool/event/", strings.NewReader(`{"tool_name":"SqlQueryAgentTool\nx","tool_version":"sdk-1.0.0",
		"tool_metadata":{"message":"canary-argument"},"context_char_count":10,"request_duration_ms":5,"status_code":200,"error_message":"canary-error","timestamp":"2026-11-24T00:00:00"}`))
	r.Header.Set("Token", "viewer")
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	want := []audit.Event{{Kind: audit.ToolEvent, Object: "tool:SqlQueryAgentToolx", Outcome: "ok", Detail: map[string]any{"status_code": int64(200)}}}
	if d := cmp.Diff(want, record.events); d != "" {
		t.Error(d)
	}
}

func TestMalformedToolEventsChangeNothing(t *testing.T) {
	record := &toolsRecord{}
	m := toolsMux(t, toolsData{}, record, io.Discard)
	for body, want := range map[string]int{
		`[]`: 400, `null`: 400, `{`: 400, `{}`: 400, `{"tool_name":1}`: 400, `{"tool_name":"\n"}`: 400,
		`{"tool_name":"x","pad":"` + strings.Repeat("x", 1<<20) + `"}`: http.StatusRequestEntityTooLarge,
	} {
		r := httptest.NewRequest("POST", "/api/v1/ai_agent/tool/event", strings.NewReader(body))
		r.Header.Set("Token", "viewer")
		w := httptest.NewRecorder()
		if m.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%.40s: got %d, want %d", body, w.Code, want)
		}
	}
	if len(record.events) != 0 {
		t.Errorf("recorded %v", record.events)
	}
}

func TestTheAPIDescribesWhatItServes(t *testing.T) {
	m := toolsMux(t, toolsData{}, &toolsRecord{}, io.Discard)
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct {
					Schema struct{ Required []string }
				}
			} `json:"requestBody"`
			Security *[]map[string][]string
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Fatalf("%v in %s", err, w.Body)
	}
	sql, ok := doc.Paths["/ai/api/v1/chats/tool/default/sql_execution_tool/stream"]["post"]
	if !ok {
		t.Fatalf("the SQL tool is missing from %d paths", len(doc.Paths))
	}
	if d := cmp.Diff([]string{"data_product_id", "sql", "result_table_name"}, sql.RequestBody.Content["application/json"].Schema.Required); d != "" {
		t.Error(d)
	}
	if v := doc.Paths["/full_version"]["get"]; v.Security == nil || len(*v.Security) != 0 {
		t.Error("/full_version should need no token")
	}
	if l := doc.Paths["/api/v1/license"]["get"]; l.Security == nil || len(*l.Security) != 2 {
		t.Error("/api/v1/license should take a token in either header")
	}
}

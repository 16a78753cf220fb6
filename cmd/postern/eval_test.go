package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oracle is a server whose agent knows some answers.
func oracle(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/v2/token/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"access_token":"t","token_type":"Bearer","expires_in":600}`)
	})
	mux.HandleFunc("POST /ai/api/v1/chats/agent/default/data_product_query_agent/stream", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Message, Data_product_id string }
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.Data_product_id != "shop" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		say := map[string]string{
			"right?": `{"status":"answered","tier":"semantic","sql":"good"}`, "wrong?": `{"status":"answered","tier":"semantic","sql":"bad"}`,
			"silent?": `{"status":"abstained"}`,
		}[in.Message]
		_, _ = fmt.Fprint(w, "data: {\"id\":\"1\",\"postern\":{\"status\":\"answered\",\"sql\":\"early\"}}\n\n: ping\n\n")
		if say != "" {
			_, _ = fmt.Fprintf(w, "data: {\"id\":\"2\",\"model_message\":{\"parts\":[{\"part_kind\":\"text\",\"content\":\"I cannot answer this: no.\"}]},\"postern\":%s}\n\n", say)
		} else {
			_, _ = fmt.Fprint(w, "data: {\"id\":\"2\",\"model_message\":{\"parts\":[]}}\n\n")
		}
	})
	mux.HandleFunc("POST /api/v2/data-product/shop/query/", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ SQL string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		rows := map[string]string{"good": "[[1.0,\"x\"]]", "gold": "[[1,\"x\"]]", "bad": "[[2,\"x\"]]"}[in.SQL]
		if rows == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = fmt.Fprint(w, `{"detail":"no such statement"}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"columns":[{"name":"a"},{"name":"b"}],"rows":%s,"complete":true}`, rows)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func evaluate(t *testing.T, lines string, asJSON bool) (string, error) {
	t.Helper()
	t.Setenv("POSTERN_CLIENT_SECRET", "s")
	file := filepath.Join(t.TempDir(), "questions.jsonl")
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, progress bytes.Buffer
	cmd := evalCmd{output: output{JSON: asJSON}, clientFlags: clientFlags{URL: oracle(t).URL, ClientID: "c"}, Product: "shop", Agent: "data_product_query_agent", File: file}
	err := cmd.Run(t.Context(), &terminal{out: &out, err: &progress})
	return out.String(), err
}

const fiveQuestions = `{"question":"right?","sql":"gold"}
{"question":"wrong?","sql":["gone","gold"]}
{"question":"silent?","sql":"gold"}
{"question":"odd?","sql":"gold"}
{"question":"right?","sql":"gone"}
`

func TestEvalPrintsARowAQuestionAndTheTotals(t *testing.T) {
	out, err := evaluate(t, fiveQuestions, true)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 6 {
		t.Fatalf("%d lines:\n%s", len(lines), out)
	}
	var rows []evaluated
	for _, l := range lines[:5] {
		var v evaluated
		if err := json.Unmarshal([]byte(l), &v); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, v)
	}
	if !strings.Contains(rows[4].Unscored, "no such statement") || !strings.Contains(rows[3].Reason, "does not say") {
		t.Errorf("%+v", rows)
	}
	rows[4].Unscored, rows[3].Reason = "", ""
	want := []evaluated{
		{Question: "right?", Status: "answered", Tier: "semantic", SQL: "good", Correct: true},
		{Question: "wrong?", Status: "answered", Tier: "semantic", SQL: "bad"},
		{Question: "silent?", Status: "abstained", Reason: "I cannot answer this: no."},
		{Question: "odd?", Status: "failed"},
		{Question: "right?", Status: "answered", Tier: "semantic", SQL: "good"},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Error(d)
	}
	if want := `{"totals":{"questions":5,"correct":1,"wrong":2,"abstained":1,"unscored":1}}`; lines[5] != want {
		t.Errorf("%s, want %s", lines[5], want)
	}
}

func TestEvalPrintsForPeopleToo(t *testing.T) {
	out, err := evaluate(t, fiveQuestions, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"correct    right?", "wrong      wrong?\n           bad", "abstained  silent?", "5 questions: 1 correct, 2 wrong, 1 abstained, 1 that"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

func TestEvalOfABadFileSaysTheLine(t *testing.T) {
	_, err := evaluate(t, "{\"question\":\"x\",\"sql\":\"y\"}\nnonsense\n", false)
	if err == nil || !strings.Contains(err.Error(), "questions.jsonl: line 2") {
		t.Error(err)
	}
}

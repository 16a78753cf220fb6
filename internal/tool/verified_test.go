package tool_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/tool"
)

// library publishes one query to whoever asks.
type library struct{}

var top = product.Published{Product: sales, Query: product.VerifiedQuery{
	Name: "top", Question: "Who bought most?", Description: "The best customers.", Published: true,
	Parameters: []product.QueryParameter{
		{Name: "kind", Type: "text", Values: []string{"a", "b"}, Description: "What kind."},
		{Name: "n", Type: "numeric", Default: "10"}, {Name: "step", Type: "numeric", Values: []string{"1", "2.50"}, Optional: true},
		{Name: "since", Type: "date", Optional: true}, {Name: "open", Type: "boolean", Optional: true},
	},
}}

func (library) Published(context.Context, auth.Caller) ([]product.Published, error) {
	return []product.Published{top}, nil
}

func (library) PublishedAs(_ context.Context, _ auth.Caller, name string) (product.Published, error) {
	if name != top.ToolName() {
		return product.Published{}, fault.New(fault.NotFound, "there is no tool of this name")
	}
	return top, nil
}

func topTool(t *testing.T) tool.Tool {
	t.Helper()
	tl, err := tool.Choose(t.Context(), tool.Builtin(), tool.Verified{Queries: library{}}, auth.Caller{}, top.ToolName())
	if err != nil {
		t.Fatal(err)
	}
	return tl
}

func TestParametersAreTheInputOfAVerifiedQuerysTool(t *testing.T) {
	got, err := json.Marshal(topTool(t).In)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"object","properties":{"kind":{"type":"string","description":"What kind.","enum":["a","b"]},` +
		`"n":{"type":"number","default":10},"step":{"type":"number","description":"Left out, it is NULL.","enum":[1,2.5]},` +
		`"since":{"type":"string","description":"A date such as 2024-03-01, or a time such as 2024-03-01 15:04:05. Left out, it is NULL."},"open":{"type":"boolean","description":"Left out, it is NULL."},` +
		`"auth_id":{"type":"string","description":"A stored warehouse credential (auth_id) to use; leave out to use the newest active one."}},"required":["kind"]}`
	var a, b any
	_, _ = json.Unmarshal(got, &a), json.Unmarshal([]byte(want), &b)
	if d := cmp.Diff(b, a); d != "" {
		t.Errorf("%s\n%s", d, got)
	}
}

func TestValuesOfAVerifiedQueryAreHandedOverAsTyped(t *testing.T) {
	data, tl := &shop{rows: 2}, topTool(t)
	ret, err := tl.Call(t.Context(), &tool.Env{Data: data, Via: "test"}, json.RawMessage(`{"kind":"b","n":3,"step":2.5,"since":"2026-01-01","open":true,"auth_id":"x","extra":1}`))
	if err != nil || ret.Err != nil {
		t.Fatal(err, ret.Err)
	}
	want := product.Query{ProductID: "shop:sales", Verified: "top", AuthID: "x", Via: "test",
		Values: map[string]string{"kind": "b", "n": "3", "step": "2.50", "since": "2026-01-01", "open": "true"}}
	if d := cmp.Diff(want, data.asked); d != "" {
		t.Error(d)
	}
	b, _ := json.Marshal(ret.Content)
	checkOutput(t, tl, ret, b)
	if s := string(b); !strings.Contains(s, `"data_product_id":"shop:sales","data_product_version":"1.2.0","verified_query":"top"`) || !strings.Contains(s, `"row_count":2`) {
		t.Errorf("content %s", s)
	}
	if ret, _ = tl.Call(t.Context(), &tool.Env{Data: data}, json.RawMessage(`{"kind":"a","step":null}`)); ret.Err != nil || len(data.asked.Values) != 1 {
		t.Errorf("what is left out has a value: %v, %v", data.asked.Values, ret.Err)
	}
}

func TestAWrongValueOfAVerifiedQueryIsNamed(t *testing.T) {
	tl := topTool(t)
	for input, want := range map[string]string{
		`{}`:                               "kind: Field required",
		`{"kind":"c"}`:                     "kind: Input should be one of: a, b",
		`{"kind":["a"]}`:                   "kind: Input should be a valid string",
		`{"kind":"a","n":"1; DROP"}`:       "n: Input should be a valid number",
		`{"kind":"a","step":3}`:            "step: Input should be one of: 1, 2.5",
		`{"kind":"a","open":"yes","n":[]}`: "n: Input should be a valid number; open: Input should be a valid boolean",
	} {
		if err := tl.Check(t.Context(), nil, json.RawMessage(input)); !fault.Is(err, fault.Invalid) || err.Error() != want {
			t.Errorf("%s: %v, want %q", input, err, want)
		}
	}
}

package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/tool"
)

var box = Everything()

func builtin(t testing.TB, name string) tool.Tool {
	t.Helper()
	found, err := tool.Find(box.Tools, name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Whatever a model writes, and whatever is bound: bound inputs come from who
// they are bound to, inputs that no model fills are absent unless bound, and
// nothing that the tool does not know gets through.
func TestNoArgumentsOfAModelReachWhatIsBound(t *testing.T) {
	names := []string{}
	for name := range sorts {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		known, err := tool.Find(box.Tools, rapid.SampledFrom(sortedNames(names)).Draw(t, "tool"))
		if err != nil {
			t.Fatal(err)
		}
		has, written, given := custom.Tool{Bind: map[string]custom.Binding{}}, map[string]any{"unknown": "model's"}, map[string]json.RawMessage{}
		for _, name := range sorted(known.In.Properties) {
			written[name] = "model's"
			given[name] = json.RawMessage(`"caller's"`)
			switch rapid.IntRange(0, 3).Draw(t, name) {
			case 1:
				has.Bind[name] = custom.Binding{Source: custom.Fixed, Value: json.RawMessage(`"maker's"`)}
			case 2:
				has.Bind[name] = custom.Binding{Source: custom.User}
			}
		}
		args, err := json.Marshal(written)
		if err != nil {
			t.Fatal(err)
		}
		call, err := (&running{given: given}).arguments(known, has, args)
		if err != nil {
			t.Fatal(err)
		}
		shown := visible(known, has)
		for _, name := range sorted(known.In.Properties) {
			want := map[custom.Source]string{custom.Fixed: "maker's", custom.User: "caller's"}[has.Bind[name].Source]
			if got := textOf(call[name]); want != "" && (got != want || shown.Properties[name] != nil) {
				t.Errorf("%s of %s is %q, and shown: %v", name, known.Name, got, shown.Properties[name] != nil)
			}
			for _, h := range hidden {
				if name == h && want == "" && (call[name] != nil || shown.Properties[name] != nil) {
					t.Errorf("%s of %s is filled by a model", name, known.Name)
				}
			}
		}
		if call["unknown"] != nil {
			t.Error("what the tool does not know got through")
		}
	})
}

func sortedNames(names []string) []string {
	of := map[string]bool{}
	for _, n := range names {
		of[n] = true
	}
	return sorted(of)
}

func TestShowingAToolDoesNotChangeIt(t *testing.T) {
	before, err := json.Marshal(builtin(t, "sql_execution_tool").In)
	if err != nil {
		t.Fatal(err)
	}
	d := custom.Definition{Tools: []custom.Tool{{ID: tool.ID("sql_execution_tool"), Bind: map[string]custom.Binding{Product: {Source: custom.User}, "sql": {Source: custom.User, Key: "q"}}}}}
	visible(builtin(t, "sql_execution_tool"), d.Tools[0])
	Parameters(builtin(t, "sql_execution_tool"))
	if _, err := box.Input(d); err != nil {
		t.Fatal(err)
	}
	after, err := json.Marshal(builtin(t, "sql_execution_tool").In)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(before), string(after)); d != "" {
		t.Error(d)
	}
}

// Every tool that there is can be given to an agent or is refused by name, so
// that a new one is decided upon.
func TestEveryToolIsHadOrRefusedByName(t *testing.T) {
	refused := map[string]bool{"get_data_sources_tool": true, "analytics_agent": true, "catalog_context_search_agent": true}
	for _, one := range box.Tools {
		_, err := box.Find(tool.ID(one.Name))
		switch {
		case !one.Available:
			if err == nil {
				t.Errorf("%s is not available, and can be had", one.Name)
			}
		case refused[one.Name] == (err == nil):
			t.Errorf("%s: %v; say in sorts what a model sees of it", one.Name, err)
		}
	}
	for name := range sorts {
		builtin(t, name)
	}
	for name, s := range starts {
		d, ok := Start(tool.Tool{Name: name, Title: name})
		if err := box.Fits(t.Context(), nil, &d); !ok || err != nil || len(d.Tools) != len(s.tools) {
			t.Errorf("a clone of %s cannot run: %v", name, err)
		}
	}
}

// versions is data of one product, whose versions let different things leave.
type versions map[string]product.ModelUse

func (v versions) Product(_ context.Context, _ auth.Caller, id, version string) (product.Product, error) {
	use, known := v[version]
	if !known {
		return product.Product{}, fault.New(fault.NotFound, "data product %q not found", id)
	}
	return product.Product{ID: id, ModelUse: use}, nil
}

func TestAnOldVersionShowsAModelNoMoreThanTheCurrentOne(t *testing.T) {
	for _, c := range []struct {
		current, old product.ModelUse
		want         product.ModelUse // "" is not asked
	}{
		{product.ModelRows, product.ModelRows, product.ModelRows},
		{product.ModelSchema, product.ModelRows, product.ModelSchema},
		{product.ModelRows, product.ModelSchema, product.ModelSchema},
		{product.ModelNone, product.ModelRows, ""},
		{product.ModelRows, product.ModelNone, ""},
		{product.ModelRows, "something new", ""},
	} {
		r := &running{e: &tool.Env{Data: dataOf{versions: versions{"": c.current, "1.0.0": c.old}}}, uses: map[string]product.ModelUse{}}
		got, err := r.may(t.Context(), builtin(t, "sql_execution_tool"), map[string]any{Product: json.RawMessage(`"p"`), version: json.RawMessage(`"1.0.0"`)})
		if got != c.want || (err == nil) != (c.want != "") || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s now and %s then: %q, %v", c.current, c.old, got, err)
		}
	}
}

// dataOf is tool.Data that has nothing but products.
type dataOf struct {
	tool.Data
	versions
}

func (d dataOf) Product(ctx context.Context, c auth.Caller, id, version string) (product.Product, error) {
	return d.versions.Product(ctx, c, id, version)
}

func TestAnAgentWithAToolThatIsGoneIsStillShown(t *testing.T) {
	d := custom.Definition{Name: "n", Tools: []custom.Tool{
		{ID: "of another release", Bind: map[string]custom.Binding{"x": {Source: custom.User}}},
		{ID: tool.ID("sql_execution_tool"), Bind: map[string]custom.Binding{"gone": {Source: custom.User}, "sql": {Source: custom.User}}},
	}}
	in, err := box.Input(d)
	if err != nil || len(in.Properties) != 2 || in.Properties["sql"] == nil {
		t.Errorf("%v, %v", in, err)
	}
	r := &running{Agents: &Agents{Toolbox: box}, ag: custom.Agent{Definition: d}}
	if _, err := r.tools(); !fault.Is(err, fault.Invalid) {
		t.Errorf("it runs: %v", err)
	}
}

func TestOnlyResultsOfTheRunAreDrawn(t *testing.T) {
	r := &running{kept: map[string]product.ModelUse{"ours": product.ModelSchema}}
	for asset, good := range map[string]bool{`"ours"`: true, `"theirs"`: false, `5`: false, `null`: false} {
		if _, err := r.may(t.Context(), builtin(t, "generate_chart_tool"), map[string]any{"asset_id": json.RawMessage(asset)}); (err == nil) != good {
			t.Errorf("%s: %v", asset, err)
		}
	}
}

// An input that is bound to a tool stays from the model in the turns after, too.
func TestWhatIsBoundIsNotToldOfEarlierTurns(t *testing.T) {
	facts := json.RawMessage(`{"may_leave":"schema"}`)
	r := &running{
		ag: custom.Agent{Definition: custom.Definition{
			Input: json.RawMessage(`{"type":"object","properties":{"message":{"type":"string"},"city":{"type":"string"},"auth_id":{"type":"string"}}}`),
			Tools: []custom.Tool{{ID: tool.ID("sql_execution_tool"), Bind: map[string]custom.Binding{Product: {Source: custom.User}, "auth_id": {Source: custom.User, Key: "login"}}}},
		}},
		e: &tool.Env{
			Earlier: []json.RawMessage{json.RawMessage(`{"message":"first","city":"Ghent","login":"HIDDEN","data_product_id":"HIDDEN","auth_id":"HIDDEN","other":"HIDDEN"}`)},
			Answers: []tool.Answered{{Facts: facts}},
		},
		given: map[string]json.RawMessage{"message": json.RawMessage(`"second"`), "login": json.RawMessage(`"HIDDEN"`)},
	}
	got, err := r.first()
	if err != nil {
		t.Fatal(err)
	}
	want := `Asked before in this chat, the oldest first: <data>[{"city":"Ghent","message":"first"}]</data>` + "\n\nsecond"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A schema that was let in is one that inputs can be checked against.
func FuzzSchemas(f *testing.F) {
	for _, s := range []string{
		`{"type":"object"}`, `{"type":"object","properties":{"a":null}}`, `{"type":"object","properties":{"a":{"type":"string","pattern":"("}}}`,
		`{"type":"object","required":["a","a"],"properties":{"a":true}}`, `{"type":"object","properties":{"message":{"type":"string","minLength":-1}}}`,
		`{"type":"object","properties":{"data_product_id":{"x-tool-bindings":["t"]},"b":{"x-tool-bindings":1,"x-original-agent-input":true}}}`,
		`{"type":"object","allOf":[{"properties":{"a":{"multipleOf":0}}}],"dependentRequired":{"a":null}}`, `{"type":"object","properties":{"":{}},"additionalProperties":false}`,
	} {
		f.Add(s, `{"a":"x","message":"m"}`)
	}
	f.Fuzz(func(t *testing.T, schema, input string) {
		d := custom.Definition{Name: "n", Input: json.RawMessage(schema), Output: json.RawMessage(schema),
			Tools: []custom.Tool{{ID: tool.ID("sql_execution_tool"), Bind: map[string]custom.Binding{Product: {Source: custom.User}}}}}
		if !json.Valid(d.Input) || box.Fits(t.Context(), nil, &d) != nil {
			return
		}
		in, err := box.Input(d)
		if err != nil {
			t.Fatalf("%s was let in: %v", schema, err)
		}
		fields, err := tool.FieldsOf(in)
		if err != nil {
			t.Fatalf("%s was let in: %v", schema, err)
		}
		if in.Properties[Product] == nil {
			t.Errorf("%s has no place for what is bound to the caller", schema)
		}
		_, _ = fields.Check(json.RawMessage(input))
		again := d
		if err := box.Fits(t.Context(), nil, &again); err != nil {
			t.Errorf("%s, as it is kept, is refused: %v", d.Input, err)
		}
	})
}

// A caller who makes a schema, or only calls with it, cannot keep the processor
// busy: the refusal comes before the check, by what it would cost.
func TestASchemaThatTakesLongIsRefusedBeforeItIsTried(t *testing.T) {
	call := func(schema, input string) error {
		d := custom.Definition{Name: "n", Input: json.RawMessage(schema)}
		if err := box.Fits(t.Context(), nil, &d); err != nil {
			return err
		}
		called, err := (&Agents{Toolbox: box}).callable(custom.Agent{ID: "a", Definition: d}, "a")
		if err != nil {
			return err
		}
		return called.Check(t.Context(), &tool.Env{}, json.RawMessage(input))
	}
	any := func(n int) string {
		return `{"type":"object","properties":{"xs":{"type":"array","items":{"anyOf":[` + strings.Repeat(`{"type":"null"},`, n) + `{"type":"number"}]}}}}`
	}
	pattern := func(p string) string {
		return `{"type":"object","properties":{"x":{"type":"string","pattern":"` + p + `"}}}`
	}
	numbers := func(n int) string { return `{"xs":[` + strings.Repeat("1,", n) + `1]}` }
	text := func(n int) string { return `{"x":"` + strings.Repeat("a", n) + `"}` }
	for _, c := range []struct {
		name, schema, input string
		good                bool
	}{
		{"many kinds, many items", any(1_500), numbers(2_000), false},
		{"many kinds, few items", any(1_500), numbers(10), true},
		{"few kinds, many items", any(5), numbers(5_000), true},
		{"large pattern", pattern(strings.Repeat("(a?){1000}", 3)), text(1), false},
		{"long pattern", pattern(strings.Repeat("a", 2_000)), text(2_000), false},
		{"large names", `{"type":"object","patternProperties":{"(b?){1000}(c?){1000}":{}}}`, `{}`, false},
		{"pattern of some size, long text", pattern("^(a?){400}a*$"), text(60_000), false},
		{"pattern of some size, short text", pattern("^(a?){400}a*$"), text(500), true},
		{"signs in a text are no items", pattern("^a"), `{"x":"a` + strings.Repeat(",[{:", 15_000) + `"}`, true},
		{"small pattern, long text", pattern("^[a-z0-9_]+$"), text(60_000), true},
	} {
		if err := call(c.schema, c.input); (err == nil) != c.good || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	r := &running{ag: custom.Agent{Definition: custom.Definition{Output: json.RawMessage(any(1_500))}}}
	check, err := r.check()
	if err != nil {
		t.Fatal(err)
	}
	if got := check(numbers(2_000)); !strings.Contains(got, "too long") {
		t.Errorf("of a model's words: %q", got)
	}
}

func TestSchemasThatDoNotStandForThemselvesAreRefused(t *testing.T) {
	deep := strings.Repeat(`{"properties":{"a":`, 30) + `{}` + strings.Repeat(`}}`, 30)
	var wide []string
	for i := range 200 {
		wide = append(wide, fmt.Sprintf(`"p%d":{}`, i))
	}
	for _, s := range []string{
		`{"type":"object","allOf":[{"$ref":"#"}],"allOf":[{}]}`, `{"type":"object","not":{"$ref":"#"},"n\u006ft":{"type":"string"}}`,
		`{"type":"object","properties":{"a":{"items":{"$ref":"#"},"items":{}}}}`, `{"type":"object","$ref":"https://example.com"}`, `{"type":"object","properties":{"a":{"$dynamicRef":"#x"}}}`, `{"type":"object","$defs":{}}`,
		strings.Replace(deep, "{", `{"type":"object",`, 1), `{"type":"object","properties":{` + strings.Join(wide, ",") + `}}`, `{"type":"string"}`, `[]`,
	} {
		d := custom.Definition{Name: "n", Input: json.RawMessage(s)}
		if err := box.Fits(t.Context(), nil, &d); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.80s: %v", s, err)
		}
	}
}

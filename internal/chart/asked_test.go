package chart_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/chart"
)

func TestWordsThatAskForAChartAreNoPartOfTheQuestion(t *testing.T) {
	for question, want := range map[string]string{
		"Draw a bar chart of flights by origin":                        "flights by origin",
		"please show me a stacked bar chart of orders by year, status": "orders by year, status",
		"Can you plot the number of flights per month?":                "the number of flights per month?",
		"number of flights per month as a line chart":                  "number of flights per month",
		"flights by origin in a pie chart?":                            "flights by origin?",
		"pie chart of votes by answer":                                 "votes by answer",
		"histogram of departure delay":                                 "departure delay",
		"A graph showing revenue by quarter":                           "revenue by quarter",
		"how many orders are there per city and plot it":               "how many orders are there per city",
		"Create a visualization for sales by region":                   "sales by region",
		"heat map of orders by weekday and hour":                       "orders by weekday and hour",
		// Not of a chart.
		"number of flights by origin":         "number of flights by origin",
		"plots for each county":               "plots for each county",
		"which bar sold the most":             "which bar sold the most",
		"list the charts of artists":          "list the charts of artists",
		"show me the names of all airports":   "show me the names of all airports",
		"how many pie orders were there":      "how many pie orders were there",
		"average area of plots by the county": "average area of plots by the county",
		"chart":                               "chart",
	} {
		if got := chart.Plain(question); got != want {
			t.Errorf("%q asks the data %q instead of %q", question, got, want)
		}
	}
}

func TestASnippetIsReadForItsWish(t *testing.T) {
	tab := table(cols("carrier:string", "flights:integer", "origin:string"), "UA|3|EWR")
	for snippet, want := range map[string]chart.Intent{
		`alt.Chart(df).mark_bar().encode(x=alt.X("carrier:N", sort="-y"), y="sum(flights):Q", color="origin:N")`: {Kind: chart.Bar, X: "carrier", Y: "flights", Color: "origin"},
		`fig = px.pie(df, names='origin', values='flights')`:                                                     {Kind: chart.Pie, X: "origin", Y: "flights"},
		`sns.lineplot(data=df, x="CARRIER", y="flights", hue="origin")`:                                          {Kind: chart.Line, X: "carrier", Y: "flights", Color: "origin"},
		`df.plot(kind='bar', x='carrier', y='nothing')`:                                                          {Kind: chart.Bar, X: "carrier"},
		`print(open('/etc/passwd').read())`:                                                                      {},
	} {
		if d := cmp.Diff(want, chart.Wish(snippet, tab)); d != "" {
			t.Errorf("%s: %s", snippet, d)
		}
	}
}

func TestColumnsOfASpecMustBeTheTables(t *testing.T) {
	tab := table(cols("month:string", "na.me:string", "sales:number"), "2024-01|x|3\n2024-02|y|4")
	for _, c := range []struct{ name, grammar, refusal string }{
		{"made by a transform", `{"transform":[{"calculate":"datum.sales*2","as":"twice"}],"mark":"bar","encoding":{"x":{"field":"month"},"y":{"field":"twice","type":"quantitative"}}}`, ""},
		{"made by a fold", `{"transform":[{"fold":["sales"]}],"mark":"bar","encoding":{"x":{"field":"key"},"y":{"field":"value","type":"quantitative"}}}`, ""},
		{"made by an aggregate", `{"transform":[{"aggregate":[{"op":"sum","field":"sales","as":"total"}],"groupby":["month"]}],"mark":"bar","encoding":{"y":{"field":"total","type":"quantitative"}}}`, ""},
		{"with a dot in its name", `{"mark":"bar","encoding":{"x":{"field":"na\\.me"},"y":{"field":"sales","type":"quantitative"}}}`, ""},
		{"repeated", `{"repeat":["sales"],"spec":{"mark":"bar","encoding":{"x":{"field":"month"},"y":{"field":{"repeat":"repeat"},"type":"quantitative"}}}}`, ""},
		{"of a layer's own data", `{"layer":[{"mark":"bar","encoding":{"x":{"field":"month"},"y":{"field":"sales","type":"quantitative"}}},{"data":{"values":[{"limit":3}]},"mark":"rule","encoding":{"y":{"field":"limit","type":"quantitative"}}}]}`, ""},
		{"unknown in an expression", `{"transform":[{"filter":"datum.sale > 3"}],"mark":"bar","encoding":{"x":{"field":"month"}}}`, `chart_grammar.transform[0].filter: "sale" is not a column of the table; the table has: sales, `},
		{"unknown in a layer", `{"layer":[{"mark":"bar","encoding":{"x":{"field":"mnth"}}}]}`, `chart_grammar.layer[0].encoding.x.field: "mnth"`},
		{"unknown in a repeat", `{"repeat":["profit"],"spec":{"mark":"bar","encoding":{"y":{"field":{"repeat":"repeat"},"type":"quantitative"}}}}`, `chart_grammar.repeat: "profit"`},
	} {
		var g map[string]any
		if err := json.Unmarshal([]byte(c.grammar), &g); err != nil {
			t.Fatal(err)
		}
		got, err := chart.Draw(tab, g, chart.Hints{})
		switch {
		case c.refusal == "" && err != nil:
			t.Errorf("a column %s: %v", c.name, err)
		case c.refusal == "":
			if err := chart.Check(got.Spec); err != nil {
				t.Errorf("a column %s: %v", c.name, err)
			}
			drawn(t, got)
		case err == nil || !strings.Contains(err.Error(), c.refusal):
			t.Errorf("a column %s: %v", c.name, err)
		}
	}
}

func TestWhatIsReadOfAKeptResultHasItsTypes(t *testing.T) {
	csv := "zip,n,when,ok,note\r\n01067,3,2024-01-01,true,\r\n10115,4.5,2024-01-02,false,\"\"\r\n,,,,x\r\n"
	told, err := chart.ReadCSV(strings.NewReader(csv), []string{"string", "number", "date", "boolean", "string"}, true)
	if err != nil {
		t.Fatal(err)
	}
	guessed, err := chart.ReadCSV(strings.NewReader(csv), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{{"01067", 3.0, "2024-01-01", true, nil}, {"10115", 4.5, "2024-01-02", false, nil}, {nil, nil, nil, nil, "x"}}
	if d := cmp.Diff(want, told.Rows); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, guessed.Rows); d != "" {
		t.Errorf("without types: %s", d)
	}
	if told.Partial != "the result was cut off at the limit of 3 rows" || guessed.Partial != "" {
		t.Errorf("%q, %q", told.Partial, guessed.Partial)
	}
}

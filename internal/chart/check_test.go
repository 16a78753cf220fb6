package chart_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/fault"
)

func TestARefusedSpecIsToldWhereAndWhy(t *testing.T) {
	for _, c := range []struct{ name, spec, field, says string }{
		{"not JSON", `{"mark":`, "", "not JSON"},
		{"not an object", `[1]`, "", "not a JSON object"},
		{"data from elsewhere", `{"data":{"url":"https://example.com/a.csv"},"mark":"bar"}`, "data.url", "data.values"},
		{"data of a layer from elsewhere", `{"layer":[{"mark":"bar"},{"mark":"bar","data":{"url":"x"}}]}`, "layer.1.data.url", "loads nothing"},
		{"lookup from elsewhere", `{"data":{"values":[]},"transform":[{"lookup":"a","from":{"data":{"url":"x"},"key":"b"}}],"mark":"bar"}`, "transform.0.from.data.url", "loads nothing"},
		{"an image mark", `{"data":{"values":[]},"mark":"image"}`, "mark", "no images"},
		{"an image mark's definition", `{"data":{"values":[]},"mark":{"type":"image"}}`, "mark.type", "no images"},
		{"an image channel", `{"data":{"values":[]},"mark":"point","encoding":{"url":{"field":"a"}}}`, "encoding.url", "loads nothing"},
		{"links", `{"data":{"values":[]},"mark":"point","encoding":{"href":{"field":"a"}}}`, "encoding.href", "no links"},
		{"links of a mark", `{"data":{"values":[]},"mark":{"type":"point","href":"x"}}`, "mark.href", "no links"},
		{"options of the page", `{"data":{"values":[]},"mark":"bar","usermeta":{"embedOptions":{"loader":{}}}}`, "usermeta.embedOptions", "cannot be set"},
		{"data named and not there", `{"data":{"name":"sales"},"mark":"bar"}`, "data.name", `no data named "sales"`},
		{"a colour that loads", `{"data":{"values":[]},"mark":{"type":"bar","color":"URL (//x)"}}`, "mark.color", "not a colour"},
		{"a chart that moves", `{"data":{"values":[]},"mark":"bar","encoding":{"time":{"field":"a"}}}`, "encoding.time", "do not move"},
		{"a number for a colour", `{"data":{"values":[]},"mark":"bar","encoding":{"color":{"condition":{"test":"datum.a","value":1},"value":"red"}}}`, "encoding.color.condition.value", "a string"},
		{"a prototype", `{"data":{"values":[]},"mark":"bar","config":{"__proto__":{}}}`, "config.__proto__", "may have this name"},
		{"a prototype in a row", `{"data":{"values":[{"a":{"__proto__":1}}]},"mark":"bar"}`, "data.values.0.a.__proto__", "may have this name"},
		{"nesting", `{"data":{"values":[]},"layer":` + strings.Repeat(`[{"layer":`, 70) + `[]` + strings.Repeat(`}]`, 70) + `}`, "layer.0.layer.0.layer.0.layer.0", "more than 64 deep"},

		{"an unknown mark", `{"data":{"values":[]},"mark":"bra"}`, "mark", `"bar"`},
		{"an unknown mark's definition", `{"data":{"values":[]},"mark":{"type":"bra"}}`, "mark.type", `"bar"`},
		{"an unknown type", `{"data":{"values":[]},"mark":"bar","encoding":{"x":{"field":"a","type":"quantitativ"}}}`, "encoding.x.type", `"quantitative"`},
		{"a misspelt key", `{"data":{"values":[]},"mark":"bar","encoding":{"x":{"feild":"a","type":"nominal"}}}`, "encoding.x.feild", `did you mean "field"?`},
		{"a misspelt channel", `{"data":{"values":[]},"mark":"bar","encoding":{"colour":{"field":"a"}}}`, "encoding.colour", `did you mean "color"?`},
		{"a misspelt key at the top", `{"data":{"values":[]},"mark":"bar","encodings":{}}`, "encodings", `did you mean "encoding"?`},
		{"no mark", `{"data":{"values":[]},"encoding":{}}`, "spec", `"mark" is missing`},
		{"a wrong aggregate", `{"data":{"values":[]},"mark":"bar","encoding":{"y":{"field":"a","aggregate":"avg"}}}`, "encoding.y.aggregate", `"average"`},
		{"in a layer", `{"data":{"values":[]},"layer":[{"mark":"bar"},{"mark":"line","encoding":{"x":{"field":"a","type":"date"}}}]}`, "layer.1.encoding.x.type", `"temporal"`},
		{"in a concat", `{"data":{"values":[]},"hconcat":[{"mark":"bar"},{"mark":"line","encoding":{"x":{"field":"a","type":"date"}}}]}`, "hconcat.1.encoding.x.type", `"temporal"`},
		{"a number out of range", `{"data":{"values":[]},"mark":{"type":"bar","opacity":7}}`, "mark.opacity", "at most 1"},
		{"a transform nobody knows", `{"data":{"values":[]},"mark":"bar","transform":[{"filtre":"datum.a > 1"}]}`, "transform.0.filtre", `did you mean "filter"?`},
		{"Vega", `{"$schema":"https://vega.github.io/schema/vega/v6.json","marks":[]}`, "$schema", "Vega-Lite"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := chart.Check([]byte(c.spec))
			f := fault.As(err)
			if f == nil || f.Kind != fault.Invalid {
				t.Fatalf("got %v", err)
			}
			field := ""
			if len(f.Fields) > 0 {
				field = strings.Join(f.Fields[0].Loc[1:], ".")
			}
			if field != c.field || !strings.Contains(f.Message, c.says) {
				t.Errorf("at %q: %s\nwant at %q: %s", field, f.Message, c.field, c.says)
			}
		})
	}
}

func TestASpecMayHaveAnyColumns(t *testing.T) {
	for _, spec := range []string{
		`{"data":{"values":[{"url":"https://example.com","image":1,"href":"x","constructor":2}]},"mark":"bar","encoding":{"x":{"field":"url"}}}`,
		`{"datasets":{"url":[{"a":1}]},"data":{"name":"url"},"mark":"point"}`,
		`{"data":{"name":"own","values":[{"a":"url(x)"}]},"mark":"point"}`,
		`{"$schema":"https://vega.github.io/schema/vega-lite/v6.json","title":"Curl (and url)","data":{"values":"a,b\n1,2","format":{"type":"csv"}},"mark":{"type":"line"}}`,
		`{"data":{"sequence":{"start":0,"stop":10}},"mark":"rule"}`,
		`{"data":{"values":[]},"facet":{"field":"a"},"spec":{"layer":[{"mark":"bar"},{"mark":"rule"}]}}`,
		`{"data":{"values":[]},"repeat":["a","b"],"spec":{"mark":"point","encoding":{"x":{"field":{"repeat":"repeat"},"type":"quantitative"}}}}`,
	} {
		if err := chart.Check([]byte(spec)); err != nil {
			t.Errorf("%s\n%v", spec, err)
		}
	}
}

func TestASpecTooLargeIsRefusedUnread(t *testing.T) {
	err := chart.Check([]byte(`{"mark":"` + strings.Repeat("x", 9<<20)))
	if err == nil || !strings.Contains(err.Error(), "8 MiB") {
		t.Fatalf("got %v", err)
	}
}

// A title was once cut into all its lines before three of them were taken, in
// time that grew with the square of its length: of this one, for hours.
func TestATitleOfMegabytesIsCutAtOnce(t *testing.T) {
	table := chart.Table{Columns: cols("carrier:string", "flights:integer"), Rows: [][]any{{"UA", 1}, {"AA", 2}}}
	for name, title := range map[string]string{"one word": strings.Repeat("x", 4<<20), "many words": strings.Repeat("title ", 1<<20)} {
		c, err := chart.Recommend(table, chart.Hints{Title: title})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(c.Spec), `…"`) || len(c.Spec) > len(title)+(1<<16) && name == "one word" {
			t.Errorf("%s: the title is not cut: a spec of %d bytes", name, len(c.Spec))
		}
	}
}

//go:build trust

package render_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/internal/chart/render"
	"github.com/postern/postern/internal/fault"
)

// filter is a chart with an expression in it.
func filter(expr string) string {
	return fmt.Sprintf(`{"data":{"values":[{"a":1},{"a":2}]},"transform":[{"filter":%q}],"mark":"point","encoding":{"x":{"field":"a","type":"quantitative"}}}`, expr)
}

func calculate(expr string) string {
	return fmt.Sprintf(`{"data":{"values":[{"a":1},{"a":2}]},"transform":[{"calculate":%q,"as":"b"}],"mark":"text","encoding":{"text":{"field":"b"}}}`, expr)
}

// layers nests layers.
func layers(n int) string {
	return `{"data":{"values":[{"a":1}]},"layer":` + strings.Repeat(`[{"layer":`, n) + `[{"mark":"point"}]` + strings.Repeat(`}]`, n) + `}`
}

func nested(open, inner, closing string, n int) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
}

// hostile are specs that are meant to take a server down: none may hang it,
// take more memory than it has, or be noticed by the next chart. refused are
// those that cannot end well; of the others either end is fine.
var hostile = []struct {
	name, spec string
	refused    bool
}{
	{"20 million rows", `{"data":{"sequence":{"start":0,"stop":20000000}},"mark":"point","encoding":{"x":{"field":"data","type":"quantitative"}}}`, true},
	{"a sequence without end", `{"data":{"sequence":{"start":0,"stop":1e308,"step":1e-300}},"mark":"point"}`, false},
	{"a sequence in an expression", filter("length(sequence(0, 20000000)) > 0"), true},
	{"sequences in a sequence", filter("length(sequence(0, length(sequence(0, 1e9)))) > 0"), true},
	{"a long string", calculate("pad('', 2000000000, 'x')"), true},
	{"strings that double", calculate(nested("replace(", "'aaaaaaaaaaaaaaaa'", ", regexp('a','g'), 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')", 8)), true},
	{"a text of letters that are replaced", `{"data":{"values":[{"a":"` + strings.Repeat("a", 3<<20) + `"}]},"transform":[{"calculate":"replace(datum.a, regexp('a','g'), 'b')","as":"b"}],"mark":"text"}`, true},
	{"a text that is split", `{"data":{"values":[{"a":"` + strings.Repeat("a", 3<<20) + `"}]},"transform":[{"calculate":"split(datum.a, '')","as":"b"}],"mark":"text"}`, false},
	{"a text that is sorted", `{"data":{"values":[{"a":"` + strings.Repeat("ba", 1<<20) + `"}]},"transform":[{"calculate":"sort(split(datum.a, ''))","as":"b"}],"mark":"text"}`, false},
	{"lists in lists in a text", calculate(nested("join([", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", ",1],'x')", 2000)), false},
	{"texts that double in data", `{"data":{"values":[{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]},"transform":[` + strings.Repeat(`{"calculate":"datum.a+datum.a+datum.a+datum.a","as":"a"},`, 40) + `{"filter":"1"}],"mark":"text"}`, true},
	{"rows that double", `{"data":{"values":[{"a":[1,2],"b":[1,2]}]},"transform":[` + strings.Repeat(`{"calculate":"[1,2]","as":"a"},{"flatten":["a"]},`, 40) + `{"filter":"1"}],"mark":"point"}`, true},
	{"a regular expression that goes back and forth", filter("test(/^(a+)+$/, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')"), true},
	{"an expression nested deep", filter(nested("(", "1", ")", 20000)), true},
	{"an expression of many terms", filter(nested("1+", "1", "", 20000)), false},
	{"calls nested deep", filter(nested("abs(", "1", ")", 5000)), true},
	{"layers", layers(20), false},
	{"layers deep", layers(40), true},
	{"bins without end", `{"data":{"values":[{"a":0},{"a":1e300}]},"mark":"bar","encoding":{"x":{"field":"a","bin":{"step":1e-300}},"y":{"aggregate":"count"}}}`, false},
	{"as many bins as fit", `{"data":{"values":[{"a":0},{"a":1}]},"mark":"bar","encoding":{"x":{"field":"a","bin":{"maxbins":1000000000}},"y":{"aggregate":"count"}}}`, false},
	{"ticks without end", `{"data":{"values":[{"a":0},{"a":1}]},"mark":"point","encoding":{"x":{"field":"a","type":"quantitative","axis":{"tickCount":1e9}}}}`, true},
	{"an axis of values", `{"data":{"values":[{"a":0},{"a":1}]},"mark":"point","encoding":{"x":{"field":"a","type":"quantitative","axis":{"values":{"expr":"sequence(0,1,1e-8)"}}}}}`, true},
	{"impute a range", `{"data":{"values":[{"a":0,"b":1},{"a":1,"b":2}]},"transform":[{"impute":"b","key":"a","keyvals":{"start":0,"stop":1e9}}],"mark":"point"}`, true},
	{"density with steps", `{"data":{"values":[{"a":0},{"a":1}]},"transform":[{"density":"a","steps":100000000}],"mark":"area","encoding":{"x":{"field":"value","type":"quantitative"},"y":{"field":"density","type":"quantitative"}}}`, true},
	{"days of an age", `{"data":{"values":[{"a":"0001-01-01"},{"a":"9999-12-31"}]},"mark":"bar","encoding":{"x":{"field":"a","timeUnit":{"unit":"seconds","utc":true},"type":"ordinal","axis":{"tickCount":{"interval":"second","step":1}}},"y":{"aggregate":"count"}}}`, false},
	{"a tick for each second", `{"data":{"values":[{"a":"0001-01-01"},{"a":"9999-12-31"}]},"mark":"point","encoding":{"x":{"field":"a","type":"temporal","axis":{"tickCount":{"interval":"second","step":1}}}}}`, true},
	{"a picture of a square kilometre", `{"data":{"values":[{"a":1}]},"width":3000000,"height":3000000,"mark":"point"}`, false},
	{"repeated views", `{"data":{"values":[{"a":1}]},"repeat":{"row":` + list(300) + `,"column":` + list(300) + `},"spec":{"mark":"point","encoding":{"x":{"field":{"repeat":"row"}}}}}`, true},
	{"the constructor of a function", filter("datum.constructor.constructor('return 1')()"), true},
	{"a member called constructor", calculate("datum.constructor.name"), false},
	{"the prototype of an array", filter("merge({}, {'__proto__': {x: 1}}).x == 1"), true},
	{"the prototype of rows", `{"data":{"values":[{"constructor":{"prototype":{"x":1}},"a":1}]},"transform":[{"flatten":["constructor"]}],"mark":"point"}`, false},
	{"fields named like methods", `{"data":{"values":[{"toString":1,"valueOf":2,"hasOwnProperty":3}]},"mark":"bar","encoding":{"x":{"field":"toString"},"y":{"field":"valueOf","type":"quantitative"},"color":{"field":"hasOwnProperty"}}}`, false},
	{"as a prototype", `{"data":{"values":[{"a":1}]},"transform":[{"calculate":"1","as":"__proto__"}],"mark":"point"}`, false},
	{"a nested field of a prototype", `{"data":{"values":[{"a":1}]},"mark":"bar","encoding":{"x":{"field":"__proto__.polluted"}}}`, false},
	{"the clock", calculate("now()"), true},
	{"the window", calculate("windowSize()"), false},
	{"data of the view", filter("length(data('source_0')) > 0"), false},
	{"data that is set", filter("modify('source_0', {a: 5}, null, null, null)"), false},
	{"signals that follow each other", `{"data":{"values":[{"a":1}]},"params":[{"name":"p","expr":"q+1"},{"name":"q","expr":"p+1"}],"mark":"point"}`, true},
	{"dashes without number", `{"data":{"values":[{"a":0,"b":0},{"a":1,"b":1}]},"width":4000,"height":4000,"mark":{"type":"line","strokeDash":[0.0001,0.0001]},"encoding":{"x":{"field":"a","type":"quantitative"},"y":{"field":"b","type":"quantitative"}}}`, false},
	{"a text that never ends", `{"data":{"values":[{"a":"` + strings.Repeat("m", 3<<20) + `"}]},"mark":"text","encoding":{"text":{"field":"a"}}}`, false},
	{"letters as large as houses", `{"data":{"values":[{"a":"m"}]},"mark":{"type":"text","fontSize":1e9},"encoding":{"text":{"field":"a"}}}`, false},
	{"large marks, seen through", `{"data":{"sequence":{"start":0,"stop":6000}},"width":1400,"height":1400,"mark":{"type":"rect","opacity":0.01},"encoding":{"x":{"value":0},"x2":{"value":1400},"y":{"value":0},"y2":{"value":1400}}}`, false},
	{"large marks, rounded and stroked", `{"data":{"sequence":{"start":0,"stop":6000}},"width":1400,"height":1400,"mark":{"type":"arc","radius":900,"innerRadius":1,"cornerRadius":20,"opacity":0.5,"stroke":"red","strokeDash":[1,1]},"encoding":{"theta":{"value":6}}}`, false},
	{"clipped views", `{"data":{"sequence":{"start":0,"stop":2000}},"facet":{"field":"data"},"columns":40,"spec":{"width":30,"height":30,"mark":{"type":"rect","clip":true,"opacity":0.5}}}`, false},
	{"blended and clipped", `{"data":{"sequence":{"start":0,"stop":3000}},"width":1400,"height":1400,"mark":{"type":"point","blend":"multiply","clip":true,"size":1000000,"filled":true}}`, false},
	{"a gradient in every mark", `{"data":{"sequence":{"start":0,"stop":3000}},"width":1400,"height":1400,"mark":{"type":"rect","color":{"gradient":"linear","stops":[{"offset":0,"color":"red"},{"offset":1,"color":"blue"}]}},"encoding":{"x":{"value":0},"x2":{"value":1400},"y":{"value":0},"y2":{"value":1400}}}`, false},
	{"colours that load", `{"data":{"values":[{"c":"url(https://example.com/x.svg#a)"}]},"mark":"point","encoding":{"fill":{"field":"c","type":"nominal","scale":null}}}`, true},
	{"a cursor that loads", `{"data":{"values":[{"c":1}]},"params":[{"name":"p","value":"url(https://example.com/x)"}],"mark":{"type":"point","cursor":{"expr":"p"}}}`, false},
	{"a path that is no path", `{"data":{"values":[{"c":1}]},"mark":{"type":"point","shape":"M0,0\"/><script>alert(1)</script>"}}`, false},
	{"a text that is markup", `{"data":{"values":[{"c":"</text><script>alert(1)</script><image href='x'/>"}]},"mark":"text","encoding":{"text":{"field":"c"},"tooltip":{"field":"c"}}}`, false},
	{"letters that XML has not", `{"data":{"values":[{"c":"a\u0000\u0001\ufffe\ud800b"}]},"mark":"text","encoding":{"text":{"field":"c"}}}`, false},
}

func list(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"f%d"`, i)
	}
	return "[" + b.String()[1:] + "]"
}

// within is the time a hostile chart may take, from its request to its end.
const within = 3 * time.Second

func TestAHostileSpecIsStopped(t *testing.T) {
	e := render.New(render.Options{CacheDir: cacheDir()})
	t.Cleanup(func() { e.Close() })
	want := plainChart(t, e)
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := e.SVG(t.Context(), []byte(c.spec), render.Size{})
			t.Logf("SVG after %v: %v", time.Since(start).Round(time.Millisecond), err)
			if err == nil {
				start = time.Now()
				_, err = e.PNG(t.Context(), []byte(c.spec), render.Size{Scale: 1})
				t.Logf("PNG after %v: %v", time.Since(start).Round(time.Millisecond), err)
			}
			if took := time.Since(start); took > within {
				t.Errorf("took %v", took)
			}
			if err == nil && c.refused {
				t.Error("drawn")
			}
			if f := fault.As(err); err != nil && (f == nil || f.Kind != fault.Invalid && f.Kind != fault.Timeout) {
				t.Errorf("not a fault of the caller's: %v", err)
			}
			if got := plainChart(t, e); got != want {
				t.Error("the next chart is another one")
			}
		})
	}
}

// plainChart draws a chart that was not drawn before, and leaves out what
// makes it new.
func plainChart(t *testing.T, e *render.Engine) string {
	t.Helper()
	spec := bars + strings.Repeat(" ", int(time.Now().UnixNano()%4096))
	svg, err := e.SVG(t.Context(), []byte(spec), render.Size{})
	if err != nil {
		t.Fatalf("the next chart: %v", err)
	}
	return string(svg)
}

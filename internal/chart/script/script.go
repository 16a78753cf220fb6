// Package script holds the JavaScript that charts are drawn with, as npm has
// it: scripts/vega wrote the files and SHA256SUMS beside them.
package script

import _ "embed"

var (
	//go:embed vega.min.js
	vega []byte
	//go:embed vega-lite.min.js
	vegaLite []byte
	//go:embed vega-embed.min.js
	vegaEmbed []byte
)

// Vega is Vega 6, a classic script that defines the global vega.
func Vega() []byte { return vega }

// VegaLite is Vega-Lite 6, which needs Vega and defines vegaLite.
func VegaLite() []byte { return vegaLite }

// VegaEmbed is vega-embed 7, which needs both and defines vegaEmbed. It has
// the expression interpreter in it: with the option ast it needs no eval.
func VegaEmbed() []byte { return vegaEmbed }

package render

import "encoding/json"

// config is the Vega-Lite config a chart starts from; the spec's own wins.
func config(theme string) json.RawMessage {
	if theme == "dark" {
		return dark
	}
	return light
}

type ink struct {
	ground, strong, text, line, grid string
	category                         []string
}

// The categories are Okabe and Ito's, which people who mix up colours can
// still tell apart, without black and with the yellow darkened on white.
var (
	light = style(ink{"#ffffff", "#1f2328", "#4b535d", "#8c959f", "#e4e7eb",
		[]string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7f00", "#6b6f76"}})
	dark = style(ink{"#14171c", "#f0f3f6", "#b6bec9", "#6a737d", "#2c323a",
		[]string{"#56b4e9", "#e69f00", "#2bc29a", "#e39ac4", "#7aa7ff", "#ff7f3f", "#f0e442", "#a9b1bb"}})
)

type object = map[string]any

func style(c ink) json.RawMessage {
	b, err := json.Marshal(object{
		"background": c.ground,
		"font":       family,
		"padding":    12,
		"view":       object{"stroke": nil, "continuousWidth": 420, "continuousHeight": 280, "step": 24},
		"title":      object{"color": c.strong, "subtitleColor": c.text, "anchor": "start", "fontSize": 15, "fontWeight": "bold", "subtitleFontSize": 12, "offset": 12, "subtitlePadding": 5},
		"axis": object{
			"labelColor": c.text, "titleColor": c.strong, "domainColor": c.line, "tickColor": c.line, "gridColor": c.grid,
			"labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal", "titlePadding": 8, "labelLimit": 180, "labelSeparation": 6,
		},
		"legend": object{"labelColor": c.text, "titleColor": c.strong, "labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal", "symbolBaseStrokeColor": c.text},
		"header": object{"labelColor": c.text, "titleColor": c.strong, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
		"mark":   object{"color": c.category[0]},
		"text":   object{"color": c.text},
		"rule":   object{"color": c.line},
		"range":  object{"category": c.category},
	})
	if err != nil {
		panic(err)
	}
	return b
}

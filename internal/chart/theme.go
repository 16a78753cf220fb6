package chart

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// obj is a JSON object of a spec; its keys are written in order.
type obj = map[string]any

// Palette are the colours of series: Okabe and Ito's, which people with every
// common kind of colour blindness tell apart, without the yellow, which is too
// light for thin lines. The last one is for what was put together.
var palette = []string{"#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7A5195", "#8C8C8C"}

var darkPalette = []string{"#56A8E0", "#F0B23E", "#2DBF95", "#E39CC4", "#8CCBF2", "#F08A4B", "#B08FCB", "#A6A6A6"}

// inks are the colours of a theme that are not data's.
type inks struct {
	back, text, muted, line, grid string
	series                        []string
	low, high                     string // of a gradient that begins at zero
	minus, middle, plus           string // of one that goes both ways
}

var light = inks{"#ffffff", "#1f2430", "#5b6472", "#9aa3b0", "#e6e9ee", palette, "#e3eef8", "#08457e", "#b35806", "#f3f3f3", "#0b5394"}

var dark = inks{"#16181d", "#e8eaee", "#a4acb9", "#5d6572", "#2b3039", darkPalette, "#1d3347", "#9fd3ff", "#f0a35a", "#30343c", "#7cc0ff"}

// Dark gives a spec made here in the colours of the dark theme: each of the
// light theme's is exchanged for its counterpart. Data stays as it is.
func Dark(spec []byte) ([]byte, error) {
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(spec))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read spec: %w", err)
	}
	return encode(exchange(v, counterparts()))
}

func counterparts() map[string]string {
	m := map[string]string{
		light.back: dark.back, light.text: dark.text, light.muted: dark.muted, light.line: dark.line, light.grid: dark.grid,
		light.low: dark.low, light.high: dark.high, light.minus: dark.minus, light.middle: dark.middle, light.plus: dark.plus,
	}
	for i, c := range light.series {
		m[c] = dark.series[i]
	}
	return m
}

func exchange(v any, colors map[string]string) any {
	switch v := v.(type) {
	case string:
		if c, ok := colors[v]; ok {
			return c
		}
	case []any:
		for i := range v {
			v[i] = exchange(v[i], colors)
		}
	case map[string]any:
		for k := range v {
			if k != "data" && k != "datasets" && k != "domain" {
				v[k] = exchange(v[k], colors)
			}
		}
	}
	return v
}

const (
	labelSize  = 11.0
	titleSize  = 16.0
	noteSize   = 12.0
	plotWidth  = 600
	plotHeight = 320
)

// config is the look of every chart.
func config() obj {
	k := light
	return obj{
		"background": k.back,
		"padding":    obj{"left": 14, "top": 14, "right": 18, "bottom": 12},
		"view":       obj{"stroke": nil},
		"title": obj{
			"anchor": "start", "frame": "bounds", "offset": 16, "fontSize": titleSize, "fontWeight": 600, "color": k.text, "lineHeight": 20,
			"subtitleFontSize": noteSize, "subtitleColor": k.muted, "subtitlePadding": 6, "subtitleLineHeight": 16,
		},
		"axis": obj{
			"labelFontSize": labelSize, "labelColor": k.muted, "titleFontSize": 12, "titleFontWeight": 500, "titleColor": k.text, "titlePadding": 10,
			"gridColor": k.grid, "domainColor": k.line, "tickColor": k.line, "tickSize": 4, "labelPadding": 4,
		},
		"axisQuantitative": obj{"domain": false, "ticks": false, "tickCount": 6},
		"axisBand":         obj{"grid": false, "ticks": false},
		"axisTemporal":     obj{"grid": false},
		"legend": obj{
			"labelFontSize": labelSize, "labelColor": k.muted, "titleFontSize": 12, "titleFontWeight": 500, "titleColor": k.text, "labelLimit": 240, "titleLimit": 240,
			"symbolType": "square", "symbolSize": 90, "symbolStrokeWidth": 0, "rowPadding": 4, "titlePadding": 6,
		},
		"header": obj{"labelFontSize": 12, "labelFontWeight": 500, "labelColor": k.text, "title": nil, "labelPadding": 6, "labelLimit": 220},
		"range":  obj{"category": k.series},
		"bar":    obj{"color": k.series[0]},
		"line":   obj{"color": k.series[0], "strokeWidth": 2},
		"area":   obj{"color": k.series[0]},
		"point":  obj{"color": k.series[0], "filled": true},
		"text":   obj{"color": k.muted, "fontSize": labelSize},
		"arc":    obj{"stroke": k.back, "strokeWidth": 1.5},
		"rule":   obj{"color": k.line},
	}
}

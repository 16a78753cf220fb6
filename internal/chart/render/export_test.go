package render

// Measure is the script that gives Vega the widths of letters, for another
// host of Vega to be compared with.
func Measure() ([]byte, error) {
	w, err := widths()
	return append(w, measureJS...), err
}

// Config is the Vega-Lite config of a theme.
func Config(theme string) []byte { return config(theme) }

// Legal is what is done to an SVG for characters that XML has not.
func Legal(svg string) []byte { return legal([]byte(svg)) }

package render

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/postern/postern/internal/fault"
)

// extent is the width and height that an SVG's root says.
func extent(svg []byte) (w, h int, err error) {
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		t, err := d.Token()
		if err != nil {
			return 0, 0, fault.Because(err, fault.Internal, "the chart has no size")
		}
		s, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range s.Attr {
			n, _ := strconv.ParseFloat(a.Value, 64)
			switch a.Name.Local {
			case "width":
				w = int(math.Ceil(n))
			case "height":
				h = int(math.Ceil(n))
			}
		}
		if w <= 0 || h <= 0 {
			return 0, 0, fault.New(fault.Invalid, "the chart has no area: width and height have to be above 0")
		}
		return w, h, nil
	}
}

// legal gives an SVG without the characters that XML has not, which a text in
// the data may hold.
func legal(svg []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, svg)
}

// elements are all that Vega writes into an SVG without images and links.
var elements = map[string]bool{
	"svg": true, "g": true, "defs": true, "clipPath": true, "path": true, "rect": true, "line": true, "text": true, "tspan": true,
	"linearGradient": true, "radialGradient": true, "pattern": true, "stop": true, "title": true,
}

// harmless refuses a drawn chart in which a value became more than a picture:
// chart.Check has refused what asks for it by name, and data can still put
// url(...) where a colour belongs.
func harmless(svg []byte) error {
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.Because(err, fault.Invalid, "the chart cannot be drawn: a value in it is not fit for SVG")
		}
		s, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		if !elements[s.Name.Local] {
			return fault.New(fault.Invalid, "the chart cannot be drawn: it has a <%s> in it", s.Name.Local)
		}
		for _, a := range s.Attr {
			if !harmlessAttr(a) {
				return fault.New(fault.Invalid, "the chart cannot be drawn: its data puts a reference into %s", a.Name.Local)
			}
		}
	}
}

func harmlessAttr(a xml.Attr) bool {
	name := strings.ToLower(a.Name.Local)
	switch {
	case name == "href" || strings.HasPrefix(name, "on"):
		return false
	case name == "aria-label" || name == "aria-roledescription":
		return true // a text for people
	}
	v := strings.ToLower(a.Value)
	if strings.Contains(v, `\`) {
		return false // CSS reads \75rl( as url(
	}
	for {
		_, after, found := strings.Cut(v, "url")
		if !found {
			return true
		}
		after = strings.TrimLeft(after, " \t\r\n")
		if strings.HasPrefix(after, "(") && !strings.HasPrefix(after, "(#") {
			return false
		}
		v = after
	}
}

package exact

import (
	"math"
	"strconv"
	"strings"
)

// unit is what a number is of; what has one base can be converted.
type unit struct {
	base   string
	factor float64
}

// units by the words for them. Degrees are of one scale only: they convert to
// nothing.
var units = func() map[string]unit {
	m := map[string]unit{}
	for line := range strings.Lines(unitText) {
		base, list, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		for entry := range strings.SplitSeq(list, ",") {
			factor, names, _ := strings.Cut(strings.TrimSpace(entry), "=")
			f, err := strconv.ParseFloat(factor, 64)
			if err != nil {
				panic("unit: " + entry)
			}
			for n := range strings.SplitSeq(names, "|") {
				m[n] = unit{base, f}
			}
		}
	}
	return m
}()

const unitText = `time: 1=second|seconds|sec|secs|s, 60=minute|minutes|min|mins, 3600=hour|hours|hr|hrs|h, 86400=day|days, 604800=week|weeks, 0.001=millisecond|milliseconds|ms
length: 1=metre|metres|meter|meters|m, 1000=km|kilometre|kilometres|kilometer|kilometers, 1609.344=mile|miles|mi, 0.3048=foot|feet|ft, 0.0254=inch|inches|in, 0.01=cm|centimetre|centimetres|centimeter|centimeters, 0.001=mm|millimetre|millimetres|millimeter|millimeters
mass: 1=gram|grams|g, 1000=kg|kilogram|kilograms|kilo|kilos, 453.59237=pound|pounds|lb|lbs, 1000000=tonne|tonnes
speed: 1=mph|miles per hour|miles an hour, 0.621371192=km/h|kph|kmh|kilometres per hour|kilometers per hour
part: 1=ratio|fraction, 0.01=percent|%|per cent|pct|percentage
fahrenheit: 1=°f|degrees fahrenheit|fahrenheit|f
celsius: 1=°c|degrees celsius|celsius|c
degree: 1=degree|degrees|°
pressure: 1=mbar|millibar|millibars|hpa
usd: 1=usd|dollar|dollars|$
eur: 1=eur|euro|euros|€
gbp: 1=gbp|sterling|£
byte: 1=byte|bytes, 1000=kb, 1000000=mb, 1000000000=gb`

// unitOf reads a column's unit, as specs write it.
func unitOf(text string) (unit, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" {
		return unit{}, false
	}
	if u, ok := units[text]; ok {
		return u, true
	}
	return unit{base: "=" + strings.Join(words(text), " "), factor: 1}, true
}

// convert writes a number of one unit in another. "Degrees" are of any scale
// of temperature.
func convert(num string, from, to unit) (string, bool) {
	if from.base == "degree" && (to.base == "fahrenheit" || to.base == "celsius") {
		return num, true
	}
	if from.base != to.base {
		return "", false
	}
	if from.factor == to.factor {
		return num, true
	}
	f, err := strconv.ParseFloat(num, 64)
	if err != nil {
		return "", false
	}
	f = f * from.factor / to.factor
	return strconv.FormatFloat(math.Round(f*1e9)/1e9, 'f', -1, 64), true
}

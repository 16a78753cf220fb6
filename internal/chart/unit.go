package chart

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unit is how amounts are written: before and after the number, what they are
// multiplied by first, and what the axis says beside its title.
type unit struct {
	before, after string
	times         float64 // 0 is 1
	said          string  // in brackets after the title, where the marks do not show it
}

// same reports whether amounts of both can share an axis.
func (u unit) same(o unit) bool { return u == o }

var currencies = map[string]string{
	"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "CN¥", "INR": "₹", "KRW": "₩", "BRL": "R$", "CAD": "CA$", "AUD": "A$",
	"NZD": "NZ$", "MXN": "MX$", "HKD": "HK$", "SGD": "S$", "ILS": "₪", "VND": "₫", "$": "$", "€": "€", "£": "£", "¥": "¥",
}

var percentName = regexp.MustCompile(`(?i)(^|[_ ])(pct|percent|percentage)([_ ]|$)`)

// unitOf reads the column's unit. A percentage is one hundred times its value
// only where the model says that it is a ratio: a guess would be wrong by a
// hundred.
func unitOf(c Column, values []any) unit {
	u := strings.TrimSpace(c.Unit)
	switch strings.ToLower(u) {
	case "":
		if percentName.MatchString(c.Name) && largest(values) > 1.5 {
			return unit{after: "%"}
		}
		return unit{}
	case "%", "percent", "percentage", "pct":
		return unit{after: "%"}
	case "ratio", "fraction", "share", "proportion":
		return unit{after: "%", times: 100}
	case "count", "number", "rows", "#":
		return unit{}
	}
	if s, ok := currencies[strings.ToUpper(u)]; ok {
		return unit{before: s}
	}
	if len(u) == 3 && u == strings.ToUpper(u) && strings.IndexFunc(u, func(r rune) bool { return !unicode.IsLetter(r) }) < 0 {
		return unit{said: u} // another currency
	}
	return unit{said: printable(u)}
}

func largest(values []any) float64 {
	most := 0.0
	for _, v := range values {
		if n, ok := number(v); ok {
			most = max(most, math.Abs(n))
		}
	}
	return most
}

func (u unit) scale() float64 {
	if u.times == 0 {
		return 1
	}
	return u.times
}

// write is an amount as a label says it, in few characters.
func (u unit) write(n float64) string {
	return u.wrap(n, short(math.Abs(n)*u.scale()))
}

// exact is an amount with all of its digits.
func (u unit) exact(n float64) string {
	a := math.Abs(n) * u.scale()
	switch {
	case u.times != 0:
		a = math.Round(a*1e9) / 1e9 // without the noise of the multiplication
	case u.before != "" && a >= 1:
		a = math.Round(a*100) / 100 // money has cents
	}
	return u.wrap(n, grouped(strconv.FormatFloat(a, 'f', -1, 64)))
}

func (u unit) wrap(n float64, digits string) string {
	sign := ""
	if n < 0 && strings.Trim(digits, "0.,") != "" {
		sign = "\u2212"
	}
	return sign + u.before + digits + u.after
}

// short writes a number of no sign in about four digits: 0.042, 7.25, 104,662, 1.23M.
func short(n float64) string {
	switch {
	case n == 0:
		return "0"
	case n >= 999_500:
		for _, s := range []struct {
			of   float64
			name string
		}{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}} {
			if n >= s.of*0.9995 {
				if n/s.of >= 1e4 {
					return strings.Replace(strconv.FormatFloat(n, 'e', 2, 64), "e+", "e", 1)
				}
				return trimZeros(strconv.FormatFloat(n/s.of, 'f', 2, 64)) + s.name
			}
		}
	case n < 0.001:
		return strings.Replace(trimZeros(strings.Replace(strconv.FormatFloat(n, 'e', 1, 64), "e-0", "e-", 1)), ".0e", "e", 1)
	}
	digits := 0
	switch {
	case n < 1:
		digits = 2 - int(math.Floor(math.Log10(n)))
	case n < 1000:
		digits = 2
	case n < 10_000:
		digits = 1
	}
	return grouped(trimZeros(strconv.FormatFloat(n, 'f', digits, 64)))
}

func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// grouped puts commas into the whole part.
func grouped(s string) string {
	whole, rest, point := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		return whole + "." + rest
	}
	return whole
}

// labelExpr is the Vega expression that writes an axis's or a legend's number.
// It is not the axis's format, since what a mark says of itself would be
// rounded by it too.
func (u unit) labelExpr(most float64) string {
	v := "datum.value"
	if u.scale() != 1 {
		v = "datum.value*" + plainNumber(u.scale())
		most *= u.scale()
	}
	f := `,.6~g`
	switch {
	case most >= 1e15 || most > 0 && most < 1e-3:
		f = `.2~e`
	case most >= 1e5:
		f = `.4~s`
	}
	e := "format(abs(" + v + "),'" + f + "')"
	if most >= 1e9 && most < 1e15 {
		e = "replace(" + e + ",'G','B')"
	}
	if u.before != "" {
		e = quoted(u.before) + "+" + e
	}
	if u.after != "" {
		e += "+" + quoted(u.after)
	}
	return "(datum.value<0?'\u2212':'')+" + e
}

// quoted is a text in a Vega expression.
func quoted(s string) string {
	b, _ := json.Marshal(s) // a string always encodes; JSON's are JavaScript's
	return string(b)
}

// titleOf is the column as people call it.
func titleOf(c Column) string {
	if t := strings.TrimSpace(printable(c.Title)); t != "" {
		return capital(t)
	}
	t := humane(printable(c.Name))
	if u := strings.ToLower(strings.TrimSpace(c.Unit)); u != "" {
		if short, ok := strings.CutSuffix(strings.ToLower(t), " "+u); ok { // the axis says the unit
			t = t[:len(short)]
		}
	}
	return capital(t)
}

// humane makes words of a name: dep_delay, depDelay and DEP_DELAY are "dep delay".
func humane(name string) string {
	if strings.Contains(name, " ") {
		return strings.TrimSpace(name)
	}
	var b strings.Builder
	lower := false
	for _, r := range name {
		switch {
		case r == '_' || r == '-' || r == '.':
			b.WriteByte(' ')
			lower = false
			continue
		case unicode.IsUpper(r) && lower:
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(r)
	}
	words := strings.Fields(b.String())
	for i, w := range words {
		if len(words) > 1 || len(w) > 3 {
			words[i] = lowerWord(w)
		}
		if known, ok := spelled[strings.ToLower(w)]; ok {
			words[i] = known
		}
	}
	if len(words) == 0 {
		return name
	}
	return strings.Join(words, " ")
}

var spelled = map[string]string{
	"id": "ID", "avg": "average", "pct": "percent", "num": "number of", "qty": "quantity", "amt": "amount", "dep": "departure",
	"arr": "arrival", "url": "URL", "usd": "USD", "eur": "EUR", "gbp": "GBP", "ytd": "YTD", "yoy": "YoY", "kpi": "KPI", "sku": "SKU", "gdp": "GDP", "cnt": "count", "mrr": "MRR", "arpu": "ARPU", "ltv": "LTV", "roi": "ROI", "nps": "NPS", "dest": "destination", "desc": "description", "dept": "department", "temp": "temperature",
}

func lowerWord(w string) string {
	if utf8.RuneCountInString(w) <= 3 && w == strings.ToUpper(w) && strings.IndexFunc(w, unicode.IsDigit) < 0 {
		return w // an abbreviation
	}
	return strings.ToLower(w)
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

var (
	meanName = regexp.MustCompile(`(?i)(^|[_ ])(avg|average|mean|median|rate|ratio|pct|percent|percentage|share|min|max|minimum|maximum|p\d\d|stddev|std|variance|price|age|temp|temperature|rating|score|index|lat|lon|latitude|longitude|delay|speed|height|weight|humid|humidity|pressure|visib|dewp)([_ ]|$)`)
	sumName  = regexp.MustCompile(`(?i)(^|[_ ])(sum|total|count|cnt|n|num|number|revenue|sales|amount|amt|cost|costs|profit|spend|spending|quantity|qty|units|orders|visits|views|clicks|flights|users|population|budget|income|expenses|volume|hours|minutes|trips|passengers|seats|tickets|value)([_ ]|$)`)
)

// addable says whether sums over the column mean something: what the model
// says, or else what its name does.
func addable(c Column, f *field) bool {
	switch {
	case c.Sums != "":
		return c.Sums == "yes"
	case f.unit.after == "%" || meanName.MatchString(c.Name) || meanName.MatchString(c.Title):
		return false
	}
	return sumName.MatchString(c.Name) || sumName.MatchString(c.Title)
}

package chart

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// class is how a column's values can be laid out.
type class int

const (
	named    class = iota // no order of their own
	ordered               // an order that is not that of the alphabet: months, sizes, bands
	moment                // points in time
	quantity              // numbers that are amounts
)

// field is a column with what its values say about it.
type field struct {
	col    int
	key    string // its name in the spec's data
	name   string // its name in the table
	title  string
	unit   unit
	class  class
	cyclic bool  // ordered, and a trend over it makes sense: months, weekdays, hours
	grain  grain // of moments
	sums   bool  // adding its values means something
	counts bool  // whole numbers of which nothing says that they are no amounts
	id     bool  // a number or text that only identifies
	levels []string
	// of quantities
	min, max float64
	whole    bool

	distinct, nulls int
	cells           []cell
}

// cell is a value, ready for the spec: num of quantities, text of all others.
type cell struct {
	null bool
	num  float64
	text string
}

// noValue stands for a null among categories.
const noValue = "(no value)"

// table is a profiled table.
type table struct {
	fields  []*field
	rows    int
	partial string
	notes   []string
}

func (t *table) of(c ...class) (out []*field) {
	for _, f := range t.fields {
		if slices.Contains(c, f.class) {
			out = append(out, f)
		}
	}
	return out
}

func profile(t Table) *table {
	p := &table{rows: len(t.Rows), partial: t.Partial}
	used := map[string]bool{}
	for i, c := range t.Columns {
		values := make([]any, len(t.Rows))
		for r, row := range t.Rows {
			if i < len(row) {
				values[r] = row[i]
			}
		}
		f := newField(c, values)
		f.col, f.key = i, keyFor(c.Name, used)
		p.fields = append(p.fields, f)
	}
	return p
}

// keyFor gives the column's name, or one like it where Vega-Lite would read
// dots, brackets and quotes as paths.
func keyFor(name string, used map[string]bool) string {
	key := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`.[]\'"`, r) || r < ' ' {
			return '_'
		}
		return r
	}, name)
	if key == "" {
		key = "column"
	}
	base := key
	for n := 2; used[key]; n++ {
		key = base + "_" + strconv.Itoa(n)
	}
	used[key] = true
	return key
}

func newField(c Column, values []any) *field {
	f := &field{name: c.Name, title: titleOf(c), unit: unitOf(c, values)}
	switch {
	case c.Type == "integer" || c.Type == "number":
		f.readNumbers(c, values)
	case c.Type == "date" || c.Type == "timestamp":
		if !f.readTimes(values) {
			f.readNames(values)
		}
	default:
		if !f.readTimes(values) {
			f.readNames(values)
		}
	}
	f.count()
	f.id = f.id || c.Role == Key
	f.sums = f.class == quantity && addable(c, f)
	f.counts = f.class == quantity && f.whole && f.min >= 0 && c.Sums != "no" && f.unit.after == "" && !meanName.MatchString(c.Name)
	return f
}

func (f *field) count() {
	seen := map[string]bool{}
	for _, c := range f.cells {
		if c.null {
			f.nulls++
			if f.class == quantity || f.class == moment {
				continue
			}
		}
		seen[f.textOf(c)] = true
	}
	f.distinct = len(seen)
}

// textOf is a cell as one text, to group by.
func (f *field) textOf(c cell) string {
	if f.class == quantity && !c.null {
		return plainNumber(c.num)
	}
	return c.text
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case json.Number:
		n, err := v.Float64()
		return n, err == nil
	case string:
		n, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
	}
	return 0, false
}

var (
	yearName = regexp.MustCompile(`(?i)(^|[_ ])(year|yr|fy)([_ ]|$)`)
	partName = regexp.MustCompile(`(?i)(^|[_ ])(month|mon|quarter|qtr|weekday|dow|hour|day_of_week|day_of_month|week|day)([_ ]?(number|num|no))?$`)
	codeName = regexp.MustCompile(`(?i)(^|[_ ])(id|code|key|no|number|zip|zipcode|postcode|sku|phone|isbn|fips|uuid)$|Id$|ID$`)
	starName = regexp.MustCompile(`(?i)(^|[_ ])(rating|stars|score|grade|level|rank|size|tier|floor|class|cylinders|gears|bedrooms)$`)
)

func (f *field) readNumbers(c Column, values []any) {
	f.class, f.whole, f.min, f.max = quantity, true, math.Inf(1), math.Inf(-1)
	f.cells = make([]cell, len(values))
	distinct := map[float64]bool{}
	for i, v := range values {
		n, ok := number(v)
		if !ok {
			f.cells[i].null = true
			continue
		}
		f.cells[i].num = n
		f.min, f.max = min(f.min, n), max(f.max, n)
		f.whole = f.whole && n == math.Trunc(n)
		distinct[n] = true
	}
	if len(distinct) == 0 {
		f.min, f.max = 0, 0
		return
	}
	switch {
	case !f.whole || c.Role == Measure && !yearName.MatchString(c.Name):
	case yearName.MatchString(c.Name) && f.min >= 1000 && f.max <= 2999:
		f.toYears()
	case partName.MatchString(c.Name) && f.min >= 0 && f.max <= 53 && len(distinct) > 1:
		f.toLevels(true)
	case c.Role == Key || c.Role == Foreign || codeName.MatchString(c.Name):
		f.toLevels(false)
		f.class, f.id = named, true
	case starName.MatchString(c.Name) && f.min >= 0 && f.max <= 10, c.Role == Dimension && len(distinct) <= 20:
		f.toLevels(false)
	}
}

// toYears makes whole numbers the years they are.
func (f *field) toYears() {
	f.class, f.grain = moment, yearly
	for i, c := range f.cells {
		if !c.null {
			f.cells[i].text = strconv.FormatFloat(c.num, 'f', 0, 64) + "-01-01"
		}
	}
}

// toLevels makes whole numbers the names of categories, in their order.
func (f *field) toLevels(cyclic bool) {
	f.class, f.cyclic = ordered, cyclic
	var nums []float64
	for i, c := range f.cells {
		if c.null {
			f.cells[i].text = noValue
			continue
		}
		f.cells[i].text = plainNumber(c.num)
		nums = append(nums, c.num)
	}
	slices.Sort(nums)
	for _, n := range slices.Compact(nums) {
		f.levels = append(f.levels, plainNumber(n))
	}
	f.unit = unit{}
	f.addNull()
}

func (f *field) addNull() {
	for _, c := range f.cells {
		if c.null {
			f.levels = append(f.levels, noValue)
			return
		}
	}
}

func plainNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// readNames takes values as categories: in the order of their own, if they
// have one, and as they come otherwise.
func (f *field) readNames(values []any) {
	f.class, f.cells = named, make([]cell, len(values))
	seen := map[string]bool{}
	for i, v := range values {
		s, ok := nameOf(v)
		f.cells[i] = cell{null: !ok, text: s}
		if ok && !seen[s] {
			seen[s] = true
			f.levels = append(f.levels, s)
		}
	}
	if sorted, cyclic, ok := naturalOrder(f.levels); ok {
		f.class, f.levels, f.cyclic = ordered, sorted, cyclic
	}
	f.id = uuidLike(f.levels)
	f.addNull()
}

func nameOf(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return noValue, false
	case string:
		if strings.TrimSpace(v) == "" {
			return "(empty)", true
		}
		return printable(v), true
	case bool:
		return strconv.FormatBool(v), true
	case json.RawMessage:
		return printable(string(v)), true
	case json.Number:
		return v.String(), true
	}
	if n, ok := number(v); ok {
		return plainNumber(n), true
	}
	return noValue, false
}

// printable keeps a name on one line, and valid.
func printable(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return ' '
		}
		return r
	}, s)
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-|^[0-9a-f]{16,}$`)

func uuidLike(levels []string) bool {
	for _, l := range levels {
		if !uuidForm.MatchString(l) {
			return false
		}
	}
	return len(levels) > 0
}

// grain is how fine moments are.
type grain int

const (
	yearly grain = iota
	quarterly
	monthly
	daily
	timed
)

var momentForms = []struct {
	form   *regexp.Regexp
	layout string
	grain  grain
}{
	{regexp.MustCompile(`^\d{4}-\d\d-\d\d$`), "2006-01-02", daily},
	{regexp.MustCompile(`^\d{4}-\d\d$`), "2006-01", monthly},
	{regexp.MustCompile(`^\d{4}[- ]?Q[1-4]$`), "", quarterly},
	{regexp.MustCompile(`^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?$`), "2006-01-02T15:04:05.999999999", timed},
	{regexp.MustCompile(`^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`), time.RFC3339Nano, timed},
}

func readMoment(s string) (time.Time, grain, bool) {
	for _, m := range momentForms {
		if !m.form.MatchString(s) {
			continue
		}
		if m.grain == quarterly {
			y, _ := strconv.Atoi(s[:4])
			q := int(s[len(s)-1] - '0')
			return time.Date(y, time.Month(3*q-2), 1, 0, 0, 0, 0, time.UTC), quarterly, true
		}
		t, err := time.Parse(m.layout, strings.Replace(s, " ", "T", 1))
		return t.UTC(), m.grain, err == nil
	}
	return time.Time{}, 0, false
}

// readTimes takes values as points in time, if all of them are.
func (f *field) readTimes(values []any) bool {
	cells, at, any := make([]cell, len(values)), make([]time.Time, len(values)), false
	finest := yearly
	for i, v := range values {
		if v == nil {
			cells[i].null = true
			continue
		}
		s, ok := v.(string)
		if !ok {
			return false
		}
		t, g, ok := readMoment(s)
		if !ok || t.Year() < 1 {
			return false
		}
		any, at[i], finest = true, t, max(finest, g)
	}
	if !any {
		return false
	}
	if finest >= daily {
		finest = coarsest(cells, at, finest)
	}
	for i := range cells {
		if !cells[i].null {
			cells[i].text = momentText(at[i], finest)
		}
	}
	f.class, f.grain, f.cells = moment, finest, cells
	return true
}

// coarsest sees that midnights are days, firsts are months and so on, where
// there are enough of them to tell.
func coarsest(cells []cell, at []time.Time, g grain) grain {
	n, midnight, first, quarter, january := 0, true, true, true, true
	for i, c := range cells {
		if c.null {
			continue
		}
		n++
		t := at[i]
		midnight = midnight && t.Equal(t.Truncate(24*time.Hour))
		first = first && t.Day() == 1
		quarter = quarter && (t.Month()-1)%3 == 0
		january = january && t.Month() == time.January
	}
	switch {
	case !midnight:
		return timed
	case n < 3 || !first:
		return daily
	case january:
		return yearly
	case quarter:
		return quarterly
	}
	return monthly
}

func momentText(t time.Time, g grain) string {
	if g == timed {
		return t.Format("2006-01-02T15:04:05.999Z")
	}
	return t.Format("2006-01-02")
}

func parseMoment(s string) time.Time {
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return t
	}
	t, _ := time.Parse(time.RFC3339Nano, s)
	return t
}

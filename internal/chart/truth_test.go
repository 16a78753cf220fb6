package chart_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/internal/chart"
)

// mark is what an SVG says of a mark: its kind, the values that it stands for,
// and its outline.
type mark struct {
	kind   string // bar, point, line mark, area mark, rect mark, arc mark, rule mark, text mark
	values []string
	path   string
	at     [2]float64
	fill   string
}

var translate = regexp.MustCompile(`translate\(([-\d.e]+),([-\d.e]+)\)`)

// marks reads the marks out of an SVG.
func marks(t *testing.T, svg []byte) (out []mark) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		a := map[string]string{}
		for _, at := range e.Attr {
			a[at.Name.Local] = at.Value
		}
		kind := a["aria-roledescription"]
		if a["role"] != "graphics-symbol" || a["aria-label"] == "" || slices.Contains([]string{"title", "subtitle", "legend", "axis"}, kind) {
			continue
		}
		m := mark{kind: kind, path: a["d"], fill: a["fill"]}
		if at := translate.FindStringSubmatch(a["transform"]); at != nil {
			m.at[0], _ = strconv.ParseFloat(at[1], 64)
			m.at[1], _ = strconv.ParseFloat(at[2], 64)
		}
		for part := range strings.SplitSeq(a["aria-label"], "; ") {
			if _, v, ok := strings.Cut(part, ": "); ok {
				m.values = append(m.values, strings.ReplaceAll(v, "\u2212", "-"))
			}
		}
		out = append(out, m)
	}
}

// says gives the ways in which a mark may name a cell.
func says(c chart.Column, v any) []string {
	switch v := v.(type) {
	case nil:
		return []string{"(no value)"}
	case float64:
		s := strconv.FormatFloat(v, 'f', -1, 64)
		return []string{s, strconv.FormatFloat(v, 'e', -1, 64), plainSci(v)}
	case bool:
		return []string{strconv.FormatBool(v)}
	case string:
		out := []string{v}
		for _, layout := range []string{"2006-01", "2006-01-02", time.RFC3339} {
			if at, err := time.Parse(layout, v); err == nil {
				out = append(out, at.Format("2006"), at.Format("Jan 2006"), at.Format("2006-01-02"), at.Format("2006-01-02 15:04:05"))
			}
		}
		if len(v) == 7 && v[5] == 'Q' {
			out = append(out, strings.Replace(v, "-", " ", 1))
		}
		return out
	}
	return nil
}

// plainSci is a small number as Vega writes it: 1.2e-7.
func plainSci(v float64) string {
	s := strconv.FormatFloat(v, 'e', -1, 64)
	return strings.NewReplacer("e-0", "e-", "e+0", "e+").Replace(s)
}

// shows counts how many of a row's cells a mark says.
func shows(m mark, cols []chart.Column, row []any) (cells, amounts int) {
	for i, c := range cols {
		for _, s := range says(c, row[i]) {
			if slices.Contains(m.values, s) {
				cells++
				if _, number := row[i].(float64); number {
					amounts++
				}
				break
			}
		}
	}
	return cells, amounts
}

// Each mark of a chart of whole rows says the values of a row of the table,
// each row's amount is a mark, and no value stands in the SVG that is not in
// the table.
func TestMarksSayTheTable(t *testing.T) {
	kinds := map[chart.Kind]int{}
	for _, s := range samples() {
		c, err := chart.Recommend(s.t, s.h)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		whole := slices.Contains([]chart.Kind{chart.Bar, chart.GroupedBar, chart.StackedBar, chart.Scatter, chart.Bubble, chart.HeatMap, chart.Pie}, c.Kind)
		if !whole || slices.ContainsFunc(c.Notes, func(n string) bool { return !strings.HasPrefix(n, "A pie") && !strings.Contains(n, "not drawn") }) ||
			s.name == "bar_count_of_rows" || s.name == "bar_raw_sums" || s.name == "bar_injected_names" {
			continue // rows are put together: other tests look at those
		}
		kinds[c.Kind]++
		t.Run(s.name, func(t *testing.T) { saysRows(t, s, marks(t, drawn(t, c))) })
	}
	for _, k := range []chart.Kind{chart.Bar, chart.GroupedBar, chart.StackedBar, chart.Scatter, chart.Bubble, chart.HeatMap, chart.Pie} {
		if kinds[k] == 0 {
			t.Errorf("no %s was looked at", k)
		}
	}
}

func saysRows(t *testing.T, s sample, all []mark) {
	t.Helper()
	left := slices.Clone(all)
	for _, row := range s.t.Rows {
		want := 0 // marks of this row: one, or one for each amount that is folded
		for len(left) > 0 && want < 6 {
			i := slices.IndexFunc(left, func(m mark) bool { cells, amounts := shows(m, s.t.Columns, row); return cells >= 2 && amounts >= 1 })
			if i < 0 {
				break
			}
			left = slices.Delete(left, i, i+1)
			want++
			if len(all) <= len(s.t.Rows) {
				break
			}
		}
		if want == 0 && !slices.Contains(row, any(nil)) {
			t.Errorf("no mark says the row %v", row)
		}
	}
	for _, m := range left {
		if len(m.values) > 1 && !slices.Contains(m.values, "null") {
			t.Errorf("a %s says %q, which no row of the table does", m.kind, m.values)
		}
	}
}

var barPath = regexp.MustCompile(`^M([-\d.e]+),([-\d.e]+)h([-\d.e]+)v([-\d.e]+)h`)

// Bars are as long as their values: what is drawn is held against what is said.
func TestBarsAreAsLongAsTheirValues(t *testing.T) {
	seen := 0
	for _, s := range samples() {
		if !slices.Contains([]chart.Kind{chart.Bar, chart.GroupedBar, chart.StackedBar}, s.want) {
			continue
		}
		c, err := chart.Recommend(s.t, s.h)
		if err != nil {
			t.Fatal(err)
		}
		unitWide, unitHigh, n := 0.0, 0.0, 0
		for _, m := range marks(t, drawn(t, c)) {
			p := barPath.FindStringSubmatch(m.path)
			if m.kind != "bar" || p == nil {
				continue
			}
			w, _ := strconv.ParseFloat(p[3], 64)
			h, _ := strconv.ParseFloat(p[4], 64)
			v := amountOf(m)
			if math.Abs(v) < 1e-12 || w == 0 || h == 0 {
				continue
			}
			n++
			if unitWide == 0 {
				unitWide, unitHigh = w/v, h/v
				continue
			}
			if !near(w/v, unitWide) && !near(w/v, -unitWide) && !near(h/v, unitHigh) && !near(h/v, -unitHigh) {
				t.Errorf("%s: the bar of %v is %v by %v", s.name, m.values, w, h)
			}
		}
		if n > 2 {
			seen++
		}
	}
	if seen < 10 {
		t.Errorf("only %d charts of bars were looked at", seen)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Max(math.Abs(a), math.Abs(b)) }

// amountOf is the largest number that a mark says: names of bars here are no
// numbers, or smaller ones (ratings, years of stacks stand on the other axis).
func amountOf(m mark) float64 {
	for _, i := range []int{1, 0} {
		if i < len(m.values) {
			if v, err := strconv.ParseFloat(m.values[i], 64); err == nil {
				return v
			}
		}
	}
	return 0
}

var pair = regexp.MustCompile(`([-\d.e]+),([-\d.e]+)`)

func points(path string) (out [][2]float64) {
	for _, p := range pair.FindAllStringSubmatch(path, -1) {
		x, _ := strconv.ParseFloat(p[1], 64)
		y, _ := strconv.ParseFloat(p[2], 64)
		out = append(out, [2]float64{x, y})
	}
	return out
}

// A line goes through the values of its series, in the order of time: heights
// are one linear function of the values for all series of a chart.
func TestLinesGoThroughTheirValues(t *testing.T) {
	for _, s := range samples() {
		series := -1
		amount := len(s.t.Columns) - 1
		switch s.name {
		case "multi_line_origins", "dark_multi_line":
			series = 1
		case "line_months", "line_days", "line_timestamps", "line_years_long", "line_quarters", "line_hours", "line_negative", "line_high_offset", "line_unsorted_dates", "line_month_numbers", "area_cumulative":
		default:
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			c, err := chart.Recommend(s.t, s.h)
			if err != nil {
				t.Fatal(err)
			}
			lines := map[string][][2]float64{}
			for _, m := range marks(t, drawn(t, c)) {
				if m.kind == "line mark" {
					name := ""
					if series >= 0 {
						name = m.values[len(m.values)-1]
					}
					lines[name] = points(m.path)
				}
				if m.kind == "area mark" {
					p := points(m.path)
					lines[""] = p[:len(p)/2]
				}
			}
			want := map[string][]float64{}
			ordered := slices.Clone(s.t.Rows)
			slices.SortStableFunc(ordered, func(a, b []any) int { return strings.Compare(sortable(a[0]), sortable(b[0])) })
			for _, row := range ordered {
				name := ""
				if series >= 0 {
					name = row[series].(string)
				}
				want[name] = append(want[name], row[amount].(float64))
			}
			linear(t, lines, want)
		})
	}
}

func sortable(v any) string {
	if n, ok := v.(float64); ok {
		return fmt.Sprintf("%020.6f", n)
	}
	return fmt.Sprint(v)
}

func linear(t *testing.T, lines map[string][][2]float64, want map[string][]float64) {
	t.Helper()
	if len(lines) != len(want) {
		t.Fatalf("%d lines for %d series", len(lines), len(want))
	}
	var ys, vs []float64
	for name, values := range want {
		line := lines[name]
		if len(line) != len(values) {
			t.Fatalf("the line of %q has %d points for %d values", name, len(line), len(values))
		}
		for i, v := range values {
			if i > 0 && line[i][0] <= line[i-1][0] {
				t.Errorf("point %d of %q goes back in time", i, name)
			}
			ys, vs = append(ys, line[i][1]), append(vs, v)
		}
	}
	lo, hi := slices.Index(vs, slices.Min(vs)), slices.Index(vs, slices.Max(vs))
	slope := (ys[hi] - ys[lo]) / (vs[hi] - vs[lo])
	if slope >= 0 {
		t.Errorf("the largest value is not the highest point")
	}
	for i := range vs {
		if at := ys[lo] + slope*(vs[i]-vs[lo]); math.Abs(at-ys[i]) > 0.01 {
			t.Errorf("the value %v is drawn at %.3f instead of %.3f", vs[i], ys[i], at)
		}
	}
}

func column(t chart.Table, i int) (out []float64) {
	for _, row := range t.Rows {
		if v, ok := row[i].(float64); ok {
			out = append(out, v)
		}
	}
	return out
}

func named(t *testing.T, name string) (sample, []mark) {
	t.Helper()
	for _, s := range samples() {
		if s.name == name {
			c, err := chart.Recommend(s.t, s.h)
			if err != nil {
				t.Fatal(err)
			}
			return s, marks(t, drawn(t, c))
		}
	}
	t.Fatalf("no sample is called %s", name)
	return sample{}, nil
}

var fromTo = regexp.MustCompile(`^(-?[\d.]+) – (-?[\d.]+)$`)

// within counts values in a bin, the last of which holds its end.
func within(values []float64, from, to float64) (n int) {
	for _, v := range values {
		if v >= from && v < to {
			n++
		}
	}
	return n
}

func TestHistogramsCountTheirValues(t *testing.T) {
	for _, name := range []string{"histogram_delays", "histogram_dice", "histogram_prices"} {
		s, all := named(t, name)
		values, total := column(s.t, 0), 0
		for _, m := range all {
			r := fromTo.FindStringSubmatch(m.values[0])
			if r == nil {
				t.Fatalf("%s: %q is no range", name, m.values[0])
			}
			from, _ := strconv.ParseFloat(r[1], 64)
			to, _ := strconv.ParseFloat(r[2], 64)
			n, _ := strconv.Atoi(m.values[1])
			if want := within(values, from, to); n != want {
				t.Errorf("%s: %v values are between %v and %v, the bar says %d", name, want, from, to, n)
			}
			total += n
		}
		if total != len(values) {
			t.Errorf("%s: the bars count %d of %d values", name, total, len(values))
		}
	}
}

func TestCellsOfDensityCountTheirPoints(t *testing.T) {
	s, all := named(t, "scatter_binned")
	total := 0
	for _, m := range all {
		x, y := fromTo.FindStringSubmatch(m.values[0]), fromTo.FindStringSubmatch(m.values[1])
		n, _ := strconv.Atoi(m.values[2])
		total += n
		if x == nil || y == nil {
			t.Fatalf("%q", m.values)
		}
		want := 0
		for _, row := range s.t.Rows {
			if in(row[0].(float64), x) && in(row[1].(float64), y) {
				want++
			}
		}
		if n != want {
			t.Errorf("%q says %d, there are %d", m.values[:2], n, want)
		}
	}
	if total != len(s.t.Rows) {
		t.Errorf("the cells count %d of %d rows", total, len(s.t.Rows))
	}
}

func in(v float64, fromTo []string) bool {
	from, _ := strconv.ParseFloat(fromTo[1], 64)
	to, _ := strconv.ParseFloat(fromTo[2], 64)
	return v >= from && v < to
}

// The box of a category holds the middle half of its values.
func TestBoxesHoldTheMiddleHalf(t *testing.T) {
	s, all := named(t, "box_delays")
	for _, origin := range []string{"EWR", "JFK", "LGA"} {
		var values []float64
		for _, row := range s.t.Rows {
			if row[0] == origin {
				values = append(values, row[1].(float64))
			}
		}
		slices.Sort(values)
		quarter := func(p float64) float64 { // 100 values each: between two of them
			at := p * float64(len(values)-1)
			i := int(at)
			return values[i] + (at-float64(i))*(values[i+1]-values[i])
		}
		found := 0
		for _, m := range all {
			if !slices.Contains(m.values, origin) {
				continue
			}
			nums := []float64{}
			for _, v := range m.values {
				if n, err := strconv.ParseFloat(v, 64); err == nil {
					nums = append(nums, n)
				}
			}
			switch m.kind {
			case "bar":
				found++
				if !near(nums[0], quarter(0.25)) || !near(nums[1], quarter(0.75)) {
					t.Errorf("the box of %s goes from %v to %v", origin, nums[0], nums[1])
				}
			case "tick":
				found++
				if !near(nums[0], quarter(0.5)) {
					t.Errorf("the median of %s is said to be %v", origin, nums[0])
				}
			case "rule mark":
				found++
				reach := 1.5 * (quarter(0.75) - quarter(0.25))
				if nums[0] < quarter(0.25)-reach || nums[1] > quarter(0.75)+reach || !slices.Contains(values, nums[0]) || !slices.Contains(values, nums[1]) {
					t.Errorf("the whiskers of %s are %v", origin, nums)
				}
			}
		}
		if found != 3 {
			t.Errorf("%s has %d of 3 parts of a box", origin, found)
		}
	}
}

// What is put together is the sum of what it was made of.
func TestOtherIsTheSumOfTheRest(t *testing.T) {
	s, all := named(t, "bar_hundred_categories")
	values := column(s.t, 1)
	want, got, bars := 0.0, 0.0, 0
	for _, v := range values {
		want += v
	}
	other := false
	for _, m := range all {
		if m.kind != "bar" {
			continue
		}
		bars++
		other = other || slices.Contains(m.values, "Other")
		for _, v := range m.values {
			if n, err := strconv.ParseFloat(v, 64); err == nil {
				got += n
			}
		}
	}
	if bars != 25 || !other || math.Abs(got-want) > 1e-5 {
		t.Errorf("%d bars (other: %v) add up to %v of %v", bars, other, got, want)
	}
}

func TestRowsOfOneBarAreAddedUp(t *testing.T) {
	s, all := named(t, "bar_raw_sums")
	want := map[string]float64{}
	for _, row := range s.t.Rows {
		want[row[0].(string)] += row[1].(float64)
	}
	for _, m := range all {
		if m.kind == "bar" && m.values[1] != strconv.FormatFloat(want[m.values[0]], 'f', -1, 64) {
			t.Errorf("the bar says %q, the sum is %v", m.values, want[m.values[0]])
		}
	}
	_, all = named(t, "bar_count_of_rows")
	said := []string{}
	for _, m := range all {
		if m.kind == "bar" {
			said = append(said, strings.Join(m.values, " "))
		}
	}
	slices.Sort(said)
	if got := strings.Join(said, ", "); got != "closed 144, open 48, waiting 48" {
		t.Errorf("the bars count %s", got)
	}
}

func TestSlicesAreTheirShareOfTheWhole(t *testing.T) {
	c, err := chart.Recommend(table(cols("device:string", "sessions:integer"), "Mobile|582\nDesktop|331\nTablet|64\nTV|23"), q("share of sessions by device"))
	if err != nil {
		t.Fatal(err)
	}
	svg := string(drawn(t, c))
	for _, part := range []string{">58.2%<", ">33.1%<", ">6.4%<", ">2.3%<"} {
		if !strings.Contains(svg, part) {
			t.Errorf("the pie does not say %s", part)
		}
	}
}

func TestBigNumbersAreExact(t *testing.T) {
	for name, want := range map[string][]string{
		"number_count": {"336,776"}, "number_money": {"$1,234,567.89"}, "number_several": {"48,211", "€2,913,004.5", "8.31%"},
		"number_negative_percent": {"-4.25%"}, "number_null": {"no value"}, "number_long_title": {"150.68646"},
	} {
		_, all := named(t, name)
		var got []string
		for _, m := range all {
			if m.kind == "text mark" {
				got = append(got, m.values...)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s says %q instead of %q", name, got, want)
		}
	}
}

// Small multiples draw every row once.
func TestPanelsDrawEveryRow(t *testing.T) {
	for _, name := range []string{"facet_asked", "facet_three_dims"} {
		s, all := named(t, name)
		n := 0
		for _, m := range all {
			if m.kind == "line mark" {
				n += len(points(m.path))
			}
		}
		if n != len(s.t.Rows) {
			t.Errorf("%s draws %d points of %d rows", name, n, len(s.t.Rows))
		}
	}
}

// Layers of areas are as thick as their values.
func TestStackedAreasAreAsThickAsTheirValues(t *testing.T) {
	s, all := named(t, "area_stacked_share")
	thick := map[string][]float64{}
	for _, m := range all {
		if m.kind != "area mark" {
			continue
		}
		p := points(m.path)
		n := len(p) / 2
		for i := range n {
			thick[m.values[2]] = append(thick[m.values[2]], p[2*n-1-i][1]-p[i][1])
		}
	}
	unit := 0.0
	at := map[string]int{}
	for _, row := range s.t.Rows {
		name, v := row[1].(string), row[2].(float64)
		h := thick[name][at[name]]
		at[name]++
		if unit == 0 {
			unit = h / v
		}
		if math.Abs(h-unit*v) > 0.02 {
			t.Errorf("%v of %s is %v thick instead of %v", v, name, h, unit*v)
		}
	}
}

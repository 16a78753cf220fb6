package form

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/internal/semantic"
)

const grains = "day week month quarter year"

const day = "2006-01-02"

// span reads a day or a period: 2024, 2024-Q1, 2024-03, 2024-03-01. It gives
// its first day and the day after its last.
func span(s string) (from, to string, ok bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) == 7 && s[4:6] == "-Q" && s[6] >= '1' && s[6] <= '4' {
		year, err := time.Parse("2006", s[:4])
		begin := year.AddDate(0, 3*int(s[6]-'1'), 0)
		return begin.Format(day), begin.AddDate(0, 3, 0).Format(day), err == nil
	}
	for _, f := range []struct {
		layout  string
		y, m, d int
	}{{"2006", 1, 0, 0}, {"2006-01", 0, 1, 0}, {day, 0, 0, 1}} {
		if t, err := time.Parse(f.layout, s); err == nil {
			return t.Format(day), t.AddDate(f.y, f.m, f.d).Format(day), true
		}
	}
	return "", "", false
}

// instant reads a date with a time.
func instant(s string) (string, bool) {
	s = strings.TrimSuffix(strings.Replace(strings.TrimSpace(s), "T", " ", 1), "Z")
	for _, layout := range []string{day, "2006-01-02 15:04:05", "2006-01-02 15:04", "15:04:05", "15:04"} {
		if _, err := time.Parse(layout, s); err == nil {
			return s, true
		}
	}
	return s, false
}

// during compares a date with a period: on it, before its first day, after
// its last.
func during(of semantic.Expr, op semantic.CompareOp, from, to string) semantic.Cond {
	switch op {
	case semantic.Lt:
		return semantic.During{Of: of, To: from}
	case semantic.Le:
		return semantic.During{Of: of, To: to}
	case semantic.Gt:
		return semantic.During{Of: of, From: to}
	case semantic.Ge:
		return semantic.During{Of: of, From: from}
	case semantic.Ne:
		return semantic.Not{Cond: semantic.During{Of: of, From: from, To: to}}
	}
	return semantic.During{Of: of, From: from, To: to}
}

// period is the time of a query.
type period struct {
	column   column
	grain    semantic.Grain
	from, to string // days, to is the one after the last; "" is open
	compare  string // previous_period, previous_year or ""
	back     int    // periods that are read before the first one shown
	as       string
	said     semantic.Cond // all conditions, as they are to be put in words
}

// readTime reads the time: it adds the period as the first dimension.
func (a *asked) readTime(n, measures node) *period {
	if n.v == nil {
		return nil
	}
	if s, ok := n.v.(string); ok {
		n = node{n.path, map[string]any{"in": s}, true}
	}
	if !a.object(n, "column grain from to in compare") {
		return nil
	}
	p := &period{grain: semantic.Grain(a.oneOf(n.at("grain"), grains)), compare: a.oneOf(n.at("compare"), "previous_period previous_year")}
	var ok bool
	if p.column, ok = a.timeColumn(n, measures); !ok {
		return nil
	}
	a.readRange(n, p)
	a.setBack(n, p)
	if p.grain != "" {
		p.as = string(p.grain)
		a.show(output{as: p.as, expr: semantic.Period{Of: p.column.ref, Grain: p.grain}})
	}
	return p
}

func (a *asked) timeColumn(n, measures node) (column, bool) {
	if n.has("column") {
		c, ok := a.column(n.at("column"))
		if ok && c.of.Class != semantic.Date {
			a.bad(n.at("column"), "value_error", c.table.Name+"."+c.of.Name+" is no date; dates are "+list(a.dates(c.table)))
			return c, false
		}
		return c, ok
	}
	if a.table != nil && a.table.TimeColumn != "" {
		return a.lookup(a.table.Name + "." + a.table.TimeColumn)
	}
	found := a.times(a.measuredTables(measures))
	if len(found) == 0 {
		found = a.times(nil)
	}
	if len(found) == 1 {
		a.note("time is " + found[0])
		return a.lookup(found[0])
	}
	a.bad(n.at("column"), "missing", "Field required: which date; there are "+list(found))
	return column{}, false
}

// times are the time columns of tables, nil is all of them.
func (a *asked) times(of []string) (found []string) {
	for i := range a.m.Tables {
		if t := &a.m.Tables[i]; t.TimeColumn != "" && (of == nil || slices.Contains(of, t.Name)) {
			found = append(found, t.Name+"."+t.TimeColumn)
		}
	}
	return found
}

// measuredTables are those that the measures are over.
func (a *asked) measuredTables(n node) []string {
	out := []string{}
	quiet := &asked{reader: &reader{m: a.m}, q: semantic.Query{Joins: slices.Clone(a.q.Joins)}, table: a.table}
	for _, x := range n.items() {
		if e, _ := quiet.measureExpr(x); e != nil {
			out = append(out, a.m.Sets(e)...)
		}
	}
	return out
}

func (a *asked) dates(t *semantic.Table) (out []string) {
	for _, c := range t.Columns {
		if c.Class == semantic.Date {
			out = append(out, t.Name+"."+c.Name)
		}
	}
	return out
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names[:min(len(names), 12)], ", ")
}

func (a *asked) readRange(n node, p *period) {
	read := func(key string) (from, to string) {
		s := a.text(n.at(key))
		if s == "" {
			return "", ""
		}
		from, to, ok := span(s)
		if !ok {
			a.bad(n.at(key), "value_error", "Input should be a date or a period: 2024-03-01, 2024-03, 2024-Q1 or 2024")
		}
		return from, to
	}
	p.from, _ = read("from")
	_, p.to = read("to")
	if n.has("in") {
		if n.has("from") || n.has("to") {
			a.bad(n.at("in"), "value_error", "time has in, or from and to, not both")
		}
		p.from, p.to = read("in")
	}
	if p.from != "" && p.to != "" && p.from >= p.to {
		a.bad(n.at("to"), "value_error", "the range ends before it begins")
	}
}

// setBack says how many periods before the first one a comparison needs.
func (a *asked) setBack(n node, p *period) {
	switch {
	case p.compare == "":
	case p.grain != "" && p.compare == "previous_year":
		back, ok := map[semantic.Grain]int{semantic.Month: 12, semantic.Quarter: 4, semantic.Year: 1}[p.grain]
		if !ok {
			a.bad(n.at("compare"), "value_error", "the year before is told of months, quarters and years; take previous_period with this grain")
		}
		p.back = back
	case p.grain != "":
		p.back = 1
	case p.from == "" || p.to == "":
		a.bad(n.at("compare"), "value_error", "a comparison needs a grain, or from and to")
	}
}

// wrapped says that periods before the range are read for a comparison.
func (p *period) wrapped() bool { return p.grain != "" && p.back > 0 && p.from != "" }

// reading is the condition on what is read.
func (p *period) reading() semantic.Cond {
	from := p.from
	switch {
	case p.wrapped():
		from = p.moved(p.start(), -p.back).Format(day)
	case p.compare != "" && p.grain == "":
		from, _ = p.before()
	}
	if from == "" && p.to == "" {
		return nil
	}
	return semantic.During{Of: p.column.ref, From: from, To: p.to}
}

// readPeriods bounds the rows that are read, when it is known which earlier
// periods are needed.
func (a *asked) readPeriods(n node) {
	if a.time == nil {
		return
	}
	if p := a.time; p.wrapped() {
		p.said = and(a.q.Where, semantic.During{Of: p.column.ref, From: p.from, To: p.to})
	}
	if c := a.time.reading(); c != nil {
		a.where(c)
	}
	if !a.time.wrapped() {
		return
	}
	if a.time.start().Format(day) != a.time.from {
		a.bad(n.at("from"), "value_error", "with a comparison the range has to begin where a "+string(a.time.grain)+" does")
	}
	for _, o := range a.named {
		switch o.expr.(type) {
		case semantic.Share, semantic.Running:
			a.bad(node{path: []string{"measures"}}, "value_error", o.as+" does not go with a comparison over a range: ask for it in a query of its own")
		}
	}
}

// start is the first day of the period that the range begins in.
func (p *period) start() time.Time {
	t, err := time.Parse(day, p.from)
	if err != nil {
		return time.Time{}
	}
	switch p.grain {
	case semantic.Week:
		return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	case semantic.Month:
		return t.AddDate(0, 0, 1-t.Day())
	case semantic.Quarter:
		return t.AddDate(0, -(int(t.Month())-1)%3, 1-t.Day())
	case semantic.Year:
		return t.AddDate(0, 1-int(t.Month()), 1-t.Day())
	}
	return t
}

func (p *period) moved(t time.Time, n int) time.Time {
	switch p.grain {
	case semantic.Week:
		return t.AddDate(0, 0, 7*n)
	case semantic.Month:
		return t.AddDate(0, n, 0)
	case semantic.Quarter:
		return t.AddDate(0, 3*n, 0)
	case semantic.Year:
		return t.AddDate(n, 0, 0)
	}
	return t.AddDate(0, 0, n)
}

// since holds for the periods of the range, as the compiler writes them.
func (p *period) since() semantic.Cond {
	t := p.start()
	label := semantic.Value{Class: semantic.Text, Text: t.Format(day)}
	switch p.grain {
	case semantic.Month:
		label.Text = t.Format("2006-01")
	case semantic.Quarter:
		label.Text = t.Format("2006") + "-Q" + strconv.Itoa((int(t.Month())+2)/3)
	case semantic.Year:
		label = semantic.Value{Class: semantic.Numeric, Text: t.Format("2006")}
	}
	return semantic.Compare{Left: semantic.Ref{Column: p.as}, Op: semantic.Ge, Right: label}
}

// before is the range that one without a grain is compared with: as long, just
// before; whole months and years stay whole.
func (p *period) before() (from, to string) {
	begin, err := time.Parse(day, p.from)
	end, err2 := time.Parse(day, p.to)
	if err != nil || err2 != nil {
		return "", ""
	}
	if p.compare == "previous_year" {
		return begin.AddDate(-1, 0, 0).Format(day), end.AddDate(-1, 0, 0).Format(day)
	}
	months := (end.Year()-begin.Year())*12 + int(end.Month()) - int(begin.Month())
	if begin.Day() == 1 && end.Day() == 1 && months > 0 {
		return begin.AddDate(0, -months, 0).Format(day), p.from
	}
	return begin.Add(-end.Sub(begin)).Format(day), p.from
}

// compare adds to a measure what it was before, and by how much it changed.
func (a *asked) compare(e semantic.Expr, as string) {
	p := a.time
	var before semantic.Expr = semantic.Prior{Of: e, Back: p.back}
	if p.grain == "" {
		from, to := p.before()
		before = a.m.Only(e, semantic.During{Of: p.column.ref, From: from, To: to})
		now := a.m.Only(e, semantic.During{Of: p.column.ref, From: p.from, To: p.to})
		i := slices.IndexFunc(a.named, func(o output) bool { return o.as == as })
		a.named[i].expr, e = now, now
		a.note("compared with " + from + " to " + lastDay(to))
	}
	a.show(output{as: as + "_previous", expr: before, measure: true})
	a.show(output{as: as + "_change_percent", expr: percent(e, before), measure: true})
}

func lastDay(after string) string {
	t, err := time.Parse(day, after)
	if err != nil {
		return after
	}
	return t.AddDate(0, 0, -1).Format(day)
}

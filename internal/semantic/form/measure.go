package form

import (
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

var called = regexp.MustCompile(`(?is)^\s*(count|sum|avg|min|max)\s*\(\s*(distinct\s+)?(.*?)\s*\)\s*$`)

// measureKeys are those of a measure.
const measureKeys = "name agg column filters divide_by show within periods as"

// measure reads a measure to be shown.
func (a *asked) measure(n node) {
	e, as := a.measureExpr(n)
	if e == nil {
		return
	}
	if n.has("as") {
		as = a.text(n.at("as"))
	}
	a.show(output{as: as, expr: e, measure: true})
	if a.time != nil && a.time.compare != "" && !n.has("show") {
		a.compare(e, as)
	}
}

// measureExpr reads a measure: a metric's name, "sum(table.column)", or an
// object of measureKeys. as is what it is called when nobody says.
func (a *asked) measureExpr(n node) (e semantic.Expr, as string) {
	if s, ok := n.v.(string); ok {
		return a.spoken(n, strings.TrimSpace(s))
	}
	if !a.object(n, measureKeys) {
		return nil, ""
	}
	switch {
	case n.has("name") && n.has("agg"):
		a.bad(n, "value_error", "a measure has a name, or agg and column, not both")
		return nil, ""
	case n.has("name"):
		e, as = a.metric(n.at("name"), a.text(n.at("name")))
	case n.has("agg"):
		e, as = a.aggregate(n)
	default:
		a.bad(n, "missing", "a measure needs the name of a metric, or agg and column")
	}
	if e == nil {
		return nil, ""
	}
	if n.has("filters") {
		for _, f := range n.at("filters").items() {
			if c := a.filter(f); c != nil {
				e = a.m.Only(e, c)
			}
		}
	}
	if n.has("divide_by") {
		by, byName := a.measureExpr(n.at("divide_by"))
		if by == nil {
			return nil, ""
		}
		e, as = semantic.Arith{Op: "/", Left: e, Right: by}, as+"_per_"+byName
	}
	return a.shown(n, e, as)
}

// spoken reads a measure written as a text.
func (a *asked) spoken(n node, s string) (semantic.Expr, string) {
	p := called.FindStringSubmatch(s)
	if _, ok := a.m.Measure(s); ok || p == nil {
		return a.metric(n, s)
	}
	agg := strings.ToLower(p[1])
	if p[2] != "" && agg == "count" {
		agg = "count_distinct"
	}
	return a.aggregate(node{n.path, map[string]any{"agg": agg, "column": p[3]}, true})
}

func (a *asked) metric(n node, name string) (semantic.Expr, string) {
	x, ok := a.m.Measure(name)
	if !ok {
		x, ok = a.metricCalled(name)
	}
	if !ok {
		var names []string
		for i := range a.m.Measures {
			names = append(names, a.m.Measures[i].Name)
		}
		a.bad(n, "value_error", "this product has no metric "+quoted(name)+nearest(name, names)+
			" A sum of your own is {\"agg\": \"sum\", \"column\": \"table.column\"}.")
		return nil, ""
	}
	if x.Expr == nil {
		a.bad(n, "value_error", "the metric "+x.Name+" is written in SQL that no semantic query can take: "+x.Expression+" Use it in sql_execution_tool.")
		return nil, ""
	}
	return semantic.MeasureOf{Name: x.Name}, x.Name
}

// metricCalled finds the one metric that people call so.
func (a *asked) metricCalled(name string) (*semantic.Measure, bool) {
	var found *semantic.Measure
	for i := range a.m.Measures {
		if x := &a.m.Measures[i]; calls(name, x.Label, x.Synonyms) {
			if found != nil {
				return nil, false
			}
			found = x
		}
	}
	if found != nil {
		a.note(quoted(name) + " is the metric " + found.Name)
	}
	return found, found != nil
}

// calls tells whether a thing goes by a name.
func calls(name, label string, synonyms []string) bool {
	return name != "" && (strings.EqualFold(name, label) || slices.ContainsFunc(synonyms, func(s string) bool { return strings.EqualFold(s, name) }))
}

func (a *asked) aggregate(n node) (semantic.Expr, string) {
	agg := a.oneOf(n.at("agg"), "count count_distinct sum avg min max")
	if agg == "" {
		return nil, ""
	}
	op, distinct := semantic.AggOp(strings.TrimSuffix(agg, "_distinct")), agg == "count_distinct"
	at := n.at("column")
	name := strings.TrimSpace(a.text(at))
	if op == semantic.Count && !distinct {
		if set, ok := a.counted(name); ok {
			return semantic.Aggregate{Op: op, Of: semantic.Rows{Set: set}}, "count_" + set
		}
		if name == "" || name == "*" {
			a.bad(at, "missing", "say which table's rows to count, as {\"agg\": \"count\", \"column\": \"orders\"}")
			return nil, ""
		}
	}
	if strings.ContainsAny(name, "+-*/ ") {
		if _, ok := a.lookup(name); !ok {
			return a.computed(at, op, distinct, name, agg)
		}
	}
	c, ok := a.column(at)
	if !ok {
		return nil, ""
	}
	if (op == semantic.Sum || op == semantic.Avg) && c.of.Class != semantic.Numeric && !c.of.NumericText {
		a.bad(at, "value_error", c.table.Name+"."+c.of.Name+" is of type "+string(c.of.Class)+", which has no "+string(op))
		return nil, ""
	}
	if op == semantic.Sum && c.of.Additive == semantic.NonAdditive {
		a.note("the sum of " + c.table.Name + "." + c.of.Name + " adds up values that are not made to be added")
	}
	return semantic.Aggregate{Op: op, Of: c.ref, Distinct: distinct}, agg + "_" + c.of.Name
}

// counted is the set whose rows are counted.
func (a *asked) counted(name string) (string, bool) {
	if name == "" || name == "*" {
		switch {
		case a.table != nil:
			return a.table.Name, true
		case len(a.m.Tables) == 1:
			return a.m.Tables[0].Name, true
		}
		return "", false
	}
	set, _, ok := a.findSet(strings.TrimSuffix(name, ".*"))
	return set, ok
}

// computed is an aggregate of arithmetic over columns.
func (a *asked) computed(n node, op semantic.AggOp, distinct bool, text, as string) (semantic.Expr, string) {
	e, err := a.m.Expression(text)
	if err != nil {
		a.bad(n, "value_error", "Input should be a column, as table.column, or arithmetic over columns: "+err.Error())
		return nil, ""
	}
	if hasAggregate(e) {
		a.bad(n, "value_error", "the column of an aggregate has no aggregate in it")
		return nil, ""
	}
	return semantic.Aggregate{Op: op, Of: e, Distinct: distinct}, as
}

func hasAggregate(e semantic.Expr) bool {
	switch e := e.(type) {
	case semantic.Aggregate:
		return true
	case semantic.Arith:
		return hasAggregate(e.Left) || hasAggregate(e.Right)
	}
	return false
}

// shown is the measure as it is to be shown: itself, its share, beside the
// period before.
func (a *asked) shown(n node, e semantic.Expr, as string) (semantic.Expr, string) {
	show := a.oneOf(n.at("show"), "value share previous change change_percent running_total")
	back := a.number(n.at("periods"), 1, 1)
	if n.has("within") && show != "share" {
		a.bad(n.at("within"), "value_error", "within goes with show: share")
	}
	if n.has("periods") && show != "previous" && show != "change" && show != "change_percent" {
		a.bad(n.at("periods"), "value_error", "periods goes with show: previous, change or change_percent")
	}
	if a.time != nil && a.time.compare != "" && a.time.grain == "" && show != "" && show != "value" {
		a.bad(n.at("show"), "value_error", "show does not go with a comparison of two ranges: ask for it in a query of its own")
	}
	before := semantic.Prior{Of: e, Back: back}
	switch show {
	case "share":
		s := semantic.Share{Of: e}
		for _, w := range a.few(n.at("within")) {
			if x := a.ordered(w); x != nil {
				s.Within = append(s.Within, x)
			}
		}
		return s, as + "_share"
	case "running_total":
		a.periodOf(n.at("show"))
		return semantic.Running{Of: e}, as + "_running_total"
	case "previous", "change", "change_percent":
		a.periodOf(n.at("show"))
		if a.time != nil {
			a.time.back = max(a.time.back, back)
		}
		as += "_" + show
		switch show {
		case "previous":
			return before, as
		case "change":
			return semantic.Arith{Op: "-", Left: e, Right: before}, as
		}
		return percent(e, before), as
	}
	return e, as
}

// percent is by how much of what was before it changed, in hundredths.
func percent(now, before semantic.Expr) semantic.Expr {
	change := semantic.Arith{Op: "/", Left: semantic.Arith{Op: "-", Left: now, Right: before}, Right: before}
	return semantic.Arith{Op: "*", Left: change, Right: semantic.Value{Class: semantic.Numeric, Text: "100"}}
}

// periodOf refuses what needs a row for each period where there is none.
func (a *asked) periodOf(n node) {
	if a.time != nil && a.time.grain != "" {
		return
	}
	if slices.ContainsFunc(a.named, func(o output) bool { _, ok := o.expr.(semantic.Period); return ok }) {
		return
	}
	a.bad(n, "value_error", "this compares periods: give time with a grain, as {\"column\": \"orders.placed\", \"grain\": \"month\"}")
}

// dimension reads a column to group by.
func (a *asked) dimension(n node) {
	if _, ok := n.v.(string); ok {
		if c, ok := a.column(n); ok {
			a.show(output{as: c.of.Name, expr: c.ref})
		}
		return
	}
	if !a.object(n, "column grain part as") {
		return
	}
	c, ok := a.column(n.at("column"))
	if !ok {
		return
	}
	o := output{as: c.of.Name, expr: c.ref}
	grain := a.oneOf(n.at("grain"), grains)
	part := a.oneOf(n.at("part"), "year quarter month day weekday hour")
	switch {
	case (grain != "" || part != "") && c.of.Class != semantic.Date:
		a.bad(n.at("column"), "value_error", c.table.Name+"."+c.of.Name+" is no date, and has no grain or part")
		return
	case grain != "" && part != "":
		a.bad(n, "value_error", "a dimension has a grain or a part, not both")
		return
	case grain != "":
		o = output{as: grain, expr: semantic.Period{Of: c.ref, Grain: semantic.Grain(grain)}}
	case part != "":
		o = output{as: part, expr: semantic.Part{Of: c.ref, Unit: semantic.DateUnit(part)}}
	}
	if n.has("as") {
		o.as = a.text(n.at("as"))
	}
	a.show(o)
}

package form

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

const filterKeys = "column op value name any all none exists not_exists via filters"

// comparisons are the ways to write each.
var comparisons = map[string]semantic.CompareOp{
	"=": semantic.Eq, "==": semantic.Eq, "eq": semantic.Eq, "equals": semantic.Eq, "is": semantic.Eq,
	"!=": semantic.Ne, "<>": semantic.Ne, "ne": semantic.Ne, "not_equals": semantic.Ne, "is_not": semantic.Ne,
	"<": semantic.Lt, "lt": semantic.Lt, "before": semantic.Lt, "<=": semantic.Le, "lte": semantic.Le, "le": semantic.Le,
	">": semantic.Gt, "gt": semantic.Gt, "after": semantic.Gt, ">=": semantic.Ge, "gte": semantic.Ge, "ge": semantic.Ge,
}

func comparison(op, otherwise string) (semantic.CompareOp, bool) {
	if op == "" {
		op = otherwise
	}
	c, ok := comparisons[strings.ReplaceAll(strings.ToLower(op), " ", "_")]
	return c, ok
}

var matches = map[string]semantic.MatchKind{"contains": semantic.Contains, "starts_with": semantic.Starts, "ends_with": semantic.Ends, "like": semantic.Pattern}

// filter reads a condition; nil where it does not fit.
func (a *asked) filter(n node) semantic.Cond {
	if a.deep++; a.deep > deepest {
		a.bad(n, "value_error", "conditions are nested too deep")
		return nil
	}
	defer func() { a.deep-- }()
	if a.filters++; a.filters > inForm {
		if a.filters == inForm+1 {
			a.bad(n, "too_long", "a query has at most "+strconv.Itoa(inForm)+" filters")
		}
		return nil
	}
	if s, ok := n.v.(string); ok {
		return a.namedFilter(n, s)
	}
	if !a.object(n, filterKeys) {
		return nil
	}
	var kinds []string
	for _, k := range []string{"column", "name", "any", "all", "none", "exists", "not_exists"} {
		if n.has(k) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) != 1 {
		a.bad(n, "value_error", "a filter has just one of column, name, any, all, none, exists, not_exists")
		return nil
	}
	switch kinds[0] {
	case "name":
		return a.namedFilter(n.at("name"), a.text(n.at("name")))
	case "any":
		return semantic.Or(a.conds(n.at("any")))
	case "all":
		return semantic.And(a.conds(n.at("all")))
	case "none":
		return semantic.Not{Cond: semantic.Or(a.conds(n.at("none")))}
	case "exists", "not_exists":
		return a.related(n, kinds[0])
	}
	return a.onColumn(n)
}

func (a *asked) conds(n node) []semantic.Cond {
	var out []semantic.Cond
	for _, f := range n.items() {
		if c := a.filter(f); c != nil {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		a.bad(n, "too_short", "List should have at least 1 filter")
	}
	return out
}

func (a *asked) namedFilter(n node, name string) semantic.Cond {
	f, ok := a.m.Filter(name)
	if !ok {
		var names []string
		for i := range a.m.Filters {
			names = append(names, a.m.Filters[i].Name)
		}
		a.bad(n, "value_error", "this product has no filter "+quoted(name)+nearest(name, names)+
			" A filter of your own is {\"column\": \"table.column\", \"op\": \"=\", \"value\": 1}.")
		return nil
	}
	if f.Where == nil {
		a.bad(n, "value_error", "the filter "+f.Name+" is written in SQL that no semantic query can take: "+f.Expression)
		return nil
	}
	return semantic.NamedFilter{Name: f.Name}
}

// related asks for rows of another table: some, none, or so many.
func (a *asked) related(n node, kind string) semantic.Cond {
	t := a.tableOf(n.at(kind), a.text(n.at(kind)))
	if t == nil {
		return nil
	}
	c := semantic.Related{Set: t.Name, Via: a.text(n.at("via"))}
	if _, ok := a.m.Join(c.Via); c.Via != "" && !ok {
		a.bad(n.at("via"), "value_error", "there is no join "+quoted(c.Via)+nearest(c.Via, a.joinNames()))
	}
	if n.has("filters") {
		c.Where = semantic.And(a.conds(n.at("filters")))
	}
	switch {
	case kind == "not_exists":
		c.Op, c.Count = semantic.Eq, 0
		if n.has("op") || n.has("value") {
			a.bad(n, "value_error", "op and value, the number of rows, go with exists")
		}
	case n.has("value"):
		op, ok := comparison(a.text(n.at("op")), ">=")
		if !ok {
			a.bad(n.at("op"), "enum", "Input should be one of =, !=, <, <=, >, >=")
		}
		c.Op, c.Count = op, a.number(n.at("value"), 0, 0)
	}
	return c
}

// onColumn compares a column.
func (a *asked) onColumn(n node) semantic.Cond {
	c, ok := a.column(n.at("column"))
	if !ok {
		return nil
	}
	value := n.at("value")
	_, list := value.v.([]any)
	op := strings.ReplaceAll(strings.ToLower(a.text(n.at("op"))), " ", "_")
	if op == "" {
		op = "="
	}
	if list && (op == "=" || op == "!=") {
		op = map[string]string{"=": "in", "!=": "not_in"}[op]
	}
	switch op {
	case "is_null", "is_empty", "empty", "not_null", "is_not_null", "not_empty":
		null := semantic.Null{Of: c.ref, Empty: c.of.Class == semantic.Text && strings.Contains(op, "empty")}
		if strings.Contains(op, "not") {
			return semantic.Not{Cond: null}
		}
		return null
	case "in", "not_in":
		return a.in(c, value, op == "not_in")
	case "between":
		return a.between(c, value)
	case "contains", "starts_with", "ends_with", "like", "not_contains", "not_like":
		kind := matches[strings.TrimPrefix(op, "not_")]
		var m semantic.Cond = semantic.Match{Of: c.ref, Kind: kind, Text: a.text(value)}
		if value.v == nil {
			a.bad(value, "missing", "Field required")
		}
		if strings.HasPrefix(op, "not_") {
			m = semantic.Not{Cond: m}
		}
		return m
	}
	cmp, ok := comparison(op, "=")
	if !ok {
		a.bad(n.at("op"), "enum", "Input should be one of =, !=, <, <=, >, >=, in, not_in, between, contains, not_contains, starts_with, ends_with, is_null, not_null")
		return nil
	}
	return a.compared(c, cmp, value)
}

// compared compares a column with a constant, another column, or the value of
// an aggregate.
func (a *asked) compared(c column, op semantic.CompareOp, value node) semantic.Cond {
	if _, ok := value.v.(map[string]any); ok {
		return a.comparedWith(c, op, value)
	}
	if value.v == nil {
		a.bad(value, "missing", "Field required; rows without a value are op: is_null")
		return nil
	}
	if c.of.Class == semantic.Date {
		if s, ok := value.v.(string); ok {
			if from, to, ok := span(s); ok {
				return during(c.ref, op, from, to)
			}
		}
	}
	v, ok := a.value(value, c)
	if !ok {
		return nil
	}
	return semantic.Compare{Left: c.ref, Op: op, Right: v}
}

func (a *asked) comparedWith(c column, op semantic.CompareOp, value node) semantic.Cond {
	if !a.object(value, "column agg filters") {
		return nil
	}
	if !value.has("agg") {
		other, ok := a.column(value.at("column"))
		if !ok {
			return nil
		}
		return semantic.Compare{Left: c.ref, Op: op, Right: other.ref}
	}
	inner := &asked{reader: a.reader}
	e, _ := inner.aggregate(value)
	if e == nil {
		return nil
	}
	for _, f := range value.at("filters").items() {
		if w := inner.filter(f); w != nil {
			inner.where(w)
		}
	}
	inner.q.Select = []semantic.Output{{Expr: e}}
	return semantic.Compare{Left: c.ref, Op: op, Right: semantic.Scalar{Query: &inner.q}}
}

func (a *asked) in(c column, value node, not bool) semantic.Cond {
	var out semantic.Cond
	if c.of.Class == semantic.Date {
		var any semantic.Or
		for _, x := range value.items() {
			if w := a.compared(c, semantic.Eq, x); w != nil {
				any = append(any, w)
			}
		}
		out = any
	} else {
		in := semantic.In{Of: c.ref}
		for _, x := range value.items() {
			if v, ok := a.value(x, c); ok {
				in.Values = append(in.Values, v)
			}
		}
		out = in
	}
	if len(value.items()) == 0 {
		a.bad(value, "too_short", "List should have at least 1 value")
		return nil
	}
	if not {
		return semantic.Not{Cond: out}
	}
	return out
}

// between takes both ends in.
func (a *asked) between(c column, value node) semantic.Cond {
	ends := value.items()
	if len(ends) != 2 {
		a.bad(value, "value_error", "Input should be a list of two values, the least and the most")
		return nil
	}
	low, high := a.compared(c, semantic.Ge, ends[0]), a.compared(c, semantic.Le, ends[1])
	if low == nil || high == nil {
		return nil
	}
	return semantic.And{low, high}
}

// value reads a constant to compare a column with.
func (a *asked) value(n node, c column) (semantic.Value, bool) {
	class := c.of.Class
	if _, isNumber := n.v.(json.Number); isNumber && c.of.NumericText {
		class = semantic.Numeric
	}
	v, ok := a.constant(n, class)
	if !ok {
		a.bad(n, "value_error", "Input should be a "+string(c.of.Class)+" to compare "+c.table.Name+"."+c.of.Name+" with")
		return v, false
	}
	if v.Class == semantic.Text {
		v.Text = a.spelled(c, v.Text)
	}
	return v, true
}

// spelled gives a text as the data spell it, where all that there are is
// known; and says so where there is no such text.
func (a *asked) spelled(c column, text string) string {
	if !c.of.Complete || slices.Contains(c.of.Values, text) {
		return text
	}
	where := c.table.Name + "." + c.of.Name
	var alike []string
	for _, v := range c.of.Values {
		if strings.EqualFold(v, text) {
			alike = append(alike, v)
		}
	}
	if len(alike) == 1 {
		a.note(where + " spells " + quoted(text) + " as " + quoted(alike[0]))
		return alike[0]
	}
	a.note("no row that you can see has " + quoted(text) + " in " + where + nearest(text, c.of.Values))
	return text
}

// constant reads a value of a class.
func (a *asked) constant(n node, class semantic.Class) (semantic.Value, bool) {
	switch v := n.v.(type) {
	case json.Number:
		if class == semantic.Numeric || class == semantic.Unknown {
			return semantic.Value{Class: semantic.Numeric, Text: v.String()}, true
		}
		return semantic.Value{Class: class, Text: v.String()}, class == semantic.Text
	case bool:
		return semantic.Value{Class: semantic.Boolean, Text: strconv.FormatBool(v)}, class == semantic.Boolean || class == semantic.Unknown
	case string:
		switch class {
		case semantic.Numeric:
			_, err := strconv.ParseFloat(v, 64)
			return semantic.Value{Class: class, Text: v}, err == nil
		case semantic.Boolean:
			b, err := strconv.ParseBool(v)
			return semantic.Value{Class: class, Text: strconv.FormatBool(b)}, err == nil
		case semantic.Date:
			t, ok := instant(v)
			return semantic.Value{Class: class, Text: t}, ok
		}
		return semantic.Value{Class: semantic.Text, Text: v}, true
	}
	return semantic.Value{}, false
}

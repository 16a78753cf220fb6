package semantictest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

// Trap is a total over one set, grouped or filtered by another that stands
// many to one to it: a plain join would count rows several times.
type Trap struct {
	Query semantic.Query
	Want  []string // the answer, made by hand from the rows
}

// Traps makes n of them, the same each time. Half have a second total over a
// set that has nothing to do with the first.
func Traps(n int) (out []Trap) {
	m := Model(semantic.SQLite)
	g := &generator{r: rand.New(rand.NewPCG(11, 13))} //nolint:gosec // not for secrets
	rows := Shop()
	homes := []string{"region", "customer", "orders", "product", "employee"}
	for len(out) < n {
		home := choose(g, homes...)
		other := choose(g, "order_line", "orders", "visit", "customer", "product")
		p, ambiguous, ok := m.Path(home, other)
		if !ok || ambiguous || !p.Many {
			continue
		}
		t := trap{m: m, rows: rows, home: home, measure: choose(g, numbers[home]...), other: other}
		t.op = choose(g, semantic.Sum, semantic.Avg, semantic.Count)
		t.key = semantic.Ref{Set: other, Column: choose(g, numbers[other]...)}
		t.filtered = g.one(2)
		if g.one(2) {
			t.second = choose(g, "visit", "order_line", "employee", "orders")
		}
		if t.second != "" && !t.apart() {
			t.second = ""
		}
		out = append(out, Trap{t.query(), t.want()})
	}
	return out
}

type trap struct {
	m             *semantic.Model
	rows          map[string][]Row
	home, measure string
	op            semantic.AggOp
	other, second string
	key           semantic.Ref
	filtered      bool // by the other set's column, rather than grouped
}

// apart reports whether the second set is far enough from the first to be a
// total of its own, and its way to the key the only one.
func (t trap) apart() bool {
	if t.filtered || t.second == t.home {
		return false
	}
	to, ambiguous, ok := t.m.Path(t.second, t.key.Set)
	back, _, _ := t.m.Path(t.home, t.second)
	again, _, _ := t.m.Path(t.second, t.home)
	return t.second != t.key.Set && ok && !ambiguous && len(to.Joins) > 0 && (back.Many || again.Many)
}

func (t trap) query() semantic.Query {
	of := semantic.Aggregate{Op: t.op, Of: semantic.Ref{Set: t.home, Column: t.measure}}
	q := semantic.Query{Select: []semantic.Output{{Expr: of}}}
	if t.filtered {
		q.Where = semantic.Compare{Left: t.key, Op: semantic.Gt, Right: semantic.Value{Class: semantic.Numeric, Text: "2"}}
		return q
	}
	q.Select = append([]semantic.Output{{Expr: t.key}}, q.Select...)
	if t.second != "" {
		q.Select = append(q.Select, semantic.Output{Expr: semantic.Aggregate{Op: semantic.Sum, Of: semantic.Ref{Set: t.second, Column: numbers[t.second][0]}}})
	}
	return q
}

// want totals each row of the home once for each key that it meets.
func (t trap) want() (out []string) {
	first, order := t.totals(t.home, t.measure, t.op)
	if t.second == "" {
		for _, k := range order {
			if t.filtered {
				return []string{first[k]}
			}
			out = append(out, k+"|"+first[k])
		}
		if t.filtered {
			return []string{map[bool]string{true: "0", false: "NULL"}[t.op == semantic.Count]}
		}
		return out
	}
	second, more := t.totals(t.second, numbers[t.second][0], semantic.Sum)
	for _, k := range append(order, more...) {
		a, b := first[k], second[k]
		if a == "" {
			a = map[bool]string{true: "0", false: "NULL"}[t.op == semantic.Count]
		}
		if b == "" {
			b = "NULL"
		}
		if line := k + "|" + a + "|" + b; !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}

// totals gives an aggregate per key, with the keys in order of appearance.
func (t trap) totals(home, column string, op semantic.AggOp) (per map[string]string, order []string) {
	sums, counts := map[string]float64{}, map[string]int{}
	for _, r := range t.rows[home] {
		seen := map[string]bool{}
		for _, o := range t.met(home, r, t.key.Set) {
			k := Cell(o[t.key.Column])
			if t.filtered {
				if n, ok := asFloat(o[t.key.Column]); !ok || n <= 2 {
					continue
				}
				k = "all"
			}
			if seen[k] {
				continue
			}
			seen[k] = true
			if !slices.Contains(order, k) {
				order = append(order, k)
			}
			if n, ok := asFloat(r[column]); ok {
				sums[k] += n
				counts[k]++
			}
		}
	}
	per = map[string]string{}
	for _, k := range order {
		switch {
		case op == semantic.Count:
			per[k] = fmt.Sprint(counts[k])
		case counts[k] == 0:
			per[k] = "NULL"
		case op == semantic.Avg:
			per[k] = digits(sums[k] / float64(counts[k]))
		default:
			per[k] = digits(sums[k])
		}
	}
	return per, order
}

// met follows the joins from a row, by nested loops.
func (t trap) met(from string, r Row, to string) []Row {
	p, _, _ := t.m.Path(from, to)
	at := []Row{r}
	for i, name := range p.Joins {
		j, _ := t.m.Join(name)
		left, right, next := j.Columns, j.RefColumns, j.To
		if p.Backward[i] {
			left, right, next = right, left, j.From
		}
		var met []Row
		for _, a := range at {
			for _, b := range t.rows[next] {
				if ties(a, b, left, right) {
					met = append(met, b)
				}
			}
		}
		at = met
	}
	return at
}

func ties(a, b Row, left, right []string) bool {
	for i := range left {
		x, y := a[left[i]], b[right[i]]
		if x == nil || y == nil || fmt.Sprint(x) != fmt.Sprint(y) {
			return false
		}
	}
	return true
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// String shows what a trap is about.
func (t Trap) String() string { return strings.Join(t.Want, "; ") }

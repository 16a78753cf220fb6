package pg

import (
	"regexp"

	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/internal/warehouse/grammar/pg/pgquery"
)

var valuesColumn = regexp.MustCompile(`^column[1-9][0-9]*$`)

// names collects the names that a statement defines for itself.
func (w *walker) names(m proto.Message) {
	switch n := m.(type) {
	case *pgquery.SelectStmt:
		w.values = w.values || len(n.ValuesLists) > 0
	case *pgquery.ResTarget:
		if n.Name != "" {
			w.defines[n.Name] = true
		} else if name := implied(n.Val); name != "" {
			w.defines[name] = true
		}
	case *pgquery.Alias:
		for _, c := range n.Colnames {
			w.defines[c.GetString_().GetSval()] = true
		}
	case *pgquery.CommonTableExpr:
		w.derive(n.Ctename)
		for _, c := range n.Aliascolnames {
			w.defines[c.GetString_().GetSval()] = true
		}
	case *pgquery.CTESearchClause:
		w.defines[n.SearchSeqColumn] = true
	case *pgquery.CTECycleClause:
		w.defines[n.CycleMarkColumn], w.defines[n.CyclePathColumn] = true, true
	case *pgquery.RangeSubselect:
		w.derive(n.Alias.GetAliasname())
	case *pgquery.RangeFunction:
		w.rangeFunction(n)
	case *pgquery.JoinExpr:
		w.derive(n.Alias.GetAliasname())
		w.derive(n.JoinUsingAlias.GetAliasname())
	case *pgquery.ColumnDef:
		w.defines[n.Colname] = true
	}
}

func (w *walker) rangeFunction(n *pgquery.RangeFunction) {
	w.derive(n.Alias.GetAliasname())
	if n.Ordinality {
		w.defines["ordinality"] = true
	}
	for _, f := range n.Functions {
		for _, item := range f.GetList().GetItems() {
			if name := implied(item); name != "" {
				w.derive(name)
			}
		}
	}
	w.output(n)
}

// output notes the columns of a function in FROM. A function of a bare value
// has one, named as the alias; names behind the alias replace it.
func (w *walker) output(n *pgquery.RangeFunction) {
	columns := map[string]bool{"ordinality": n.Ordinality}
	for _, c := range n.Alias.GetColnames() {
		columns[c.GetString_().GetSval()] = true
	}
	define := func(nodes []*pgquery.Node) {
		for _, c := range nodes {
			if d := c.GetColumnDef(); d != nil {
				columns[d.Colname] = true
			}
		}
	}
	define(n.Coldeflist)
	alias := n.Alias.GetAliasname()
	for _, f := range n.Functions {
		for _, item := range f.GetList().GetItems() {
			define(item.GetList().GetItems())
			name := implied(item)
			if alias == "" {
				w.outputs[name] = append(w.outputs[name], columns)
			}
			if alias == "" || len(n.Functions) > 1 {
				columns[name] = true
			}
		}
	}
	if alias != "" {
		columns[alias] = columns[alias] || len(n.Alias.GetColnames()) == 0
		w.outputs[alias] = append(w.outputs[alias], columns)
	}
}

// calls reports whether PostgreSQL may take alias.name for name(alias).
func (w *walker) calls(alias, name string) bool {
	for _, columns := range w.outputs[alias] {
		if !columns[name] {
			return true
		}
	}
	return false
}

func (w *walker) derive(name string) {
	if name != "" {
		w.derived[name], w.defines[name] = true, true
	}
}

// implied is the name PostgreSQL gives an output without one, where that is
// not a column's.
func implied(n *pgquery.Node) string {
	switch v := n.GetNode().(type) {
	case *pgquery.Node_FuncCall:
		if parts := stringsOf(v.FuncCall.Funcname); len(parts) > 0 {
			return parts[len(parts)-1]
		}
	case *pgquery.Node_TypeCast:
		if name := implied(v.TypeCast.Arg); name != "" {
			return name
		}
		if parts := stringsOf(v.TypeCast.TypeName.GetNames()); len(parts) > 0 {
			return parts[len(parts)-1]
		}
	case *pgquery.Node_CollateClause:
		return implied(v.CollateClause.Arg)
	case *pgquery.Node_CaseExpr:
		if name := implied(v.CaseExpr.Defresult); name != "" {
			return name
		}
		return "case"
	case *pgquery.Node_CoalesceExpr:
		return "coalesce"
	case *pgquery.Node_MinMaxExpr:
		if v.MinMaxExpr.Op == pgquery.MinMaxOp_IS_GREATEST {
			return "greatest"
		}
		return "least"
	case *pgquery.Node_AArrayExpr:
		return "array"
	case *pgquery.Node_RowExpr:
		return "row"
	case *pgquery.Node_SubLink:
		if v.SubLink.SubLinkType == pgquery.SubLinkType_EXISTS_SUBLINK {
			return "exists"
		}
		return "array"
	case *pgquery.Node_SqlvalueFunction:
		name, _ := trimPrefix(v.SqlvalueFunction.Op.String(), "SVFOP_")
		return lower(name)
	}
	return ""
}

// markAliases says which column references are to names of the statement's
// own. A reference through a real table's name never is, unless that name is
// also one of the statement's.
func (w *walker) markAliases() {
	for i := range w.facts.Columns {
		c := &w.facts.Columns[i]
		last := c.Parts[len(c.Parts)-1]
		switch {
		case len(c.Parts) == 1:
			c.Alias = w.defines[last] || w.values && valuesColumn.MatchString(last)
		case len(c.Parts) == 2:
			c.Alias = w.derived[c.Parts[0]] && !w.real[c.Parts[0]]
			c.Call = last != "*" && w.calls(c.Parts[0], last)
		}
	}
}

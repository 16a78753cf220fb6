package pg

import (
	"strings"

	pganalyze "github.com/pganalyze/pg_query_go/v6"
	pg_query "github.com/wasilibs/go-pgquery"

	"github.com/postern/postern/internal/fault"
)

// maxDepth bounds how deep the tree of a statement may get. An instance's
// stack was seen to overflow at 1,250 nested scalar subqueries, which count
// two each, and at 4,000 chained operators.
const maxDepth = 1000

func tooDeep() error {
	return fault.New(fault.Rejected, "the statement is nested or chained too deep: more than %d levels", maxDepth)
}

// shallow refuses a statement whose tree could get too deep, before it is
// parsed. Most statements have too few words and signs for that, whatever
// they mean; for the others the parser's own scanner, which does not recurse,
// gives the tokens.
func shallow(sql string) error {
	if signs(sql) <= maxDepth {
		return nil
	}
	scan, err := scan(sql)
	if err != nil || scan == nil {
		return nil //nolint:nilerr // a text that cannot be scanned cannot be parsed, and the parser's error has the place
	}
	if depth(sql, scan.Tokens) > maxDepth {
		return tooDeep()
	}
	return nil
}

func scan(sql string) (res *pganalyze.ScanResult, err error) {
	if trapped.Load() {
		return nil, errTrapped()
	}
	defer func() {
		if r := recover(); r != nil {
			trapped.Store(true)
			res, err = nil, errTrapped()
		}
	}()
	return pg_query.Scan(sql)
}

// signs counts what could deepen a tree if none of it were in a string or a
// comment: words, and characters that are neither words nor spaces.
func signs(sql string) int {
	n, inWord := 0, false
	for i := range len(sql) {
		c := sql[i]
		word := c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if word && !inWord || !word && c > ' ' && c != ',' {
			n++
		}
		inWord = word
	}
	return n
}

// level is an open bracket: how deep its current element and its deepest
// finished element are.
type level struct {
	chain   int // tokens of this element that each may add a level
	inner   int // the deepest bracket in this element
	deepest int // of the elements before the last comma
	sets    int // set operations, which chain across commas
}

func (l level) total() int { return max(l.deepest, l.chain+l.inner) + l.sets }

// depth is an upper bound of the depth of the tree that the tokens make.
// Lists, and conditions joined by AND and OR, are flat in it.
func depth(sql string, tokens []*pganalyze.ScanToken) int {
	open := []level{{}}
	worst := 0
	outer := 0 // of all open levels but the last
	for _, t := range tokens {
		top := &open[len(open)-1]
		switch t.Token {
		case pganalyze.Token_ASCII_40, pganalyze.Token_ASCII_91: // ( [
			outer += top.chain + top.sets + 1
			open = append(open, level{})
		case pganalyze.Token_ASCII_41, pganalyze.Token_ASCII_93: // ) ]
			if len(open) == 1 {
				continue // a syntax error, for the parser to say
			}
			in := top.total() + 1
			open = open[:len(open)-1]
			top = &open[len(open)-1]
			outer -= top.chain + top.sets + 1
			top.inner = max(top.inner, in)
		case pganalyze.Token_ASCII_44: // ,
			top.deepest = max(top.deepest, top.chain+top.inner)
			top.chain, top.inner = 0, 0
		case pganalyze.Token_UNION, pganalyze.Token_INTERSECT, pganalyze.Token_EXCEPT:
			top.sets++
		default:
			top.chain += weight(sql, t)
		}
		worst = max(worst, outer+open[len(open)-1].total())
	}
	for i := len(open) - 1; i > 0; i-- { // never closed: still count it
		open[i-1].inner = max(open[i-1].inner, open[i].total()+1)
	}
	return max(worst, open[0].total())
}

// weight is 0 for tokens that do not deepen a tree: names, values, AND and OR,
// the arms of a CASE, and comparisons, which do not chain.
func weight(sql string, t *pganalyze.ScanToken) int {
	switch t.Token {
	case pganalyze.Token_IDENT, pganalyze.Token_SCONST, pganalyze.Token_ICONST, pganalyze.Token_FCONST, pganalyze.Token_BCONST,
		pganalyze.Token_XCONST, pganalyze.Token_PARAM, pganalyze.Token_SQL_COMMENT, pganalyze.Token_C_COMMENT, pganalyze.Token_ASCII_46,
		pganalyze.Token_LESS_EQUALS, pganalyze.Token_GREATER_EQUALS, pganalyze.Token_NOT_EQUALS, pganalyze.Token_ASCII_60,
		pganalyze.Token_ASCII_61, pganalyze.Token_ASCII_62, pganalyze.Token_AND, pganalyze.Token_OR, pganalyze.Token_AS,
		pganalyze.Token_WHEN, pganalyze.Token_THEN, pganalyze.Token_NULL_P, pganalyze.Token_TRUE_P, pganalyze.Token_FALSE_P:
		return 0
	}
	if s, e := int(t.Start), int(t.End); s > 0 && e <= len(sql) && strings.TrimSpace(sql[s-1:s]) == "." {
		return 0 // a name after a dot
	}
	return 1
}

package pg

import (
	"strings"

	"github.com/wasilibs/go-pgquery/parser"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/warehouse/grammar/pg/pgquery"
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

func scan(sql string) (res *pgquery.ScanResult, err error) {
	if trapped.Load() {
		return nil, errTrapped()
	}
	defer func() {
		if r := recover(); r != nil {
			trapped.Store(true)
			res, err = nil, errTrapped()
		}
	}()
	b, err := parser.ScanToProtobuf(sql)
	if err != nil {
		return nil, err
	}
	res = &pgquery.ScanResult{}
	return res, proto.Unmarshal(b, res)
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
func depth(sql string, tokens []*pgquery.ScanToken) int {
	open := []level{{}}
	worst := 0
	outer := 0 // of all open levels but the last
	for _, t := range tokens {
		top := &open[len(open)-1]
		switch t.Token {
		case pgquery.Token_ASCII_40, pgquery.Token_ASCII_91: // ( [
			outer += top.chain + top.sets + 1
			open = append(open, level{})
		case pgquery.Token_ASCII_41, pgquery.Token_ASCII_93: // ) ]
			if len(open) == 1 {
				continue // a syntax error, for the parser to say
			}
			in := top.total() + 1
			open = open[:len(open)-1]
			top = &open[len(open)-1]
			outer -= top.chain + top.sets + 1
			top.inner = max(top.inner, in)
		case pgquery.Token_ASCII_44: // ,
			top.deepest = max(top.deepest, top.chain+top.inner)
			top.chain, top.inner = 0, 0
		case pgquery.Token_UNION, pgquery.Token_INTERSECT, pgquery.Token_EXCEPT:
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
func weight(sql string, t *pgquery.ScanToken) int {
	switch t.Token {
	case pgquery.Token_IDENT, pgquery.Token_SCONST, pgquery.Token_ICONST, pgquery.Token_FCONST, pgquery.Token_BCONST,
		pgquery.Token_XCONST, pgquery.Token_PARAM, pgquery.Token_SQL_COMMENT, pgquery.Token_C_COMMENT, pgquery.Token_ASCII_46,
		pgquery.Token_LESS_EQUALS, pgquery.Token_GREATER_EQUALS, pgquery.Token_NOT_EQUALS, pgquery.Token_ASCII_60,
		pgquery.Token_ASCII_61, pgquery.Token_ASCII_62, pgquery.Token_AND, pgquery.Token_OR, pgquery.Token_AS,
		pgquery.Token_WHEN, pgquery.Token_THEN, pgquery.Token_NULL_P, pgquery.Token_TRUE_P, pgquery.Token_FALSE_P:
		return 0
	}
	if s, e := int(t.Start), int(t.End); s > 0 && e <= len(sql) && strings.TrimSpace(sql[s-1:s]) == "." {
		return 0 // a name after a dot
	}
	return 1
}

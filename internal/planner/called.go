package planner

import (
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// calledBy gives the column that a table's rows are looked for in by a part of
// a text: the one that is shown of them, else what names them.
func (ps *parse) calledBy(t item) *slot {
	if n := ps.lo; n > 1 && ps.items[n-1].kind == byte(lexicon.Prep) && ps.items[n-2].kind == kColumn {
		if s := columnOf(ps.items[n-2], anything); s != nil && !ps.p.index.isNumber(s.opts[0].ref) {
			return s
		}
	}
	s := &slot{text: t.text, at: t.start}
	for _, o := range t.tabs {
		if names := ps.p.index.nameOf(o.table); len(names) > 0 && o.score > 0.8 {
			s.opts = append(s.opts, cand{names[0], 0.9})
		}
	}
	if len(s.opts) == 0 {
		return nil
	}
	return s
}

// ofColumn gives the column whose own name is meant: the publishers whose name
// contains a word, where a publisher is a column.
func (ps *parse) ofColumn(name item) *slot {
	n := ps.lo
	if n < 2 || name.kind != kColumn || !nameWord[lexicon.Lemma(strings.ToLower(name.text))] || ps.items[n-1].kind != byte(lexicon.Relative) || ps.items[n-2].kind != kColumn || strings.Contains(ps.items[n-2].text, " of ") {
		return nil
	}
	s := columnOf(ps.items[n-2], anything)
	if s == nil || s.opts[0].score < 0.75 || ps.p.index.isNumber(s.opts[0].ref) || ps.p.index.isKeyish(s.opts[0].ref) {
		return nil
	}
	return s
}

// likeShown is about what is shown last, or what names the rows.
func likeShown(ps *parse, m []item) ([]item, bool) {
	for i := ps.lo - 1; i >= 0; i-- {
		it := ps.items[i]
		var s *slot
		switch it.kind {
		case kColumn:
			s = columnOf(it, anything)
		case kTable:
			s = &slot{text: it.text, at: it.start}
			for _, t := range it.tabs {
				if names := ps.p.index.nameOf(t.table); len(names) > 0 && t.score > 0.55 {
					s.opts = append(s.opts, cand{names[0], min(0.9, t.score+0.05)})
				}
			}
		case kPred, kSuper, kRows, kOutput:
			return nil, false
		}
		if s != nil && len(s.opts) > 0 {
			return one(kPred, &pred{kind: like, match: semantic.MatchKind(m[0].arg), values: []string{m[1].arg}, slot: s, at: m[0].start}, m), true
		}
	}
	return nil, false
}

// orLike: contains "x" or the word "y".
func orLike(_ *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	w, again := first(m, "~")
	if p.kind != like || p.both || again && w.arg != string(p.match) && !strings.HasPrefix(strings.ToLower(w.text), "the ") {
		return nil, false
	}
	p.values = append(p.values, m[len(m)-1].arg)
	return one(kPred, p, m), true
}

// hasColumn: employees who have a manager; customers without an email address.
func hasColumn(ps *parse, m []item) ([]item, bool) {
	s := columnOf(m[2], anything)
	if a := ps.after(); s == nil || a != 0 && a != '.' || s.opts[0].score < 0.85 || len(only(ps.items[:ps.lo], "CTK#")) == 0 || m[0].kind == kTable && m[0].end != m[1].start {
		return nil, false
	}
	for i := ps.lo; i >= 0; i-- { // of the rows that are spoken of
		if it := ps.items[i]; it.kind == kTable || it.kind == kRows || i == 0 {
			if len(it.tabs) > 0 && it.tabs[0].table != s.opts[0].table {
				return nil, false
			}
			break
		}
	}
	c := ps.p.index.column(s.opts[0].ref)
	if !c.Nullable || c.Role == semantic.Key || c.Role == semantic.Measured || ps.p.index.isTruth(s.opts[0].ref) {
		return nil, false
	}
	f := one(kPred, &pred{kind: null, slot: s, neg: m[1].kind != byte(lexicon.Not), at: m[1].start}, m[1:])
	return append(m[:1:1], f...), true
}

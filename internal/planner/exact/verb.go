package exact

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
)

func (p *parser) linking(s piece) bool {
	p.verb = s.lower
	p.at++
	last := p.next(p.at, kFill, kMark) >= len(p.s)
	for i := range p.r.m.Joins {
		j := &p.r.m.Joins[i]
		if p.says(s, append([]string{j.Label}, j.Synonyms...)...) {
			p.f.verbs = append(p.f.verbs, term{kind: kJoin, n: i})
			p.verbRoles, p.verbAt = append(p.verbRoles, term{kind: kJoin, n: i}), p.at
		}
	}
	switch {
	case bland[s.lower] || !p.verbSays(s):
		return bland[s.lower]
	case last:
		return len(p.f.verbs) > 0 || p.said(s)
	}
	return true
}

func (p *parser) says(s piece, names ...string) bool {
	stem := stemmed(fixed([]string{lexicon.Lemma(s.lower)}))
	return slices.ContainsFunc(names, func(n string) bool {
		return slices.ContainsFunc(words(n), func(w string) bool {
			return len(w) > 1 && stemmed(fixed([]string{strings.Trim(w, ",;.")})) == stem
		})
	})
}

func (p *parser) verbSays(s piece) bool {
	m := p.r.m
	for i := range m.Tables {
		t := &m.Tables[i]
		if p.says(s, append([]string{t.Name, t.Label, t.Description}, t.Synonyms...)...) {
			return true
		}
		for j := range t.Columns {
			if c := &t.Columns[j]; p.says(s, append([]string{c.Name, c.Label, c.Description}, c.Synonyms...)...) {
				return true
			}
		}
	}
	return len(p.f.verbs) > 0 && slices.ContainsFunc(p.f.verbs, func(v term) bool {
		return p.says(s, append([]string{m.Joins[v.n].Label}, m.Joins[v.n].Synonyms...)...)
	})
}

// bland verbs hold of every row there is.
var bland = map[string]bool{"made": true, "recorded": true, "observed": true, "measured": true, "reported": true, "registered": true, "happen": true, "happened": true, "occur": true,
	"occurred": true, "take place": true, "took place": true, "seen": true, "have": true, "go": true, "went": true, "fell": true, "fall": true, "got": true, "get": true, "been": true, "exist": true, "exists": true}

func (p *parser) said(s piece) bool {
	stem := lexicon.Stem(s.lower)
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool {
			return slices.ContainsFunc(words(n), func(w string) bool { return lexicon.Stem(w) == stem })
		})
	}
	for _, g := range slices.Concat(p.f.groups, p.f.shown) {
		for _, t := range g.terms {
			if t.kind == kColumn && has(append([]string{p.r.column(t).Name}, p.r.column(t).Synonyms...)...) {
				return true
			}
		}
	}
	return false
}

func (p *parser) never(s piece) bool {
	stem := lexicon.Stem(s.lower)
	for i := range p.r.m.Joins {
		j := &p.r.m.Joins[i]
		if !slices.Contains(p.spoken(), p.r.tableAt(j.To)) {
			continue
		}
		for _, name := range append([]string{j.Label}, j.Synonyms...) {
			if slices.ContainsFunc(words(name), func(w string) bool { return lexicon.Stem(w) == stem }) {
				p.f.conds = append(p.f.conds, condition{without: []term{{kind: kTable, table: p.r.tableAt(j.From), column: -1}}, via: i})
				p.not = false
				return true
			}
		}
	}
	return false
}

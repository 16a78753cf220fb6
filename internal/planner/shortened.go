package planner

import (
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
)

// addShort enters a value some of whose words are cut short by a full stop:
// Comp. Sci.; Natl. Geographic Soc.
func (d *Dictionary) addShort(value string, at int32) {
	words := strings.Fields(lexicon.Fold(value))
	cut := 0
	for _, w := range words {
		if n := len(w); n > 3 && w[n-1] == '.' && plain(w[:n-1]) {
			cut++
		}
	}
	if cut == 0 || len(words) < 2 {
		return
	}
	if d.short == nil {
		d.short = map[string][]int32{}
	}
	k := firstLetters(words)
	d.short[k] = append(d.short[k], at)
}

func firstLetters(words []string) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteByte(w[0])
	}
	return b.String()
}

// findShort gives the values that a text spells out: computer science.
func (d *Dictionary) findShort(folded string) (hits []Hit) {
	words := strings.Fields(folded)
	if len(words) < 2 || len(words) > maxSpan {
		return nil
	}
	for _, at := range d.short[firstLetters(words)] {
		e := &d.entries[at]
		if spellsOut(words, strings.Fields(lexicon.Fold(e.value))) {
			c := d.columns[e.column]
			hits = append(hits, Hit{c.table, c.name, e.value, false})
		}
	}
	return hits
}

// spellsOut compares words with others, of which some end in a full stop
// where letters are left out.
func spellsOut(words, short []string) bool {
	for i, s := range short {
		w := words[i]
		if cut, ok := strings.CutSuffix(s, "."); ok && len(cut) > 2 {
			if w != cut && w != s && !strings.HasPrefix(w, cut) && !lexicon.Abbreviates(cut, w) {
				return false
			}
		} else if lexicon.Lemma(w) != lexicon.Lemma(s) {
			return false
		}
	}
	return true
}

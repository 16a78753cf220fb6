package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// choice offers a reading that was not sure enough to be taken unasked.
func choice(a Answer) Choice {
	sum := sha256.Sum256([]byte(a.Restatement))
	return Choice{ID: hex.EncodeToString(sum[:6]), Text: a.Restatement, Query: a.Query}
}

// maxChoices is how many readings are offered.
const maxChoices = 4

// maxNearest is how many questions are offered.
const maxNearest = 3

// nearest gives questions about the tables that a question names, each of
// which is answered when asked.
func (p *Planner) nearest(items []item) []string {
	var out []string
	seen := map[int]bool{}
	for _, it := range items {
		if len(it.tabs) == 0 || it.tabs[0].score < 0.75 || seen[it.tabs[0].table] || len(out) == maxNearest {
			continue
		}
		t := it.tabs[0].table
		seen[t] = true
		label := strings.Join(p.index.words[t], " ")
		if l := p.index.table(t).Label; l != "" {
			label = strings.ToLower(l)
		}
		out = append(out, "How many "+label+" are there?")
		if names := p.index.nameOf(t); len(names) > 0 && len(out) < maxNearest {
			out = append(out, "What are the names of all "+label+"?")
		}
	}
	return out
}

// verified finds the question among those whose SQL a person has accepted,
// word by word but for fillers, plurals and marks.
func (p *Planner) verified(toks []lexicon.Token) *semantic.VerifiedQuery {
	want := bare(toks)
	for i := range p.index.model.Verified {
		v := &p.index.model.Verified[i]
		if len(v.Parameters) > 0 {
			continue // nothing here fills them in
		}
		for _, q := range append([]string{v.Question}, v.Questions...) {
			if have, _ := lexicon.Tokens(q); want != "" && bare(have) == want {
				return v
			}
		}
	}
	return nil
}

func bare(toks []lexicon.Token) string {
	var words []string
	for _, t := range toks {
		if ph, ok := lexicon.Lookup(t.Lower); t.Mark || ok && ph.Kind == lexicon.Filler {
			continue
		}
		words = append(words, t.Lemma)
	}
	return strings.Join(words, " ")
}

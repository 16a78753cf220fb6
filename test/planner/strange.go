package main

import (
	"context"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// nowhere are things that few databases hold.
var nowhere = []string{"unicorn", "refund", "vaccine", "password", "anthem", "glacier", "horoscope", "submarine", "warranty", "dinosaur", "recipe", "satellite", "beehive", "tattoo", "lighthouse", "chimney"}

// decline asks what the database can't answer.
func (d *database) decline(ctx context.Context, name, question, why string) outcome {
	o, _ := d.plan(ctx, question)
	o.Database, o.Gold = name, why
	return o
}

// bend puts a thing that is not in the database in the place of one that is:
// the last word of the question that a table is named by.
func (d *database) bend(question string) (string, bool) {
	words := strings.Fields(question)
	in := d.words()
	for i := len(words) - 1; i >= 0; i-- {
		bare := strings.ToLower(strings.Trim(words[i], ".,?!"))
		if !in[lexicon.Lemma(bare)] || len(bare) < 4 {
			continue
		}
		thing := d.absent(question)
		if thing == "" {
			return "", false
		}
		if strings.HasSuffix(bare, "s") {
			thing += "s"
		}
		words[i] = thing + strings.TrimLeft(words[i], "'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")
		return strings.Join(words, " "), true
	}
	return "", false
}

// absent picks a thing by the question, the same each time.
func (d *database) absent(question string) string {
	h := fnv.New32a()
	h.Write([]byte(question))
	start := int(h.Sum32() % uint32(len(nowhere)))
	for i := range nowhere {
		if thing := nowhere[(start+i)%len(nowhere)]; !d.holds(thing) {
			return thing
		}
	}
	return ""
}

func (d *database) holds(thing string) bool {
	return slices.ContainsFunc(d.model.Tables, func(t semantic.Table) bool {
		return strings.Contains(strings.ToLower(t.Name), thing) || slices.ContainsFunc(t.Columns, func(c semantic.Column) bool {
			return strings.Contains(strings.ToLower(c.Name+" "+strings.Join(c.Values, " ")), thing)
		})
	})
}

// words that tables are named by.
func (d *database) words() map[string]bool {
	out := map[string]bool{}
	for _, t := range d.model.Tables {
		for _, w := range strings.Fields(semantic.Words(t.Name)) {
			out[lexicon.Lemma(strings.ToLower(w))] = true
		}
	}
	return out
}

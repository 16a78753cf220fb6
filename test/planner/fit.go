package main

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner"
)

const (
	mayBe     = 2.1 // percent of the questions that may be answered wrong: on databases that no rule was written on it is a third more
	unasked   = 0.4 // and without a look at the rows
	strange   = 0.5 // weight of a reading of what can't be answered
	rivalry   = 0.4 // weight of a reading that is not the one taken
	fewWrong  = 20  // a licence is set by no fewer wrong ones than these
	blindly   = 200 // trees of the model that has seen no rows
	knowingly = 300 // and of the one that has
)

// sample is a reading to learn from.
type sample struct {
	database string
	question int // readings of one question are rivals
	first    bool
	key      string // of its rows; see planner.Rows
	evidence map[string]float64
	right    bool
	weight   float64
	counted  bool // its question can be answered
	outcome  *outcome
}

// bySight tells evidence that only the rows give.
func bySight(name string) bool {
	for _, p := range []string{"same ", "other ", "others", "unknown ", "row", "no rows", "one row", "vote "} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// fit learns from the readings of the dev databases, and writes the planner's
// table of weights.
func fit(ctx context.Context, o options, asked map[string][]question, out io.Writer) error {
	r, err := settled(ctx, o, asked)
	if err != nil {
		return err
	}
	l, c, err := learn(r.samples(), len(r.outcomes), "dev", out)
	if err != nil {
		return err
	}
	if o.wrong != "" {
		if err := r.writeWrong(o.wrong); err != nil {
			return err
		}
	}
	return l.write(o.fit, c)
}

// fitAndCount learns from the dev databases and counts the held ones by what
// was learned, without a look at the planner's own weights. Weights are then
// fitted to both, and written where a file is named: nothing counts those.
func fitAndCount(ctx context.Context, o options, asked, others map[string][]question, out io.Writer) error {
	dev, err := settled(ctx, o, asked)
	if err != nil {
		return err
	}
	l, c, err := learn(dev.samples(), len(dev.outcomes), "dev", out)
	if err != nil {
		return err
	}
	o.split = "held"
	held, err := settled(ctx, o, others)
	if err != nil {
		return err
	}
	blind, knows := l.models()
	for _, list := range [][]outcome{held.outcomes, held.strange} {
		for i := range list {
			list[i].judge(c, blind, knows)
		}
	}
	if err := held.print(out, o); err != nil || o.fit == "" {
		return err
	}
	all := &report{outcomes: slices.Concat(dev.outcomes, held.outcomes), strange: slices.Concat(dev.strange, held.strange)}
	l, c, err = learn(all.samples(), len(all.outcomes), "dev and held", out)
	if err != nil {
		return err
	}
	return l.write(o.fit, c)
}

// settled measures databases with every reading settled, and its rivals.
func settled(ctx context.Context, o options, asked map[string][]question) (*report, error) {
	o.unanswerable, o.settleAll = true, true
	return measureAll(ctx, o, asked)
}

func learn(samples []sample, questions int, of string, out io.Writer) (*learner, crossing, error) {
	l := newLearner(samples)
	c := l.crossed(questions)
	_, err := fmt.Fprintf(out, "%s: %d readings of %d questions; of databases that it was not fitted to:\n%s", of, len(l.samples), l.questions, c)
	return l, c, err
}

// write writes the planner's table of weights.
func (l *learner) write(path string, c crossing) error {
	blind, knows := l.models()
	code, err := format.Source(code(c, blind, knows))
	if err != nil {
		return err
	}
	return os.WriteFile(path, code, 0o666)
}

// judge decides whether a question is answered, by such models.
func (o *outcome) judge(c crossing, blind, knows model) {
	if len(o.readings) == 0 {
		return
	}
	var odds []float64
	var keys []string
	for _, r := range o.readings {
		odds, keys = append(odds, blind.odds(without(r.evidence, bySight))), append(keys, r.key)
	}
	e := maps.Clone(o.readings[0].evidence)
	maps.Copy(e, planner.Vote(odds, keys, 0))
	o.Confidence = sigmoid(knows.odds(e))
	o.Answered = sigmoid(odds[0]) >= c.unseen.licence || o.Confidence >= c.seen.licence
	if o.Cause = ""; !o.Answered {
		o.Cause = "it is not sure"
	}
}

func without(e map[string]float64, drop func(string) bool) map[string]float64 {
	out := maps.Clone(e)
	maps.DeleteFunc(out, func(n string, _ float64) bool { return drop(n) })
	return out
}

func (r *report) samples() (out []sample) {
	question := 0
	add := func(x *outcome, counted bool, weight float64) {
		question++
		for i, c := range x.readings {
			s := sample{x.Database, question, i == 0, c.key, c.evidence, c.right, weight, counted, x}
			if i > 0 {
				s.weight *= rivalry
			}
			out = append(out, s)
		}
	}
	for i := range r.outcomes {
		if x := &r.outcomes[i]; x.read && !x.unscored {
			add(x, true, 1)
		}
	}
	for i := range r.strange {
		if x := &r.strange[i]; x.read {
			add(x, false, strange)
		}
	}
	return out
}

// models are fitted to all samples.
func (l *learner) models() (blind, knows model) {
	blind, _ = boost(l.blind, l.weights(), blindly)
	knows, _ = blend(l.voted(l.apart(&l.guesses, all)), l.weights(), knowingly)
	return blind, knows
}

// code is the planner's table of weights.
func code(c crossing, blind, knows model) []byte {
	var b bytes.Buffer
	b.WriteString("// Code generated by go run ./test/planner --fit; DO NOT EDIT.\n\npackage planner\n\n")
	write(&b, "unseen", c.unseen.licence, blind)
	write(&b, "seen", c.seen.licence, knows)
	return b.Bytes()
}

func write(b *bytes.Buffer, name string, licence float64, m model) {
	names := map[string]int{}
	for _, l := range m.lines {
		names[l.name] = 0
	}
	for _, t := range slices.Concat(m.trees, m.bags) {
		for _, n := range t {
			if n.name != "" {
				names[n.name] = 0
			}
		}
	}
	order := slices.Sorted(maps.Keys(names))
	for i, n := range order {
		names[n] = i
	}
	fmt.Fprintf(b, "const (\n%sLicence = %.4f\n%sBase = %v\n)\n\nconst %sNames = `%s`\n\n", name, licence, name, m.base, name, strings.Join(order, "\n"))
	writeTrees(b, name+"Trees", names, m.trees)
	if len(m.bags) == 0 {
		return
	}
	writeTrees(b, name+"Bags", names, m.bags)
	fmt.Fprintf(b, "const %sLevel = %v\n\nconst %sLines = `\n", name, m.level, name)
	for _, l := range m.lines {
		fmt.Fprintf(b, "%d %v %v\n", names[l.name], l.slope, l.end)
	}
	b.WriteString("`\n\n")
}

func writeTrees(b *bytes.Buffer, name string, names map[string]int, trees [][]split) {
	fmt.Fprintf(b, "const %s = `\n", name)
	for _, t := range trees {
		writeTree(b, names, t, 0)
		b.WriteByte('\n')
	}
	b.WriteString("`\n\n")
}

// writeTree writes a node and those under it; see planner's grown.
func writeTree(b *bytes.Buffer, names map[string]int, t []split, at int) {
	if at > 0 {
		b.WriteByte(' ')
	}
	n := t[at]
	if n.name == "" {
		fmt.Fprintf(b, "%.0f", n.bound*1e4)
		return
	}
	fmt.Fprintf(b, "%d<%v", names[n.name], n.bound)
	writeTree(b, names, t, n.yes)
	writeTree(b, names, t, n.no)
}

package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/postern/postern/internal/planner"
)

const (
	folds = 5
	all   = -1 // no fold is left out
)

// learner fits the planner's two models: one by what is known before a reading
// runs, and one by its rows too, and by what its rivals give, each of which
// votes by the first. So that those votes are as unsure as they will be, they
// are made by models of the first kind that were not fitted to the database.
type learner struct {
	samples   []sample
	questions int
	fold      map[string]int // of a database
	blind     *table
	known     *table
	guesses   guesses
}

func newLearner(samples []sample) *learner {
	l := &learner{samples: samples, fold: map[string]int{}}
	for _, s := range samples {
		l.fold[s.database] = 0
		l.questions = max(l.questions, s.question)
	}
	for i, n := range slices.Sorted(maps.Keys(l.fold)) {
		l.fold[n] = i % folds
	}
	l.blind = tabulate(samples, func(n string) bool { return !bySight(n) })
	l.known = tabulate(samples, func(n string) bool { return !strings.HasPrefix(n, "vote ") })
	return l
}

// weights of the samples to learn from: those of some folds weigh nothing.
func (l *learner) weights(out ...int) []float64 {
	w := make([]float64, len(l.samples))
	for i, s := range l.samples {
		if !slices.Contains(out, l.fold[s.database]) {
			w[i] = s.weight
		}
	}
	return w
}

// guesses are the odds of all samples before their rows are seen, by models
// that were fitted to all folds but two, or but one.
type guesses [folds][folds][]float64

func (l *learner) guess() (g guesses) {
	var wg sync.WaitGroup
	places := make(chan struct{}, workers)
	for a := range folds {
		for b := range a + 1 {
			places <- struct{}{}
			wg.Go(func() {
				defer func() { <-places }()
				_, g[a][b] = boost(l.blind, l.weights(a, b), blindly)
			})
		}
	}
	wg.Wait()
	return g
}

// apart gives each sample's odds by a model that was fitted neither to its
// fold nor to the one that is left out.
func (l *learner) apart(g *guesses, out int) []float64 {
	odds := make([]float64, len(l.samples))
	for i, s := range l.samples {
		a, b := l.fold[s.database], out
		if out == all {
			b = a
		}
		odds[i] = g[max(a, b)][min(a, b)][i]
	}
	return odds
}

// voted is what is known with the votes by such odds.
func (l *learner) voted(odds []float64) *table {
	votes := make([]map[string]float64, len(l.samples))
	for start := 0; start < len(l.samples); {
		end := start
		var keys []string
		for end < len(l.samples) && l.samples[end].question == l.samples[start].question {
			keys = append(keys, l.samples[end].key)
			end++
		}
		for i := start; i < end; i++ {
			votes[i] = planner.Vote(odds[start:end], keys, i-start)
		}
		start = end
	}
	names := map[string]bool{}
	for _, v := range votes {
		for n := range v {
			names[n] = true
		}
	}
	t := &table{features: slices.Clone(l.known.features), right: l.known.right}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		t.features = append(t.features, featureOf(n, len(votes), func(i int) float64 { return votes[i][n] }))
	}
	return t
}

// chance is what a model gives at its licence, in percent of all questions.
type chance struct{ licence, right, wrong float64 }

func (c chance) String() string {
	return fmt.Sprintf("licence %.4f: correct %.1f%%, wrong %.2f%%", c.licence, c.right, c.wrong)
}

// crossing is how the models do on databases that they were not fitted to.
type crossing struct {
	unseen, seen chance
	curve        []chance
}

func (c crossing) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "unseen: %s\nseen: %s\n", c.unseen, c.seen)
	for _, p := range c.curve {
		fmt.Fprintf(&b, "  %s\n", p)
	}
	return b.String()
}

// crossed fits to all databases but a fifth, for each fifth, and gives the
// licences at which few enough of the fifths' questions are answered wrong.
func (l *learner) crossed(questions int) (c crossing) {
	blind, sure := make([]float64, len(l.samples)), make([]float64, len(l.samples))
	l.guesses = l.guess()
	var wg sync.WaitGroup
	places := make(chan struct{}, workers)
	for k := range folds {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			_, odds := blend(l.voted(l.apart(&l.guesses, k)), l.weights(k), knowingly)
			for i, s := range l.samples {
				if l.fold[s.database] == k {
					blind[i], sure[i] = sigmoid(l.guesses[k][k][i]), sigmoid(odds[i])
				}
			}
		})
	}
	wg.Wait()
	c.unseen = l.licensed(blind, questions, unasked)
	for _, most := range []float64{1, 1.5, 2, 2.2, 2.4, 2.6, 2.8, 3, 3.5, 4} {
		c.curve = append(c.curve, l.licensed(sure, questions, most))
	}
	c.seen = l.licensed(sure, questions, mayBe)
	return c
}

// licensed finds the lowest licence with so few wrong, and leaves each
// question its confidence.
func (l *learner) licensed(p []float64, questions int, most float64) (c chance) {
	type scored struct {
		p     float64
		right bool
	}
	var of []scored
	for i, s := range l.samples {
		if !s.first {
			continue
		}
		s.outcome.Confidence = p[i]
		if s.counted {
			of = append(of, scored{p[i], s.right})
		}
	}
	slices.SortStableFunc(of, func(a, b scored) int { return cmp.Compare(b.p, a.p) })
	c.licence = 1
	n, bad := 0, 0
	for i, s := range of {
		if s.right {
			n++
		} else {
			bad++
		}
		if i+1 < len(of) && of[i+1].p == s.p {
			continue
		}
		if bad < fewWrong || share(bad, questions) <= most {
			c = chance{s.p, share(n, questions), share(bad, questions)}
		}
	}
	return c
}

package draft

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

// enough is how many distinct values of a column are looked for in the key
// that it is named after.
const enough = 1000

// others tells the joins that would be guessed and whose values are others: of
// a column's values less than half are in the key that it is called after.
// Where that cannot be seen, the name counts alone.
func (l *look) others(ctx context.Context, s product.Schema, sessions []Session) func(semantic.Join) bool {
	physical := map[string]product.Table{}
	for _, st := range s.Tables {
		if !st.View {
			physical[st.RecordSet] = st.Table
		}
	}
	guesses := guessed(l.model)
	apart := make([]bool, len(guesses))
	work := make(chan int)
	var wg sync.WaitGroup
	for _, session := range sessions {
		wg.Go(func() {
			for i := range work {
				apart[i] = l.apart(ctx, session, physical, guesses[i])
			}
		})
	}
	for i, j := range guesses {
		if !l.partly[j.To] && l.rows[j.To] > 0 {
			work <- i
		}
	}
	close(work)
	wg.Wait()
	none := map[[3]string]bool{}
	for i, j := range guesses {
		none[[3]string{j.From, j.Columns[0], j.To}] = apart[i]
	}
	return func(j semantic.Join) bool {
		return len(j.Columns) == 1 && none[[3]string{j.From, j.Columns[0], j.To}]
	}
}

// guessed are the joins that Infer would add, without adding them.
func guessed(m *semantic.Model) (out []semantic.Join) {
	probe := *m
	probe.Tables, probe.Joins = slices.Clone(m.Tables), slices.Clone(m.Joins)
	for i := range probe.Tables {
		probe.Tables[i].Columns = slices.Clone(probe.Tables[i].Columns)
	}
	probe.Infer()
	for _, j := range probe.Joins {
		if j.Inferred && len(j.Columns) == 1 {
			out = append(out, j)
		}
	}
	return out
}

func (l *look) apart(ctx context.Context, session Session, physical map[string]product.Table, j semantic.Join) bool {
	all, found, ok := l.overlap(ctx, session, physical, j)
	return ok && all > 0 && found*2 < all
}

// overlap counts distinct values of a join's column, and those that are among
// what it leads to. ok is false where that cannot be seen.
func (l *look) overlap(ctx context.Context, session Session, physical map[string]product.Table, j semantic.Join) (all, found int64, ok bool) {
	from, ok1 := physical[j.From]
	to, ok2 := physical[j.To]
	if !ok1 || !ok2 {
		return 0, 0, false
	}
	ctx, cancel := context.WithTimeout(ctx, l.bounds.Table)
	defer cancel()
	got, err := session.Run(ctx, overlapSQL(from, j.Columns[0], to, j.RefColumns[0], l.bounds.Rows))
	if err != nil || len(got) != 1 || len(got[0]) != 2 {
		return 0, 0, false
	}
	return parsed(got[0][0]), parsed(got[0][1]), true
}

// overlapSQL counts distinct values of a column, and those that a key has.
func overlapSQL(from product.Table, column string, to product.Table, key string, rows int) string {
	some := "SELECT DISTINCT " + quoted(column) + " AS v FROM " + part(from, []semantic.Column{{Name: column}}, rows) + " WHERE " + quoted(column) + " IS NOT NULL LIMIT " + strconv.Itoa(enough)
	keys := "SELECT DISTINCT " + quoted(key) + " AS k FROM " + part(to, []semantic.Column{{Name: key}}, rows)
	return strings.Join([]string{"SELECT COUNT(*), COUNT(b.k) FROM (", some, ") AS a LEFT JOIN (", keys, ") AS b ON b.k = a.v"}, "")
}

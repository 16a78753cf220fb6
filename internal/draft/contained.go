package draft

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

const (
	fewest    = 8   // distinct values that say anything: ages are among small keys by chance
	maxProbes = 100 // pairs of columns that are compared
	firstID   = 100 // from which on numbers in a row are labels, and not counts
	gaps      = 3   // how many times as far apart as many: ids with gaps
)

// contained adds joins that no name tells, of tables that are not joined: of a
// column all of whose values are among another table's keys, or among those of
// a column of the same name that has each value once.
func (l *look) contained(ctx context.Context, s product.Schema, sessions []Session) {
	if len(sessions) == 0 {
		return
	}
	physical := map[string]product.Table{}
	for _, st := range s.Tables {
		if !st.View {
			physical[st.RecordSet] = st.Table
		}
	}
	var joins []semantic.Join
	probes := 0
	for i := range l.model.Tables {
		for k := range l.model.Tables[i].Columns {
			var to []semantic.Join
			for _, j := range l.probes(&l.model.Tables[i], &l.model.Tables[i].Columns[k]) {
				if probes++; probes <= maxProbes && ctx.Err() == nil && l.among(ctx, sessions[0], physical, j) {
					to = append(to, j)
				}
			}
			if len(to) == 1 { // where two hold them all, neither is meant for sure
				joins = append(joins, to[0])
			}
		}
	}
	l.model.Guess(joins)
}

// probes are the joins that a column might be, by what is known of it.
func (l *look) probes(t *semantic.Table, c *semantic.Column) (out []semantic.Join) {
	if !l.telling(t, c) || c.Role == semantic.Foreign || c.Role == semantic.Key || c.Distinct < fewest || measuring(c.Name) {
		return nil
	}
	for i := range l.model.Tables {
		to := &l.model.Tables[i]
		if to == t || l.model.Connected(t.Name, to.Name) {
			continue
		}
		for k := range to.Columns {
			r := &to.Columns[k]
			key := len(to.PrimaryKey) == 1 && strings.EqualFold(to.PrimaryKey[0], r.Name)
			if key || strings.EqualFold(r.Name, c.Name) {
				if l.telling(to, r) && r.Class == c.Class && r.Distinct == to.Rows && r.Distinct >= c.Distinct {
					out = append(out, semantic.Join{From: t.Name, Columns: []string{c.Name}, To: to.Name, RefColumns: []string{r.Name},
						Cardinality: semantic.ManyToOne, Inferred: true, FromOptional: c.Nullable})
				}
			}
		}
	}
	return out
}

// telling tells a column whose values are all counted.
func (l *look) telling(t *semantic.Table, c *semantic.Column) bool {
	return (c.Class == semantic.Text || c.Class == semantic.Numeric) && t.Rows > 0 && !l.partly[t.Name] && c.Distinct > 0
}

// measures are words in the names of columns that hold no keys.
var measures = []string{"date", "time", "year", "month", "day", "age", "rank", "ranking", "rating", "score", "price", "cost", "amount", "total", "count",
	"quantity", "salary", "population", "height", "weight", "length", "size", "capacity", "percent", "rate", "name", "title", "description", "detail", "details",
	"address", "email", "phone", "text", "comment", "latitude", "longitude", "lat", "long", "gold", "silver", "bronze", "points"}

func measuring(name string) bool {
	return slices.ContainsFunc(strings.Fields(semantic.Words(name)), func(w string) bool { return slices.Contains(measures, w) })
}

// among asks whether all of a column's values are in the other, and whether
// those are ids: not small numbers in a row, which hold many others.
func (l *look) among(ctx context.Context, session Session, physical map[string]product.Table, j semantic.Join) bool {
	if all, found, ok := l.overlap(ctx, session, physical, j); !ok || all < fewest || found != all {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, l.bounds.Table)
	defer cancel()
	key := []semantic.Column{{Name: j.RefColumns[0]}}
	got, err := session.Run(ctx, "SELECT MIN("+quoted(key[0].Name)+"), MAX("+quoted(key[0].Name)+"), COUNT(*) FROM "+part(physical[j.To], key, l.bounds.Rows))
	return err == nil && len(got) == 1 && len(got[0]) == 3 && got[0][0] != nil && got[0][1] != nil && ids(*got[0][0], *got[0][1], parsed(got[0][2]))
}

// ids tells values that are no small numbers in a row.
func ids(low, high string, n int64) bool {
	lo, err := strconv.ParseFloat(low, 64)
	hi, err2 := strconv.ParseFloat(high, 64)
	return err != nil || err2 != nil || lo >= firstID || hi-lo >= float64(gaps*n)
}

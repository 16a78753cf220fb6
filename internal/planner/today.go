package planner

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/internal/planner/lexicon"
)

// At gives a planner to which "last month" is the one before now. Without a
// clock, times that count from today have no place.
func (p *Planner) At(now time.Time) *Planner {
	q := *p
	q.now = now
	return &q
}

// fromNow is a time that counts from today: the past 30 days, last month, this
// year, yesterday.
var fromNow = regexp.MustCompile(`(?i)\b(?:(?:in|during|within|over|for|on) )?(?:(the )?(last|past|previous|this|current) (?:(\d{1,4}|[a-z]+) )?(day|week|month|quarter|year)(s?)|(today|yesterday))\b`)

// counted writes the times of a question that count from today as dates, and
// says which those are. What is quoted stays, and so does "the last year",
// which is the last one there is.
func (p *Planner) counted(question string) (string, []string) {
	if p.now.IsZero() || len(p.index.moments) == 0 {
		return question, nil
	}
	var b strings.Builder
	var notes []string
	end := 0
	for _, m := range fromNow.FindAllStringSubmatchIndex(question, -1) {
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return strings.ToLower(question[m[2*i]:m[2*i+1]])
		}
		phrase := question[m[0]:m[1]]
		w := when{the: part(1) != "", which: part(2), n: part(3), unit: part(4), plural: part(5) != "", day: part(6)}
		dates, what, ok := w.dates(p.now, strings.Contains(strings.ToLower(phrase), "the ") && !strings.HasPrefix(strings.ToLower(phrase), "the "))
		if strings.HasPrefix(strings.ToLower(question[m[1]:]), " of ") {
			continue // the last quarter of 2013
		}
		if _, named := p.index.keys[w.which+w.unit]; named || strings.HasPrefix(question[m[1]:], "'s") || strings.HasPrefix(question[m[1]:], "’s") {
			continue // a column may be called so
		}
		if !ok || strings.Count(question[:m[0]], `"`)%2 == 1 || strings.HasSuffix(question[:m[0]], "'") {
			continue
		}
		b.WriteString(question[end:m[0]] + dates)
		end = m[1]
		notes = append(notes, quote(strings.TrimSpace(question[startOf(m):m[1]]))+" is "+what)
	}
	return b.String() + question[end:], notes
}

// startOf is where the phrase without its preposition begins.
func startOf(m []int) int {
	for _, i := range []int{1, 2, 6} {
		if m[2*i] >= 0 {
			return m[2*i]
		}
	}
	return m[0]
}

// when is a time that counts from today, in its parts.
type when struct {
	the            bool
	which, n, unit string
	plural         bool
	day            string
}

// dates writes the time as dates, and what it is. A preposition before "the"
// makes "in the last year" the twelve months to now.
func (w when) dates(now time.Time, rolling bool) (dates, what string, ok bool) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	n := 1
	if w.n != "" {
		toks, _ := lexicon.Tokens(w.n)
		if len(toks) != 1 || !toks[0].IsNum {
			return "", "", false
		}
		if n, ok = fewUnits(toks[0].Num); !ok {
			return "", "", false
		}
	}
	past := w.which == "last" || w.which == "past" || w.which == "previous"
	switch {
	case w.day == "today":
		return onDay(today)
	case w.day == "yesterday":
		return onDay(today.AddDate(0, 0, -1))
	case w.n != "" && (!past || !w.plural && n != 1), w.n == "" && w.plural:
		return "", "", false
	case w.n != "", w.which == "past", past && w.the && rolling:
		return since(back(today, w.unit, n))
	case w.the && past, w.unit == "day":
		return "", "", false // the last year there is
	}
	from := firstDay(today, w.unit)
	if past {
		from = firstDay(from.AddDate(0, 0, -1), w.unit)
	}
	return period(from, w.unit)
}

func fewUnits(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0 && n < 10_000
}

func onDay(d time.Time) (string, string, bool) {
	s := d.Format(time.DateOnly)
	return "between " + s + " and " + s, s, true
}

func since(d time.Time) (string, string, bool) {
	s := "since " + d.Format(time.DateOnly)
	return s, s, true
}

// back is the day so many units before.
func back(d time.Time, unit string, n int) time.Time {
	switch unit {
	case "day":
		return d.AddDate(0, 0, -n)
	case "week":
		return d.AddDate(0, 0, -7*n)
	case "month":
		return d.AddDate(0, -n, 0)
	case "quarter":
		return d.AddDate(0, -3*n, 0)
	}
	return d.AddDate(-n, 0, 0)
}

// firstDay is the first day of the unit that a day is in; weeks begin on Monday.
func firstDay(d time.Time, unit string) time.Time {
	switch unit {
	case "week":
		return d.AddDate(0, 0, -(int(d.Weekday())+6)%7)
	case "month":
		return time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC)
	case "quarter":
		return time.Date(d.Year(), (d.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(d.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
}

// period writes the unit that begins on a day.
func period(from time.Time, unit string) (dates, what string, ok bool) {
	switch unit {
	case "year":
		y := from.Format("2006")
		return "in " + y, y, true
	case "month":
		m := from.Format("January 2006")
		return "in " + m, m, true
	}
	to := from.AddDate(0, 0, 6)
	if unit == "quarter" {
		to = from.AddDate(0, 3, -1)
	}
	a, b := from.Format(time.DateOnly), to.Format(time.DateOnly)
	return fmt.Sprintf("between %s and %s", a, b), a + " to " + b, true
}

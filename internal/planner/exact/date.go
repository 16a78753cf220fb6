package exact

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// period is a stretch of time: days from, up to but without to; or a part of
// any year, when a question leaves the year out.
type period struct {
	from, to string
	unit     semantic.DateUnit // "" for a stretch of days
	lo, hi   int               // of the unit, both included
	day      int               // of the month lo; 0 for all of it
	text     string
}

var monthNames = map[string]int{"january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12}

var weekdayNames = map[string]int{"monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6, "sunday": 7}

var ordinals = map[string]int{"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": 4}

const isoDay = "2006-01-02"

func days(y, m, d, years, months, add int, text string) period {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return period{from: t.Format(isoDay), to: t.AddDate(years, months, add).Format(isoDay), text: text}
}

func yearOf(t lexicon.Token) (int, bool) {
	if t.Quoted || len(t.Lower) != 4 {
		return 0, false
	}
	y, err := strconv.Atoi(t.Lower)
	return y, err == nil && y >= 1500 && y < 2200
}

// periodAt reads a period that begins at token i; n is how many tokens it
// takes, 0 for none.
func periodAt(toks []lexicon.Token, i int) (p period, n int) {
	at := func(j int) lexicon.Token {
		if j < len(toks) {
			return toks[j]
		}
		return lexicon.Token{}
	}
	t := at(i)
	if t.IsNum && lexicon.IsDate(t.Num) {
		d, err := time.Parse(isoDay, t.Num[:10])
		if err != nil || len(t.Num) > 10 {
			return p, 0
		}
		return days(d.Year(), int(d.Month()), d.Day(), 0, 0, 1, t.Num), 1
	}
	for _, month := range []string{t.Num, t.Lower} {
		if d, err := time.Parse("2006-01", month); err == nil && !t.Quoted {
			return days(d.Year(), int(d.Month()), 1, 0, 1, 0, d.Format("January 2006")), 1
		}
	}
	if m, ok := monthNames[t.Lower]; ok && !t.Quoted && named(toks, i) {
		return monthAt(at, i, m)
	}
	if d := dayOfMonth(t); d > 0 { // the 4th of July; 4 July
		j := i + 1
		if at(j).Lower == "of" {
			j++
		}
		if m, ok := monthNames[at(j).Lower]; ok && (j > i+1 || named(toks, j)) {
			return period{unit: semantic.MonthPart, lo: m, hi: m, day: d, text: title(at(j).Lower) + " " + strconv.Itoa(d)}, j - i + 1
		}
	}
	return quarterAt(at, i)
}

// named tells a month from a verb: it is written as a name, or a preposition
// stands before it.
func named(toks []lexicon.Token, i int) bool {
	if l := toks[i].Lower; l != "may" && l != "march" && l != "mar" && l != "dec" && l != "sep" && l != "jan" {
		return true
	}
	if i == 0 {
		return false
	}
	switch toks[i-1].Lower {
	case "in", "of", "during", "since", "until", "before", "after", "from", "to", "and", "between", "for", "through":
		return true
	}
	return toks[i].Text != toks[i].Lower
}

func monthAt(at func(int) lexicon.Token, i, m int) (period, int) {
	text := title(at(i).Lower)
	j := i + 1
	if at(j).Lower == "of" || at(j).Lower == "," {
		j++
	}
	if y, ok := yearOf(at(j)); ok {
		return days(y, m, 1, 0, 1, 0, text+" "+strconv.Itoa(y)), j - i + 1
	}
	if d := dayOfMonth(at(i + 1)); d > 0 {
		return period{unit: semantic.MonthPart, lo: m, hi: m, day: d, text: text + " " + strconv.Itoa(d)}, 2
	}
	return period{unit: semantic.MonthPart, lo: m, hi: m, text: text}, 1
}

func dayOfMonth(t lexicon.Token) int {
	digits := strings.TrimRight(t.Lower, "stndrh")
	d, err := strconv.Atoi(digits)
	if err != nil || d < 1 || d > 31 || t.Quoted {
		return 0
	}
	return d
}

// quarterAt reads quarters and halves: Q1 2013, the first quarter of 2013.
func quarterAt(at func(int) lexicon.Token, i int) (p period, n int) {
	q, j := 0, i+1
	months, per := 3, 4
	switch l := at(i).Lower; {
	case len(l) == 2 && l[0] == 'q' && l[1] >= '1' && l[1] <= '4':
		q = int(l[1] - '0')
	case ordinals[l] > 0 && at(i+1).Lower == "quarter":
		q, j = ordinals[l], i+2
	case (ordinals[l] > 0 && ordinals[l] < 3 || l == "last") && at(i+1).Lower == "half":
		q, j, months, per = ordinals[l], i+2, 6, 2
		q = min(q, 2)
	case weekdayNames[lexicon.Lemma(l)] > 0:
		d := weekdayNames[lexicon.Lemma(l)]
		return period{unit: semantic.WeekdayPart, lo: d, hi: d, text: title(lexicon.Lemma(l))}, 1
	case l == "weekend" || l == "weekends":
		return period{unit: semantic.WeekdayPart, lo: 6, hi: 7, text: "the weekend"}, 1
	case l == "weekdays":
		return period{unit: semantic.WeekdayPart, lo: 1, hi: 5, text: "Monday to Friday"}, 1
	default:
		return p, 0
	}
	if at(j).Lower == "of" {
		j++
		if at(j).Lower == "the" {
			j++
		}
		if at(j).Lower == "year" && !at(j+1).IsNum {
			j++
		} else if at(j).Lower == "year" {
			j++
		}
	}
	text := fmt.Sprintf("quarter %d", q)
	if per == 2 {
		text = fmt.Sprintf("half %d", q)
	}
	if y, ok := yearOf(at(j)); ok {
		return days(y, (q-1)*months+1, 1, 0, months, 0, fmt.Sprintf("%s of %d", text, y)), j - i + 1
	}
	if at(i).Lower == "last" && at(j-1).Lower != "year" {
		return p, 0 // counted from today
	}
	if per == 2 {
		return period{unit: semantic.MonthPart, lo: (q-1)*6 + 1, hi: q * 6, text: text}, j - i
	}
	return period{unit: semantic.QuarterPart, lo: q, hi: q, text: text}, j - i
}

// relativeAt reads times that are counted from today.
func relativeAt(toks []lexicon.Token, i int) int {
	l := toks[i].Lower
	if l == "yesterday" || l == "today" || l == "tomorrow" || l == "nowadays" || l == "currently" {
		return 1
	}
	if l != "last" && l != "this" && l != "past" && l != "previous" && l != "next" && l != "current" {
		return 0
	}
	j := i + 1
	if j < len(toks) && toks[j].IsNum {
		j++
	}
	if j < len(toks) {
		if _, ok := grains[toks[j].Lemma]; ok || toks[j].Lemma == "hour" {
			return j - i + 1
		}
	}
	return 0
}

var grains = map[string]semantic.Grain{"day": semantic.Day, "week": semantic.Week, "month": semantic.Month, "quarter": semantic.Quarter, "year": semantic.Year,
	"daily": semantic.Day, "weekly": semantic.Week, "monthly": semantic.Month, "quarterly": semantic.Quarter, "yearly": semantic.Year, "annually": semantic.Year, "annual": semantic.Year,
	"date": semantic.Day}

var parts = map[string]semantic.DateUnit{"weekday": semantic.WeekdayPart, "day of the week": semantic.WeekdayPart, "day of week": semantic.WeekdayPart, "days of the week": semantic.WeekdayPart,
	"hour of the day": semantic.HourPart, "hour of day": semantic.HourPart, "month of the year": semantic.MonthPart, "month of year": semantic.MonthPart, "calendar month": semantic.MonthPart,
	"day of the month": semantic.DayPart, "day of month": semantic.DayPart}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// cond writes a period over a column.
func (p period) cond(of semantic.Ref) semantic.Cond {
	if p.unit == "" {
		return semantic.During{Of: of, From: p.from, To: p.to}
	}
	n := func(i int) semantic.Value { return semantic.Value{Class: semantic.Numeric, Text: strconv.Itoa(i)} }
	part := semantic.Part{Of: of, Unit: p.unit}
	var c semantic.Cond = semantic.Between{Of: part, Low: n(p.lo), High: n(p.hi)}
	if p.lo == p.hi {
		c = semantic.Compare{Left: part, Op: semantic.Eq, Right: n(p.lo)}
	} else if p.lo > p.hi { // November to February
		c = semantic.Or{semantic.Compare{Left: part, Op: semantic.Ge, Right: n(p.lo)}, semantic.Compare{Left: part, Op: semantic.Le, Right: n(p.hi)}}
	}
	if p.day > 0 {
		return semantic.And{c, semantic.Compare{Left: semantic.Part{Of: of, Unit: semantic.DayPart}, Op: semantic.Eq, Right: n(p.day)}}
	}
	return c
}

// to joins two periods to the one from the first to the second.
func (p period) through(o period) (period, bool) {
	text := p.text + " to " + o.text
	switch {
	case p.unit == "" && o.unit == "":
		return period{from: p.from, to: o.to, text: text}, p.from < o.to
	case p.unit == semantic.MonthPart && p.lo == p.hi && o.unit == "" && p.day == 0: // January to March 2013
		y, err := strconv.Atoi(o.from[:4])
		if err != nil {
			return p, false
		}
		if months := days(y, p.lo, 1, 0, 1, 0, ""); months.from <= o.from {
			return period{from: months.from, to: o.to, text: text}, true
		}
		return p, false
	case p.unit == o.unit && p.day == 0 && o.day == 0:
		return period{unit: p.unit, lo: p.lo, hi: o.hi, text: text}, true
	}
	return p, false
}

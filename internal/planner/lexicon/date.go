package lexicon

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var months = pairs(`january:01 february:02 march:03 april:04 may:05 june:06 july:07 august:08 september:09 october:10 november:11 december:12
	jan:01 feb:02 mar:03 apr:04 jun:06 jul:07 aug:08 sep:09 sept:09 oct:10 nov:11 dec:12`)

// Dates joins the tokens of each whole date (June 21, 2002; 21 June 2002;
// 2002-06-21 10:00:00) into one number token spelled as SQL spells dates.
func Dates(tokens []Token) []Token {
	out := tokens[:0:0]
	for i := 0; i < len(tokens); {
		date, n := dateAt(tokens[i:])
		if n == 0 {
			out = append(out, tokens[i])
			i++
			continue
		}
		t := tokens[i]
		t.IsNum, t.Num, t.Quoted, t.Mark, t.End = true, date, false, false, tokens[i+n-1].End
		out = append(out, t)
		i += n
	}
	return out
}

func dateAt(t []Token) (string, int) {
	if d := t[0].Lower; iso(d) {
		if len(t) > 1 && clock(t[1].Lower) {
			return d + " " + t[1].Lower, 2
		}
		return d, 1
	}
	if month, n := monthAt(t); n > 0 {
		return month, n
	}
	m, d, y := 0, 1, 2
	if _, ok := months[t[0].Lower]; !ok {
		m, d = 1, 0
	}
	if len(t) > 3 && t[2].Lower == "," {
		y = 3
	}
	if len(t) <= y || months[t[m].Lower] == "" || t[m].Quoted {
		return "", 0
	}
	day, err := strconv.Atoi(strings.TrimRight(t[d].Lower, "stndrh"))
	year, err2 := strconv.Atoi(t[y].Lower)
	if err != nil || err2 != nil || day < 1 || day > 31 || year < 1000 || year > 2999 {
		return "", 0
	}
	two := strconv.Itoa(day)
	if day < 10 {
		two = "0" + two
	}
	return strconv.Itoa(year) + "-" + months[t[m].Lower] + "-" + two, y + 1
}

// monthAt reads a month of a year (March 2013, March of 2013) as 2013-03.
func monthAt(t []Token) (string, int) {
	m := months[t[0].Lower]
	n := 1
	if len(t) > 2 && (t[1].Lower == "of" || t[1].Lower == ",") {
		n = 2
	}
	if m == "" || t[0].Quoted || len(t) <= n || len(t[n].Lower) != 4 || !digits(t[n].Lower) || t[n].Lower[0] != '1' && t[n].Lower[0] != '2' {
		return "", 0
	}
	return t[n].Lower + "-" + m, n + 1
}

// Span gives the days that a year (2013), month (2013-03) or day (2013-03-09)
// begins and ends at, the end not included.
func Span(s string) (from, to string, ok bool) {
	if len(s) == len(time.DateOnly) && iso(s) {
		day, err := time.Parse(time.DateOnly, s)
		return s, day.AddDate(0, 0, 1).Format(time.DateOnly), err == nil
	}
	y, m, month := strings.Cut(s, "-")
	if len(y) != 4 || !digits(y) || y[0] != '1' && y[0] != '2' || month && (len(m) != 2 || !digits(m)) {
		return "", "", false
	}
	year, _ := strconv.Atoi(y)
	if !month {
		return y + "-01-01", strconv.Itoa(year+1) + "-01-01", true
	}
	n, _ := strconv.Atoi(m)
	if n < 1 || n > 12 {
		return "", "", false
	}
	from = y + "-" + m + "-01"
	if n == 12 {
		return from, strconv.Itoa(year+1) + "-01-01", true
	}
	return from, fmt.Sprintf("%04d-%02d-01", year, n+1), true
}

func iso(s string) bool {
	date, rest, spaced := strings.Cut(s, " ")
	if spaced && !clock(rest) || len(date) != 10 || date[4] != '-' || date[7] != '-' {
		return false
	}
	return digits(date[:4]) && digits(date[5:7]) && digits(date[8:])
}

func clock(s string) bool {
	return (len(s) == 8 || len(s) == 5) && s[2] == ':' && digits(s[:2]) && digits(s[3:5])
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// IsDate tells a date from a plain number, in the spelling of Dates.
func IsDate(s string) bool { return iso(s) }

package main

import (
	"regexp"
	"strings"
)

// kinds counts the questions by what the statements that answer them do. Each
// is of one kind, the first that fits.
func (r *report) kinds() map[string]*totals {
	out := map[string]*totals{}
	for _, x := range r.outcomes {
		name := shape(x.Gold)
		if out[name] == nil {
			out[name] = &totals{}
		}
		out[name].add(x)
	}
	return out
}

var (
	selects   = regexp.MustCompile(`(?i)\bselect\b`)
	counts    = regexp.MustCompile(`(?i)\bcount\s*\(`)
	others    = regexp.MustCompile(`(?i)\b(sum|avg|min|max)\s*\(`)
	joins     = regexp.MustCompile(`(?i)\bjoin\b`)
	wheres    = regexp.MustCompile(`(?i)\bwhere\b`)
	negations = regexp.MustCompile(`(?i)\b(except|not\s+in|where\s+not)\b`)
)

// shape names what a statement does.
func shape(sql string) string {
	up := strings.ToUpper(sql)
	has := func(words string) bool { return strings.Contains(up, words) }
	tables := "one table"
	if joins.MatchString(sql) {
		tables = "several tables"
	}
	switch {
	case has("INTERSECT"):
		return "both ... and (intersection)"
	case has("UNION"):
		return "either ... or (union)"
	case negations.MatchString(sql):
		return "without, never, except"
	case len(selects.FindAllString(sql, -1)) > 1:
		return "compared with another query"
	case has("GROUP BY") && has("LIMIT"):
		return "the most or least of a count or total"
	case has("HAVING"):
		return "those with more than so many"
	case has("GROUP BY"):
		return "for each, " + tables
	case has("ORDER BY") && has("LIMIT"):
		return "the highest or lowest, " + tables
	case has("ORDER BY"):
		return "sorted list, " + tables
	case counts.MatchString(sql):
		return "how many, " + tables
	case others.MatchString(sql):
		return "total, average, extreme, " + tables
	case wheres.MatchString(sql):
		return "list of those that, " + tables
	}
	return "list of all, " + tables
}

package chart

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// scales are lists of words with an order of their own. A column whose values
// all stand in one list is in that order. cyclic ones are parts of time.
var scales = []struct {
	words  []string // alternatives of a place are separated by |
	cyclic bool
}{
	{[]string{"january|jan", "february|feb", "march|mar", "april|apr", "may", "june|jun", "july|jul", "august|aug", "september|sep|sept", "october|oct", "november|nov", "december|dec"}, true},
	{[]string{"monday|mon", "tuesday|tue|tues", "wednesday|wed", "thursday|thu|thur|thurs", "friday|fri", "saturday|sat", "sunday|sun"}, true},
	{[]string{"q1|1st quarter", "q2|2nd quarter", "q3|3rd quarter", "q4|4th quarter"}, true},
	{[]string{"winter", "spring", "summer", "autumn|fall"}, true},
	{[]string{"early morning", "morning", "noon|midday", "afternoon", "evening", "night"}, true},
	{[]string{"xxs", "xs|extra small|x-small", "s|small", "m|medium", "l|large", "xl|extra large|x-large", "xxl|2xl", "xxxl|3xl"}, false},
	{[]string{"none", "very low", "low|minor", "medium|moderate|normal", "high|major", "very high", "critical|urgent"}, false},
	{[]string{"strongly disagree", "disagree", "neutral|neither", "agree", "strongly agree"}, false},
	{[]string{"very dissatisfied", "dissatisfied", "neutral", "satisfied", "very satisfied"}, false},
	{[]string{"very poor", "poor|bad", "fair|average|ok", "good", "very good", "excellent"}, false},
	{[]string{"never", "rarely", "sometimes", "often", "always"}, false},
	{[]string{"bronze", "silver", "gold", "platinum", "diamond"}, false},
	{[]string{"free", "basic|starter", "standard|plus", "pro|premium|professional", "business", "enterprise"}, false},
	{[]string{"primary", "secondary", "tertiary"}, false},
	{[]string{"first|1st", "second|2nd", "third|3rd", "fourth|4th", "fifth|5th"}, false},
}

// band is a range of numbers in words: "18-24", "65+", "< 5", "Over 100", "5 to 10".
var band = regexp.MustCompile(`(?i)^(<|<=|under|below|less than|up to|>|>=|over|above|more than)?\s*[$€£]?(\d[\d,]*(?:\.\d+)?)\s*([km%])?\s*(?:(?:-|–|to)\s*[$€£]?\d[\d,]*(?:\.\d+)?\s*[km%]?|\+|or more|and over)?(?:\s*[a-z%]+)?$`)

// week is "2024-W07".
var week = regexp.MustCompile(`^\d{4}-?W\d\d$`)

// numbered is a step of something: "FY23", "Week 4", "Phase 2".
var numbered = regexp.MustCompile(`(?i)^(fy|cy|week|day|phase|stage|step|year|class|grade|level|tier|round|sprint)[ -]?(\d{1,4})$`)

// naturalOrder sorts levels that have an order of their own.
func naturalOrder(levels []string) (sorted []string, cyclic, ok bool) {
	if len(levels) < 2 {
		return nil, false, false
	}
	for _, s := range scales {
		if rank, all := ranks(levels, s.words); all {
			return byRank(levels, rank), s.cyclic, true
		}
	}
	if all(levels, week.MatchString) {
		sorted = slices.Clone(levels)
		slices.Sort(sorted)
		return sorted, true, true
	}
	rank := make(map[string]float64, len(levels))
	if all(levels, numbered.MatchString) {
		for _, l := range levels {
			rank[l], _ = strconv.ParseFloat(numbered.FindStringSubmatch(l)[2], 64)
		}
		return byRank(levels, rank), strings.HasPrefix(strings.ToLower(levels[0]), "week") || len(levels) > 7, true
	}
	for _, l := range levels {
		r, isBand := bandRank(l)
		if !isBand {
			return nil, false, false
		}
		rank[l] = r
	}
	return byRank(levels, rank), false, true
}

func all(levels []string, is func(string) bool) bool {
	return !slices.ContainsFunc(levels, func(s string) bool { return !is(s) })
}

func ranks(levels, words []string) (map[string]float64, bool) {
	place := map[string]float64{}
	for i, w := range words {
		for alt := range strings.SplitSeq(w, "|") {
			place[alt] = float64(i)
		}
	}
	rank := map[string]float64{}
	for _, l := range levels {
		p, ok := place[strings.ToLower(strings.TrimSpace(l))]
		if !ok {
			return nil, false
		}
		rank[l] = p
	}
	return rank, true
}

func bandRank(l string) (float64, bool) {
	m := band.FindStringSubmatch(strings.TrimSpace(l))
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(m[2], ",", ""), 64)
	if err != nil {
		return 0, false
	}
	switch strings.ToLower(m[3]) {
	case "k":
		n *= 1e3
	case "m":
		n *= 1e6
	}
	switch strings.ToLower(m[1]) {
	case "<", "<=", "under", "below", "less than", "up to":
		n -= 1e-6 * max(1, n)
	case ">", ">=", "over", "above", "more than":
		n += 1e-6 * max(1, n)
	}
	return n, true
}

func byRank(levels []string, rank map[string]float64) []string {
	sorted := slices.Clone(levels)
	slices.SortStableFunc(sorted, func(a, b string) int {
		switch {
		case rank[a] < rank[b]:
			return -1
		case rank[a] > rank[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	return sorted
}

package chart

import (
	"regexp"
	"strings"
)

const (
	chartLooks = `(?:(?:stacked|grouped|clustered|side[- ]by[- ]side|horizontal|vertical|simple|nice|multi[- ]?line)\s+)*`
	chartShape = `(?:bar|column|line|area|pie|donut|doughnut|scatter|bubble|box(?:[- ]and[- ]whiskers?)?)`
	ownNoun    = `(?:histogram|heat[- ]?map|small multiples?|boxplot|scatterplot|pie|donut|doughnut)`
	chartNoun  = chartLooks + `(?:` + chartShape + `?[- ]?(?:charts?|graphs?|plots?|diagrams?|visuali[sz]ations?)|` + ownNoun + `)`
	sureNoun   = chartLooks + `(?:` + chartShape + `[- ]?(?:chart|graph|plot|diagram)|` + ownNoun + `)` // nothing but a chart
	chartOf    = `\s+(?:of|for|with|showing|that shows|on|comparing)\s+`
	please     = `(?i)^\s*(?:please\s+)?(?:can you\s+|could you\s+)?`
)

var (
	asksChart = regexp.MustCompile(please + `(?:(?:draw|make|create|generate|give|show|build|produce|render|plot|display)\s+(?:me\s+)?(?:a|an|the)?\s*` +
		chartNoun + `|(?:an?|the)\s+(?:` + chartNoun + `)|` + sureNoun + `)` + chartOf)
	plots     = regexp.MustCompile(please + `(?:plot|draw|chart|graph|visuali[sz]e)\s+(?:me\s+)?`)
	asChart   = regexp.MustCompile(`(?i)[\s,;]+(?:and\s+(?:draw|plot|show|chart)\s+(?:it|them|that|this)?\s*)?(?:as|in|using|with)\s+(?:a|an|the)?\s*` + chartNoun + `\s*([.?!]*)\s*$`)
	thenChart = regexp.MustCompile(`(?i)[\s,;]+and\s+(?:draw|plot|chart|graph|visuali[sz]e|show)\s+(?:it|them|that|this|the result|the results|a chart|a graph|a plot)\s*([.?!]*)\s*$`)
)

// Plain takes out of a question the words that ask for a chart: "draw a bar
// chart of flights by origin" asks the data for "flights by origin".
func Plain(question string) string {
	s := question
	for _, re := range []*regexp.Regexp{asksChart, plots} {
		if loc := re.FindStringIndex(s); loc != nil {
			s = s[loc[1]:]
			break
		}
	}
	s = asChart.ReplaceAllString(s, "$1")
	s = thenChart.ReplaceAllString(s, "$1")
	if strings.TrimSpace(strings.Trim(s, " .?!")) == "" {
		return question
	}
	return s
}

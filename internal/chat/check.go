package chat

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern/postern/internal/fault"
)

func checkName(name string) error {
	if utf8.RuneCountInString(name) > LongestName {
		return fault.BadField("name", "string_too_long", "should have at most %d characters", LongestName)
	}
	return printable("name", name)
}

// checkTags gives the tags sorted, each once.
func checkTags(tags []string) ([]string, error) {
	out := []string{}
	for _, t := range tags {
		t = strings.TrimSpace(t)
		if t == "" || utf8.RuneCountInString(t) > longestTag {
			return nil, fault.BadField("tags", "value_error", "a tag has 1 to %d characters", longestTag)
		}
		if err := printable("tags", t); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > mostTags {
		return nil, fault.BadField("tags", "too_long", "a chat has at most %d tags", mostTags)
	}
	return out, nil
}

func printable(field, s string) error {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return fault.BadField(field, "value_error", "must be printable text")
	}
	return nil
}

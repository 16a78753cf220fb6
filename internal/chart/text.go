package chart

import (
	"strings"
	"unicode"
)

// em is about how wide a character is, for a size of 1: the proportions of the
// common sans-serif faces.
func em(r rune) float64 {
	switch {
	case strings.ContainsRune("iljI.,:;'|!`", r):
		return 0.26
	case strings.ContainsRune("ftr()[]{}-/ \"*\u2212", r):
		return 0.36
	case strings.ContainsRune("mwMW@%&", r):
		return 0.87
	case r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0x1f300 && r <= 0x1faff || r >= 0x20000):
		return 1
	case unicode.Is(unicode.Mn, r):
		return 0
	case unicode.IsUpper(r):
		return 0.68
	}
	return 0.56
}

func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		w += em(r)
	}
	return w * size
}

func widest(texts []string, size float64) float64 {
	w := 0.0
	for _, s := range texts {
		w = max(w, textWidth(s, size))
	}
	return w
}

// wrap breaks a text into lines of a width, at most so many; what does not fit
// ends in an ellipsis.
func wrap(s string, size, width float64, most int) []string {
	var lines []string
	line := ""
	for _, w := range strings.Fields(s) {
		if len(lines) > most {
			break // what comes after is not shown; to cut all of it takes time without bound
		}
		for len(lines) <= most && textWidth(w, size) > width { // a word longer than a line
			head := clip(w, size, width-textWidth(line, size))
			cut := strings.TrimSuffix(head, "…")
			if cut == "" || cut == w {
				break
			}
			if line != "" {
				lines, line = append(lines, line), ""
				continue
			}
			lines, w = append(lines, cut), strings.TrimPrefix(w, cut)
		}
		next := strings.TrimPrefix(line+" "+w, " ")
		if line != "" && textWidth(next, size) > width {
			lines, line = append(lines, line), w
			continue
		}
		line = next
	}
	if line != "" {
		lines = append(lines, line)
	}
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] = strings.TrimRight(clip(lines[most-1]+" ………", size, width), " …") + "…"
	}
	return lines
}

// clip cuts a text to a width, with an ellipsis where something is gone.
func clip(s string, size, width float64) string {
	if textWidth(s, size) <= width {
		return s
	}
	w := em('…') * size
	for i, r := range s {
		if w += em(r) * size; w > width {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

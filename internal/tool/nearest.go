package tool

import (
	"strconv"
	"strings"

	"github.com/postern/postern/internal/rank"
)

// nearest says which of the names may have been meant, to go after a message;
// "" when none is near.
func nearest(name string, names []string) string {
	near := rank.Nearest(name, names, 3)
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

func quoted(s string) string { return strconv.Quote(cut(s, 80)) }

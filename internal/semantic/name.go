package semantic

import "strings"

// fold compares names as SQL does.
func fold(a, b string) bool { return strings.EqualFold(a, b) }

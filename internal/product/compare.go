package product

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Moved reports whether a caller's login could go to another place, or over a
// weaker line, under new than under old: to change that is a permission of its
// own. A delivery system that is new, gone or renamed counts.
func Moved(old, new Product) bool {
	if len(old.Systems) != len(new.Systems) {
		return true
	}
	for i, a := range old.Systems {
		b := new.Systems[i]
		if a.Name != b.Name || a.NoLogin != b.NoLogin || a.Source.Canonical() != b.Source.Canonical() || !maps.Equal(a.Source.Params, b.Source.Params) {
			return true
		}
	}
	return false
}

// Same reports whether two products say the same: spec, status, visibility
// and resolved files. Spaces and the order of keys in the spec do not count,
// the words of a YAML document do.
func Same(a, b Product) bool {
	return a.ID == b.ID && a.Version == b.Version && a.Status == b.Status && a.Public == b.Public &&
		a.SpecYAML == b.SpecYAML && sameJSON(a.Spec, b.Spec) && !Moved(a, b)
}

func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// Visibility is who may see a product at all.
type Visibility string

// The two, as people write them.
const (
	Everyone   Visibility = "public"
	Restricted Visibility = "private"
)

// Visibility is public when all callers may see the product.
func (p Product) Visibility() Visibility {
	if p.Public {
		return Everyone
	}
	return Restricted
}

// Compare orders semantic versions, older first. What is not one comes first.
func Compare(a, b string) int {
	if !semver.MatchString(a) || !semver.MatchString(b) {
		return strings.Compare(a, b)
	}
	a, _, _ = strings.Cut(a, "+")
	b, _, _ = strings.Cut(b, "+")
	coreA, preA, isPreA := strings.Cut(a, "-")
	coreB, preB, isPreB := strings.Cut(b, "-")
	if c := slices.CompareFunc(strings.Split(coreA, "."), strings.Split(coreB, "."), compareNumber); c != 0 {
		return c
	}
	switch {
	case isPreA && isPreB:
		return slices.CompareFunc(strings.Split(preA, "."), strings.Split(preB, "."), comparePart)
	case isPreA:
		return -1
	case isPreB:
		return 1
	}
	return 0
}

// compareNumber compares decimal numbers of any length.
func compareNumber(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// comparePart compares parts of a pre-release: numbers below words.
func comparePart(a, b string) int {
	_, errA := strconv.ParseUint(a, 10, 64)
	_, errB := strconv.ParseUint(b, 10, 64)
	switch {
	case errA == nil && errB == nil:
		return compareNumber(a, b)
	case errA == nil:
		return -1
	case errB == nil:
		return 1
	}
	return strings.Compare(a, b)
}

// Newest sorts versions of one product, the newest first.
func Newest(versions []Product) {
	slices.SortStableFunc(versions, func(a, b Product) int { return Compare(b.Version, a.Version) })
}

// Current is the version that a product without a version means: the newest
// ready one, or the newest where none is ready.
func Current(versions []Product) (Product, bool) {
	if len(versions) == 0 {
		return Product{}, false
	}
	sorted := slices.Clone(versions)
	Newest(sorted)
	for _, p := range sorted {
		if p.Status == Ready {
			return p, true
		}
	}
	return sorted[0], true
}

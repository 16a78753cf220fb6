package product_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/product"
)

func TestVersionsAreOrderedAsSemverSays(t *testing.T) {
	want := []string{"0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0", "20000000000000000000000.0.0"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortStableFunc(got, product.Compare)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if product.Compare("1.0.0+a", "1.0.0+b") != 0 {
		t.Error("build metadata counts")
	}
}

func TestTheCurrentVersionIsTheNewestReadyOne(t *testing.T) {
	v := func(version string, s product.Status) product.Product {
		return product.Product{Version: version, Status: s}
	}
	for _, c := range []struct {
		in   []product.Product
		want string
	}{
		{[]product.Product{v("1.0.0", product.Ready), v("2.0.0", product.InDraft), v("1.5.0", product.Ready)}, "1.5.0"},
		{[]product.Product{v("1.0.0", product.InDraft), v("2.0.0", product.InDraft)}, "2.0.0"},
	} {
		if got, ok := product.Current(c.in); !ok || got.Version != c.want {
			t.Errorf("%s, want %s", got.Version, c.want)
		}
	}
	if _, ok := product.Current(nil); ok {
		t.Error("nothing has a current version")
	}
}

func TestMovedSeesEveryWayALoginCouldGoElsewhere(t *testing.T) {
	parse := func(uri string) product.Product {
		p, err := product.Parse([]byte(strings.Replace(goodYAML, "postgresql://h/db", uri, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	base := parse("postgresql://h/db?sslmode=verify-full")
	for uri, want := range map[string]bool{
		"postgres://H:5432/db?sslmode=verify-full": false,
		"postgresql://i/db?sslmode=verify-full":    true,
		"postgresql://h/dc?sslmode=verify-full":    true,
		"postgresql://h:1/db?sslmode=verify-full":  true,
		"postgresql://h/db?sslmode=disable":        true,
		"postgresql://h/db":                        true,
	} {
		if got := product.Moved(base, parse(uri)); got != want {
			t.Errorf("%s: moved %v", uri, got)
		}
	}
	two, err := product.Parse([]byte(strings.Replace(goodYAML, "    wh:", "    a: {type: sql, uri: \"postgresql://evil/db\"}\n    wh:", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if !product.Moved(parse("postgresql://h/db"), two) {
		t.Error("a further delivery system is not seen")
	}
	if s, _ := two.System(); s.Name != "a" {
		t.Errorf("queries go to %s", s.Name)
	}
}

func TestSameIsAboutWhatIsSaid(t *testing.T) {
	a, err := product.Parse([]byte(goodYAML))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := product.Parse([]byte(goodYAML))
	if !product.Same(a, b) {
		t.Error("the same document is not the same")
	}
	for name, change := range map[string]func(p *product.Product){
		"status": func(p *product.Product) { p.Status = product.Ready }, "public": func(p *product.Product) { p.Public = true },
		"yaml": func(p *product.Product) { p.SpecYAML += "#" }, "spec": func(p *product.Product) { p.Spec = []byte(`{}`) },
		"file": func(p *product.Product) { p.Systems = []product.System{{Name: "wh"}} },
	} {
		c := b
		change(&c)
		if product.Same(a, c) {
			t.Errorf("a change of %s is not seen", name)
		}
	}
}

package chart_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/chart/render"
)

var update = flag.Bool("update", false, "write the golden charts anew: look at each of them before you commit it")

// engine draws the charts of this package's tests.
var engine *render.Engine

func TestMain(m *testing.M) {
	engine = render.New(render.Options{})
	code := m.Run()
	_ = engine.Close()
	os.Exit(code)
}

func drawn(t *testing.T, c chart.Chart) []byte {
	t.Helper()
	svg, err := engine.SVG(context.Background(), c.Spec, render.Size{})
	if err != nil {
		t.Fatalf("%v\n%s", err, c.Spec)
	}
	return svg
}

// The goldens are looked at one by one, as images, before they are committed.
func TestChartsAreDrawnAsTheyWere(t *testing.T) {
	all := samples()
	if len(all) < 60 {
		t.Fatalf("only %d samples", len(all))
	}
	if *update {
		if err := os.MkdirAll(filepath.Join("testdata", "golden"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.svg"))
	if err != nil || len(files) != len(all) && !*update {
		t.Fatalf("%d goldens for %d samples: %v", len(files), len(all), err)
	}
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			c, err := chart.Recommend(s.t, s.h)
			if err != nil {
				t.Fatal(err)
			}
			if c.Kind != s.want {
				t.Errorf("a %s was chosen, a person would draw a %s", c.Kind, s.want)
			}
			again, err := chart.Recommend(s.t, s.h)
			if err != nil || !bytes.Equal(c.Spec, again.Spec) {
				t.Error("the same table gives another spec")
			}
			if err := chart.Check(c.Spec); err != nil {
				t.Fatalf("the spec would be refused: %v", err)
			}
			file := filepath.Join("testdata", "golden", s.name+".svg")
			got := drawn(t, c)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is drawn in another way; run with -update and look at it", file)
			}
		})
	}
}

package render_test

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/internal/chart/render"
)

// shared is one engine for all tests; its limits are wide, since machines that
// test are busy.
var shared = render.New(render.Options{CacheDir: cacheDir(), Timeout: time.Minute})

const bars = `{"data":{"values":[{"a":"one","b":3},{"a":"two","b":5}]},"mark":"bar","encoding":{"x":{"field":"a"},"y":{"field":"b","type":"quantitative"}}}`

func TestASpecBecomesASVG(t *testing.T) {
	svg, err := shared.SVG(t.Context(), []byte(bars), render.Size{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg ", `aria-label="a: one; b: 3"`, `aria-label="a: two; b: 5"`} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
}

func TestASpecBecomesAPNG(t *testing.T) {
	b, err := shared.PNG(t.Context(), []byte(bars), render.Size{Scale: 1, Theme: "dark"})
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, bl, a := img.At(0, 0).RGBA(); r>>8 != 0x14 || g>>8 != 0x17 || bl>>8 != 0x1c || a>>8 != 0xff {
		t.Errorf("the ground is %x %x %x %x", r, g, bl, a)
	}
}

func TestASpecBecomesVega(t *testing.T) {
	b, err := shared.Vega(t.Context(), []byte(bars))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `"$schema":"https://vega.github.io/schema/vega/v6.json"`) {
		t.Errorf("got %s", b)
	}
}

package render_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-fonts/dejavu/dejavumathtexgyre"

	"github.com/postern/postern/internal/chart/render"
	"github.com/postern/postern/internal/fault"
)

const (
	twoBars = `{"data":{"values":[{"a":"x","b":1},{"a":"y","b":2}]},"mark":"bar","encoding":{"x":{"field":"a"},"y":{"field":"b","type":"quantitative"}}}`
	svgHead = `<svg xmlns="http://www.w3.org/2000/svg" width="1400" height="1400">`
	veil    = `<g opacity="0.5"><rect width="1400" height="1400" opacity="0.01" fill="red"/></g>`
)

func TestAPictureThatTakesTooLongIsStoppedAndTheNextIsDrawn(t *testing.T) {
	_, err := shared.Raster(t.Context(), svgHead+strings.Repeat(veil, 20000)+`</svg>`, 50*time.Millisecond)
	if !fault.Is(err, fault.Timeout) {
		t.Fatalf("got %v", err)
	}
	if _, err := shared.Raster(t.Context(), svgHead+veil+`</svg>`, time.Minute); err != nil {
		t.Fatal(err)
	}
}

func TestAPictureHasAnEnd(t *testing.T) {
	for _, svg := range []string{
		`<svg xmlns="http://www.w3.org/2000/svg" width="100000" height="100000"/>`,
		`<svg xmlns="http://www.w3.org/2000/svg" width="0" height="10"/>`,
		svgHead + `<g>`,
	} {
		if _, err := shared.Raster(t.Context(), svg, time.Minute); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", svg, err)
		}
	}
}

func TestOnlyAPictureIsHarmless(t *testing.T) {
	for svg, harmless := range map[string]bool{
		`<svg><path fill="url(#gradient_0)"/><text aria-label="url(x)">url(x) &lt;script&gt;</text></svg>`: true,
		`<svg><image/></svg>`:                                  false,
		`<svg><a href="x"><path/></a></svg>`:                   false,
		`<svg><path href="x"/></svg>`:                          false,
		`<svg><script>1</script></svg>`:                        false,
		`<svg><foreignObject/></svg>`:                          false,
		`<svg><style>@import "x"</style></svg>`:                false,
		`<svg><path onclick="x"/></svg>`:                       false,
		`<svg><path fill="URL (https://example.com)"/></svg>`:  false,
		`<svg><path fill="\75rl(https://example.com)"/></svg>`: false,
		`<svg><path style="cursor: url('x')"/></svg>`:          false,
		`<svg><path fill="url(#a) url(x)"/></svg>`:             false,
	} {
		if err := render.Harmless(svg); (err == nil) != harmless {
			t.Errorf("%s: %v", svg, err)
		}
	}
}

func TestWhatIsNoModuleIsNotMadeStoppable(t *testing.T) {
	for _, b := range []string{"", "\x00asm", "\x00asm\x01\x00\x00\x00\x0a\xff", "\x00asm\x01\x00\x00\x00\x0a\x03\x01\x05\x00", "\x00asm\x01\x00\x00\x00\x0a\x04\x01\x02\x05\x01"} {
		if _, err := render.Stoppable([]byte(b)); err == nil {
			t.Errorf("%q", b)
		}
	}
	if out, err := render.Stoppable([]byte("\x00asm\x01\x00\x00\x00\x0a\x04\x01\x02\x00\x0b")); err != nil || len(out) != 8+2+1+1+11 {
		t.Errorf("%q %v", out, errors.Join(err))
	}
}

// TestTheOperatorsFontsDrawWhatOursLack draws a letter of mathematics that
// Liberation and DejaVu Sans do not have.
func TestTheOperatorsFontsDrawWhatOursLack(t *testing.T) {
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60"><text x="5" y="50" font-size="50">` + "\U0001D4D0" + `</text></svg>`
	dir := t.TempDir()
	for name, b := range map[string][]byte{"a.ttf": dejavumathtexgyre.TTF, "b.txt": []byte("no font"), "c.ttf": []byte("no font either")} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e := render.New(render.Options{CacheDir: cacheDir(), FontDir: dir})
	t.Cleanup(func() { e.Close() })
	box, err := shared.Raster(t.Context(), svg, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	letter, err := e.Raster(t.Context(), svg, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if string(box) == string(letter) {
		t.Error("the font is not used")
	}
}

// TestACacheThatIsNotWholeIsMadeAnew as a machine that lost power leaves it.
func TestACacheThatIsNotWholeIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	// The shared engine's cache is whole once it has drawn.
	if _, err := shared.PNG(t.Context(), []byte(twoBars), render.Size{}); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(cacheDir())); err != nil {
		t.Fatal(err)
	}
	cut := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		cut++
		return os.Truncate(path, 1<<20)
	})
	if err != nil || cut == 0 {
		t.Fatalf("%d files of the cache cut: %v", cut, err)
	}
	e := render.New(render.Options{CacheDir: dir, Timeout: time.Minute})
	defer func() { _ = e.Close() }() // what is drawn says what matters
	if b, err := e.PNG(t.Context(), []byte(twoBars), render.Size{}); err != nil || len(b) == 0 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// The fonts of PNGs, and what texts are measured with: Liberation Sans, which
// has Arial's metrics, so that what fits here fits in a browser as well; and
// DejaVu Sans for the scripts and signs that it lacks.
var (
	regular = liberationsansregular.TTF
	bold    = liberationsansbold.TTF
	other   = dejavusans.TTF
)

// mostFonts is what an operator's fonts may take: each picture gets a copy.
const mostFonts = 64 << 20

// fonts are the embedded ones and those in the operator's folder, for letters
// that the embedded ones lack. A folder that is not there is none.
func fonts(o Options) [][]byte {
	all := [][]byte{regular, bold, other}
	if o.FontDir == "" {
		return all
	}
	files, err := os.ReadDir(o.FontDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		o.Log.Warn("charts: the folder of fonts cannot be read", "error", err)
	}
	left := mostFonts
	for _, f := range files {
		if !slices.Contains([]string{".ttf", ".otf", ".ttc"}, strings.ToLower(filepath.Ext(f.Name()))) {
			continue
		}
		b, err := os.ReadFile(filepath.Join(o.FontDir, f.Name()))
		if err != nil || len(b) > left {
			o.Log.Warn("charts: a font is left out", "file", f.Name(), "error", err, "bytes", len(b))
			continue
		}
		left -= len(b)
		all = append(all, b)
	}
	return all
}

// family is what a chart's texts are set in where its spec names nothing.
const family = "Liberation Sans, Arial, Helvetica, sans-serif"

const (
	unitsPerEm = 2048
	noGlyph    = 0xffff
)

// widths is posternWidths of js/measure.js, as a script.
func widths() ([]byte, error) {
	all := map[string]map[int]string{}
	for name, ttf := range map[string][]byte{"regular": regular, "bold": bold, "other": other} {
		blocks, err := advances(ttf)
		if err != nil {
			return nil, fmt.Errorf("read the font %s: %w", name, err)
		}
		all[name] = blocks
	}
	b, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "globalThis.posternWidths = %s;\n", b), nil
}

// advances are the widths of a font's characters in 1/2048 of its size, one
// character each, in blocks of 256 characters; a block without any is left out.
func advances(ttf []byte) (map[int]string, error) {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, err
	}
	if f.UnitsPerEm() != unitsPerEm {
		return nil, fmt.Errorf("%d units per em, not %d", f.UnitsPerEm(), unitsPerEm)
	}
	var buf sfnt.Buffer
	out := map[int]string{}
	for block := range 256 {
		row, some := make([]rune, 256), false
		for i := range row {
			row[i] = noGlyph
			g, err := f.GlyphIndex(&buf, rune(block<<8|i))
			if err != nil || g == 0 {
				continue
			}
			w, err := f.GlyphAdvance(&buf, g, fixed.I(unitsPerEm), font.HintingNone)
			if err != nil {
				return nil, err
			}
			row[i], some = rune(w.Round()), true
		}
		if some {
			out[block] = string(row)
		}
	}
	return out, nil
}

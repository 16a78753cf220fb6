package render_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/postern/postern/internal/chart/render"
	"github.com/postern/postern/internal/fault"
)

// TestATorturedSpecIsDrawnOrRefused draws each 30th spec of the torture set,
// and all of them in make trust.
func TestATorturedSpecIsDrawnOrRefused(t *testing.T) {
	stride := 30
	if os.Getenv("POSTERN_TRUST_ROUNDS") != "" {
		stride = 1
	}
	drawn, refused := 0, 0
	for i, s := range torture(t) {
		if i%stride != 0 {
			continue
		}
		svg, err := shared.SVG(t.Context(), s.spec, render.Size{})
		if f := fault.As(err); err != nil {
			refused++
			if f == nil || f.Kind != fault.Invalid {
				t.Errorf("%s: %v\n%s", s.name, err, s.spec)
			} else {
				t.Logf("refused: %s: %s", s.name, f.Message)
			}
			continue
		}
		drawn++
		if err := wellFormed(svg); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	t.Logf("%d drawn, %d refused", drawn, refused)
	if refused*10 > drawn {
		t.Errorf("%d of %d were refused: hardly any should be", refused, drawn+refused)
	}
}

func wellFormed(svg []byte) error {
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

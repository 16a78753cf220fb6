package render_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/internal/chart/render"
	"github.com/postern/postern/internal/fault"
)

// chancy has everything in it that could make a chart another one the next
// time: a sample, a random number, gradients and clips with numbered names.
const chancy = `{"data":{"sequence":{"start":0,"stop":200,"as":"a"}},"transform":[{"sample":50},{"calculate":"random()","as":"r"}],
"mark":{"type":"rect","clip":true,"color":{"gradient":"linear","stops":[{"offset":0,"color":"red"},{"offset":1,"color":"blue"}]}},
"encoding":{"x":{"field":"a","type":"quantitative"},"y":{"field":"r","type":"quantitative"}}}`

func TestTheSameSpecGivesTheSameBytes(t *testing.T) {
	first, err := shared.SVG(t.Context(), []byte(chancy), render.Size{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(first, []byte("url(#gradient_0)")) {
		t.Errorf("the chart has no gradient, or not the first:\n%.300s", first)
	}
	for i := range 3 { // blanks make a spec that was not drawn before
		again, err := shared.SVG(t.Context(), []byte(chancy+strings.Repeat(" ", i+1)), render.Size{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, again) {
			t.Fatal("another chart")
		}
	}
	one, err1 := shared.PNG(t.Context(), []byte(bars), render.Size{Scale: 1})
	two, err2 := shared.PNG(t.Context(), []byte(bars+" "), render.Size{Scale: 1})
	if err1 != nil || err2 != nil || !bytes.Equal(one, two) {
		t.Fatal("another picture", err1, err2)
	}
}

// days has times with a zone and without, and a day of its own.
const days = `{"data":{"values":[{"d":"2024-03-10T02:30:00","v":1},{"d":"2024-03-10T23:30:00Z","v":2},{"d":"2024-07-01","v":3},{"d":"Nov 3 2024 01:30","v":4}]},
"mark":"bar","encoding":{"x":{"field":"d","type":"ordinal","timeUnit":"yearmonthdatehoursminutes"},"y":{"field":"v","type":"quantitative"},"text":{"field":"d","type":"temporal","format":"%c"}}}`

const zone = "POSTERN_TEST_CHART_ZONE"

// TestAChartIsTheSameInEveryZone runs itself in zones with and without summer
// time: the engine asks C, which asks the environment.
func TestAChartIsTheSameInEveryZone(t *testing.T) {
	if os.Getenv(zone) != "" {
		svg, err := shared.SVG(t.Context(), []byte(days), render.Size{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("<<<%s>>>", svg)
		return
	}
	charts := map[string]string{}
	for _, z := range []string{"UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"} {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestAChartIsTheSameInEveryZone$")
		cmd.Env = append(os.Environ(), zone+"=1", "TZ="+z)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", z, err, out)
		}
		_, after, _ := strings.Cut(string(out), "<<<")
		charts[z], _, _ = strings.Cut(after, ">>>")
		if !strings.Contains(charts[z], "Jul 01, 2024 00:00") || !strings.Contains(charts[z], "Mar 10, 2024 02:30") {
			t.Errorf("%s: not the days of the data:\n%.2000s", z, charts[z])
		}
		if charts[z] != charts["UTC"] {
			t.Errorf("%s gives another chart than UTC", z)
		}
	}
}

func TestALimitThatWasHitIsNamedAndTheNextChartIsUnharmed(t *testing.T) {
	e := render.New(render.Options{Timeout: 400 * time.Millisecond, CacheDir: cacheDir()})
	small := render.New(render.Options{Timeout: time.Minute, Memory: 48 << 20, CacheDir: cacheDir()})
	t.Cleanup(func() { e.Close(); small.Close() })
	for _, c := range []struct {
		of         *render.Engine
		expr, says string
	}{
		{small, "length(sequence(0, 3000000)) > 0", "more than the 48 MiB of memory"},
		{e, "test(/^(a+)+$/, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')", "longer than the 400ms"},
		{shared, "now() > 0", "no clock"},
	} {
		_, err := c.of.SVG(t.Context(), fmt.Appendf(nil, `{"data":{"values":[{"a":1}]},"transform":[{"filter":%q}],"mark":"point"}`, c.expr), render.Size{})
		if f := fault.As(err); f == nil || !strings.Contains(f.Message, c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
	}
	if _, err := small.SVG(t.Context(), []byte(bars), render.Size{}); err != nil {
		t.Error(err)
	}
	// A busy machine may take long for an honest chart: what counts is that
	// it can be drawn at all.
	for range 20 {
		_, err := e.SVG(t.Context(), []byte(bars), render.Size{})
		if err == nil {
			return
		}
		if !fault.Is(err, fault.Timeout) {
			t.Fatal(err)
		}
	}
	t.Error("nothing is drawn any more")
}

func TestManyCallersGetOneChart(t *testing.T) {
	var wait sync.WaitGroup
	out := make([][]byte, 8)
	for i := range out {
		wait.Go(func() {
			b, err := shared.SVG(t.Context(), []byte(bars+"\n"), render.Size{})
			if err != nil {
				t.Error(err)
			}
			out[i] = b
		})
	}
	wait.Wait()
	for _, b := range out {
		if &b[0] != &out[0][0] {
			t.Fatal("drawn more than once")
		}
	}
}

func TestAClosedEngineSaysSo(t *testing.T) {
	e := render.New(render.Options{})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.SVG(t.Context(), []byte(bars), render.Size{}); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestSizesAreOfTheWholeChart(t *testing.T) {
	svg, err := shared.SVG(t.Context(), []byte(bars), render.Size{Width: 640, Height: 360})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(svg, []byte(`width="640" height="360"`)) {
		t.Errorf("got %.200s", svg)
	}
	for _, s := range []render.Size{{Width: -1}, {Height: 100000}, {Theme: "pink"}} {
		if _, err := shared.SVG(t.Context(), []byte(bars), s); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: got %v", s, err)
		}
	}
}

func TestAPageHoldsNoScriptOfItsData(t *testing.T) {
	const script = `</script><script>alert(1)</script><!--`
	spec := strings.Replace(bars, "one", script, 1)
	page, err := shared.HTML(t.Context(), []byte(spec), "a title "+script)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(page, []byte("<script>alert")) || bytes.Contains(page, []byte("<!--")) {
		t.Error("data became markup")
	}
	head, _, _ := strings.Cut(string(page), "<style>")
	if !strings.Contains(head, "default-src &#39;none&#39;") && !strings.Contains(head, "default-src 'none'") || strings.Contains(head, "unsafe-eval") {
		t.Errorf("the policy: %s", head)
	}
	for _, gone := range []string{"https://cdn", `src="`, "@import"} {
		if strings.Contains(head, gone) {
			t.Errorf("the page loads: %s", gone)
		}
	}
}

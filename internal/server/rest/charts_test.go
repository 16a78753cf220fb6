package rest_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/server/rest"
	"github.com/postern/postern/internal/tool"
)

// easel draws by saying what it was asked for.
type easel struct{}

func look(l tool.Look) string {
	if l.Dark {
		return " dark"
	}
	return ""
}

func (easel) SVG(_ context.Context, spec []byte, l tool.Look) ([]byte, error) {
	return []byte("svg of " + string(spec) + look(l)), nil
}

func (easel) PNG(_ context.Context, spec []byte, l tool.Look) ([]byte, error) {
	return []byte("png of " + string(spec) + look(l)), nil
}

func (easel) Vega(_ context.Context, spec []byte) ([]byte, error) {
	return []byte(`{"vega":` + string(spec) + `}`), nil
}

func (easel) HTML(_ context.Context, spec []byte, title string) ([]byte, error) {
	return []byte("page of " + title), nil
}

func chartAsset() assetReader {
	return assetReader{
		asset: result.Asset{ID: credentialID, Owner: "client:token", ChatID: "c1", Kind: "chart", Name: "Orders", ContentType: "application/vnd.postern.chart+json"},
		body:  strings.NewReader(`{"chart":"bar","title":"Orders","description":"Bar chart","notes":["cut"],"spec":{"mark":"bar"}}`),
	}
}

func getChart(t *testing.T, h rest.Assets, query, accept string) *httptest.ResponseRecorder {
	t.Helper()
	m, _ := credentialMux(t, h.Routes())
	r := httptest.NewRequest(http.MethodGet, "/ai/api/v1/assets/"+credentialID+query, nil)
	r.Header.Set("Authorization", "Bearer token")
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w
}

func TestAChartComesInTheFormThatIsAskedFor(t *testing.T) {
	for _, c := range []struct{ query, accept, media, body string }{
		{"?format=svg", "", "image/svg+xml", `svg of {"mark":"bar"}`},
		{"?format=svg&theme=dark&chat_id=c1", "", "image/svg+xml", `svg of {"mark":"bar"} dark`},
		{"?format=png&scale=3", "image/svg+xml", "image/png", `png of {"mark":"bar"}`},
		{"?format=vega", "", "application/vnd.vega.v6+json", `{"vega":{"mark":"bar"}}`},
		{"?format=vega-lite", "", "application/vnd.vegalite.v6+json", `{"mark":"bar"}`},
		{"?format=html", "", "text/html; charset=utf-8", "page of Orders"},
		{"", "image/png", "image/png", `png of {"mark":"bar"}`},
		{"", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8", "page of Orders"},
		{"", "image/*", "image/svg+xml", `svg of {"mark":"bar"}`},
	} {
		w := getChart(t, rest.Assets{Assets: chartAsset(), Draw: easel{}}, c.query, c.accept)
		if w.Code != 200 || w.Header().Get("Content-Type") != c.media || w.Body.String() != c.body {
			t.Errorf("%s %s: %d %s %s", c.query, c.accept, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "sandbox") || strings.Contains(csp, "unsafe-eval") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: the page may act in this origin: %s", c.query, csp)
		}
	}
}

// Published recipes ask for no form, and look for base64 in data.
func TestAChartIsJSONByDefault(t *testing.T) {
	for _, accept := range []string{"", "*/*", "application/json", "text/event-stream", "application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7"} {
		w := getChart(t, rest.Assets{Assets: chartAsset(), Draw: easel{}}, "", accept)
		var got map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		png, err := base64.StdEncoding.DecodeString(got["data"].(string))
		if err != nil || string(png) != `png of {"mark":"bar"}` || got["content_type"] != "image/png" || got["kind"] != "chart" || got["chart"] != "bar" || got["title"] != "Orders" {
			t.Errorf("got %v", got)
		}
	}
}

func TestAChartIsNotGivenInAFormThatThereIsNot(t *testing.T) {
	for query, want := range map[string]int{"?format=gif": 422, "?theme=pink": 422, "?scale=40": 422, "?scale=NaN": 422, "?chat_id=c2": 404} {
		if w := getChart(t, rest.Assets{Assets: chartAsset(), Draw: easel{}}, query, ""); w.Code != want {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	another := chartAsset()
	another.asset.Owner = "client:another"
	if w := getChart(t, rest.Assets{Assets: another, Draw: easel{}}, "", ""); w.Code != 404 {
		t.Errorf("another's chart: %d", w.Code)
	}
	if w := getChart(t, rest.Assets{Assets: chartAsset()}, "?format=vega-lite", ""); w.Code != 200 {
		t.Errorf("a server that draws nothing has the spec: %d", w.Code)
	}
}

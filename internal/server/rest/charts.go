package rest

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/tool"
)

// chartFormat is a way to give a chart.
type chartFormat struct {
	name string // ?format=
	ext  string
	// types are its media types, the one that is answered first.
	types []string
	draw  func(ctx context.Context, d tool.Drawer, k tool.KeptChart, l tool.Look) ([]byte, error)
}

// chartFormats lists them, the default first: JSON that holds the picture and
// the spec, since published recipes look for base64 in it.
var chartFormats = []chartFormat{
	{"json", ".json", []string{"application/json"}, nil},
	{"svg", ".svg", []string{"image/svg+xml"}, func(ctx context.Context, d tool.Drawer, k tool.KeptChart, l tool.Look) ([]byte, error) {
		return d.SVG(ctx, k.Spec, l)
	}},
	{"png", ".png", []string{"image/png"}, func(ctx context.Context, d tool.Drawer, k tool.KeptChart, l tool.Look) ([]byte, error) {
		return d.PNG(ctx, k.Spec, l)
	}},
	{"html", ".html", []string{"text/html; charset=utf-8", "text/html"}, func(ctx context.Context, d tool.Drawer, k tool.KeptChart, _ tool.Look) ([]byte, error) {
		return d.HTML(ctx, k.Spec, k.Title)
	}},
	{"vega-lite", ".vl.json", []string{"application/vnd.vegalite.v6+json", "application/vnd.vegalite+json"}, func(_ context.Context, _ tool.Drawer, k tool.KeptChart, _ tool.Look) ([]byte, error) {
		return k.Spec, nil
	}},
	{"vega", ".vg.json", []string{"application/vnd.vega.v6+json", "application/vnd.vega+json"}, func(ctx context.Context, d tool.Drawer, k tool.KeptChart, _ tool.Look) ([]byte, error) {
		return d.Vega(ctx, k.Spec)
	}},
}

// chartJSON is a chart as JSON. Data is the picture in base64, under the name
// that published recipes read.
type chartJSON struct {
	ID          string          `json:"id"`
	Kind        string          `json:"kind"` // chart
	Chart       string          `json:"chart"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Notes       []string        `json:"notes"`
	ContentType string          `json:"content_type,omitempty"`
	Data        []byte          `json:"data,omitempty"`
	Spec        json.RawMessage `json:"spec"` // Vega-Lite
}

// chart gives a chart asset in the form that is asked for.
func (h Assets) chart(w http.ResponseWriter, r *http.Request, a result.Asset, body io.Reader) error {
	f, err := chartFormatOf(r)
	if err != nil {
		return err
	}
	look, err := lookOf(r)
	if err != nil {
		return err
	}
	k, err := tool.ReadChart(body)
	if err != nil {
		return err
	}
	out, err := h.render(r.Context(), f, a, k, look)
	if err != nil {
		return err
	}
	head := w.Header()
	guard(head)
	head.Set("Content-Type", f.types[0])
	head.Set("Content-Length", strconv.Itoa(len(out)))
	head.Set("Vary", "Accept")
	if a.Name != "" {
		head.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": a.Name + f.ext}))
	}
	w.WriteHeader(http.StatusOK)
	_, err = w.Write(out)
	return err
}

func (h Assets) render(ctx context.Context, f chartFormat, a result.Asset, k tool.KeptChart, l tool.Look) ([]byte, error) {
	if f.draw != nil {
		if h.Draw == nil && f.name != "vega-lite" {
			return nil, fault.New(fault.Unavailable, "this server draws no charts; format=vega-lite gives the spec")
		}
		return f.draw(ctx, h.Draw, k, l)
	}
	c := chartJSON{ID: a.ID, Kind: a.Kind, Chart: string(k.Chart), Title: k.Title, Description: k.Description, Notes: k.Notes, Spec: k.Spec}
	if c.Notes == nil {
		c.Notes = []string{}
	}
	if h.Draw != nil {
		png, err := h.Draw.PNG(ctx, k.Spec, l)
		if err != nil {
			return nil, err
		}
		c.ContentType, c.Data = "image/png", png
	}
	return json.Marshal(c)
}

// chartFormatOf reads ?format=, or else Accept.
func chartFormatOf(r *http.Request) (chartFormat, error) {
	if name := strings.ToLower(r.URL.Query().Get("format")); name != "" {
		i := slices.IndexFunc(chartFormats, func(f chartFormat) bool { return f.name == name })
		if i < 0 {
			return chartFormat{}, badQuery("format", "it must be one of "+chartNames())
		}
		return chartFormats[i], nil
	}
	ranges := strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",")
	// Clients send the Accept of their other calls along (text/event-stream):
	// what cannot be given is answered with the default rather than refused.
	best, bestQ, bestExact := chartFormats[0], 0.0, -1
	for _, f := range chartFormats {
		for _, t := range f.types {
			media, _, _ := mime.ParseMediaType(t)
			if q, exact := quality(ranges, result.Format(media)); q > bestQ || q == bestQ && q > 0 && exact > bestExact {
				best, bestQ, bestExact = f, q, exact
			}
		}
	}
	return best, nil
}

func chartNames() string {
	names := make([]string, len(chartFormats))
	for i, f := range chartFormats {
		names[i] = f.name
	}
	return strings.Join(names, ", ")
}

// lookOf reads ?theme= and ?scale=.
func lookOf(r *http.Request) (tool.Look, error) {
	var l tool.Look
	switch theme := r.URL.Query().Get("theme"); theme {
	case "", "light":
	case "dark":
		l.Dark = true
	default:
		return l, badQuery("theme", "it must be light or dark")
	}
	if s := r.URL.Query().Get("scale"); s != "" {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || !(n >= 0.25 && n <= 4) {
			return l, badQuery("scale", "it must be a number from 0.25 to 4")
		}
		l.Scale = n
	}
	return l, nil
}

// badQuery is the fault of one query parameter.
func badQuery(name, msg string) error {
	e := fault.New(fault.Invalid, "%s: %s", name, msg)
	e.Fields = []fault.Field{{Loc: []string{"query", name}, Msg: msg, Type: "enum"}}
	return e
}

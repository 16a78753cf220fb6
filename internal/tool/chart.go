package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
)

// Look is how a chart is drawn.
type Look struct {
	Dark  bool
	Scale float64 // pixels of a PNG for one of the chart; 0 is 2
}

// Drawer draws Vega-Lite specs whose data is in them; cmd/postern gives the
// engine of chart/render. Errors are faults.
type Drawer interface {
	SVG(ctx context.Context, spec []byte, l Look) ([]byte, error)
	PNG(ctx context.Context, spec []byte, l Look) ([]byte, error)
	Vega(ctx context.Context, spec []byte) ([]byte, error)
	HTML(ctx context.Context, spec []byte, title string) ([]byte, error)
}

// Charts draws charts and keeps them.
type Charts struct {
	Draw Drawer
	Kept *result.Assets // also where results are read from; nil keeps nothing
}

// Image is a picture of a tool's content.
type Image struct {
	Type string // media type
	Data []byte
}

// KeptChart is a chart asset's content.
type KeptChart struct {
	Chart       chart.Kind      `json:"chart"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Notes       []string        `json:"notes"`
	Spec        json.RawMessage `json:"spec"`
}

// chartType is the content type of chart assets as they are kept.
const chartType = "application/vnd.postern.chart+json"

// mostSpec is the largest spec that is kept, in bytes.
const mostSpec = 32 << 20

// ReadChart reads a chart asset's content.
func ReadChart(r io.Reader) (KeptChart, error) {
	var k KeptChart
	b, err := io.ReadAll(io.LimitReader(r, 2*mostSpec))
	if err != nil {
		return k, err
	}
	if err := json.Unmarshal(b, &k); err != nil {
		return k, fmt.Errorf("read chart: %w", err)
	}
	return k, nil
}

// ChartOutput is a chart as a model reads it.
type ChartOutput struct {
	Chart       string   `json:"chart" jsonschema:"What kind of chart it is: bar, line, ... or custom for a Vega-Lite spec of the caller's."`
	Title       string   `json:"title"`
	Description string   `json:"description" jsonschema:"What the chart shows, for who does not see it."`
	Notes       []string `json:"notes" jsonschema:"What was left out, put together, or drawn in another way than asked for. The chart says it too."`
	Marks       int      `json:"marks" jsonschema:"How many bars, points or cells there are."`
	SpecBytes   int      `json:"spec_bytes"`
	AssetID     string   `json:"asset_id,omitempty" jsonschema:"The chart asset."`
	URL         string   `json:"url,omitempty" jsonschema:"Where the chart is, for four hours; format is json, svg, png, html, vega-lite or vega."`
	VegaLite    any      `json:"vega_lite,omitempty" jsonschema:"The Vega-Lite spec, without its colours and fonts, and without its data where that is large."`
}

// Drawing is what is to be drawn.
type Drawing struct {
	Table   chart.Table
	Grammar any // a Vega-Lite spec, an intent, or nil
	Hints   chart.Hints
	Notes   []string // to be said beside the chart's own
}

// shownSpec is the largest spec that a model is shown with its data.
const shownSpec = 8_000

// DrawChart chooses, draws and keeps a chart.
func DrawChart(ctx context.Context, e *Env, d Drawing) (Answer[ChartOutput], error) {
	c, err := chart.Draw(d.Table, d.Grammar, d.Hints)
	if err != nil {
		return Answer[ChartOutput]{}, err
	}
	if err := chart.Check(c.Spec); err != nil {
		return Answer[ChartOutput]{}, inGrammar(err)
	}
	out := ChartOutput{
		Chart: string(c.Kind), Title: c.Title, Description: c.Alt, Marks: c.Marks, SpecBytes: len(c.Spec),
		Notes: append(append([]string{}, d.Notes...), c.Notes...), VegaLite: shown(c.Spec),
	}
	a := Answer[ChartOutput]{Content: out}
	if e.Charts == nil {
		return a, nil
	}
	if e.Charts.Draw != nil {
		// Drawn once now, so that what is kept is known to be a chart.
		if _, err := e.Charts.Draw.SVG(ctx, c.Spec, Look{}); err != nil {
			return Answer[ChartOutput]{}, err
		}
		a.Image = func(ctx context.Context) (Image, error) {
			png, err := e.Charts.Draw.PNG(ctx, c.Spec, Look{})
			return Image{"image/png", png}, err
		}
	}
	if e.Charts.Kept == nil {
		return a, nil
	}
	id, err := e.keepChart(ctx, c, out.Notes)
	if err != nil {
		return Answer[ChartOutput]{}, err
	}
	a.Content.AssetID, a.Content.URL = id, "/ai/api/v1/assets/"+id+"?"+e.chatParameter()+"format=png"
	a.Assets = []AssetRef{{Kind: "chart", ID: id}}
	return a, nil
}

// inGrammar says that a path in a spec is one in the input's chart_grammar.
func inGrammar(err error) error {
	f := fault.As(err)
	if f == nil || len(f.Fields) == 0 {
		return err
	}
	named := *f
	named.Message, named.Fields = "chart_grammar."+f.Message, slices.Clone(f.Fields)
	for i, field := range named.Fields {
		if len(field.Loc) > 1 {
			named.Fields[i].Loc = append([]string{field.Loc[0], "chart_grammar"}, field.Loc[1:]...)
		}
	}
	return &named
}

func (e *Env) chatParameter() string {
	if e.ChatID == "" {
		return ""
	}
	return "chat_id=" + e.ChatID + "&"
}

// shown is the spec as a model sees it: without its looks, and without its
// data where there is much of it.
func shown(spec []byte) any {
	var m map[string]any
	if json.Unmarshal(spec, &m) != nil {
		return nil
	}
	delete(m, "config")
	delete(m, "usermeta")
	if len(spec) > shownSpec {
		m["data"] = map[string]any{"name": chart.DataName}
	}
	return m
}

// keepChart keeps a chart as an asset of the caller.
func (e *Env) keepChart(ctx context.Context, c chart.Chart, notes []string) (string, error) {
	if len(c.Spec) > mostSpec {
		return "", fault.New(fault.Invalid, "the chart's data is too large; aggregate in SQL first")
	}
	b, err := json.Marshal(KeptChart{Chart: c.Kind, Title: c.Title, Description: c.Alt, Notes: notes, Spec: c.Spec})
	if err != nil {
		return "", fmt.Errorf("encode chart: %w", err)
	}
	name := strings.TrimSuffix(fileName(strings.Join(strings.Fields(c.Title), "_")), ".csv")
	d, err := e.Charts.Kept.Create(ctx, result.Asset{Owner: e.Caller.Subject(), ChatID: e.ChatID, Kind: "chart", Name: name, ContentType: chartType})
	if err != nil {
		return "", err
	}
	defer d.Abort()
	if _, err := d.Write(b); err != nil {
		return "", err
	}
	a, err := d.Commit(ctx)
	return a.ID, err
}

// KeptTable reads a kept result as a table to be drawn.
func (e *Env) KeptTable(ctx context.Context, id string) (t chart.Table, err error) {
	if e.Charts == nil || e.Charts.Kept == nil {
		return t, fault.New(fault.NotFound, "asset not found")
	}
	a, r, err := e.Charts.Kept.Open(ctx, e.Caller.Subject(), id, "")
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if a.Kind != "sql" {
		return t, fault.BadField("asset_id", "wrong_kind", "this asset is a %s; give the asset of an SQL result", a.Kind)
	}
	types, capped := a.CSVTypes()
	return chart.ReadCSV(r, types, capped)
}

const chartsDo = "The chart is drawn by Postern from the very values of the table. Without chart_grammar the chart that fits best is chosen. " +
	"chart_grammar is a Vega-Lite 6 spec (mark and encoding over the table's columns; leave data out, it is put in), or an intent: " +
	`{"kind": "bar", "x": "carrier", "y": "flights", "color": "origin", "title": "..."}, each optional. Python snippets are not run. `

type chartAssetInput struct {
	AssetID          string `json:"asset_id" jsonschema:"Asset of an SQL result: asset_id in the answer of sql_execution_tool."`
	ChartGrammar     any    `json:"chart_grammar,omitempty" jsonschema:"A Vega-Lite spec without data, or an intent (kind, x, y, color, title). Leave out for the chart that fits best."`
	ChartCodeSnippet string `json:"chart_code_snippet,omitempty" jsonschema:"Not run: Postern runs no code. Its columns and kind of chart are read as a wish."`
	ImageTitle       string `json:"image_title,omitempty" jsonschema:"Title of the chart."`
}

func (chartAssetInput) shape(f map[string]*jsonschema.Schema) { grammarSchema(f) }

// grammarSchema says that a grammar is an object, of any keys.
func grammarSchema(f map[string]*jsonschema.Schema) { f["chart_grammar"].Type = "object" }

var chartOfAsset = Define("generate_chart_tool", "Draw a chart",
	"Draws a chart of a kept SQL result (asset_id). "+chartsDo+"To draw from a statement use generate_chart_from_sql_and_code_tool.",
	func(ctx context.Context, e *Env, in chartAssetInput) (Answer[ChartOutput], error) {
		t, err := e.KeptTable(ctx, in.AssetID)
		if err != nil {
			return Answer[ChartOutput]{}, err
		}
		return drawAsked(ctx, e, Drawing{Table: t, Grammar: in.ChartGrammar, Hints: chart.Hints{Title: in.ImageTitle}}, in.ChartCodeSnippet)
	})

type chartSQLInput struct {
	queryInput
	SQL              string `json:"sql" jsonschema:"One read-only statement whose rows are drawn. Name tables as get_data_schema_tool names them; aggregate in SQL."`
	ChartCodeSnippet string `json:"chart_code_snippet" jsonschema:"Give an empty text. It is not run: Postern runs no code. Its columns and kind of chart are read as a wish."`
	ImageTitle       string `json:"image_title" jsonschema:"Title of the chart."`
	ChartGrammar     any    `json:"chart_grammar,omitempty" jsonschema:"A Vega-Lite spec without data, or an intent (kind, x, y, color, title). Leave out for the chart that fits best."`
}

func (chartSQLInput) shape(f map[string]*jsonschema.Schema) { grammarSchema(f) }

var chartOfSQL = Define("generate_chart_from_sql_and_code_tool", "Draw a chart of a statement",
	"Runs one read-only SQL statement on a data product, with the caller's own warehouse credentials, and draws a chart of its rows. "+chartsDo,
	func(ctx context.Context, e *Env, in chartSQLInput) (Answer[ChartOutput], error) {
		pr, err := e.Data.Product(ctx, e.Caller, in.DataProductID, in.DataProductVersion)
		if err != nil {
			return Answer[ChartOutput]{}, err
		}
		q := in.query(e)
		q.SQL = in.SQL
		rows, err := e.Data.Run(ctx, e.Caller, q)
		if err != nil {
			return Answer[ChartOutput]{}, err
		}
		t, err := chart.Read(ctx, rows)
		if err != nil {
			return Answer[ChartOutput]{}, err
		}
		ColumnFacts(pr, t.Columns)
		return drawAsked(ctx, e, Drawing{Table: t, Grammar: in.ChartGrammar, Hints: chart.Hints{Title: in.ImageTitle}}, in.ChartCodeSnippet)
	})

// drawAsked draws with what a snippet wishes for, where there is no grammar.
func drawAsked(ctx context.Context, e *Env, d Drawing, snippet string) (Answer[ChartOutput], error) {
	snippet = strings.TrimSpace(snippet)
	if snippet == "" {
		return DrawChart(ctx, e, d)
	}
	if d.Grammar == nil && json.Valid([]byte(snippet)) && snippet[0] == '{' {
		d.Grammar = snippet // a Vega-Lite spec in the wrong place
		return DrawChart(ctx, e, d)
	}
	if d.Grammar != nil {
		d.Notes = append(d.Notes, "The code snippet was not run: Postern runs no Python. The chart is drawn from chart_grammar.")
		return DrawChart(ctx, e, d)
	}
	d.Notes = append(d.Notes, "The code snippet was not run: Postern runs no Python. This is the chart that fits the table; to ask for another give chart_grammar.")
	if wish := chart.Wish(snippet, d.Table); wish != (chart.Intent{}) {
		asked := d
		asked.Hints.Intent = wish
		if a, err := DrawChart(ctx, e, asked); err == nil || ctx.Err() != nil {
			return a, err
		}
	}
	return DrawChart(ctx, e, d)
}

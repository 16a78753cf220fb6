package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

type chartCmd struct {
	output
	clientFlags
	Product  string `required:"" help:"The data product that the question is about." placeholder:"ID"`
	Out      string `short:"o" name:"output" required:"" help:"The file to write: .svg, .png, .html, .json (the picture and its spec), .vl.json (Vega-Lite) or .vg.json (Vega)." placeholder:"FILE"`
	Agent    string `default:"data_product_query_agent" help:"The agent to ask." placeholder:"NAME"`
	AuthID   string `name:"auth-id" help:"The stored warehouse credential to use." placeholder:"ID"`
	Choice   string `name:"choice" help:"The id of one of the readings that an earlier answer offered." placeholder:"ID"`
	Theme    string `enum:"light,dark" default:"light" help:"light or dark, of .svg, .png and .json."`
	Question string `arg:"" help:"The question. It may say which chart: 'flights by month as a line chart'."`
}

// drawnChart is a chart as the agent's stream describes it.
type drawnChart struct {
	Kind        string   `json:"chart"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Notes       []string `json:"notes"`
	AssetID     string   `json:"asset_id"`
}

// chartFile is what the command prints.
type chartFile struct {
	File        string   `json:"file"`
	Bytes       int64    `json:"bytes"`
	Chart       string   `json:"chart"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Notes       []string `json:"notes"`
	Tier        string   `json:"tier"`
	SQL         string   `json:"sql"`
	Restatement string   `json:"restatement"`
	Assumptions []string `json:"assumptions"`
	AssetID     string   `json:"asset_id"`
}

// chartEndings say what a file's ending asks for.
var chartEndings = []struct{ ending, format string }{
	{".svg", "svg"}, {".png", "png"}, {".html", "html"}, {".htm", "html"}, {".vl.json", "vega-lite"}, {".vg.json", "vega"}, {".json", "json"},
}

func chartFormat(file string) (string, error) {
	for _, e := range chartEndings {
		if strings.HasSuffix(strings.ToLower(file), e.ending) {
			return e.format, nil
		}
	}
	return "", fmt.Errorf("what %q is to hold cannot be told from its ending: use .svg, .png, .html, .json, .vl.json or .vg.json", filepath.Base(file))
}

// Run asks the question and writes the chart of the answer. An abstention is
// an error here: there is no file then.
func (q chartCmd) Run(ctx context.Context, c *terminal) error {
	format, err := chartFormat(q.Out)
	if err != nil {
		return err
	}
	a, err := q.api()
	if err != nil {
		return err
	}
	got, err := a.ask(ctx, q.Agent, question(q.Question, q.Product, q.AuthID, q.Choice))
	switch {
	case err != nil:
		return err
	case got.Status != "answered":
		return errors.New(printable(got.Answer))
	case got.chart == nil || got.chart.AssetID == "":
		_, why, _ := strings.Cut(got.Answer, "No chart: ")
		return hint(errors.New("there is no chart of this answer: "+printable(strings.TrimSpace(why))), "postern ask shows the table")
	}
	n, err := a.saveChart(ctx, got.chart.AssetID, format, q.Theme, q.Out)
	if err != nil {
		return err
	}
	f := chartFile{
		File: q.Out, Bytes: n, Chart: got.chart.Kind, Title: got.chart.Title, Description: got.chart.Description, Notes: got.chart.Notes,
		Tier: got.Tier, SQL: got.SQL, Restatement: got.Restatement, Assumptions: got.Assumptions, AssetID: got.chart.AssetID,
	}
	return c.print(q.JSON, f, f.write)
}

func (f chartFile) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", printable(f.File), printable(f.Description))
	for _, s := range f.Assumptions {
		fmt.Fprintf(&b, "Taken for granted: %s\n", printable(s))
	}
	if s := byModel(f.Tier); s != "" {
		b.WriteString(strings.TrimSpace(s) + "\n")
	}
	for line := range strings.Lines("\n" + f.SQL) {
		b.WriteString(printable(strings.TrimRight(line, "\n")) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// saveChart writes a chart asset to a file, whole or not at all.
func (a *api) saveChart(ctx context.Context, id, format, theme, file string) (n int64, err error) {
	req, err := a.request(ctx, http.MethodGet, "/ai/api/v1/assets/"+url.PathEscape(id)+"?format="+format+"&theme="+theme, nil)
	if err != nil {
		return 0, err
	}
	res, err := a.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end below
	if res.StatusCode != http.StatusOK {
		return 0, answerError(res)
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".chart-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone once it is renamed
	n, err = io.Copy(tmp, res.Body)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return 0, err
	}
	return n, os.Rename(tmp.Name(), file)
}

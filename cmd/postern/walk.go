package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// walk does the main job over HTTP as a client would, and shows each request
// as the curl command that makes it, and what came back.
type walk struct {
	out  io.Writer
	base string
	http *http.Client
	step int
	// token is shown as $TOKEN once it was answered: it is long, and the same
	// in each request.
	token string
}

// maxShown is how much of an answer is shown.
const maxShown = 1600

// call is one request and its answer.
type call struct {
	title  string
	method string
	path   string
	header [][2]string
	form   url.Values
	body   any
	want   int                 // the status it has to have
	brief  func([]byte) string // how the answer is shown; nil is pretty
}

func (w *walk) say(format string, args ...any) { _, _ = fmt.Fprintf(w.out, format+"\n", args...) }

// do makes the request, prints both sides, and gives the body.
func (w *walk) do(ctx context.Context, c call) ([]byte, error) {
	w.step++
	w.say("\n── %d. %s\n", w.step, c.title)
	req, shown, err := w.request(ctx, c)
	if err != nil {
		return nil, err
	}
	if w.token != "" {
		shown = strings.ReplaceAll(shown, w.token, "$TOKEN")
	}
	w.say("%s\n", strings.ReplaceAll(shown, "'Authorization: Bearer $TOKEN'", `"Authorization: Bearer $TOKEN"`))
	res, err := w.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	w.say("HTTP %s", res.Status)
	show := pretty
	if c.brief != nil {
		show = c.brief
	}
	w.say("%s", shorten(show(b)))
	if res.StatusCode != c.want {
		return nil, fmt.Errorf("%s: wanted HTTP %d, got %s", c.title, c.want, res.Status)
	}
	return b, nil
}

func (w *walk) request(ctx context.Context, c call) (*http.Request, string, error) {
	var body []byte
	contentType := ""
	curl := []string{"curl --request " + c.method}
	curl = append(curl, "--url "+w.base+c.path)
	for _, h := range c.header {
		curl = append(curl, fmt.Sprintf("--header '%s: %s'", h[0], h[1]))
	}
	switch {
	case c.form != nil:
		body, contentType = []byte(c.form.Encode()), "application/x-www-form-urlencoded"
		curl = append(curl, "--header 'content-type: "+contentType+"'")
		for _, k := range []string{"grant_type", "client_id", "client_secret"} {
			curl = append(curl, "--data "+k+"="+c.form.Get(k))
		}
	case c.body != nil:
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(c.body); err != nil {
			return nil, "", err
		}
		body, contentType = bytes.TrimSpace(b.Bytes()), "application/json"
		curl = append(curl, "--header 'content-type: "+contentType+"'", "--data '"+strings.ReplaceAll(string(body), "'", `'\''`)+"'")
	}
	req, err := http.NewRequestWithContext(ctx, c.method, w.base+c.path, bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for _, h := range c.header {
		req.Header.Set(h[0], h[1])
	}
	return req, strings.Join(curl, " \\\n  "), nil
}

// pretty indents a JSON answer, or the JSON of an event stream's last event.
func pretty(b []byte) string {
	text := strings.TrimSpace(string(b))
	if i := strings.LastIndex(text, "\ndata: "); i >= 0 || strings.HasPrefix(text, "data: ") {
		last := strings.TrimPrefix(text[i+1:], "data: ")
		return fmt.Sprintf("(%d events; the last one:)\n%s", strings.Count("\n"+text, "\ndata: "), pretty([]byte(last)))
	}
	var out bytes.Buffer
	if json.Indent(&out, []byte(text), "", "  ") != nil {
		return text
	}
	return compactRows(out.String())
}

// compactRows puts an array of scalars back on one line: a table reads better
// with a row a line.
func compactRows(s string) string {
	var out []string
	lines := strings.Split(s, "\n")
	for i := 0; i < len(lines); i++ {
		if !strings.HasSuffix(lines[i], "[") {
			out = append(out, lines[i])
			continue
		}
		j, parts := i+1, []string{}
		for j < len(lines) && !strings.ContainsAny(strings.TrimSpace(lines[j])[:1], "[]{}") && !strings.HasSuffix(lines[j], "[") && !strings.HasSuffix(lines[j], "{") {
			parts = append(parts, strings.TrimSpace(lines[j]))
			j++
		}
		if j < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[j]), "]") {
			out = append(out, lines[i]+strings.Join(parts, " ")+strings.TrimSpace(lines[j]))
			i = j
			continue
		}
		out = append(out, lines[i])
	}
	return strings.Join(out, "\n")
}

func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	cut := strings.LastIndexByte(s[:maxShown], '\n')
	if cut < maxShown/2 {
		cut = maxShown
	}
	return fmt.Sprintf("%s\n… (%d more bytes)", s[:cut], len(s)-cut)
}

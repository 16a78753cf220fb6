package render

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"github.com/postern/postern/internal/chart/script"
)

//go:embed js/page.js
var pageJS []byte

//go:embed js/page.html
var pageHTML string

// head is the page up to the chart's place; what follows are scripts, which
// html/template would parse for seconds.
var head = template.Must(template.New("page").Parse(pageHTML))

// pageScripts run in a page, in order; the page's policy names each by its
// hash, so that no other script runs, whatever a spec or its data holds.
var pageScripts = [][]byte{utcJS, script.Vega(), script.VegaLite(), script.VegaEmbed(), pageJS}

var policy = sync.OnceValue(func() string {
	var all []string
	for _, s := range pageScripts {
		sum := sha256.Sum256(s)
		all = append(all, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return strings.Join(all, " ")
})

// page is a document with the chart in it and everything that it needs.
func page(spec []byte, title string) ([]byte, error) {
	var b bytes.Buffer
	err := head.Execute(&b, struct {
		Policy, Title string
		Font          template.CSS
	}{policy(), title, family})
	if err != nil {
		return nil, fmt.Errorf("write the page: %w", err)
	}
	for _, d := range []struct {
		id  string
		doc []byte
	}{{"spec", spec}, {"light", light}, {"dark", dark}} {
		if err := data(&b, d.id, d.doc); err != nil {
			return nil, err
		}
	}
	for _, s := range pageScripts {
		b.WriteString("<script>")
		b.Write(s)
		b.WriteString("</script>\n")
	}
	b.WriteString("</body>\n</html>\n")
	return b.Bytes(), nil
}

// data writes JSON as an inert element, in which nothing can end the element.
func data(b *bytes.Buffer, id string, doc []byte) error {
	var c bytes.Buffer
	if err := json.Compact(&c, doc); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	fmt.Fprintf(b, "<script type=\"application/json\" id=\"%s\">%s</script>\n", id, bytes.ReplaceAll(c.Bytes(), []byte("<"), []byte(`\u003c`)))
	return nil
}

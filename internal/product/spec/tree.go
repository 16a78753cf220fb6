package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/fault"
)

// The limits of a document, aliases followed: beyond them it is an attack or
// a mistake, not a spec.
const (
	maxDocument = 4 << 20 // bytes, as posted
	maxDepth    = 64      // levels of nesting
	maxNodes    = 400_000 // nodes after following aliases
	maxText     = 8 << 20 // bytes of text after following aliases
)

// Parse reads one YAML or JSON document into nodes that know their line.
// Aliases are followed; duplicate keys, tags and merge keys are refused.
func Parse(doc []byte) (root *yaml.Node, isYAML bool, err error) {
	switch {
	case len(doc) > maxDocument:
		return nil, false, fault.New(fault.Invalid, "the spec is larger than %d bytes", maxDocument)
	case !utf8.Valid(doc):
		return nil, false, fault.New(fault.Invalid, "the spec is not UTF-8 text")
	case len(bytes.TrimSpace(doc)) == 0:
		return nil, false, errEmpty
	}
	if trimmed := bytes.TrimSpace(doc); trimmed[0] == '{' {
		if json.Valid(doc) {
			root, err = jsonTree(doc)
			return root, false, err
		}
		if root, err = yamlTree(doc); err != nil {
			return nil, false, jsonSyntax(doc)
		}
		return root, true, nil
	}
	root, err = yamlTree(doc)
	return root, true, err
}

// jsonSyntax says where a document that begins like JSON stops being it.
func jsonSyntax(doc []byte) error {
	var v any
	err := json.Unmarshal(doc, &v)
	if se, ok := errors.AsType[*json.SyntaxError](err); ok {
		at := min(max(int(se.Offset)-1, 0), len(doc))
		return fault.New(fault.Invalid, "the spec is not valid JSON (line %d)", 1+bytes.Count(doc[:at], []byte("\n")))
	}
	return fault.New(fault.Invalid, "the spec is not valid JSON")
}

var errEmpty = fault.New(fault.Invalid, "the spec is empty: send YAML or JSON")

var yamlLine = regexp.MustCompile(`line (\d+)`)

func yamlTree(doc []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(doc))
	var top, more yaml.Node
	if err := dec.Decode(&top); errors.Is(err, io.EOF) {
		return nil, errEmpty
	} else if err != nil {
		return nil, yamlSyntax(err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, "the spec must be one YAML document: take out the second one (after ---)")
	}
	if top.Kind != yaml.DocumentNode || len(top.Content) != 1 {
		return nil, errEmpty
	}
	w := &treeWalk{}
	return w.follow(top.Content[0], 0)
}

// yamlSyntax keeps the parser's line and drops its text, which quotes input.
func yamlSyntax(err error) error {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		return fault.Because(err, fault.Invalid, "the spec is not valid YAML (line %s): check indentation, colons and quotes there", m[1])
	}
	return fault.Because(err, fault.Invalid, "the spec is not valid YAML: check indentation, colons and quotes")
}

// treeWalk counts what it visits, so that a document of aliases of aliases
// stops early.
type treeWalk struct{ nodes, text int }

func (w *treeWalk) follow(n *yaml.Node, depth int) (*yaml.Node, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	w.nodes++
	w.text += len(n.Value)
	if depth > maxDepth || w.nodes > maxNodes || w.text > maxText {
		return nil, fault.New(fault.Invalid, "the spec is nested too deeply or too large once its aliases are followed (line %d)", n.Line)
	}
	if n.Kind == yaml.MappingNode {
		return n, w.mapping(n, depth)
	}
	for i, c := range n.Content {
		f, err := w.follow(c, depth+1)
		if err != nil {
			return nil, err
		}
		n.Content[i] = f
	}
	return n, checkScalar(n)
}

func (w *treeWalk) mapping(n *yaml.Node, depth int) error {
	seen := make(map[string]int, len(n.Content)/2)
	for i, c := range n.Content {
		f, err := w.follow(c, depth+1)
		if err != nil {
			return err
		}
		n.Content[i] = f
		if i%2 == 1 {
			continue
		}
		if f.Kind != yaml.ScalarNode {
			return fault.New(fault.Invalid, "a key must be plain text (line %d)", f.Line)
		}
		if f.ShortTag() == "!!merge" {
			return fault.New(fault.Invalid, "the merge key << is not supported: write the keys out (line %d)", f.Line)
		}
		if first, dup := seen[f.Value]; dup {
			return fault.New(fault.Invalid, "the key %s is there twice, on lines %d and %d: keep one", Quote(f.Value), first, f.Line)
		}
		seen[f.Value] = f.Line
	}
	return nil
}

// checkScalar refuses what JSON cannot carry.
func checkScalar(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return nil
	}
	switch n.ShortTag() {
	case "!!str", "!!null", "!!timestamp", "!!merge":
		return nil
	case "!!bool", "!!int", "!!float":
		if _, err := scalarJSON(n); err != nil {
			return fault.New(fault.Invalid, "%s is not a number or boolean that JSON can carry: put it in quotes (line %d)", Quote(n.Value), n.Line)
		}
		return nil
	}
	return fault.New(fault.Invalid, "YAML tags are not supported: write the plain value (line %d)", n.Line)
}

// jsonTree reads a valid JSON document.
func jsonTree(doc []byte) (*yaml.Node, error) {
	j := &jsonReader{dec: json.NewDecoder(bytes.NewReader(doc)), doc: doc, line: 1}
	j.dec.UseNumber()
	root, err := j.value(0)
	if err != nil {
		return nil, err
	}
	return (&treeWalk{}).follow(root, 0)
}

type jsonReader struct {
	dec  *json.Decoder
	doc  []byte
	at   int
	line int
}

// token reads the next one and moves the line to where it ends.
func (j *jsonReader) token() (json.Token, error) {
	t, err := j.dec.Token()
	if end := int(j.dec.InputOffset()); end > j.at {
		j.line += bytes.Count(j.doc[j.at:end], []byte("\n"))
		j.at = end
	}
	return t, err
}

func (j *jsonReader) value(depth int) (*yaml.Node, error) {
	t, err := j.token()
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "the spec is not valid JSON (line %d)", j.line)
	}
	if depth > maxDepth {
		return nil, fault.New(fault.Invalid, "the spec is nested too deeply (line %d)", j.line)
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: j.line}
	switch v := t.(type) {
	case json.Delim:
		n.Kind, n.Tag = yaml.MappingNode, "!!map"
		if v == '[' {
			n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		}
		return n, j.inside(n, depth)
	case string:
		n.Tag, n.Value, n.Style = "!!str", v, yaml.DoubleQuotedStyle
	case json.Number:
		n.Tag, n.Value = "!!int", v.String()
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(v)
	default:
		n.Tag, n.Value = "!!null", "null"
	}
	return n, nil
}

// inside reads an object's keys and values, or an array's values.
func (j *jsonReader) inside(n *yaml.Node, depth int) error {
	for j.dec.More() {
		c, err := j.value(depth + 1)
		if err != nil {
			return err
		}
		n.Content = append(n.Content, c)
	}
	_, err := j.token()
	return err
}

// JSON writes the tree, keys in the order they were written.
func JSON(n *yaml.Node) (json.RawMessage, error) {
	var b bytes.Buffer
	err := writeJSON(&b, n)
	return b.Bytes(), err
}

func writeJSON(b *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(quoteJSON(n.Content[i].Value))
			b.WriteByte(':')
			if err := writeJSON(b, n.Content[i+1]); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, c := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeJSON(b, c); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	default:
		s, err := scalarJSON(n)
		if err != nil {
			return err
		}
		b.WriteString(s)
	}
	return nil
}

// scalarJSON is a scalar as JSON; a number stays as it was written where JSON
// spells it the same.
func scalarJSON(n *yaml.Node) (string, error) {
	switch n.ShortTag() {
	case "!!null":
		return "null", nil
	case "!!bool", "!!int", "!!float":
	default:
		return string(quoteJSON(n.Value)), nil
	}
	if n.ShortTag() != "!!bool" && json.Valid([]byte(n.Value)) {
		if _, err := strconv.ParseFloat(n.Value, 64); err != nil {
			return "", err
		}
		return n.Value, nil
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return "", err
	}
	if f, ok := v.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return "", errors.New("not a finite number")
	}
	out, err := json.Marshal(v)
	return string(out), err
}

func quoteJSON(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return bytes.TrimRight(b.Bytes(), "\n")
}

// Quote is text from the document fit for a message: short and on one line.
func Quote(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}

// FromJSON renders a spec that was written as JSON as YAML; "" when it is none.
func FromJSON(doc []byte) string {
	n, err := jsonTree(doc)
	if err != nil {
		return ""
	}
	plainStyle(n)
	out, err := YAML(n)
	if err != nil {
		return ""
	}
	return string(out)
}

// plainStyle lets the encoder choose quotes where they are needed.
func plainStyle(n *yaml.Node) {
	n.Style &^= yaml.DoubleQuotedStyle
	for _, c := range n.Content {
		plainStyle(c)
	}
}

// YAML writes the tree with two spaces a level.
func YAML(n *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		return nil, err
	}
	err := e.Close()
	return b.Bytes(), err
}

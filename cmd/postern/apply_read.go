package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/spec"
)

// declared is what files say there should be.
type declared struct {
	files    []*declaredFile
	products []declaredProduct
	clients  []*declaredClient
	groups   []declaredGroup
	grants   []declaredGrant
}

// declaredFile is one file, which collects what is wrong with it.
type declaredFile struct {
	spec.Reader
	name string
	err  error // that it cannot be read at all, or is a wrong product
}

// at is where something is declared, so that what is found wrong with it later
// names its line too.
type at struct {
	file *declaredFile
	spec.Place
}

func (a at) fail(format string, args ...any) { a.file.Fail(a.Place, "value_error", format, args...) }

type declaredProduct struct {
	at
	doc     []byte
	product product.Product
}

// declaredClient has nil where the file leaves something as it is.
type declaredClient struct {
	at
	name   string
	role   auth.Role // "" leaves it
	change auth.ClientChange
	only   bool // limits, of a client that is declared elsewhere or not at all
}

type declaredGroup struct {
	at
	name    string
	members []declaredSubject
}

// declaredSubject is a client or group by name, a user by number, or everyone.
type declaredSubject struct {
	at
	kind, name string
}

func (s declaredSubject) String() string {
	if s.kind == "everyone" {
		return s.kind
	}
	return s.kind + " " + s.name
}

type declaredGrant struct {
	at
	product, query string
	role           product.GrantRole
	to             declaredSubject
}

// readDeclared reads a file, or all YAML and JSON files of a folder.
func readDeclared(path string) (*declared, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	names := []string{path}
	if info.IsDir() {
		if names, err = specFiles(path); err != nil {
			return nil, err
		}
	}
	d := &declared{}
	for _, name := range names {
		doc, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		d.read(name, doc)
	}
	return d, nil
}

func specFiles(dir string) (names []string, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && path != dir && strings.HasPrefix(e.Name(), ".") {
			return filepath.SkipDir
		}
		if slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)) && !e.IsDir() {
			names = append(names, path)
		}
		return nil
	})
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("%s holds no .yaml, .yml or .json file", dir)
	}
	return names, err
}

func (d *declared) read(name string, doc []byte) {
	f := &declaredFile{name: name}
	d.files = append(d.files, f)
	root, _, err := spec.Parse(doc)
	if err != nil {
		f.err = err
		return
	}
	top := spec.Place{Node: root}
	m, ok := f.Mapping(top)
	if _, isProduct := m.At["product"]; isProduct {
		p, err := product.Parse(doc)
		f.err = err
		d.products = append(d.products, declaredProduct{at{f, top}, doc, p})
		return
	}
	o, ok2 := f.Object(top, "clients", "groups", "grants", "limits", "product")
	if !ok || !ok2 {
		f.Fail(top, "missing", "must be a map with product, or with clients, groups, grants or limits")
		return
	}
	for _, item := range f.List(o.Get("clients")) {
		d.client(f, item)
	}
	for _, item := range f.List(o.Get("limits")) {
		d.limit(f, item)
	}
	for _, item := range f.List(o.Get("groups")) {
		d.group(f, item)
	}
	for _, item := range f.List(o.Get("grants")) {
		d.grant(f, item)
	}
}

func (d *declared) client(f *declaredFile, item spec.Place) {
	o, ok := f.Object(item, "name", "role", "duration", "singleActiveToken", "disabled", "limits")
	if !ok {
		f.Fail(item, "missing", "must be a map with name and role")
		return
	}
	c := &declaredClient{at: at{f, item}}
	c.name, _ = f.Name(o, "name", "")
	if r := f.Optional(o, "role"); r != "" {
		role, err := auth.ParseRole(r)
		if c.role, c.change.Role = role, &role; err != nil {
			f.Fail(o.Get("role"), "enum", "must be %s", fault.As(err).Fields[0].Msg)
		}
	}
	if n, given := f.whole(o, "duration", int(auth.MinDuration/time.Second), int(auth.MaxDuration/time.Second)); given {
		t := time.Duration(n) * time.Second
		c.change.Duration = &t
	}
	for key, into := range map[string]**bool{"singleActiveToken": &c.change.SingleActive, "disabled": &c.change.Disabled} {
		if !spec.Absent(o.Get(key).Node) {
			v := f.Flag(o, key)
			*into = &v
		}
	}
	if l := o.Get("limits"); !spec.Absent(l.Node) {
		if lo, ok := f.Object(l, "queriesPerMinute", "queriesInFlight"); ok {
			c.limits(lo)
		}
	}
	d.clients = append(d.clients, c)
}

func (c *declaredClient) limits(o spec.Object) {
	for key, into := range map[string]**int{"queriesPerMinute": &c.change.PerMinute, "queriesInFlight": &c.change.InFlight} {
		if n, given := c.file.whole(o, key, 0, auth.MaxQueryLimit); given {
			*into = &n
		}
	}
}

// whole reads an optional whole number.
func (f *declaredFile) whole(o spec.Object, key string, least, most int) (int, bool) {
	c := o.Get(key)
	if spec.Absent(c.Node) {
		return 0, false
	}
	n, err := strconv.Atoi(c.Node.Value)
	if c.Node.Kind != yaml.ScalarNode || err != nil || n < least || n > most {
		f.Fail(c, "int_range", "must be a whole number from %d to %d", least, most)
		return 0, false
	}
	return n, true
}

// limit gives limits to a client that is declared elsewhere, or not at all.
func (d *declared) limit(f *declaredFile, item spec.Place) {
	o, ok := f.Object(item, "client", "queriesPerMinute", "queriesInFlight")
	if !ok {
		f.Fail(item, "missing", "must be a map with client, queriesPerMinute and queriesInFlight")
		return
	}
	c := &declaredClient{at: at{f, item}, only: true}
	c.name, _ = f.Name(o, "client", "")
	c.limits(o)
	d.clients = append(d.clients, c)
}

func (d *declared) group(f *declaredFile, item spec.Place) {
	o, ok := f.Object(item, "name", "members")
	if !ok {
		f.Fail(item, "missing", "must be a map with name and members")
		return
	}
	g := declaredGroup{at: at{f, item}}
	g.name, _ = f.Name(o, "name", "")
	for _, m := range f.List(o.Get("members")) {
		if mo, ok := f.Object(m, "client", "user"); ok {
			if s, ok := f.subject(mo, "client", "user"); ok {
				g.members = append(g.members, s)
			}
		}
	}
	d.groups = append(d.groups, g)
}

func (d *declared) grant(f *declaredFile, item spec.Place) {
	o, ok := f.Object(item, "product", "verifiedQuery", "role", "client", "group", "user", "everyone")
	if !ok {
		f.Fail(item, "missing", "must be a map with product, role and whom it is for")
		return
	}
	g := declaredGrant{at: at{f, item}, role: product.ProductViewer}
	g.product, _ = f.Name(o, "product", "")
	g.query = f.Optional(o, "verifiedQuery")
	if r := f.Optional(o, "role"); r != "" {
		g.role = product.GrantRole(r)
	} else if g.query != "" {
		g.role = product.QueryRunner
	}
	switch {
	case g.query != "" && g.role != product.QueryRunner:
		f.Fail(o.Get("role"), "enum", "the role on a verified query is query_runner")
	case g.query == "" && g.role != product.ProductViewer && g.role != product.ProductAdmin:
		f.Fail(o.Get("role"), "enum", "must be product_viewer or product_admin")
	}
	if g.to, ok = f.subject(o, "client", "group", "user", "everyone"); !ok {
		return
	}
	if g.to.kind == "everyone" && g.role == product.ProductAdmin {
		g.fail("everyone can only be product_viewer")
	}
	d.grants = append(d.grants, g)
}

// subject reads the one key that says who is meant.
func (f *declaredFile) subject(o spec.Object, kinds ...string) (s declaredSubject, ok bool) {
	for _, kind := range kinds {
		c := o.Get(kind)
		if spec.Absent(c.Node) {
			continue
		}
		if s.kind != "" {
			f.Fail(c, "value_error", "name one of %s, not two", strings.Join(kinds, ", "))
			return s, false
		}
		s = declaredSubject{at: at{f, c}, kind: kind, name: c.Node.Value}
		switch kind {
		case "everyone":
			ok = f.Flag(o, kind)
		case "user":
			_, ok = f.whole(o, kind, 1, 1<<53)
		default:
			s.name, ok = f.NameAt(c)
		}
	}
	if s.kind == "" {
		f.Fail(o.Place, "missing", "say who is meant: one of %s", strings.Join(kinds, ", "))
	}
	return s, ok
}

// problems is everything that is wrong, a line each.
func (d *declared) problems() (out []string) {
	for _, f := range d.files {
		for _, err := range []error{f.err, f.Err()} {
			e := fault.As(err)
			switch {
			case err == nil:
			case e == nil || len(e.Fields) == 0:
				out = append(out, fmt.Sprintf("%s: %s", f.name, told(err)))
			default:
				for _, x := range e.Fields {
					out = append(out, fmt.Sprintf("%s: %s: %s", f.name, strings.Join(x.Loc[min(1, len(x.Loc)):], "."), x.Msg))
				}
			}
		}
	}
	return out
}

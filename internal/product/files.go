package product

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/postern/postern/internal/fault"
)

// Files says which files a Source may name.
type Files struct {
	Root     string // --files-root; "" allows none
	DataDir  string // never allowed
	Operator bool   // the command line: any path but the data directory
}

// The messages are the same whether a file is outside the root or not there,
// so that a caller learns nothing about this machine's files.
const (
	noRoot      = "file URIs are refused: start the server with --files-root DIR to allow files under DIR, or let the operator run `postern product apply`"
	outsideRoot = "the URI must name a file that exists under the folder that --files-root names (symbolic links are followed first)"
	inDataDir   = "the URI must not name Postern's own data directory or anything in it: move the file elsewhere"
)

// Check resolves a file Source (links followed) and refuses what may not be
// read; other sources pass as they are. The Source it gives is the one to
// store: its path has no links left, so that a link changed later leads
// nowhere else.
func (f Files) Check(s Source) (Source, error) {
	if s.Path == "" {
		return s, nil
	}
	if f.Root == "" && !f.Operator {
		return Source{}, refuse(noRoot)
	}
	if !filepath.IsAbs(s.Path) {
		return Source{}, refuse("the path must be absolute")
	}
	real, err := filepath.EvalSymlinks(filepath.Clean(s.Path))
	if err != nil {
		return Source{}, f.unreadable(err)
	}
	if err := f.allowed(real); err != nil {
		return Source{}, err
	}
	if s.Path, err = f.kind(real, strings.HasSuffix(s.Path, "/"), s.Engine); err != nil {
		return Source{}, err
	}
	return s, nil
}

// unreadable tells the operator what is wrong, and others nothing.
func (f Files) unreadable(err error) error {
	switch {
	case !f.Operator:
		return fault.Because(err, fault.Invalid, outsideRoot)
	case errors.Is(err, fs.ErrNotExist):
		return fault.Because(err, fault.Invalid, "there is no such file: check the URI's path, which is absolute on this machine")
	}
	return fault.Because(err, fault.Invalid, "the file cannot be reached: check the path and its permissions")
}

// allowed checks a path without links against the root and the data directory.
func (f Files) allowed(real string) error {
	if !f.Operator {
		root, err := resolve(f.Root)
		if err != nil {
			return fault.Because(err, fault.Invalid, "file URIs are refused: the folder that --files-root names cannot be reached")
		}
		if real == root || !within(real, root) {
			return refuse(outsideRoot)
		}
	}
	if f.DataDir == "" {
		return nil
	}
	data, err := resolve(f.DataDir)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = filepath.Abs(f.DataDir) // not made yet: its name is what can be protected
	}
	if err != nil {
		return fault.Because(err, fault.Invalid, "file URIs are refused: the data directory cannot be reached")
	}
	if within(real, data) || within(data, real) {
		return refuse(inDataDir)
	}
	return nil
}

// kind checks that the path is a plain file, or a folder where the engine
// reads one; a device or a pipe would hang or worse.
func (f Files) kind(real string, folder bool, e Engine) (string, error) {
	info, err := os.Lstat(real)
	if err != nil {
		return "", f.unreadable(err)
	}
	switch {
	case info.Mode().IsRegular() && !folder:
		return real, nil
	case info.IsDir() && e == DuckDB:
		return real + "/", nil
	case !f.Operator:
		return "", refuse(outsideRoot)
	case info.IsDir():
		return "", refuse("the URI names a folder, and a %s URI names a file", e)
	}
	return "", refuse("the URI does not name a plain file")
}

func resolve(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// within reports whether p is dir or lies under it; both are clean.
func within(p, dir string) bool {
	rel, err := filepath.Rel(dir, p)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// CheckProduct is Check on every delivery system of a product; its faults name
// the field.
func (f Files) CheckProduct(p Product) (Product, error) {
	systems := make([]System, len(p.Systems))
	for i, s := range p.Systems {
		src, err := f.Check(s.Source)
		if err != nil {
			e := fault.Because(err, fault.KindOf(err), "product.deliverySystems.%s.uri: %s", s.Name, fault.As(err).Message)
			e.Fields = []fault.Field{{Loc: []string{"body", "product", "deliverySystems", s.Name, "uri"}, Msg: fault.As(err).Message, Type: "value_error"}}
			return Product{}, e
		}
		s.Source = src
		systems[i] = s
	}
	p.Systems = systems
	return p, nil
}

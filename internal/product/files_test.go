package product_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

// disk has a files root, a data directory and links between them.
//
//	root/ok.sqlite  root/sub/ok.sqlite  root/folder/a.parquet  root/pipe
//	root/out -> other/secret.sqlite   root/data -> data   root/in -> root/ok.sqlite
//	other/secret.sqlite  other/into -> root   data/postern.db  rootless/x.sqlite
func disk(t *testing.T) string {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"root/ok.sqlite", "root/sub/ok.sqlite", "root/folder/a.parquet", "other/secret.sqlite", "data/postern.db", "rootless/x.sqlite"} {
		f = filepath.Join(top, f)
		if err := os.MkdirAll(filepath.Dir(f), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"root/out": "other/secret.sqlite", "root/data": "data", "root/in": "root/ok.sqlite", "other/into": "root", "linked": "root", "state": "data"} {
		if err := os.Symlink(filepath.Join(top, to), filepath.Join(top, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(top, "root/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	return top
}

func TestOnlyFilesUnderTheFilesRootComeThroughTheAPI(t *testing.T) {
	top := disk(t)
	const outside, dataDir = "--files-root names", "data directory"
	for _, c := range []struct{ path, root, want, refused string }{
		{path: "root/ok.sqlite", root: "root", want: "root/ok.sqlite"},
		{path: "root/sub/ok.sqlite", root: "root/sub", want: "root/sub/ok.sqlite"},
		{path: "root/in", root: "root", want: "root/ok.sqlite"},
		{path: "other/into/ok.sqlite", root: "root", want: "root/ok.sqlite"},
		{path: "linked/ok.sqlite", root: "linked", want: "root/ok.sqlite"},
		{path: "root/ok.sqlite", root: "", refused: "start the server with --files-root DIR"},
		{path: "root/gone.sqlite", root: "root", refused: outside},
		{path: "other/secret.sqlite", root: "root", refused: outside},
		{path: "other/gone.sqlite", root: "root", refused: outside},
		{path: "root/out", root: "root", refused: outside},
		{path: "rootless/x.sqlite", root: "root", refused: outside},
		{path: "root/pipe", root: "root", refused: outside},
		{path: "root/sub", root: "root", refused: outside},
		{path: "root", root: "root", refused: outside},
		{path: "root/ok.sqlite/x", root: "root", refused: outside},
		{path: "root/data/postern.db", root: "root", refused: outside},
		{path: "data/postern.db", root: ".", refused: dataDir},
		{path: "state/postern.db", root: ".", refused: dataDir},
		{path: "root/data/postern.db", root: ".", refused: dataDir},
		{path: "root/ok.sqlite", root: "nowhere", refused: "cannot be reached"},
	} {
		f := product.Files{DataDir: filepath.Join(top, "state")}
		if c.root != "" {
			f.Root = filepath.Join(top, c.root)
		}
		s, err := f.Check(product.Source{Engine: product.SQLite, Path: filepath.Join(top, c.path)})
		checkFile(t, c.path+" under "+c.root, s, err, filepath.Join(top, c.want), c.refused)
	}
}

func checkFile(t *testing.T, name string, s product.Source, err error, want, refused string) {
	t.Helper()
	if refused != "" {
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.As(err).Message, refused) {
			t.Errorf("%s: %+v %v, want %q", name, s, err, refused)
		}
		return
	}
	if err != nil || s.Path != want {
		t.Errorf("%s: %q %v, want %q", name, s.Path, err, want)
	}
}

func TestARefusalDoesNotTellWhetherAFileIsThere(t *testing.T) {
	top := disk(t)
	f := product.Files{Root: filepath.Join(top, "root")}
	_, there := f.Check(product.Source{Engine: product.SQLite, Path: filepath.Join(top, "other/secret.sqlite")})
	_, gone := f.Check(product.Source{Engine: product.SQLite, Path: filepath.Join(top, "other/gone.sqlite")})
	if fault.As(there).Message != fault.As(gone).Message {
		t.Errorf("%q and %q", fault.As(there).Message, fault.As(gone).Message)
	}
	if strings.Contains(fault.As(there).Message, top) {
		t.Error("the refusal shows the server's folders")
	}
}

func TestTheOperatorNamesAnyFileButTheDataDirectory(t *testing.T) {
	top := disk(t)
	for _, c := range []struct {
		path, want, refused string
		engine              product.Engine
	}{
		{path: "other/secret.sqlite", want: "other/secret.sqlite"},
		{path: "root/out", want: "other/secret.sqlite"},
		{path: "other/../root/ok.sqlite", want: "root/ok.sqlite"},
		{path: "data/postern.db", refused: "data directory"},
		{path: "root/data/postern.db", refused: "data directory"},
		{path: "other/../data/postern.db", refused: "data directory"},
		{path: "gone.sqlite", refused: "there is no such file"},
		{path: "root/pipe", refused: "plain file"},
		{path: "root/sub", refused: "names a folder"},
		{path: "root/folder", engine: product.DuckDB, want: "root/folder/"},
		{path: "root/folder/", engine: product.DuckDB, want: "root/folder/"},
		{path: "root/ok.sqlite/", engine: product.DuckDB, refused: "plain file"},
		{path: ".", engine: product.DuckDB, refused: "data directory"},
		{path: "root/data/", engine: product.DuckDB, refused: "data directory"},
	} {
		if c.engine == "" {
			c.engine = product.SQLite
		}
		f := product.Files{DataDir: filepath.Join(top, "data"), Operator: true}
		s, err := f.Check(product.Source{Engine: c.engine, Path: top + "/" + c.path})
		want := filepath.Join(top, c.want)
		if strings.HasSuffix(c.want, "/") {
			want += "/"
		}
		checkFile(t, c.path, s, err, want, c.refused)
	}
}

func TestAProductsFilesAreCheckedByField(t *testing.T) {
	p, err := product.Parse([]byte(strings.Replace(goodYAML, "postgresql://h/db", "sqlite:///etc/passwd", 1)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = product.Files{}.CheckProduct(p)
	f := fault.As(err)
	if f == nil || len(f.Fields) != 1 || strings.Join(f.Fields[0].Loc, ".") != "body.product.deliverySystems.wh.uri" || !strings.Contains(f.Message, "--files-root") {
		t.Fatalf("%+v", f)
	}
	server, err := product.Parse([]byte(goodYAML))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := (product.Files{}).CheckProduct(server); err != nil || got.Systems[0].Source.Host != "h" {
		t.Errorf("a server's URI was touched: %v %v", got.Systems, err)
	}
}

func TestTheCheckedProductLeavesTheOriginalAlone(t *testing.T) {
	top := disk(t)
	p := product.Product{Systems: []product.System{{Name: "f", Type: "sql", Source: product.Source{Engine: product.SQLite, Path: top + "/root/in"}}}}
	got, err := product.Files{Operator: true}.CheckProduct(p)
	if err != nil || got.Systems[0].Source.Path != top+"/root/ok.sqlite" || p.Systems[0].Source.Path != top+"/root/in" {
		t.Errorf("%v %v %v", got.Systems, p.Systems, err)
	}
}

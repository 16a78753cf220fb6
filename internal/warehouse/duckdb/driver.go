//go:build cgo && duckdb_arrow

package duckdb

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	duck "github.com/duckdb/duckdb-go-bindings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
)

// Built says whether this binary has DuckDB in it.
const Built = true

// Driver opens DuckDB files, read-only. The zero value is ready; it must not
// be copied after its first use.
type Driver struct {
	// MemoryLimit bounds one instance, in DuckDB's spelling; "" is 1GB.
	// Nothing is spilled to disk: a query that needs more fails.
	MemoryLimit string
	// Threads of one instance; 0 is one for each processor, at most 4.
	Threads int

	mu        sync.Mutex
	instances map[string]*instance
	salt      []byte
}

// instance is one DuckDB with one file attached by one credential, shared by
// the credential's sessions.
type instance struct {
	key     string
	catalog string // the attached file's name
	refs    int    // guarded by Driver.mu
	once    sync.Once
	err     error
	db      duck.Database
}

// Open attaches the file of s, which must exist. The login's password, where it
// has one, is the file's encryption key. dial is not used: there is no network.
func (d *Driver) Open(ctx context.Context, s product.Source, l warehouse.Login, _ warehouse.Dial) (warehouse.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	info, err := regular(s.Path)
	if err != nil {
		return nil, err
	}
	in := d.enter(identity(s.Path, info), l.Password.Reveal())
	in.once.Do(func() { in.err = d.start(in, s.Path, l.Password.Reveal()) })
	if in.err != nil {
		d.leave(in)
		return nil, in.err
	}
	c := &Conn{driver: d, instance: in}
	if err := c.connect(); err != nil {
		d.leave(in)
		return nil, err
	}
	return c, nil
}

func regular(path string) (os.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Because(err, fault.Unavailable, "the DuckDB file does not exist")
	case err != nil:
		return nil, fault.Because(err, fault.Unavailable, "the DuckDB file cannot be read")
	case info.IsDir():
		return nil, fault.New(fault.Unavailable, "a folder of Parquet files cannot be served yet: name a DuckDB file")
	case !info.Mode().IsRegular():
		return nil, fault.New(fault.Unavailable, "the DuckDB source is not a file")
	}
	return info, nil
}

// identity tells a file that was replaced from the one before, so that its
// readers get an instance of the new one.
func identity(path string, info os.FileInfo) string {
	return fmt.Sprintf("%s\x00%d\x00%d", path, info.Size(), info.ModTime().UnixNano())
}

// enter finds or makes the instance of a file and password. The password is
// part of the key as a salted hash: another password is another instance,
// which has to open the file itself.
func (d *Driver) enter(file, password string) *instance {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.salt == nil {
		d.salt = make([]byte, 32)
		_, _ = rand.Read(d.salt)
		d.instances = map[string]*instance{}
	}
	sum := sha256.Sum256([]byte(string(d.salt) + file + "\x00" + password))
	in := d.instances[string(sum[:])]
	if in == nil {
		in = &instance{key: string(sum[:])}
		d.instances[in.key] = in
	}
	in.refs++
	return in
}

// leave closes the instance with its last session.
func (d *Driver) leave(in *instance) {
	d.mu.Lock()
	defer d.mu.Unlock()
	in.refs--
	if in.refs > 0 {
		return
	}
	if d.instances[in.key] == in {
		delete(d.instances, in.key)
	}
	duck.Close(&in.db)
}

// start brings up the engine, attaches the file and locks everything else out.
// No error of it may carry the text of ATTACH, which holds the key.
func (d *Driver) start(in *instance, path, key string) error {
	if err := d.openEngine(in); err != nil {
		return err
	}
	s, err := newSession(in.db)
	if err != nil {
		return err
	}
	defer s.close()
	in.catalog = catalogName(path)
	attach := "ATTACH " + quoteText(path) + " AS " + ident(in.catalog) + " (READ_ONLY"
	if key != "" {
		attach += ", ENCRYPTION_KEY " + quoteText(key)
	}
	if err := s.exec(context.Background(), attach+")"); err != nil {
		return attachFault(err, key != "")
	}
	for _, sql := range []string{
		"USE " + ident(in.catalog),
		"DETACH memory", // else its tables would be a place for one session to leave things for the next
		"SET temp_directory = ''",
		"SET GLOBAL TimeZone = 'UTC'", // not the server's
		// Binding 1+1+1... takes time by the cube of its depth, and nothing
		// interrupts it: 20 seconds at DuckDB's own limit of 1000.
		"SET GLOBAL max_expression_depth = 250",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_community_extensions = false",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	} {
		if err := s.exec(context.Background(), sql); err != nil {
			return fmt.Errorf("lock down duckdb: %w", err)
		}
	}
	return nil
}

func (d *Driver) openEngine(in *instance) error {
	var config duck.Config
	if duck.CreateConfig(&config) == duck.StateError {
		return errors.New("make a duckdb configuration")
	}
	defer duck.DestroyConfig(&config)
	threads := cmp.Or(d.Threads, min(runtime.NumCPU(), 4))
	for name, value := range map[string]string{
		"duckdb_api":                "postern",
		"threads":                   fmt.Sprint(threads),
		"memory_limit":              cmp.Or(d.MemoryLimit, "1GB"),
		"allow_unsigned_extensions": "false",
	} {
		if duck.SetConfig(config, name, value) == duck.StateError {
			return fmt.Errorf("duckdb refuses the setting %s", name)
		}
	}
	var message string
	if duck.OpenExt("", &in.db, config, &message) == duck.StateError {
		duck.Close(&in.db)
		return fault.Because(errors.New(message), fault.Unavailable, "DuckDB does not start")
	}
	return nil
}

// catalogName is the name DuckDB itself would give the attached file, unless
// that is one of its own.
func catalogName(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	switch strings.ToLower(name) {
	case "", "memory", "temp", "system", "main", "pg_catalog", "information_schema":
		return "db_" + name
	}
	return name
}

// attachFault tells a refused key from a file that cannot be read. The
// engine's own text is dropped: nothing says that it never quotes the
// statement.
func attachFault(err error, keyed bool) error {
	text := err.Error()
	has := func(s string) bool { return strings.Contains(text, s) }
	switch {
	case has("Wrong encryption key"):
		return fault.New(fault.Rejected, "the password is not the key of this DuckDB file")
	case has("without a key"):
		return fault.New(fault.Rejected, "this DuckDB file is encrypted: store a credential whose password is its key")
	case keyed && has("encrypt"):
		return fault.New(fault.Rejected, "the DuckDB file does not open with this password: it is not encrypted, or in another way")
	case has("Conflicting lock"), has("Could not set lock"):
		return fault.New(fault.Unavailable, "another process has the DuckDB file open for writing")
	case has("not a valid DuckDB"):
		return fault.New(fault.Unavailable, "the file is not a DuckDB database")
	}
	return fault.New(fault.Unavailable, "the DuckDB file cannot be opened")
}

func ident(s string) string     { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/store"
)

// state is the store and its keys, open: what every operator's command and the
// server stand on.
type state struct {
	dir  string
	db   *store.DB
	ring *keyring.Ring
}

// open opens the state for an operator's command. Its records go to a chain of
// their own, since a server may be writing this node's.
func (f stateFlags) open(ctx context.Context) (*state, error) { return f.openAs(ctx, "cli-") }

func (f stateFlags) openAs(ctx context.Context, chain string) (*state, error) {
	dir, err := ownDir(f.Data)
	if err != nil {
		return nil, err
	}
	node, err := nodeID(dir)
	if err != nil {
		return nil, notOurs(err)
	}
	db, err := store.Open(ctx, store.Config{Dir: dir, URL: f.DatabaseURL, Writer: chain + node})
	if err != nil {
		return nil, f.notOpen(err)
	}
	s := &state{dir: dir, db: db}
	if s.ring, err = openRing(ctx, db, dir); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// ownDir makes the data directory if need be, and gives its full path.
func ownDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	return dir, notOurs(err)
}

// notOurs says what to do about a data directory that cannot be used.
func notOurs(err error) error {
	if err == nil {
		return nil
	}
	return hint(fmt.Errorf("the data directory cannot be used: %w", err), "it has to belong to the user that runs postern; --data DIR names another")
}

// notOpen says what to look at when the store does not open.
func (f stateFlags) notOpen(err error) error {
	switch {
	case f.DatabaseURL != "":
		return hint(err, "is the PostgreSQL of --database-url (POSTERN_DATABASE_URL) up, and may this user write there?")
	case errors.Is(err, fs.ErrPermission):
		return notOurs(err)
	}
	return err
}

func openRing(ctx context.Context, db *store.DB, dir string) (*keyring.Ring, error) {
	used, err := db.HasData(ctx)
	if err != nil {
		return nil, err
	}
	master, err := keyring.LoadMaster(dir, used)
	if err != nil {
		return nil, err
	}
	return keyring.Open(ctx, db, master, time.Now().UTC())
}

// close signs where the chains stand and closes the store.
func (s *state) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = s.db.Checkpoint(ctx, s.ring.Sign) // the next checkpoint covers it
	_ = s.db.Close()
}

// asOperator is the context of a command that acts on the data itself.
func asOperator(ctx context.Context) context.Context {
	name := os.Getenv("SUDO_USER")
	if name == "" {
		name = os.Getenv("USER")
	}
	ctx = auth.WithRequestID(ctx, rand.Text())
	return auth.WithCaller(ctx, auth.Caller{Kind: auth.Operator, Name: name, Role: auth.ServerAdmin, Scopes: []auth.Scope{auth.ScopeAll}})
}

// nodeID names this node's audit chain; made once and kept in the data
// directory.
func nodeID(dir string) (string, error) {
	path := filepath.Join(dir, "node-id")
	b, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(b))) > 0 {
		return strings.TrimSpace(string(b)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	id := strings.ToLower(rand.Text()[:12])
	// A link fails when the name exists, so of two that start together both
	// use the first one's.
	tmp := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := writeSynced(tmp, []byte(id+"\n"), 0o600); err != nil {
		return "", err
	}
	defer os.Remove(tmp) //nolint:errcheck // a left-over temporary file does no harm
	if err := os.Link(tmp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	b, err = os.ReadFile(path)
	return strings.TrimSpace(string(b)), err
}

// writeSynced writes a file that is whole and durable when it returns.
func writeSynced(path string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

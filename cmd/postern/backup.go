package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/postern/postern/internal/keyring"
)

type backupCmd struct {
	output
	stateFlags
	To string `arg:"" help:"A folder that does not exist yet." placeholder:"DIR"`
}

// Run copies the embedded store as it is at one moment. The master key stays
// out: together they would open everything.
func (b backupCmd) Run(ctx context.Context, c *terminal) error {
	if b.DatabaseURL != "" {
		return hint(errors.New("the state is in PostgreSQL, which has its own backups"),
			"use pg_dump or base backups for the database, and keep a copy of "+filepath.Join(b.Data, keyring.MasterFile)+" apart from them")
	}
	s, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := os.Mkdir(b.To, 0o700); err != nil {
		return err
	}
	file := filepath.Join(b.To, "postern.db")
	if err := s.db.CopyTo(ctx, file); err != nil {
		return err
	}
	// VACUUM INTO does not sync what it wrote, and leaves it to the umask who
	// may read it.
	if err := errors.Join(os.Chmod(file, 0o600), syncDir(file), syncDir(b.To)); err != nil {
		return err
	}
	key := filepath.Join(s.dir, keyring.MasterFile)
	return c.print(b.JSON, map[string]string{"backup": file, "master_key": key}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "The store is in %s.\nIt opens only with the master key, which is not in it: keep a copy of %s somewhere else.\n", file, key)
		return err
	})
}

type restoreCmd struct {
	output
	stateFlags
	From      string `required:"" help:"The folder that backup wrote." placeholder:"DIR"`
	MasterKey string `required:"" name:"master-key" help:"The master key file the store was made with." placeholder:"FILE"`
}

// Run fills an empty data directory and proves that the key opens the store
// before it says so.
func (r restoreCmd) Run(ctx context.Context, c *terminal) error {
	if r.DatabaseURL != "" {
		return errors.New("restore puts back the embedded store; restore PostgreSQL with its own tools")
	}
	entries, err := os.ReadDir(r.Data)
	if err == nil && len(entries) > 0 {
		return hint(fmt.Errorf("%s is not empty", r.Data), "restore into a new data directory: --data DIR")
	}
	if err := os.MkdirAll(r.Data, 0o700); err != nil {
		return err
	}
	for _, f := range []struct{ from, to, what string }{
		{r.MasterKey, filepath.Join(r.Data, keyring.MasterFile), "--master-key names the master.key of the node that the backup is of"},
		{filepath.Join(r.From, "postern.db"), filepath.Join(r.Data, "postern.db"), "--from names the folder that backup wrote"},
	} {
		if err := copySynced(f.from, f.to); err != nil {
			return r.undo(err, f.what)
		}
	}
	s, err := r.open(ctx)
	if err != nil {
		return r.undo(err, "the master key file must be the one the backed-up store was made with")
	}
	defer s.close()
	if err := s.db.Restored(asOperator(ctx)); err != nil {
		return err
	}
	return c.print(r.JSON, map[string]string{"data": s.dir}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Restored into %s. Start it with: postern serve --data %s\n", s.dir, s.dir)
		return err
	})
}

// undo leaves no half-restored directory that serve would start on.
func (r restoreCmd) undo(cause error, what string) error {
	for _, name := range []string{"postern.db", "postern.db-wal", "postern.db-shm", keyring.MasterFile, "node-id"} {
		_ = os.Remove(filepath.Join(r.Data, name))
	}
	return hint(fmt.Errorf("nothing was restored: %w", cause), what)
}

func copySynced(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeSynced(to, b, 0o600)
}

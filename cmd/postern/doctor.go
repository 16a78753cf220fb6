package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/store"
)

type migrateCmd struct {
	output
	stateFlags
}

// Run migrates, as every start does, and says where the store stands.
func (m migrateCmd) Run(ctx context.Context, c *terminal) error {
	s, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	v, err := s.db.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	return c.print(m.JSON, map[string]any{"engine": s.db.Engine(), "schema_version": v}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "The store (%s) is at schema version %d, the newest this version knows.\n", s.db.Engine(), v)
		return err
	})
}

type doctorCmd struct {
	output
	stateFlags
}

// finding is one thing that was looked at.
type finding struct {
	What   string `json:"what"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Run looks at everything that must hold, changes nothing beyond the
// migrations that every command does, and fails when something does not.
func (d doctorCmd) Run(ctx context.Context, c *terminal) error {
	var found []finding
	note := func(what string, err error, good string) {
		f := finding{What: what, OK: err == nil, Detail: good}
		if err != nil {
			f.Detail = err.Error()
		}
		found = append(found, f)
	}
	note("data directory", private(d.Data, 0o077), d.Data)
	note("master key file", private(filepath.Join(d.Data, keyring.MasterFile), 0o077), "only its owner may read it")
	s, err := d.open(ctx)
	note("store and keys", err, "open")
	if err == nil {
		defer s.close()
		d.look(ctx, s.db, s.ring, note)
	}
	if err := c.print(d.JSON, found, func(w io.Writer) error { return printFindings(w, found) }); err != nil {
		return err
	}
	for _, f := range found {
		if !f.OK {
			return errors.New("not everything is well")
		}
	}
	return nil
}

func (d doctorCmd) look(ctx context.Context, db *store.DB, ring *keyring.Ring, note func(string, error, string)) {
	note("engine", db.Ping(ctx), db.Engine())
	report, err := audit.Verify(ctx, db, ring, nil)
	if err == nil && len(report.Problems) > 0 {
		err = fmt.Errorf("%d problems; run: postern audit verify", len(report.Problems))
	}
	note("record", err, fmt.Sprintf("%d records, %d checkpoints", report.Records, report.Checkpoints))
	products, err := db.Products(ctx)
	note("products", err, fmt.Sprintf("%d", len(products)))
	have := drivers()
	for _, p := range products {
		for _, sys := range p.Systems {
			_, ok := have[sys.Source.Engine]
			var err error
			if !ok {
				err = fmt.Errorf("this binary has no driver for %s", sys.Source.Engine)
			} else if sys.Source.Path != "" {
				_, err = (product.Files{Operator: true, DataDir: d.Data}).Check(sys.Source)
			}
			note("product "+p.ID, err, sys.Source.Canonical())
		}
	}
}

func printFindings(w io.Writer, found []finding) error {
	tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	for _, f := range found {
		mark := "ok"
		if !f.OK {
			mark = "BAD"
		}
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\n", mark, f.What, f.Detail)
	}
	return tw.Flush()
}

// private reports a path that others may read.
func private(path string, forbidden fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&forbidden != 0 {
		return fmt.Errorf("others may read %s (mode %04o): chmod go= %s", path, info.Mode().Perm(), path)
	}
	return nil
}

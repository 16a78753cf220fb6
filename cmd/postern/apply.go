package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/secret"
)

type applyCmd struct {
	output
	stateFlags
	File        string `short:"f" required:"" help:"A folder of YAML or JSON files, with all its folders, or one file: products, clients, groups, grants, limits." placeholder:"DIR"`
	DryRun      bool   `help:"Say what would change, and change nothing."`
	Prune       bool   `help:"Take away the grants on the files' products, and the members of the files' groups, that the files do not have."`
	Force       bool   `help:"Make versions ready even when they answer worse than the ones that are ready now."`
	SecretsFile string `help:"Append new clients' ids and secrets to this file, one JSON object a line, instead of printing them; it is made for its owner alone." placeholder:"FILE"`
}

// applied is what apply did, or would do.
type applied struct {
	Plan      []step        `json:"plan"`
	Create    int           `json:"create"`
	Change    int           `json:"change"`
	Delete    int           `json:"delete"`
	Unchanged int           `json:"unchanged"`
	Applied   bool          `json:"applied"`
	Clients   []shownClient `json:"clients,omitempty"` // new ones, with their secrets
}

// Run checks all files, then changes what they say differs.
func (a applyCmd) Run(ctx context.Context, c *terminal) error {
	d, err := readDeclared(a.File)
	if err != nil {
		return err
	}
	if err := unchanged(d.problems()); err != nil {
		return err
	}
	flags, done, err := a.where()
	if err != nil {
		return err
	}
	defer done()
	s, err := flags.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	pol, err := policy.New()
	if err != nil {
		return err
	}
	ctx = asOperator(ctx)
	out := &applied{}
	p := &planner{s: s, gate: s.gate(pool(anywhere), pol), d: d, prune: a.Prune, force: a.Force}
	if err := p.plan(ctx); err != nil {
		return err
	}
	if err := unchanged(d.problems()); err != nil {
		return err
	}
	out.take(p.steps)
	if a.DryRun {
		return a.print(c, out)
	}
	keep, err := a.secrets(out)
	if err != nil {
		return err
	}
	p.made = keep
	err = do(ctx, p.steps)
	out.Applied = err == nil
	return errors.Join(a.print(c, out), err) // what was made before a failure is told too
}

// unchanged is the error of problems that were found before anything was done.
func unchanged(problems []string) error {
	switch len(problems) {
	case 0:
		return nil
	case 1:
		return hint(errors.New(problems[0]), "nothing was changed")
	}
	return hint(fmt.Errorf("%d things are wrong:\n  %s", len(problems), strings.Join(problems, "\n  ")), "nothing was changed")
}

// where is the state to act on: a dry run makes no data directory where there
// is none.
func (a applyCmd) where() (stateFlags, func(), error) {
	flags := a.stateFlags
	if _, err := os.Stat(filepath.Join(flags.Data, "postern.db")); err == nil || flags.DatabaseURL != "" || !a.DryRun {
		return flags, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "postern-dry-run-")
	flags.Data = dir
	return flags, func() { _ = os.RemoveAll(dir) }, err
}

func (r *applied) take(steps []step) {
	r.Plan = append([]step{}, steps...)
	for _, s := range steps {
		switch s.Action {
		case "create":
			r.Create++
		case "change":
			r.Change++
		case "delete":
			r.Delete++
		default:
			r.Unchanged++
		}
	}
}

func do(ctx context.Context, steps []step) error {
	for _, s := range steps {
		if s.do == nil {
			continue
		}
		if err := s.do(ctx); err != nil {
			return hint(fmt.Errorf("%s %s: %w", s.Kind, s.Name, err), "what stands before it in the plan is done; apply again to go on")
		}
	}
	return nil
}

// secrets says where new clients' secrets go. A file is opened before anything
// is changed, so that no secret is ever made and lost.
func (a applyCmd) secrets(out *applied) (func(auth.Client, secret.Secret) error, error) {
	if a.SecretsFile == "" {
		return func(cl auth.Client, s secret.Secret) error {
			out.Clients = append(out.Clients, showClient(cl, s))
			return nil
		}, nil
	}
	f, err := os.OpenFile(a.SecretsFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("%s can be read by others: chmod 600 it, or name another file", a.SecretsFile)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func(cl auth.Client, s secret.Secret) error {
		if err := json.NewEncoder(f).Encode(map[string]string{"name": cl.Name, "client_id": string(cl.ID), "client_secret": s.Reveal()}); err != nil {
			return err
		}
		return f.Sync()
	}, nil
}

var marks = map[string]string{"create": "+", "change": "~", "delete": "-", "unchanged": " "}

func (a applyCmd) print(c *terminal, r *applied) error {
	return c.print(a.JSON, r, func(w io.Writer) error {
		for _, s := range r.Plan {
			_, _ = fmt.Fprintf(w, "%s %-8s %s\n", marks[s.Action], s.Kind, s.Name)
			for _, ch := range s.Changes {
				_, _ = fmt.Fprintf(w, "             %s\n", ch)
			}
		}
		for _, cl := range r.Clients {
			_, _ = fmt.Fprintf(w, "\nnew client %s; its secret is not shown again:\n  client_id      %s\n  client_secret  %s\n", cl.Name, cl.ClientID, cl.ClientSecret)
		}
		figures := fmt.Sprintf("%d to create, %d to change, %d to delete, %d unchanged", r.Create, r.Change, r.Delete, r.Unchanged)
		switch {
		case r.Applied:
			figures = fmt.Sprintf("applied: %d created, %d changed, %d deleted, %d unchanged", r.Create, r.Change, r.Delete, r.Unchanged)
		case a.DryRun:
			figures = "dry run: " + figures
		}
		_, err := fmt.Fprintf(w, "\n%s\n", figures)
		return err
	})
}

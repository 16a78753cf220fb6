package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/postern/postern/cmd/postern/demo"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/warehouse/duckdb"
)

type demoCmd struct {
	Listen string `name:"listen" env:"POSTERN_LISTEN" default:"127.0.0.1:8080" help:"The address to listen on." placeholder:"ADDR"`
}

// demoGrace is how long the demo waits for running queries at its end.
const demoGrace = 8 * time.Second

// Run serves on a throw-away data directory, walks the main job over HTTP, and
// keeps serving until it is interrupted.
func (d demoCmd) Run(ctx context.Context, c *terminal) error {
	if !duckdb.Built {
		return hint(errors.New("this build has no DuckDB, in which the demo's data is"), "build with: make build")
	}
	dir, err := os.MkdirTemp("", "postern-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left is in the temporary folder
	f := serveFlags{stateFlags: stateFlags{Data: filepath.Join(dir, "data")}, Listen: d.Listen, SigningAlg: "ES256", Grace: demoGrace, QueryTimeout: time.Minute}
	cfg, err := f.check()
	if err != nil {
		return err
	}
	key := secret.New(rand.Text())
	cl, sec, err := prepareDemo(ctx, c, f.stateFlags, dir, key)
	if err != nil && ctx.Err() != nil {
		return nil // an interrupt is how the demo ends, also while it begins
	}
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(dir, "postern.log"))
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // thrown away with its folder
	n, l, err := f.start(ctx, cfg, slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		return err
	}
	sctx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- n.serve(sctx, l, cfg) }()
	walked := d.show(ctx, c, n, demoClient{cl, sec, key}, log.Name())
	if walked == nil {
		<-ctx.Done()
		c.progress("\nstopping")
	}
	stop()
	err = <-served
	if ctx.Err() != nil {
		walked = nil // an interrupt is how the demo ends
	}
	return errors.Join(walked, err)
}

// prepareDemo builds the data and registers what the walk needs: two products,
// and a Viewer client with a grant on one of them.
func prepareDemo(ctx context.Context, c *terminal, f stateFlags, dir string, key secret.Secret) (auth.Client, secret.Secret, error) {
	c.progress("building the demo's warehouse: 336,776 flights from New York in 2013, with airlines, airports, planes and weather")
	files, err := demo.Build(ctx, dir, key)
	if err != nil {
		return auth.Client{}, secret.Secret{}, err
	}
	s, err := f.open(ctx)
	if err != nil {
		return auth.Client{}, secret.Secret{}, err
	}
	defer s.close()
	op := asOperator(ctx)
	for _, doc := range files.Specs {
		if _, _, err := s.apply(op, doc, gateway.Apply{}); err != nil {
			return auth.Client{}, secret.Secret{}, err
		}
	}
	cl, sec, err := s.clients().Create(op, auth.NewClient{Name: "demo", Role: auth.Viewer})
	if err != nil {
		return cl, sec, err
	}
	return cl, sec, s.db.PutGrant(op, product.Grant{Product: demo.Flights, Subject: cl.Subject(), Role: product.ProductViewer})
}

// demoClient is who walks, and the warehouse login it stores.
type demoClient struct {
	auth.Client
	secret secret.Secret
	key    secret.Secret
}

// show walks the main job and then says how to go on by hand.
func (d demoCmd) show(ctx context.Context, c *terminal, n *node, who demoClient, log string) error {
	if err := walkDemo(ctx, c, n, who); err != nil {
		return fmt.Errorf("the walk failed: %w", err)
	}
	link, err := n.adminLink(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, demoText, n.mux.PublicURL, link, who.ID, who.secret.Reveal(), demo.Flights, who.key.Reveal(), log)
	return err
}

const demoText = `
── The demo goes on serving.

  console        %[2]s
                 (sets the admin's password; the link works once)
  MCP            %[1]s/ai/mcp/
  client id      %[3]s
  client secret  %[4]s
  data product   %[5]s
  warehouse user demo, password %[6]s
  log            %[7]s

Everything is in a temporary folder, which goes when you press Ctrl-C.
`

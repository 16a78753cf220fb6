package gateway_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

func TestAStreamEndsWithTheRightToIt(t *testing.T) {
	revoked := fault.New(fault.Unauthenticated, "the token was revoked")
	for name, c := range map[string]struct {
		take func(t *testing.T, w *world, credential string)
		want fault.Kind
	}{
		"nothing is taken":       {func(*testing.T, *world, string) {}, 0},
		"another is told of":     {func(t *testing.T, w *world, _ string) { w.store(t, w.admin, "shop", "other") }, 0},
		"a newer one of its own": {func(t *testing.T, w *world, _ string) { w.store(t, w.machine, "shop", "newer") }, 0},
		"the grant": {func(t *testing.T, w *world, _ string) {
			must(t, w.Revoke(t.Context(), w.admin, product.Grant{Product: "shop", Subject: w.machine.Subject(), Role: product.ProductViewer}))
		}, fault.NotFound},
		"the product":             {func(t *testing.T, w *world, _ string) { must(t, w.DeleteProduct(t.Context(), w.admin, "shop")) }, fault.NotFound},
		"the credential":          {func(t *testing.T, w *world, id string) { must(t, w.DeleteCredential(t.Context(), w.machine, id)) }, fault.Rejected},
		"the credential's secret": {func(t *testing.T, w *world, _ string) { w.store(t, w.machine, "shop", "prod") }, fault.Denied},
		"the token": {func(t *testing.T, w *world, _ string) {
			w.Again = func(context.Context, auth.Caller) (auth.Caller, error) { return auth.Caller{}, revoked }
			w.store(t, w.admin, "shop", "any change")
		}, fault.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Again = func(_ context.Context, c auth.Caller) (auth.Caller, error) { return c, nil }
			cred := w.store(t, w.machine, "shop", "prod")
			rows, err := w.Run(t.Context(), w.machine, product.Query{ProductID: "shop", SQL: "SELECT * FROM orders"})
			must(t, err)
			defer rows.Close()
			c.take(t, w, cred.ID)
			_, err = rows.Next(t.Context())
			if c.want == 0 && err != nil || c.want != 0 && !fault.Is(err, c.want) {
				t.Fatalf("Next: %v", err)
			}
			if c.want == 0 {
				return
			}
			if _, again := rows.Next(t.Context()); again == nil || errors.Is(again, io.EOF) {
				t.Errorf("the next Next: %v", again)
			}
			if f := w.record.of(audit.QueryFinished); len(f) != 1 || f[0].Outcome == "ok" {
				t.Errorf("on record: %+v", f)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func nobodyNew(_ context.Context, c auth.Caller) (auth.Caller, error) { return c, nil }

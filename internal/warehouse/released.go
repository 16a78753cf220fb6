package warehouse

import (
	"context"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/sqlfacts"
)

// released stands where a lease had its session.
type released struct{}

func errReleased() error {
	return fault.New(fault.Internal, "the session was used after it was released")
}

func (released) Analyze(context.Context, string) (sqlfacts.Facts, error) {
	return sqlfacts.Facts{}, errReleased()
}

func (released) Query(context.Context, string, Limits) (result.Rows, error) {
	return nil, errReleased()
}

func (released) Schema(context.Context, []product.Table) (product.Schema, error) {
	return product.Schema{}, errReleased()
}

func (released) Ping(context.Context) error  { return errReleased() }
func (released) Reset(context.Context) error { return errReleased() }
func (released) Close() error                { return nil }

package agent

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/tool"
)

// reading is a product's meaning with the values that one caller sees, and the
// planner over it.
type reading struct {
	model   *semantic.Model
	planner *planner.Planner
	use     product.ModelUse // what of the product may leave to a language model
}

// read gives the product's meaning as the caller sees it. The planner is made
// once of each meaning, and lives as long.
func read(ctx context.Context, e *tool.Env, pr product.Product, in queryInput) (_ reading, err error) {
	ctx, span := beginSpan(ctx, "read product", trace.SpanKindInternal)
	defer func() { endSpan(ctx, span, err) }()
	q := product.Query{ProductID: in.DataProductID, Version: in.DataProductVersion, AuthID: in.AuthID, Via: e.Via}
	means, err := e.Models.Of(ctx, e, pr, q)
	if err != nil {
		return reading{}, err
	}
	made := tool.Made(means, func() *planner.Planner {
		return planner.New(means.Model, dictionary(means.Values))
	})
	return reading{means.Model, made, pr.ModelUse}, nil
}

// dictionary has the values of the text columns whose values are all known: of
// the others, what is not known could be what was meant.
func dictionary(all []tool.Values) *planner.Dictionary {
	d := &planner.Dictionary{}
	for _, c := range all {
		for _, v := range c.Values {
			d.Add(c.Table, c.Column, v)
		}
	}
	return d
}

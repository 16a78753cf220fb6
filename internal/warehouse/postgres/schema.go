package postgres

import (
	"context"

	"github.com/postern/postern/internal/product"
)

// Schema is written next.
func (c *Conn) Schema(context.Context, []product.Table) (product.Schema, error) {
	return product.Schema{}, nil
}

package sqlite

import (
	"context"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
)

// Driver opens SQLite files, read-only.
type Driver struct{}

// Open opens the file of s. SQLite has no logins: l and dial are not used.
func (Driver) Open(ctx context.Context, s product.Source, l warehouse.Login, dial warehouse.Dial) (warehouse.Conn, error) {
	return nil, fault.New(fault.Unavailable, "not built yet")
}

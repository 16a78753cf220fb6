package console

import (
	"context"
	"net/http"
	"net/url"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/product/market"
)

// Markets are the marketplaces the caller may see, and what stands in them.
type Markets interface {
	Marketplaces(ctx context.Context, c auth.Caller) ([]market.Marketplace, error)
	Marketplace(ctx context.Context, c auth.Caller, id string) (market.Marketplace, error)
	// Listed gives the products in one, those that the caller may see.
	Listed(ctx context.Context, c auth.Caller, id string) ([]market.Shown, error)
	MarketGrants(ctx context.Context, c auth.Caller, id string) ([]market.Grant, error)
	// Associations says where products stand.
	Associations(ctx context.Context, c auth.Caller, products []string) (map[string][]market.Listing, error)
}

// Groups are the groups that products are shared with.
type Groups interface {
	List(ctx context.Context) ([]auth.Group, error)
}

func marketPath(id string) string { return "/admin/marketplaces/" + url.PathEscape(id) + "/" }

type marketRow struct {
	market.Marketplace
	Products int
}

func (h *Handler) markets(v *visit) error {
	ctx := v.r.Context()
	all, err := h.Markets.Marketplaces(ctx, v.caller)
	if err != nil {
		return err
	}
	rows := make([]marketRow, 0, len(all))
	for _, m := range all {
		shown, err := h.Markets.Listed(ctx, v.caller, m.ID)
		if hidden(err) {
			continue // it went since the list was read
		}
		if err != nil {
			return err
		}
		rows = append(rows, marketRow{m, len(shown)})
	}
	return v.show(http.StatusOK, "marketplaces", "marketplaces", "Marketplaces", rows)
}

type marketPage struct {
	Market   market.Marketplace
	Products []market.Shown
	Grants   []marketGrantRow
	Managed  bool // the caller sees who has a role
	Public   bool // everyone may see it
	Default  bool
}

type marketGrantRow struct {
	market.Grant
	Name string
}

func (h *Handler) market(v *visit) error {
	ctx, id := v.r.Context(), v.r.PathValue("id")
	m, err := h.Markets.Marketplace(ctx, v.caller, id)
	if err != nil {
		return err
	}
	page := marketPage{Market: m, Default: id == market.Default}
	if page.Products, err = h.Markets.Listed(ctx, v.caller, id); err != nil {
		return err
	}
	if !page.Default {
		if err := v.marketGrants(&page); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, "marketplace", "marketplaces", m.Name, page)
}

func (v *visit) marketGrants(page *marketPage) error {
	ctx := v.r.Context()
	grants, err := v.h.Markets.MarketGrants(ctx, v.caller, page.Market.ID)
	if hidden(err) {
		return nil
	}
	if err != nil {
		return err
	}
	page.Managed = true
	names, err := v.subjects(ctx)
	for _, g := range grants {
		page.Public = page.Public || g.Subject == "everyone"
		page.Grants = append(page.Grants, marketGrantRow{g, nameOf(names, g.Subject)})
	}
	return err
}

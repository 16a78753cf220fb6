package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// overviewPage is what a person sees first.
type overviewPage struct {
	Cards   []card
	Recent  []eventRow
	Audit   bool
	Clients bool
	First   bool // nothing has been set up yet
	URL     string
}

type card struct{ Name, Value, Note, Path string }

func (h *Handler) overview(v *visit) error {
	ctx := v.r.Context()
	page := overviewPage{Audit: v.may(auth.ScopeAudit), Clients: v.may(auth.ScopeClients), URL: strings.TrimSuffix(h.PublicURL, "/")}
	if page.Clients {
		list, err := h.Clients.List(ctx)
		if err != nil {
			return err
		}
		page.First = len(list) == 0
		page.Cards = append(page.Cards, card{"OAuth clients", strconv.Itoa(len(list)), clientNote(list), "/admin/auth/"})
	}
	if v.may(auth.ScopeProductsRead) {
		list, err := h.Products.Products(ctx, v.caller)
		if err != nil {
			return err
		}
		public := 0
		for _, p := range list {
			if p.Public {
				public++
			}
		}
		page.Cards = append(page.Cards, card{"Data products", strconv.Itoa(len(list)), productNote(len(list), public), "/admin/products/"})
	}
	if page.Audit {
		events, err := h.Audit.Latest(ctx, AuditFilter{Limit: 8})
		if err != nil {
			return err
		}
		page.Recent = h.eventRows(v, events)
	}
	return v.show(http.StatusOK, "overview", "overview", "Overview", page)
}

func productNote(all, public int) string {
	if all == 0 {
		return "none yet"
	}
	return strconv.Itoa(public) + " public, " + strconv.Itoa(all-public) + " private"
}

func clientNote(list []auth.Client) string {
	if len(list) == 0 {
		return "none yet"
	}
	disabled := 0
	for _, c := range list {
		if c.Disabled {
			disabled++
		}
	}
	if disabled == 0 {
		return "all enabled"
	}
	return strconv.Itoa(disabled) + " disabled"
}

func (h *Handler) missing(*visit) error {
	return fault.New(fault.NotFound, "There is no such page in the console.")
}

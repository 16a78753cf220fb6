package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
)

// auditPageSize is how many records a page lists.
const auditPageSize = 50

// kindGroups are what the filter offers: all that begins with the noun.
var kindGroups = []subject{
	{"", "Everything"}, {"query.", "Queries"}, {"token.", "Tokens"}, {"client.", "Clients"}, {"credential.", "Credentials"},
	{"product.", "Data products"}, {"grant.", "Grants"}, {"schema.", "Schemas"}, {"access.", "Denied requests"},
	{"user.", "People"}, {"key.", "Signing keys"}, {"tool.", "Tools"}, {"server.", "Server"},
}

type auditPage struct {
	Filter AuditFilter
	Groups []subject
	Rows   []eventRow
	Older  string // the next page
	Newest bool
}

// eventRow is an event as the list shows it.
type eventRow struct {
	audit.Event
	Who, What string
	Bad       bool
}

func (h *Handler) auditList(v *visit) error {
	q := v.r.URL.Query()
	f := AuditFilter{
		Kind: q.Get("kind"), Actor: strings.TrimSpace(q.Get("actor")), Product: strings.TrimSpace(q.Get("product")),
		RequestID: strings.TrimSpace(q.Get("request")), Before: q.Get("before"), Limit: auditPageSize + 1,
	}
	events, err := h.Audit.Latest(v.r.Context(), f)
	if err != nil {
		return err
	}
	page := auditPage{Filter: f, Groups: kindGroups, Newest: f.Before == ""}
	if len(events) > auditPageSize {
		events = events[:auditPageSize]
		page.Older = "/admin/audit/?" + f.query(events[len(events)-1].ID)
	}
	page.Rows = h.eventRows(v, events)
	return v.show(http.StatusOK, "audit", "audit", "Audit", page)
}

func (f AuditFilter) query(before string) string {
	q := url.Values{}
	for k, s := range map[string]string{"kind": f.Kind, "actor": f.Actor, "product": f.Product, "request": f.RequestID, "before": before} {
		if s != "" {
			q.Set(k, s)
		}
	}
	return q.Encode()
}

// eventRows names actors and objects, where the caller may know the names.
func (h *Handler) eventRows(v *visit, events []audit.Event) []eventRow {
	names := map[string]string{}
	if v.may(auth.ScopeClients) {
		// Without the names the list is still right, so a failure is no failure.
		list, _ := h.Clients.List(v.r.Context())
		for _, c := range list {
			names[c.Subject()] = c.Name
		}
	}
	rows := make([]eventRow, 0, len(events))
	for _, e := range events {
		rows = append(rows, eventRow{Event: e, Who: who(e), What: what(e, names), Bad: bad(e.Outcome)})
	}
	return rows
}

func who(e audit.Event) string {
	if e.ActorName != "" {
		return e.ActorName
	}
	return e.Actor
}

func what(e audit.Event, names map[string]string) string {
	switch {
	case names[e.Object] != "":
		return names[e.Object]
	case e.Product != "":
		return e.Product
	case strings.HasPrefix(e.Object, "session:"):
		return ""
	}
	return strings.TrimPrefix(e.Object, "product:")
}

func bad(outcome string) bool {
	return outcome == "denied" || outcome == "refused" || outcome == "failed"
}

type recordPage struct {
	Event  eventRow
	Detail string
	Trail  []eventRow
}

func (h *Handler) auditRecord(v *visit) error {
	id := v.r.PathValue("id")
	events, err := h.Audit.Trail(v.r.Context(), id)
	if err != nil {
		return err
	}
	rows := h.eventRows(v, events)
	page := recordPage{Trail: rows}
	for _, row := range rows {
		if row.ID == id || page.Event.ID == "" {
			page.Event = row
		}
	}
	if len(page.Event.Detail) > 0 {
		b, err := json.MarshalIndent(page.Event.Detail, "", "  ")
		if err != nil {
			return err
		}
		page.Detail = string(b)
	}
	return v.show(http.StatusOK, "audit_record", "audit", "Record "+page.Event.ID, page)
}

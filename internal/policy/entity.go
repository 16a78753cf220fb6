package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
)

// gate is the resource of everything that is not about one product.
var gate = cedar.EntityUID{Type: "Gate", ID: "postern"}

// The tiers of the seven roles.
const (
	global     = "global"
	admin      = "admin"
	standard   = "standard"
	restricted = "restricted"
)

var tiers = map[auth.Role]string{
	auth.ServerAdmin: global, auth.CatalogAdmin: admin,
	auth.SourceAdmin: standard, auth.Composer: standard, auth.Steward: standard,
	auth.Explorer: restricted, auth.Viewer: restricted,
}

// The parents an entity can have are few, and built once: a decision makes no
// set. A caller has all it is in for parents, the tier of its role and what
// tiers are in too, so that Cedar has nowhere to climb to: it would note where
// it has been, for each policy anew.
var (
	noParents     cedar.EntityUIDSet
	publicParents = cedar.NewEntityUIDSet(uid("Visibility", "public"))
	callerParents = map[holding]cedar.EntityUIDSet{}
)

// holding is a role with what the caller was granted on the product, the
// marketplace or the agent.
type holding struct {
	role                              auth.Role
	viewer, maintainer, admin, runner bool
	on                                kind
}

// kind is what a decision is about.
type kind int

const (
	onProduct kind = iota
	onMarket
	onAgent
)

// granted are the names of what can be held on each kind, from the least.
var granted = [...][3]string{
	onProduct: {string(product.ProductViewer), "", string(product.ProductAdmin)},
	onMarket:  {string(market.Viewer), string(market.Maintainer), string(market.Admin)},
	onAgent:   {string(custom.Viewer), string(custom.Runner), string(custom.Editor)},
}

func init() { //nolint:gochecknoinits // fills the tables above from the roles
	for r, tier := range tiers {
		for i := range 16 * len(granted) {
			h := holding{r, i&1 != 0, i&2 != 0, i&4 != 0, i&8 != 0, kind(i >> 4)}
			parents := []cedar.EntityUID{uid("Role", string(r)), uid("Tier", tier), uid("Tier", "any")}
			for j, holds := range []bool{h.viewer, h.maintainer, h.admin} {
				if name := granted[h.on][j]; holds && name != "" {
					parents = append(parents, uid("Grant", name))
				}
			}
			if h.runner {
				parents = append(parents, uid("Grant", string(product.QueryRunner)))
			}
			callerParents[h] = cedar.NewEntityUIDSet(parents...)
		}
	}
}

func uid(kind cedar.EntityType, id string) cedar.EntityUID {
	return cedar.EntityUID{Type: kind, ID: cedar.String(id)}
}

// entities is the world of one decision: the caller, what it was granted on
// the product or marketplace, and that. Cedar asks it for parents as it needs
// them.
type entities struct {
	caller                    auth.Caller
	product                   product.Product
	market                    string // the id, when it is about a marketplace
	agent                     string // the id, when it is about a custom agent
	public                    bool   // which is granted to everyone
	viewer, maintainer, admin bool
	queries                   []string // of the product, that the caller was granted
	query                     string   // the verified query that is asked about; "" is the product
}

// about collects the world of a decision on a product. Grants on other
// products and to other subjects do not count.
func about(c auth.Caller, pr product.Product, grants []product.Grant) entities {
	e := entities{caller: c, product: pr, public: pr.Public}
	self := c.Subject()
	for _, g := range grants {
		if g.Product != pr.ID || g.Product == "" || !reaches(g.Subject, g.Member, self) {
			continue
		}
		if g.Query != "" {
			if g.Role == product.QueryRunner {
				e.queries = append(e.queries, g.Query)
			}
			continue
		}
		e.viewer = e.viewer || g.Role == product.ProductViewer
		e.admin = e.admin || g.Role == product.ProductAdmin
	}
	return e
}

// aboutMarket collects the world of a decision on a marketplace.
func aboutMarket(c auth.Caller, id string, grants []market.Grant) entities {
	e := entities{caller: c, market: id}
	self := c.Subject()
	for _, g := range grants {
		if g.Marketplace != id || id == "" || !reaches(g.Subject, g.Member, self) {
			continue
		}
		e.public = e.public || g.Subject == Everyone
		e.viewer = e.viewer || g.Role == market.Viewer
		e.maintainer = e.maintainer || g.Role == market.Maintainer
		e.admin = e.admin || g.Role == market.Admin
	}
	return e
}

// reaches reports whether a grant to the subject is one to self: by its own
// name, to everyone, or to a group of which self is the member that the store
// looked it up for.
func reaches(subject, member, self string) bool {
	return subject == self || subject == Everyone || member == self && strings.HasPrefix(subject, "group:")
}

// Everyone is the subject of a grant to all callers.
const Everyone = "everyone"

func (e *entities) principal() cedar.EntityUID {
	switch c := e.caller; c.Kind {
	case auth.Machine:
		return uid("Client", string(c.ClientID))
	case auth.Person:
		return uid("User", strconv.FormatInt(c.UserID, 10))
	default:
		return uid("Caller", string(c.Kind))
	}
}

// on is what the decision is about.
func (e *entities) on() kind {
	switch {
	case e.market != "":
		return onMarket
	case e.agent != "":
		return onAgent
	}
	return onProduct
}

// resource is the marketplace, the agent, the product, or a verified query in
// it. A product's id has no /.
func (e *entities) resource() cedar.EntityUID {
	switch {
	case e.agent != "":
		return uid("Agent", e.agent)
	case e.market != "":
		return uid("Marketplace", e.market)
	case e.query != "":
		return uid("VerifiedQuery", e.product.ID+"/"+e.query)
	}
	return uid("Product", e.product.ID)
}

// runner reports whether the caller was granted the verified query that is
// asked about or, asked about the product, any of its queries.
func (e *entities) runner() bool {
	return e.query == "" && len(e.queries) > 0 || e.query != "" && slices.Contains(e.queries, e.query)
}

// Get gives Cedar an entity and its parents.
func (e *entities) Get(u types.EntityUID) (types.Entity, bool) {
	parents := noParents
	switch u.Type {
	case "Client", "User", "Caller":
		if known(e.caller) {
			parents = callerParents[holding{role(e.caller), e.viewer, e.maintainer, e.admin, e.runner(), e.on()}]
		}
	case "VerifiedQuery":
		parents = cedar.NewEntityUIDSet(uid("Product", e.product.ID))
	case "Product", "Marketplace":
		if e.public {
			parents = publicParents
		}
	}
	return types.Entity{UID: u, Parents: parents}, true
}

// role is the role a caller acts with: those who work on the data itself could
// change anything anyway, and act as Server Admin.
func role(c auth.Caller) auth.Role {
	if c.Kind == auth.Operator || c.Kind == auth.System {
		return auth.ServerAdmin
	}
	return c.Role
}

// known reports whether there is a caller at all. The zero Caller, and one of
// no kind, no name or no role, may do nothing.
func known(c auth.Caller) bool {
	switch c.Kind {
	case auth.Operator, auth.System:
		return true
	case auth.Machine:
		return c.ClientID != "" && c.Role.Valid()
	case auth.Person:
		return c.UserID != 0 && c.Role.Valid()
	}
	return false
}

package policy

import (
	"github.com/cedar-policy/cedar-go"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
)

var agentVerbs = map[custom.Action]string{
	custom.View: "view", custom.Run: "run", custom.Create: "make", custom.Update: "change", custom.Delete: "delete",
	custom.Publish: "publish", custom.Share: "share",
}

// Agent decides an action on a custom agent, as Product does on a product. It
// implements custom.Policy.
func (p *Policy) Agent(c auth.Caller, a custom.Action, id string, grants []custom.Grant) error {
	e := aboutAgent(c, id, grants)
	reading := a == custom.View || a == custom.Run
	if ok, _ := p.decide(&e, cedar.String(a), e.resource()); ok && (reading || carries(c, auth.ScopeAgents)) {
		return nil
	}
	if a != custom.Create {
		if seen, _ := p.decide(&e, cedar.String(custom.View), e.resource()); !seen {
			return custom.NotFound()
		}
	}
	return p.agentRefusal(&e, a)
}

func (p *Policy) agentRefusal(e *entities, a custom.Action) error {
	r, verb := role(e.caller), agentVerbs[a]
	switch {
	case !known(e.caller):
		return denied("nobody with a role is signed in; get a token at /oauth/v2/token/")
	case a == custom.Run:
		return denied("this agent can be seen and not run with the grant viewer; ask one of its editors for the grant user")
	case !carries(e.caller, auth.ScopeAgents):
		return denied("this token does not carry the scope %q, which it takes to %s an agent", auth.ScopeAgents, verb)
	case tiers[r] == restricted:
		return denied("the role %s may not %s agents, whatever it was granted; use a client with the role %s", r.Title(), verb, p.holders(auth.ScopeAgents))
	}
	return denied("the role %s may not %s this agent without the grant editor on it; ask one of its editors", r.Title(), verb)
}

// aboutAgent collects the world of a decision on a custom agent.
func aboutAgent(c auth.Caller, id string, grants []custom.Grant) entities {
	e := entities{caller: c, agent: id}
	self := c.Subject()
	for _, g := range grants {
		if g.Agent != id || id == "" || !reaches(g.Subject, g.Member, self) {
			continue
		}
		e.viewer = e.viewer || g.Role == custom.Viewer
		e.maintainer = e.maintainer || g.Role == custom.Runner
		e.admin = e.admin || g.Role == custom.Editor
	}
	return e
}

package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

func held(r custom.Role) []custom.Grant {
	return []custom.Grant{{Agent: "a", Subject: machine("").Subject(), Role: r}}
}

func TestAnAgentThatIsInvisibleIsNotFound(t *testing.T) {
	p := newPolicy(t)
	absent := custom.NotFound()
	for _, a := range custom.Actions {
		if a == custom.Create {
			continue
		}
		for _, grants := range [][]custom.Grant{
			nil,
			{{Agent: "b", Subject: machine("").Subject(), Role: custom.Editor}},
			{{Agent: "a", Subject: "client:pc_other", Role: custom.Editor}},
			{{Agent: "a", Subject: "group:1", Role: custom.Editor}},
			{{Agent: "a", Subject: "group:1", Member: "client:pc_other", Role: custom.Editor}},
		} {
			err := fault.As(p.Agent(machine(auth.Composer), a, "a", grants))
			if d := cmp.Diff(absent, err, cmp.AllowUnexported(fault.Error{})); d != "" {
				t.Errorf("%s on an invisible agent is told apart from one that is absent: %s", a, d)
			}
		}
		if err := p.Agent(auth.Caller{}, a, "a", []custom.Grant{{Agent: "a", Subject: custom.Everyone, Role: custom.Runner}}); err == nil {
			t.Errorf("nobody may %s", a)
		}
	}
}

func TestRestrictedRolesRunAgentsAndNeverEditThem(t *testing.T) {
	p := newPolicy(t)
	for _, r := range []auth.Role{auth.Viewer, auth.Explorer} {
		for _, a := range custom.Actions {
			err := p.Agent(machine(r), a, "a", held(custom.Editor))
			if reads := a == custom.View || a == custom.Run; reads != (err == nil) {
				t.Errorf("%s, %s: %v", r, a, err)
			}
		}
	}
}

func TestATokenWithoutTheScopeEditsNoAgent(t *testing.T) {
	p := newPolicy(t)
	c := machine(auth.Composer)
	c.Scopes = []auth.Scope{auth.ScopeQuery}
	for _, a := range custom.Actions {
		err := p.Agent(c, a, "a", held(custom.Editor))
		if reads := a == custom.View || a == custom.Run; reads != (err == nil) {
			t.Errorf("%s: %v", a, err)
		}
	}
}

// A role on an agent, a marketplace and a product are three things, though
// their names may be alike.
func TestARoleOnAnAgentIsNoRoleOnAnythingElse(t *testing.T) {
	p := newPolicy(t)
	if err := p.Agent(machine(auth.Composer), custom.Run, "a", []custom.Grant{{Agent: "a", Subject: machine("").Subject(), Role: "product_admin"}}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a product's role on an agent: %v", err)
	}
}

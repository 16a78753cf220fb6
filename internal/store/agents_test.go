package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/chat/chattest"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/store"
)

func caller(id string, r auth.Role) auth.Caller {
	return auth.Caller{Kind: auth.Machine, ClientID: auth.ClientID(id), UserID: 7, Role: r, Scopes: []auth.Scope{auth.ScopeAll}}
}

var (
	maker    = caller("pc_maker", auth.Composer)
	stranger = caller("pc_stranger", auth.Composer)
	reader   = caller("pc_reader", auth.Viewer)
)

func keeper(t *testing.T, db *store.DB) *custom.Agents {
	t.Helper()
	pol, err := policy.New()
	must(t, err)
	return &custom.Agents{
		Store: db, Seal: chattest.Plain{}, Policy: pol, Record: db,
		Fits: func(context.Context, auth.Caller, *custom.Definition) error { return nil },
	}
}

var whole = custom.Definition{
	Name: "Revenue helper", Description: "d", Prompt: "p", Model: "m",
	Tools: []custom.Tool{{ID: "t", Bind: map[string]custom.Binding{"a": {Source: custom.Fixed, Value: json.RawMessage(`"x"`)}, "b": {Source: custom.User, Key: "k"}}}},
	Input: json.RawMessage(`{"type":"object"}`), Tags: []string{"x"},
}

func TestAnAgentIsKeptAsItWasMade(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		a, ctx := keeper(t, db), context.Background()
		made, err := a.Create(ctx, maker, whole)
		must(t, err)
		read, err := a.Get(ctx, maker, custom.View, made.ID)
		must(t, err)
		if d := cmp.Diff(made, read); d != "" {
			t.Errorf("read back: %s", d)
		}
		if d := cmp.Diff(whole, read.Definition); d != "" {
			t.Errorf("its definition: %s", d)
		}
		if read.Version != 1 || read.Owner != maker.Subject() || read.Public || read.CreatedAt.IsZero() {
			t.Errorf("%+v", read)
		}
		same, err := a.Change(ctx, maker, made.ID, 0, func(*custom.Definition) error { return nil })
		must(t, err)
		if same.Version != 1 {
			t.Errorf("no change made version %d", same.Version)
		}
		must(t, a.Delete(ctx, maker, made.ID))
		if _, err := a.Get(ctx, maker, custom.View, made.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("after it was deleted: %v", err)
		}
		if all, err := db.AgentGrantsOf(ctx, maker.Subject(), ""); err != nil || len(all) > 0 {
			t.Errorf("grants outlive their agent: %v %v", all, err)
		}
	})
}

func TestWhoHoldsWhatOnAnAgent(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		a, ctx := keeper(t, db), context.Background()
		made, err := a.Create(ctx, maker, whole)
		must(t, err)
		may := func(c auth.Caller) (out []string) {
			for _, act := range slices.DeleteFunc(slices.Clone(custom.Actions), func(a custom.Action) bool { return a == custom.Create }) {
				if _, err := a.Get(ctx, c, act, made.ID); err == nil {
					out = append(out, strings.TrimSuffix(string(act), "_agent"))
				}
			}
			return out
		}
		listed := func(c auth.Caller) int {
			all, err := a.List(ctx, c, custom.View)
			must(t, err)
			return len(all)
		}
		if may(stranger) != nil || listed(stranger) != 0 || may(reader) != nil {
			t.Errorf("a stranger may %v", may(stranger))
		}
		for _, step := range []struct {
			role custom.Role
			want []string
		}{{custom.Viewer, []string{"view"}}, {custom.Runner, []string{"view", "run"}}, {custom.Editor, []string{"view", "run", "update", "delete", "publish", "share"}}} {
			_, err := a.Grant(ctx, maker, custom.Grant{Agent: made.ID, Subject: stranger.Subject(), Role: step.role})
			must(t, err)
			if d := cmp.Diff(step.want, may(stranger)); d != "" {
				t.Errorf("%s: %s", step.role, d)
			}
		}
		must(t, a.Revoke(ctx, stranger, made.ID, stranger.Subject()))
		_, err = a.SetPublic(ctx, maker, made, true)
		must(t, err)
		if d := cmp.Diff([]string{"view", "run"}, may(reader)); d != "" || listed(reader) != 1 {
			t.Errorf("of a public agent: %s", d)
		}
		if _, err := a.Grant(ctx, maker, custom.Grant{Agent: made.ID, Subject: custom.Everyone, Role: custom.Editor}); !fault.Is(err, fault.Invalid) {
			t.Errorf("everyone an editor: %v", err)
		}
	})
}

func TestChangesAtTheSameTimeAreAllKept(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		a, ctx := keeper(t, db), context.Background()
		made, err := a.Create(ctx, maker, custom.Definition{Name: "n"})
		must(t, err)
		var wg sync.WaitGroup
		for _, edit := range []func(*custom.Definition){
			func(d *custom.Definition) { d.Prompt = "p" }, func(d *custom.Definition) { d.Description = "d" }, func(d *custom.Definition) { d.Name = "m" },
		} {
			wg.Go(func() {
				_, err := a.Change(ctx, maker, made.ID, 0, func(d *custom.Definition) error { edit(d); return nil })
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		read, err := a.Get(ctx, maker, custom.View, made.ID)
		must(t, err)
		if read.Prompt != "p" || read.Description != "d" || read.Name != "m" || read.Version != 4 {
			t.Errorf("a change was lost: %+v", read)
		}
		for _, version := range []int64{3, 5} {
			if _, err := a.Change(ctx, maker, made.ID, version, func(d *custom.Definition) error { d.Name = "late"; return nil }); !fault.Is(err, fault.Conflict) {
				t.Errorf("a change of version %d: %v", version, err)
			}
		}
	})
}

func TestAPublishedAgentIsFoundByItsToolsName(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		a, ctx := keeper(t, db), context.Background()
		made, err := a.Create(ctx, maker, custom.Definition{Name: "Revenue: Über helper!!"})
		must(t, err)
		pub, err := a.Publish(ctx, maker, made.ID, true)
		must(t, err)
		if want := "revenue_ber_helper_" + made.ID[:8]; pub.ToolName != want {
			t.Errorf("the tool is %q, not %q", pub.ToolName, want)
		}
		_, err = a.Change(ctx, maker, made.ID, 0, func(d *custom.Definition) error { d.Name = "other"; return nil })
		must(t, err)
		found, err := a.Published(ctx, maker, pub.ToolName)
		must(t, err)
		if found.ID != made.ID || found.Name != "other" {
			t.Errorf("%+v", found)
		}
		if _, err := a.Published(ctx, stranger, pub.ToolName); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger calls it: %v", err)
		}
		_, err = a.Publish(ctx, maker, made.ID, false)
		must(t, err)
		if _, err := a.Published(ctx, maker, pub.ToolName); !fault.Is(err, fault.NotFound) {
			t.Errorf("after it was unpublished: %v", err)
		}
	})
}

func TestOneCallerKeepsSoManyAgents(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := auth.WithCaller(context.Background(), maker)
		for i := range 4 {
			err := db.CreateAgent(ctx, custom.Stored{ID: fmt.Sprint(i), Owner: maker.Subject(), Version: 1, Body: []byte("x")}, 3)
			if (i == 3) != fault.Is(err, fault.Conflict) {
				t.Errorf("agent %d: %v", i, err)
			}
		}
	})
}

func TestWhatAGroupWasGrantedOnAnAgentGoesWithIt(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		a, ctx := keeper(t, db), context.Background()
		made, err := a.Create(ctx, maker, whole)
		must(t, err)
		g, err := db.CreateGroup(as(auth.Operator), "readers")
		must(t, err)
		grant := custom.Grant{Agent: made.ID, Subject: g.Subject(), Role: custom.Runner}
		_, err = a.Grant(ctx, maker, grant)
		must(t, err)
		all, err := db.AgentGrants(ctx, made.ID)
		must(t, err)
		want := []custom.Grant{{Agent: made.ID, Subject: maker.Subject(), Role: custom.Editor}, grant}
		if d := cmp.Diff(want, all); d != "" {
			t.Errorf("granted: %s", d)
		}
		must(t, db.DeleteGroup(as(auth.Operator), g.ID))
		if all, err = db.AgentGrants(ctx, made.ID); err != nil || len(all) != 1 {
			t.Errorf("after the group went: %v %v", all, err)
		}
		if _, err := a.Grant(ctx, maker, grant); !fault.Is(err, fault.Invalid) {
			t.Errorf("to a group that is gone: %v", err)
		}
	})
}

func TestAnAgentsRowOpensNowhereElse(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		a, ctx := keeper(t, db), context.Background()
		a.Seal = bound{}
		one, err := a.Create(ctx, maker, whole)
		must(t, err)
		two, err := a.Create(ctx, maker, custom.Definition{Name: "two"})
		must(t, err)
		row, err := db.Agent(ctx, one.ID)
		must(t, err)
		must(t, db.ChangeAgent(auth.WithCaller(ctx, maker), custom.Change{Stored: custom.Stored{ID: two.ID, Version: 2, Body: row.Body}, Was: 1}))
		if _, err := a.Get(ctx, maker, custom.View, two.ID); err == nil {
			t.Error("the body of one agent opens as another's")
		}
	})
}

// bound is a seal that keeps to its address and hides nothing.
type bound struct{}

func (bound) Seal(plaintext, aad []byte) ([]byte, error) {
	return append(append(slices.Clone(aad), 0), plaintext...), nil
}

func (bound) Open(sealed, aad []byte) ([]byte, error) {
	if !strings.HasPrefix(string(sealed), string(aad)+"\x00") {
		return nil, fault.New(fault.Internal, "another address")
	}
	return sealed[len(aad)+1:], nil
}

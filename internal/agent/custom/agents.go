package custom

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// Agents keeps custom agents, and says who may do what with them.
type Agents struct {
	Store  Store
	Seal   AEAD
	Policy Policy
	Record audit.Recorder // hears of what was denied
	// Fits says what of a definition cannot be run: tools that there are not,
	// inputs that they do not have, schemas that are none. It may take out of
	// it what was put in for showing.
	Fits func(ctx context.Context, c auth.Caller, d *Definition) error
	Now  func() time.Time // nil is time.Now
}

// now is in whole microseconds, as the store keeps times.
func (a *Agents) now() time.Time {
	if a.Now == nil {
		return time.Now().Truncate(time.Microsecond)
	}
	return a.Now().Truncate(time.Microsecond)
}

// may gives the stored agent if policy allows the action. Policy is asked
// first, of the id and what the caller holds on it: one that the caller may not
// see is never looked up, so that it costs what one costs that is not there.
func (a *Agents) may(ctx context.Context, c auth.Caller, act Action, id string) (Stored, bool, error) {
	if !IsID(id) {
		return Stored{}, false, NotFound()
	}
	grants, err := a.Store.AgentGrantsOf(ctx, c.Subject(), id)
	if err != nil {
		return Stored{}, false, err
	}
	verdict := a.Policy.Agent(c, act, id, grants)
	var s Stored
	if !fault.Is(verdict, fault.NotFound) {
		s, err = a.Store.Agent(ctx, id)
		if fault.Is(err, fault.NotFound) {
			verdict, err = NotFound(), nil
		}
	}
	if err != nil {
		return s, false, err
	}
	return s, public(grants), a.denied(ctx, c, "agent:"+id, verdict)
}

// denied puts a denial on record, and gives it back.
func (a *Agents) denied(ctx context.Context, c auth.Caller, object string, verdict error) error {
	if !fault.Is(verdict, fault.Denied) && !fault.Is(verdict, fault.NotFound) {
		return verdict
	}
	e := audit.Event{Kind: audit.AccessDenied, Object: object, Outcome: "denied", Reason: fault.As(verdict).Message}
	if err := a.Record.Append(auth.WithCaller(ctx, c), e); err != nil {
		return err
	}
	return verdict
}

func public(grants []Grant) bool {
	for _, g := range grants {
		if g.Subject == Everyone {
			return true
		}
	}
	return false
}

// Get gives an agent that the caller may do that with.
func (a *Agents) Get(ctx context.Context, c auth.Caller, act Action, id string) (Agent, error) {
	s, everyones, err := a.may(ctx, c, act, id)
	if err != nil {
		return Agent{}, err
	}
	return a.open(s, everyones)
}

// Published gives the agent that is a tool of that name, if the caller may run
// it.
func (a *Agents) Published(ctx context.Context, c auth.Caller, tool string) (Agent, error) {
	s, err := a.Store.AgentNamed(ctx, tool)
	if err != nil {
		return Agent{}, err
	}
	return a.Get(ctx, c, Run, s.ID)
}

// May reports what of some actions the caller may do with an agent that it
// sees, without a record.
func (a *Agents) May(ctx context.Context, c auth.Caller, id string, acts ...Action) (map[Action]bool, error) {
	grants, err := a.Store.AgentGrantsOf(ctx, c.Subject(), id)
	out := map[Action]bool{}
	for _, act := range acts {
		out[act] = a.Policy.Agent(c, act, id, grants) == nil
	}
	return out, err
}

// Seen lists what a caller may do that with, the oldest first, without their
// definitions: Open gives those.
type Seen struct {
	Stored
	Public  bool
	Granted bool // to the caller, a group of its or everyone, not only by its role
}

// List lists the agents that the caller may do that with.
func (a *Agents) List(ctx context.Context, c auth.Caller, act Action) ([]Seen, error) {
	all, err := a.Store.Agents(ctx)
	if err != nil {
		return nil, err
	}
	grants, err := a.Store.AgentGrantsOf(ctx, c.Subject(), "")
	if err != nil {
		return nil, err
	}
	of := map[string][]Grant{}
	for _, g := range grants {
		of[g.Agent] = append(of[g.Agent], g)
	}
	var out []Seen
	for _, s := range all {
		if a.Policy.Agent(c, act, s.ID, of[s.ID]) == nil {
			out = append(out, Seen{s, public(of[s.ID]), len(of[s.ID]) > 0})
		}
	}
	return out, nil
}

// Open gives a listed agent whole; NotFound where it went since.
func (a *Agents) Open(ctx context.Context, s Seen) (Agent, error) {
	whole, err := a.Store.Agent(ctx, s.ID)
	if err != nil {
		return Agent{}, err
	}
	return a.open(whole, s.Public)
}

// Create makes an agent, which the caller then edits.
func (a *Agents) Create(ctx context.Context, c auth.Caller, d Definition) (Agent, error) {
	ctx = auth.WithCaller(ctx, c)
	id := uuid.NewString()
	if err := a.denied(ctx, c, "agent", a.Policy.Agent(c, Create, id, nil)); err != nil {
		return Agent{}, err
	}
	if err := a.fits(ctx, c, &d); err != nil {
		return Agent{}, err
	}
	now := a.now()
	s := Stored{ID: id, Owner: c.Subject(), Version: 1, CreatedAt: now, UpdatedAt: now}
	var err error
	if s.Body, err = a.sealed(s, d); err != nil {
		return Agent{}, err
	}
	if err := a.Store.CreateAgent(ctx, s, mostOwned); err != nil {
		return Agent{}, err
	}
	return a.open(s, false)
}

func (a *Agents) fits(ctx context.Context, c auth.Caller, d *Definition) error {
	if err := d.check(); err != nil {
		return err
	}
	return a.Fits(ctx, c, d)
}

// tries is how often a change is made anew when another came between.
const tries = 5

// Change changes an agent: edit gets it and changes it. With a version, it is
// a Conflict unless the agent has that one; without, the change is made to
// whatever is there.
func (a *Agents) Change(ctx context.Context, c auth.Caller, id string, version int64, edit func(*Definition) error) (Agent, error) {
	return a.change(ctx, c, Update, id, version, func(s *Stored, d *Definition) error {
		if err := edit(d); err != nil {
			return err
		}
		return a.fits(ctx, c, d)
	})
}

func (a *Agents) change(ctx context.Context, c auth.Caller, act Action, id string, version int64, edit func(*Stored, *Definition) error) (Agent, error) {
	ctx = auth.WithCaller(ctx, c)
	for try := 1; ; try++ {
		s, everyones, err := a.may(ctx, c, act, id)
		if err != nil {
			return Agent{}, err
		}
		was, err := a.open(s, everyones)
		if err != nil {
			return Agent{}, err
		}
		if version != 0 && version != s.Version {
			return Agent{}, stale(s.Version)
		}
		next, d := s, was.Definition
		if err := edit(&next, &d); err != nil {
			return Agent{}, err
		}
		ch := Change{Stored: next, Was: s.Version, Fields: changed(was.Definition, d)}
		if next.ToolName != s.ToolName {
			ch.Fields = append(ch.Fields, "tool")
		}
		if len(ch.Fields) == 0 {
			return was, nil
		}
		ch.Version, ch.UpdatedAt = s.Version+1, a.now()
		if ch.Body, err = a.sealed(ch.Stored, d); err != nil {
			return Agent{}, err
		}
		err = a.Store.ChangeAgent(ctx, ch)
		if fault.Is(err, fault.Conflict) && version == 0 && try < tries {
			continue
		}
		if err != nil {
			return Agent{}, err
		}
		return a.open(ch.Stored, everyones)
	}
}

func stale(version int64) error {
	return fault.New(fault.Conflict, "the agent was changed meanwhile: it is at version %d; read it again", version)
}

// Delete deletes an agent, and its tool with it. Chats with it stay.
func (a *Agents) Delete(ctx context.Context, c auth.Caller, id string) error {
	if _, _, err := a.may(ctx, c, Delete, id); err != nil {
		return err
	}
	return a.Store.DeleteAgent(auth.WithCaller(ctx, c), id)
}

// Publish makes an agent a tool of those who may run it, or takes that back.
// The tool keeps its name when the agent gets another.
func (a *Agents) Publish(ctx context.Context, c auth.Caller, id string, publish bool) (Agent, error) {
	return a.change(ctx, c, Publish, id, 0, func(s *Stored, d *Definition) error {
		switch {
		case publish && s.ToolName == "":
			s.ToolName = toolName(d.Name, id)
		case !publish:
			s.ToolName = ""
		}
		return nil
	})
}

// Grants lists what is granted on an agent.
func (a *Agents) Grants(ctx context.Context, c auth.Caller, id string) ([]Grant, error) {
	if _, _, err := a.may(ctx, c, Share, id); err != nil {
		return nil, err
	}
	return a.Store.AgentGrants(ctx, id)
}

// Grant gives a subject a role on an agent, in the place of the one it has.
func (a *Agents) Grant(ctx context.Context, c auth.Caller, g Grant) (Grant, error) {
	if _, _, err := a.may(ctx, c, Share, g.Agent); err != nil {
		return g, err
	}
	switch {
	case !g.Role.Valid():
		return g, fault.BadField("role", "enum", "Input should be 'viewer', 'user' or 'editor'")
	case g.Subject == Everyone && g.Role == Editor:
		return g, fault.BadField("role", "value_error", "everyone can be viewer or user of an agent, not its editor")
	}
	return a.Store.GrantAgent(auth.WithCaller(ctx, c), g)
}

// Revoke takes away what a subject was granted on an agent.
func (a *Agents) Revoke(ctx context.Context, c auth.Caller, id, subject string) error {
	if _, _, err := a.may(ctx, c, Share, id); err != nil {
		return err
	}
	return a.Store.RevokeAgent(auth.WithCaller(ctx, c), id, subject)
}

// SetPublic gives everyone the role user on an agent, or takes it away. Where
// it is so already nothing changes.
func (a *Agents) SetPublic(ctx context.Context, c auth.Caller, ag Agent, everyones bool) (Agent, error) {
	if ag.Public == everyones {
		return ag, nil
	}
	var err error
	if everyones {
		_, err = a.Grant(ctx, c, Grant{Agent: ag.ID, Subject: Everyone, Role: Runner})
	} else if err = a.Revoke(ctx, c, ag.ID, Everyone); fault.Is(err, fault.NotFound) {
		err = nil // another took it away
	}
	ag.Public = everyones
	return ag, err
}

// sealing

func aad(s Stored) []byte {
	return fmt.Appendf(nil, "agent %d %s %s", len(s.Owner), s.Owner, s.ID)
}

func (a *Agents) sealed(s Stored, d Definition) ([]byte, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	return a.Seal.Seal(b, aad(s))
}

func (a *Agents) open(s Stored, everyones bool) (Agent, error) {
	b, err := a.Seal.Open(s.Body, aad(s))
	if err != nil {
		return Agent{}, fmt.Errorf("open agent %s: %w", s.ID, err)
	}
	ag := Agent{ID: s.ID, Owner: s.Owner, ToolName: s.ToolName, Version: s.Version, Public: everyones, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt}
	if err := json.Unmarshal(b, &ag.Definition); err != nil {
		return Agent{}, err
	}
	for _, doc := range []*json.RawMessage{&ag.Input, &ag.Output} {
		if string(*doc) == "null" {
			*doc = nil
		}
	}
	for _, t := range ag.Tools {
		for name, b := range t.Bind {
			if b.Source != Fixed {
				b.Value = nil // which JSON has as null
				t.Bind[name] = b
			}
		}
	}
	return ag, nil
}

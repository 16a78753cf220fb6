// Package custom is agents that callers make: a prompt, some of Postern's tools,
// and of each tool's inputs whose it is, the maker's, the caller's or the
// model's. An agent lends nobody any right: whoever runs it reaches with its
// tools what it reaches without.
//
// What a maker wrote is sealed at rest, like chats, under an address of its own
// (owner, agent), so that a row moved elsewhere does not open.
package custom

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// Agent is one custom agent.
type Agent struct {
	ID    string // UUID
	Owner string // auth.Caller.Subject() of who made it
	Definition
	ToolName string // the tool that it is published as; "" is none
	Version  int64  // from 1, one more with each change
	// Public is granted to everyone. It is read from the grants.
	Public               bool
	CreatedAt, UpdatedAt time.Time
}

// Definition is what an agent's maker wrote.
type Definition struct {
	Name        string
	Description string
	Prompt      string
	Model       string // id of a language model; "" is the server's own
	Tools       []Tool
	Input       json.RawMessage // JSON schema of an object; nil is a message
	Output      json.RawMessage // JSON schema of the last answer; nil is text
	Tags        []string
}

// Tool is one of an agent's tools.
type Tool struct {
	ID   string             // UUID
	Bind map[string]Binding // by the tool's input
}

// Source is whose an input of a tool is.
type Source string

// The sources. What is not the model's is not shown to it, and what it writes
// for it is dropped.
const (
	Fixed Source = "fixed" // the maker's
	User  Source = "user"  // the caller's, from what it calls the agent with
	Model Source = "agent" // the model's
)

// Binding says where a tool's input comes from.
type Binding struct {
	Source Source
	Value  json.RawMessage // of Fixed
	Key    string          // of User: the name in the caller's input; "" is the tool's own
}

// Role is what a grant on an agent allows.
type Role string

// The roles; each includes the one before it.
const (
	Viewer Role = "viewer" // see it
	Runner Role = "user"   // run it
	Editor Role = "editor" // change, share, publish and delete it
)

// Valid reports whether the role is known.
func (r Role) Valid() bool { return r == Viewer || r == Runner || r == Editor }

// Everyone is the subject of a grant to all callers.
const Everyone = "everyone"

// Grant is a role on one agent for one subject. Member is the caller that a
// grant to a group was looked up for.
type Grant struct {
	Agent, Subject string
	Role           Role
	Member         string
}

// Action is something done to an agent.
type Action string

// The actions.
const (
	View    Action = "view_agent"
	Run     Action = "run_agent"
	Create  Action = "create_agent"
	Update  Action = "update_agent"
	Delete  Action = "delete_agent"
	Publish Action = "publish_agent" // as a tool
	Share   Action = "share_agent"
)

// Actions lists them all.
var Actions = []Action{View, Run, Create, Update, Delete, Publish, Share}

// Policy decides. What the caller may not see is NotFound.
type Policy interface {
	Agent(c auth.Caller, a Action, id string, grants []Grant) error
}

// Stored is an agent as the store keeps it.
type Stored struct {
	ID, Owner, ToolName  string
	Version              int64
	Body                 []byte // the sealed Definition; lists leave it out
	CreatedAt, UpdatedAt time.Time
}

// Change is one that the store makes, with its record.
type Change struct {
	Stored
	Was    int64    // the version that it changes; another one is a Conflict
	Fields []string // that are other than before, for the record
}

// Store keeps custom agents and what is granted on them.
type Store interface {
	Agent(ctx context.Context, id string) (Stored, error)
	// AgentNamed finds the one that is published as a tool of that name.
	AgentNamed(ctx context.Context, tool string) (Stored, error)
	// Agents lists them without their bodies, the oldest first.
	Agents(ctx context.Context) ([]Stored, error)
	// CreateAgent makes one, of which its owner, if it is a caller, becomes an
	// editor. Where the owner has as many as most, it is a Conflict.
	CreateAgent(ctx context.Context, s Stored, most int) error
	// ChangeAgent changes body, tool name, or both.
	ChangeAgent(ctx context.Context, c Change) error
	DeleteAgent(ctx context.Context, id string) error
	// AgentGrants lists what is granted on an agent; AgentGrantsOf what reaches a
	// subject, by its name, a group or a grant to everyone, on one agent or, for
	// "", on all.
	AgentGrants(ctx context.Context, id string) ([]Grant, error)
	AgentGrantsOf(ctx context.Context, subject, id string) ([]Grant, error)
	// GrantAgent gives a subject a role in the place of the one that it has, and
	// gives the subject's one name.
	GrantAgent(ctx context.Context, g Grant) (Grant, error)
	RevokeAgent(ctx context.Context, id, subject string) error
}

// AEAD seals and opens; keyring's AEAD is one.
type AEAD interface {
	Seal(plaintext, aad []byte) ([]byte, error)
	Open(ciphertext, aad []byte) ([]byte, error)
}

// NotFound is the one answer for an agent that is not there and for one that
// the caller may not see.
func NotFound() *fault.Error { return fault.New(fault.NotFound, "there is no agent of this id") }

// IsID reports whether a text is an agent's id, as they are written.
func IsID(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}

// toolName makes the name of an agent's tool, fit for MCP: what of the agent's
// name can stand in one, and the beginning of its id, so that nobody can take
// another tool's name.
func toolName(name, id string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
		if b.Len() >= longestToolName {
			break
		}
	}
	s := strings.Trim(b.String(), "_")
	if s == "" {
		s = "agent"
	}
	return s + "_" + id[:8]
}

const longestToolName = 48

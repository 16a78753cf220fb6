// Package audit is the record: who did what, to which product, with which SQL,
// how it ended. Records are chained per writer (each holds the hash of the one
// before), heads are signed at checkpoints, and a state change commits in the
// same transaction as its record. The format is settled: what is hashed is the
// stored body, byte for byte.
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/postern/postern/internal/auth"
)

// Kind names what happened: noun.verb, with .started/.finished for work that
// takes time.
type Kind string

// The kinds of record.
const (
	TokenIssued        Kind = "token.issued"
	TokenRefused       Kind = "token.refused"
	TokenRevoked       Kind = "token.revoked"
	ClientCreated      Kind = "client.created"
	ClientUpdated      Kind = "client.updated"
	ClientRotated      Kind = "client.secret_rotated"
	ClientRevoked      Kind = "client.tokens_revoked"
	ClientDeleted      Kind = "client.deleted"
	UserCreated        Kind = "user.created"
	UserUpdated        Kind = "user.updated"
	SignedIn           Kind = "user.signed_in"
	SignInRefused      Kind = "user.sign_in_refused"
	SignedOut          Kind = "user.signed_out"
	KeyRotated         Kind = "key.rotated"
	KeyBurned          Kind = "key.burned"
	ProductCreated     Kind = "product.created"
	ProductUpdated     Kind = "product.updated"
	ProductDeleted     Kind = "product.deleted"
	GrantCreated       Kind = "grant.created"
	GrantDeleted       Kind = "grant.deleted"
	MarketplaceCreated Kind = "marketplace.created"
	MarketplaceUpdated Kind = "marketplace.updated"
	MarketplaceDeleted Kind = "marketplace.deleted"
	ProductPublished   Kind = "product.published" // into a marketplace, or with another version there
	ProductUnpublished Kind = "product.unpublished"
	ReportStored       Kind = "report.stored"
	GroupCreated       Kind = "group.created"
	GroupUpdated       Kind = "group.updated"
	GroupDeleted       Kind = "group.deleted"
	CredentialStored   Kind = "credential.stored"
	CredentialTested   Kind = "credential.tested"
	CredentialDeleted  Kind = "credential.deleted"
	QueryStarted       Kind = "query.started"
	QueryFinished      Kind = "query.finished"
	QueryRefused       Kind = "query.refused" // denied or refused before it ran
	QueryJudged        Kind = "query.judged"  // validated, and not run
	SchemaRead         Kind = "schema.read"
	ModelCalled        Kind = "model.called"   // what is about to leave to a language model: which columns, how many bytes
	ModelAnswered      Kind = "model.answered" // how that came out
	LLMStored          Kind = "llm.stored"     // a language model that agents may ask was made or changed
	LLMDeleted         Kind = "llm.deleted"
	LLMKeyStored       Kind = "llm_key.stored"
	LLMKeyDeleted      Kind = "llm_key.deleted"
	ChatCreated        Kind = "chat.created"
	ChatUpdated        Kind = "chat.updated"
	CallQueued         Kind = "call.queued"   // a tool or an agent was called, to be worked later
	ChatCanceled       Kind = "chat.canceled" // what ran in it was asked to end
	ChatsDeleted       Kind = "chat.deleted"  // by retention, with their number
	AgentCreated       Kind = "agent.created"
	AgentUpdated       Kind = "agent.updated" // its definition, or whether it is a tool
	AgentDeleted       Kind = "agent.deleted"
	EvaluationStarted  Kind = "evaluation.started"
	EvaluationFinished Kind = "evaluation.finished"
	EvaluationIgnored  Kind = "evaluation.ignored" // a version was made ready though it answers worse
	AccessDenied       Kind = "access.denied"
	ToolEvent          Kind = "tool.event" // what a client's telemetry said
	ServerStarted      Kind = "server.started"
	StoreRestored      Kind = "store.restored"
)

// Event is one record as its writer gives it. Actor, role, address, token and
// request id are taken from the context by the store, so that no one forgets
// them. Secrets and cell values never belong in it; SQL does, by decision.
type Event struct {
	ID         string         `json:"id"` // 26 characters, sortable by time
	Time       time.Time      `json:"time"`
	Kind       Kind           `json:"kind"`
	RequestID  string         `json:"request_id,omitempty"`
	Actor      string         `json:"actor"` // Caller.Subject()
	ActorName  string         `json:"actor_name,omitempty"`
	Role       string         `json:"role,omitempty"`
	TokenID    string         `json:"token_id,omitempty"`
	Address    string         `json:"address,omitempty"`
	Object     string         `json:"object,omitempty"` // "client:pc_…", "product:sales"
	Product    string         `json:"product,omitempty"`
	SQL        string         `json:"sql,omitempty"`     // as the caller wrote it
	RanSQL     string         `json:"ran_sql,omitempty"` // as it went to the warehouse
	Credential string         `json:"credential,omitempty"`
	Outcome    string         `json:"outcome,omitempty"` // ok, denied, refused, failed, canceled
	Reason     string         `json:"reason,omitempty"`  // scrubbed
	Lock       string         `json:"lock,omitempty"`
	Rows       *int64         `json:"rows,omitempty"`
	Millis     *float64       `json:"ms,omitempty"`
	Of         string         `json:"of,omitempty"` // the started record a finished one belongs to
	Detail     map[string]any `json:"detail,omitempty"`
}

// Stamp fills what comes from the context and the clock.
func (e Event) Stamp(ctx context.Context, now time.Time) Event {
	c := auth.CallerFrom(ctx)
	if e.Actor == "" {
		e.Actor, e.ActorName, e.Role = c.Subject(), c.Name, string(c.Role)
	}
	e.TokenID, e.Address = c.TokenID, c.Address
	e.RequestID = auth.RequestID(ctx)
	e.Time = now.UTC()
	if e.ID == "" {
		e.ID = NewID(now)
	}
	return e
}

// Record is an event as it stands in a chain.
type Record struct {
	Writer string
	Seq    int64
	Body   []byte // the event's JSON, exactly as hashed
	Prev   []byte
	Hash   []byte
}

// Event decodes the body.
func (r Record) Event() (Event, error) {
	var e Event
	err := json.Unmarshal(r.Body, &e)
	return e, err
}

// Seal makes the record that follows prev in writer's chain.
func Seal(writer string, seq int64, prev []byte, e Event) (Record, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return Record{}, err
	}
	r := Record{Writer: writer, Seq: seq, Body: body, Prev: prev}
	r.Hash = r.Sum()
	return r, nil
}

// Sum is the hash the record should have: SHA-256 over prev, the length and
// bytes of the writer's name, the sequence number (big endian) and the body.
func (r Record) Sum() []byte {
	h := sha256.New()
	h.Write(r.Prev)
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(r.Writer)))
	h.Write(n[:])
	h.Write([]byte(r.Writer))
	binary.BigEndian.PutUint64(n[:], uint64(r.Seq))
	h.Write(n[:])
	h.Write(r.Body)
	return h.Sum(nil)
}

// Recorder writes records that are durable when it returns. What cannot be
// recorded must not happen: callers fail on its error.
type Recorder interface {
	Append(ctx context.Context, events ...Event) error
}

// Genesis is what the first record of a chain follows.
var Genesis = make([]byte, sha256.Size)

package auth

import (
	"context"
	"crypto/rand"
	"regexp"
	"strings"
	"time"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/secret"
)

// The limits of a client's access token duration, in whole seconds.
const (
	MinDuration     = 300 * time.Second
	MaxDuration     = 259200 * time.Second
	DefaultDuration = 3600 * time.Second
)

const maxName = 96

// Client is an OAuth client, without its secret.
type Client struct {
	ID           ClientID
	UserID       int64 // its hidden system user
	Name         string
	Role         Role
	Duration     time.Duration // of its access tokens
	SingleActive bool          // a new token ends the ones before
	Disabled     bool          // gets no tokens, and those it has do not work
	Epoch        int64         // tokens of another epoch do not work
	Limits       QueryLimits
	CreatedAt    time.Time
	UpdatedAt    time.Time
	RotatedAt    time.Time // when its secret was made
}

// QueryLimits are how much a client may query, on each node; 0 is no limit.
type QueryLimits struct {
	PerMinute int // queries, and readings of a schema
	InFlight  int // at a time
}

// MaxQueryLimit is the highest of either that can be set.
const MaxQueryLimit = 1_000_000

func (l QueryLimits) check() error {
	for name, n := range map[string]int{"queries_per_minute": l.PerMinute, "queries_in_flight": l.InFlight} {
		if n < 0 || n > MaxQueryLimit {
			return fault.BadField(name, "int_range", "a whole number from 0 (no limit) to %d", MaxQueryLimit)
		}
	}
	return nil
}

// Subject is the name under which the client owns things.
func (c Client) Subject() string { return "client:" + string(c.ID) }

// NewClient is a request to make a client. A zero Duration is the default.
type NewClient struct {
	Name         string
	Role         Role
	Duration     time.Duration
	SingleActive bool
	Limits       QueryLimits
}

// ClientChange changes what is not nil.
type ClientChange struct {
	Role         *Role
	Duration     *time.Duration
	SingleActive *bool
	Disabled     *bool
	PerMinute    *int // of QueryLimits
	InFlight     *int
}

// ClientStore keeps clients. Each change commits with its record.
type ClientStore interface {
	// CreateClient gives the client its user id; Conflict when the name is taken.
	CreateClient(ctx context.Context, c Client, secretMAC []byte) (Client, error)
	Client(ctx context.Context, id ClientID) (Client, error)
	ClientNamed(ctx context.Context, name string) (Client, error)
	Clients(ctx context.Context) ([]Client, error)
	// ClientSecret reads a client with its secret's MAC. An unknown client costs
	// the same work and is not an error: it comes back zero.
	ClientSecret(ctx context.Context, id ClientID) (Client, []byte, error)
	// UpdateClient runs change on the client inside the transaction.
	UpdateClient(ctx context.Context, id ClientID, change func(*Client) error) (Client, error)
	RotateClient(ctx context.Context, id ClientID, secretMAC []byte) (Client, error)
	RevokeClient(ctx context.Context, id ClientID) error
	DeleteClient(ctx context.Context, id ClientID) error
	// TokenRefused records a refusal; Actor and address come from the context.
	TokenRefused(ctx context.Context, r Refusal) error
}

// Refusal is a request for a token that was refused.
type Refusal struct {
	ClientID ClientID // as it was sent, cut to length
	Reason   string
	More     int64 // refusals like it that were not recorded one by one
}

// Clients are the rules of OAuth clients.
type Clients struct {
	Store  ClientStore
	Pepper keyring.MAC // of purpose "client secret"
	Limits *Limits     // nil for none: tests and the command line
	Now    func() time.Time
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9_ -]*[a-z0-9])?$`)

// Create makes a client, and its secret, which is never shown again.
func (cs *Clients) Create(ctx context.Context, n NewClient) (Client, secret.Secret, error) {
	if n.Duration == 0 {
		n.Duration = DefaultDuration
	}
	if err := n.Check(); err != nil {
		return Client{}, secret.Secret{}, err
	}
	s, mac, err := cs.newSecret()
	if err != nil {
		return Client{}, secret.Secret{}, err
	}
	now := cs.Now()
	c := Client{
		ID: newClientID(), Name: n.Name, Role: n.Role, Duration: n.Duration, SingleActive: n.SingleActive,
		Epoch: 1, Limits: n.Limits, CreatedAt: now, UpdatedAt: now, RotatedAt: now,
	}
	c, err = cs.Store.CreateClient(ctx, c, mac)
	return c, s, err
}

// Check says what is wrong with a request, whose Duration has to be given.
func (n NewClient) Check() error {
	if err := checkClient(n.Name, n.Role, n.Duration); err != nil {
		return err
	}
	return n.Limits.check()
}

func checkClient(name string, role Role, d time.Duration) error {
	switch {
	case name == "":
		return fault.Missing("name")
	case len(name) > maxName:
		return fault.BadField("name", "string_too_long", "at most %d characters", maxName)
	case !nameForm.MatchString(name):
		return fault.BadField("name", "string_pattern_mismatch", "lower-case letters, digits, '-', '_' and space; the first and last a letter or digit")
	case role == "":
		return fault.Missing("role")
	}
	if err := checkRole(role); err != nil {
		return err
	}
	return checkDuration(d)
}

func checkRole(r Role) error {
	if r.Valid() {
		return nil
	}
	names := make([]string, len(Roles))
	for i, r := range Roles {
		names[i] = string(r)
	}
	return fault.BadField("role", "enum", "one of %s", strings.Join(names, ", "))
}

func checkDuration(d time.Duration) error {
	if d < MinDuration || d > MaxDuration || d%time.Second != 0 {
		return fault.BadField("access_token_expiry", "int_range", "whole seconds from %d to %d", int(MinDuration.Seconds()), int(MaxDuration.Seconds()))
	}
	return nil
}

// ParseRole reads a role as the wire or a person spells it: "viewer",
// "Server Admin", "SERVER_ADMIN".
func ParseRole(s string) (Role, error) {
	r := Role(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), " ", "_"))
	if s == "" {
		return "", fault.Missing("role")
	}
	return r, checkRole(r)
}

// Get gives one client.
func (cs *Clients) Get(ctx context.Context, id ClientID) (Client, error) {
	return cs.Store.Client(ctx, id)
}

// Named gives the client of a name.
func (cs *Clients) Named(ctx context.Context, name string) (Client, error) {
	return cs.Store.ClientNamed(ctx, name)
}

// List gives all clients, oldest first.
func (cs *Clients) List(ctx context.Context) ([]Client, error) { return cs.Store.Clients(ctx) }

// Update changes duration, role or switches. A role holds from the next
// request on, also for tokens that are out; a duration from the next token on.
func (cs *Clients) Update(ctx context.Context, id ClientID, ch ClientChange) (Client, error) {
	if ch == (ClientChange{}) {
		return cs.Get(ctx, id) // nothing is asked for, so nothing is recorded
	}
	return cs.Store.UpdateClient(ctx, id, func(c *Client) error {
		if ch.Role != nil {
			c.Role = *ch.Role
		}
		if ch.Duration != nil {
			c.Duration = *ch.Duration
		}
		if ch.SingleActive != nil {
			c.SingleActive = *ch.SingleActive
		}
		if ch.Disabled != nil {
			c.Disabled = *ch.Disabled
		}
		if ch.PerMinute != nil {
			c.Limits.PerMinute = *ch.PerMinute
		}
		if ch.InFlight != nil {
			c.Limits.InFlight = *ch.InFlight
		}
		c.UpdatedAt = cs.Now()
		if err := c.Limits.check(); err != nil {
			return err
		}
		return checkClient(c.Name, c.Role, c.Duration)
	})
}

// Rotate gives the client a new secret. The old one is refused at once; tokens
// that are out live on.
func (cs *Clients) Rotate(ctx context.Context, id ClientID) (Client, secret.Secret, error) {
	s, mac, err := cs.newSecret()
	if err != nil {
		return Client{}, secret.Secret{}, err
	}
	c, err := cs.Store.RotateClient(ctx, id, mac)
	if err != nil {
		return Client{}, secret.Secret{}, err
	}
	return c, s, nil
}

// Revoke ends the client's tokens. It may get new ones.
func (cs *Clients) Revoke(ctx context.Context, id ClientID) error {
	return cs.Store.RevokeClient(ctx, id)
}

// Delete ends the client and its tokens, and suspends its system user.
func (cs *Clients) Delete(ctx context.Context, id ClientID) error {
	return cs.Store.DeleteClient(ctx, id)
}

const clientIDPrefix = "pc_"

func newClientID() ClientID { return ClientID(clientIDPrefix + strings.ToLower(rand.Text())) }

func (cs *Clients) newSecret() (secret.Secret, []byte, error) {
	s := newSecret()
	mac, err := cs.Pepper.Sum([]byte(s))
	return secret.New(s), mac, err
}

package auth

import (
	"context"
	"strings"
	"time"

	"github.com/postern/postern/internal/fault"
)

// Group is a set of callers that things are shared with at once.
type Group struct {
	ID        int64
	Name      string   // unique; spelled as a client's
	Members   []string // "client:<id>", "user:<id>", in order
	CreatedBy string
	CreatedAt time.Time
}

// Subject is the name under which things are granted to the group.
func (g Group) Subject() string { return "group:" + itoa(g.ID) }

// GroupStore keeps groups. Each change commits with its record.
type GroupStore interface {
	// CreateGroup gives the group its id; Conflict when the name is taken.
	CreateGroup(ctx context.Context, name string) (Group, error)
	Group(ctx context.Context, id int64) (Group, error)
	GroupNamed(ctx context.Context, name string) (Group, error)
	// Groups lists all by name.
	Groups(ctx context.Context) ([]Group, error)
	// AddMember adds a caller that there is; one that is in already is no error.
	AddMember(ctx context.Context, id int64, subject string) error
	RemoveMember(ctx context.Context, id int64, subject string) error
	// DeleteGroup deletes the group and what was granted to it.
	DeleteGroup(ctx context.Context, id int64) error
}

// Groups are the rules of groups.
type Groups struct{ Store GroupStore }

// Create makes an empty group.
func (gs *Groups) Create(ctx context.Context, name string) (Group, error) {
	switch {
	case name == "":
		return Group{}, fault.Missing("name")
	case len(name) > maxName:
		return Group{}, fault.BadField("name", "string_too_long", "at most %d characters", maxName)
	case !nameForm.MatchString(name):
		return Group{}, fault.BadField("name", "string_pattern", "lower-case letters, digits, -, _ and space; the first and the last must be a letter or a digit")
	}
	return gs.Store.CreateGroup(ctx, name)
}

// Get gives one group with its members.
func (gs *Groups) Get(ctx context.Context, id int64) (Group, error) { return gs.Store.Group(ctx, id) }

// Named finds a group by its name.
func (gs *Groups) Named(ctx context.Context, name string) (Group, error) {
	return gs.Store.GroupNamed(ctx, name)
}

// List lists all groups by name.
func (gs *Groups) List(ctx context.Context) ([]Group, error) { return gs.Store.Groups(ctx) }

// Add puts a client or a person into the group.
func (gs *Groups) Add(ctx context.Context, id int64, subject string) error {
	if kind, name, ok := strings.Cut(subject, ":"); !ok || name == "" || kind != "client" && kind != "user" {
		return fault.BadField("subject_type", "literal_error", "a group's members are clients and users")
	}
	return gs.Store.AddMember(ctx, id, subject)
}

// Remove takes a client or a person out of the group.
func (gs *Groups) Remove(ctx context.Context, id int64, subject string) error {
	return gs.Store.RemoveMember(ctx, id, subject)
}

// Delete deletes the group, and with it everything that was granted to it.
func (gs *Groups) Delete(ctx context.Context, id int64) error { return gs.Store.DeleteGroup(ctx, id) }

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

type groupCmd struct {
	Create groupCreateCmd `cmd:"" help:"Make a group, to share data products with several clients and people at once."`
	List   groupListCmd   `cmd:"" help:"List the groups with their members."`
	Add    groupAddCmd    `cmd:"" help:"Put a client or a person into a group."`
	Remove groupRemoveCmd `cmd:"" help:"Take a client or a person out of a group."`
	Delete groupDeleteCmd `cmd:"" help:"Delete a group, and with it everything that was shared with it."`
}

func (s *state) groups() *auth.Groups { return &auth.Groups{Store: s.db} }

// shownGroup is a group as the commands print it.
type shownGroup struct {
	ID      int64    `json:"id"`
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

func showGroup(g auth.Group) shownGroup {
	return shownGroup{g.ID, g.Name, append([]string{}, g.Members...)}
}

// oneGroup is a command on one group.
type oneGroup struct {
	output
	stateFlags
	Group string `arg:"" help:"The group's name." placeholder:"NAME"`
}

// with opens the state and finds the group.
func (o oneGroup) with(ctx context.Context, do func(*state, auth.Group) error) error {
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	g, err := s.findGroup(ctx, o.Group)
	if err != nil {
		return err
	}
	return do(s, g)
}

func (s *state) findGroup(ctx context.Context, name string) (auth.Group, error) {
	g, err := s.groups().Named(ctx, name)
	if fault.Is(err, fault.NotFound) {
		err = hint(fmt.Errorf("there is no group %q", name), "postern group list shows them")
	}
	return g, err
}

type groupCreateCmd struct {
	output
	stateFlags
	Name string `arg:"" help:"Lower-case letters, digits, -, _ and space." placeholder:"NAME"`
}

// Run makes an empty group.
func (g groupCreateCmd) Run(ctx context.Context, c *terminal) error {
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	made, err := s.groups().Create(asOperator(ctx), g.Name)
	if err != nil {
		return err
	}
	return c.print(g.JSON, showGroup(made), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "created the group %s (number %d)\n", made.Name, made.ID)
		return err
	})
}

type groupListCmd struct {
	output
	stateFlags
}

// Run lists the groups.
func (g groupListCmd) Run(ctx context.Context, c *terminal) error {
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	all, err := s.groups().List(ctx)
	if err != nil {
		return err
	}
	out := make([]shownGroup, 0, len(all))
	for _, one := range all {
		out = append(out, showGroup(one))
	}
	return c.print(g.JSON, out, func(w io.Writer) error {
		tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
		_, _ = fmt.Fprintln(tw, "NUMBER\tGROUP\tMEMBERS")
		for _, o := range out {
			_, _ = fmt.Fprintf(tw, "%d\t%s\t%s\n", o.ID, o.Name, strings.Join(o.Members, " "))
		}
		return tw.Flush()
	})
}

// member names a client or a person.
type member struct {
	Client string `xor:"member" help:"A client's name or id." placeholder:"NAME"`
	User   string `xor:"member" help:"A person's username." placeholder:"NAME"`
}

func (m member) subject(ctx context.Context, s *state) (string, error) {
	switch {
	case m.Client != "":
		cl, err := s.findClient(ctx, m.Client)
		return cl.Subject(), err
	case m.User != "":
		u, err := s.db.UserByName(ctx, strings.ToLower(m.User))
		if fault.Is(err, fault.NotFound) || err == nil && u.System {
			err = hint(fmt.Errorf("there is no user %q", m.User), "postern user list shows them")
		}
		return "user:" + strconv.FormatInt(u.ID, 10), err
	}
	return "", errors.New("name the member with --client or --user")
}

type groupAddCmd struct {
	oneGroup
	member
}

// Run adds the member.
func (g groupAddCmd) Run(ctx context.Context, c *terminal) error {
	return g.with(ctx, func(s *state, to auth.Group) error {
		who, err := g.subject(ctx, s)
		if err != nil {
			return err
		}
		if err := s.groups().Add(asOperator(ctx), to.ID, who); err != nil {
			return err
		}
		return c.print(g.JSON, map[string]any{"id": to.ID, "name": to.Name, "added": who}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s is in %s\n", who, to.Name)
			return err
		})
	})
}

type groupRemoveCmd struct {
	oneGroup
	member
}

// Run takes the member out.
func (g groupRemoveCmd) Run(ctx context.Context, c *terminal) error {
	return g.with(ctx, func(s *state, of auth.Group) error {
		who, err := g.subject(ctx, s)
		if err != nil {
			return err
		}
		if err := s.groups().Remove(asOperator(ctx), of.ID, who); err != nil {
			return err
		}
		return c.print(g.JSON, map[string]any{"id": of.ID, "name": of.Name, "removed": who}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s is in %s no more\n", who, of.Name)
			return err
		})
	})
}

type groupDeleteCmd struct{ oneGroup }

// Run deletes the group.
func (g groupDeleteCmd) Run(ctx context.Context, c *terminal) error {
	return g.with(ctx, func(s *state, one auth.Group) error {
		if err := s.groups().Delete(asOperator(ctx), one.ID); err != nil {
			return err
		}
		return c.print(g.JSON, map[string]any{"id": one.ID, "name": one.Name, "deleted": true}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "the group %s is deleted, and what was shared with it is not any more\n", one.Name)
			return err
		})
	})
}

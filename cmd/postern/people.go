package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/postern/postern/internal/fault"
)

type peopleCmd struct {
	List  peopleListCmd  `cmd:"" help:"List the people who may sign in at the console."`
	Reset peopleResetCmd `cmd:"" help:"Print a one-time link with which a person sets a new password."`
}

type peopleListCmd struct {
	output
	stateFlags
}

// shownPerson is a person as the commands print it.
type shownPerson struct {
	Username  string    `json:"username"`
	Role      string    `json:"role"`
	Suspended bool      `json:"suspended"`
	CreatedAt time.Time `json:"created_at"`
}

// Run lists the people.
func (p peopleListCmd) Run(ctx context.Context, c *terminal) error {
	s, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	all, err := s.people().Users(ctx)
	if err != nil {
		return err
	}
	out := make([]shownPerson, 0, len(all))
	for _, u := range all {
		out = append(out, shownPerson{u.Username, string(u.Role), u.Suspended, u.CreatedAt})
	}
	return c.print(p.JSON, out, func(w io.Writer) error {
		tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
		_, _ = fmt.Fprintln(tw, "USERNAME\tROLE\tSUSPENDED\tCREATED")
		for _, o := range out {
			_, _ = fmt.Fprintf(tw, "%s\t%s\t%t\t%s\n", o.Username, o.Role, o.Suspended, o.CreatedAt.Format(time.RFC3339))
		}
		return tw.Flush()
	})
}

type peopleResetCmd struct {
	output
	stateFlags
	PublicURL string `name:"public-url" env:"POSTERN_PUBLIC_URL" default:"http://127.0.0.1:8080" help:"The URL at which the server is reached." placeholder:"URL"`
	Username  string `arg:"" help:"The person's username." placeholder:"NAME"`
}

// Run makes the link. Whoever runs this can read the store anyway.
func (p peopleResetCmd) Run(ctx context.Context, c *terminal) error {
	public, err := publicURL(p.PublicURL, "", "", "")
	if err != nil {
		return err
	}
	s, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	u, token, until, err := s.people().Reset(asOperator(ctx), p.Username)
	if fault.Is(err, fault.NotFound) {
		return hint(fmt.Errorf("there is no user %q", p.Username), "postern user list shows them; while there is no admin, serve prints the link that makes one")
	}
	if err != nil {
		return err
	}
	v := map[string]string{"username": u.Username, "link": public + "/admin/reset/" + token.Reveal(), "expires_at": until.UTC().Format(time.RFC3339)}
	return c.print(p.JSON, v, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Open this link once, before %s, to set %s's password:\n\n  %s\n\nThe old password works until then.\n", v["expires_at"], u.Username, v["link"])
		return err
	})
}

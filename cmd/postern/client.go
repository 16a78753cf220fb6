package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

type clientCmd struct {
	Create clientCreateCmd `cmd:"" help:"Make a client; its secret is shown once."`
	List   clientListCmd   `cmd:"" help:"List the clients."`
	Show   clientShowCmd   `cmd:"" help:"Show one client."`
	Update clientUpdateCmd `cmd:"" help:"Change a client's role, token duration or single active token."`
	Rotate clientRotateCmd `cmd:"" help:"Give a client a new secret; the old one ends at once, tokens already issued do not."`
	Revoke clientRevokeCmd `cmd:"" help:"End all tokens of a client; it may get new ones."`
	Delete clientDeleteCmd `cmd:"" help:"Delete a client; its tokens end."`
}

// shownClient is a client as the commands print it.
type shownClient struct {
	ClientID     string    `json:"client_id"`
	ClientSecret string    `json:"client_secret,omitempty"`
	Name         string    `json:"name"`
	Role         string    `json:"role"`
	Duration     int64     `json:"access_token_duration"`
	SingleActive bool      `json:"single_active_token,omitempty"`
	PerMinute    int       `json:"queries_per_minute,omitempty"`
	InFlight     int       `json:"queries_in_flight,omitempty"`
	CreatedAt    time.Time `json:"created_at,omitzero"`
}

func showClient(cl auth.Client, s secret.Secret) shownClient {
	return shownClient{string(cl.ID), s.Reveal(), cl.Name, string(cl.Role), int64(cl.Duration / time.Second), cl.SingleActive, cl.Limits.PerMinute, cl.Limits.InFlight, cl.CreatedAt}
}

func printClient(w io.Writer, cl shownClient) error {
	tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	_, _ = fmt.Fprintf(tw, "client_id\t%s\n", cl.ClientID)
	if cl.ClientSecret != "" {
		_, _ = fmt.Fprintf(tw, "client_secret\t%s\t(not shown again)\n", cl.ClientSecret)
	}
	_, _ = fmt.Fprintf(tw, "name\t%s\nrole\t%s\ntokens live\t%d s\n", cl.Name, cl.Role, cl.Duration)
	if cl.SingleActive {
		_, _ = fmt.Fprintf(tw, "single active token\tyes\n")
	}
	if cl.PerMinute > 0 {
		_, _ = fmt.Fprintf(tw, "queries a minute\t%d\n", cl.PerMinute)
	}
	if cl.InFlight > 0 {
		_, _ = fmt.Fprintf(tw, "queries at a time\t%d\n", cl.InFlight)
	}
	return tw.Flush()
}

// clients opens the state and gives its clients.
func (f stateFlags) clients(ctx context.Context) (*state, *auth.Clients, error) {
	s, err := f.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	return s, s.clients(), nil
}

type clientCreateCmd struct {
	output
	stateFlags
	Name         string `required:"" help:"Unique: lower-case letters, digits, - _ and space." placeholder:"N"`
	Role         string `required:"" help:"${roles}." placeholder:"R"`
	Duration     int64  `default:"3600" help:"How long its tokens live, in whole seconds, 300 to 259200." placeholder:"S"`
	SingleActive bool   `name:"single-active-token" help:"A new token ends the ones before."`
	PerMinute    int    `name:"queries-per-minute" help:"How many queries it may run a minute, on each node; 0 is no limit." placeholder:"N"`
	InFlight     int    `name:"queries-in-flight" help:"How many queries it may have under way, on each node; 0 is no limit." placeholder:"N"`
}

// Run makes the client.
func (cc clientCreateCmd) Run(ctx context.Context, c *terminal) error {
	role, d, err := roleAndDuration(cc.Role, cc.Duration)
	if err != nil {
		return err
	}
	s, clients, err := cc.clients(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	cl, sec, err := clients.Create(asOperator(ctx), auth.NewClient{Name: cc.Name, Role: role, Duration: d, SingleActive: cc.SingleActive, Limits: auth.QueryLimits{PerMinute: cc.PerMinute, InFlight: cc.InFlight}})
	if err != nil {
		return err
	}
	v := showClient(cl, sec)
	v.CreatedAt = time.Time{} // its output is these five keys: scripts rely on it
	return c.print(cc.JSON, v, func(w io.Writer) error { return printClient(w, v) })
}

// roleAndDuration checks both before anything is opened. A duration of more
// seconds than fit is refused like any other that is out of range.
func roleAndDuration(role string, seconds int64) (auth.Role, time.Duration, error) {
	if seconds < int64(auth.MinDuration/time.Second) || seconds > int64(auth.MaxDuration/time.Second) {
		return "", 0, fmt.Errorf("--duration must be whole seconds from %d to %d", int64(auth.MinDuration/time.Second), int64(auth.MaxDuration/time.Second))
	}
	r, err := auth.ParseRole(role)
	return r, time.Duration(seconds) * time.Second, err
}

type clientListCmd struct {
	output
	stateFlags
}

// Run lists the clients.
func (cl clientListCmd) Run(ctx context.Context, c *terminal) error {
	s, clients, err := cl.clients(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	all, err := clients.List(ctx)
	if err != nil {
		return err
	}
	out := make([]shownClient, 0, len(all))
	for _, one := range all {
		out = append(out, showClient(one, secret.Secret{}))
	}
	return c.print(cl.JSON, out, func(w io.Writer) error {
		tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
		_, _ = fmt.Fprintln(tw, "CLIENT ID\tNAME\tROLE\tTOKENS LIVE\tCREATED")
		for _, o := range out {
			_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%d s\t%s\n", o.ClientID, o.Name, o.Role, o.Duration, o.CreatedAt.Format(time.DateOnly))
		}
		return tw.Flush()
	})
}

// one is a command on one client.
type oneClient struct {
	output
	stateFlags
	ID string `arg:"" help:"The client's id." placeholder:"ID"`
}

// absent says how to find the id of a client that is not there.
func (o oneClient) absent(err error) error {
	if fault.Is(err, fault.NotFound) {
		return hint(fmt.Errorf("client %q not found", o.ID), "give its id; postern client list shows them")
	}
	return err
}

type clientShowCmd struct{ oneClient }

// Run shows the client.
func (cs clientShowCmd) Run(ctx context.Context, c *terminal) error {
	s, clients, err := cs.clients(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	cl, err := clients.Get(ctx, auth.ClientID(cs.ID))
	if err != nil {
		return cs.absent(err)
	}
	v := showClient(cl, secret.Secret{})
	return c.print(cs.JSON, v, func(w io.Writer) error { return printClient(w, v) })
}

type clientUpdateCmd struct {
	oneClient
	Role         string `help:"${roles}." placeholder:"R"`
	Duration     int64  `help:"How long its tokens live, in whole seconds, 300 to 259200." placeholder:"S"`
	SingleActive *bool  `name:"single-active-token" negatable:"" help:"A new token ends the ones before."`
	PerMinute    *int   `name:"queries-per-minute" help:"How many queries it may run a minute, on each node; 0 is no limit." placeholder:"N"`
	InFlight     *int   `name:"queries-in-flight" help:"How many queries it may have under way, on each node; 0 is no limit." placeholder:"N"`
}

// Run changes what is given.
func (cu clientUpdateCmd) Run(ctx context.Context, c *terminal) error {
	change := auth.ClientChange{SingleActive: cu.SingleActive, PerMinute: cu.PerMinute, InFlight: cu.InFlight}
	if cu.Role != "" {
		r, err := auth.ParseRole(cu.Role)
		if err != nil {
			return err
		}
		change.Role = &r
	}
	if cu.Duration != 0 {
		_, d, err := roleAndDuration(string(auth.Viewer), cu.Duration)
		if err != nil {
			return err
		}
		change.Duration = &d
	}
	s, clients, err := cu.clients(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	cl, err := clients.Update(asOperator(ctx), auth.ClientID(cu.ID), change)
	if err != nil {
		return cu.absent(err)
	}
	v := showClient(cl, secret.Secret{})
	return c.print(cu.JSON, v, func(w io.Writer) error { return printClient(w, v) })
}

type clientRotateCmd struct{ oneClient }

// Run gives the client a new secret.
func (cr clientRotateCmd) Run(ctx context.Context, c *terminal) error {
	s, clients, err := cr.clients(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	cl, sec, err := clients.Rotate(asOperator(ctx), auth.ClientID(cr.ID))
	if err != nil {
		return cr.absent(err)
	}
	v := showClient(cl, sec)
	return c.print(cr.JSON, v, func(w io.Writer) error { return printClient(w, v) })
}

type clientRevokeCmd struct{ oneClient }

// Run ends the client's tokens.
func (cr clientRevokeCmd) Run(ctx context.Context, c *terminal) error {
	s, clients, err := cr.clients(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := clients.Revoke(asOperator(ctx), auth.ClientID(cr.ID)); err != nil {
		return cr.absent(err)
	}
	return c.print(cr.JSON, map[string]any{"client_id": cr.ID, "revoked": true}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "The tokens of %s have ended. It may get new ones; postern client delete ends that too.\n", cr.ID)
		return err
	})
}

type clientDeleteCmd struct{ oneClient }

// Run deletes the client.
func (cd clientDeleteCmd) Run(ctx context.Context, c *terminal) error {
	s, clients, err := cd.clients(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := clients.Delete(asOperator(ctx), auth.ClientID(cd.ID)); err != nil {
		return cd.absent(err)
	}
	return c.print(cd.JSON, map[string]any{"client_id": cd.ID, "deleted": true}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Client %s is deleted and its tokens have ended.\n", cd.ID)
		return err
	})
}

package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/postern/postern/internal/fault"
)

type keysCmd struct {
	List   keysListCmd   `cmd:"" help:"List the signing keys and their states."`
	Rotate keysRotateCmd `cmd:"" help:"Make a new signing key; tokens signed with the old one live until they expire."`
	Burn   keysBurnCmd   `cmd:"" help:"End a signing key and every token signed with it, at once."`
}

type keysListCmd struct {
	output
	stateFlags
}

// shownKey is a signing key as the commands print it.
type shownKey struct {
	KeyID     string    `json:"kid"`
	Alg       string    `json:"alg"`
	State     string    `json:"state"`
	CreatedAt time.Time `json:"created_at"`
	ActiveAt  time.Time `json:"active_at"`
}

// Run lists the keys.
func (k keysListCmd) Run(ctx context.Context, c *terminal) error {
	s, err := k.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	all, err := s.keys("").List(ctx)
	if err != nil {
		return err
	}
	out := make([]shownKey, 0, len(all))
	for _, i := range all {
		out = append(out, shownKey{i.ID, string(i.Alg), string(i.State), i.CreatedAt, i.ActiveAt})
	}
	return c.print(k.JSON, out, func(w io.Writer) error {
		tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
		_, _ = fmt.Fprintln(tw, "KEY ID\tALG\tSTATE\tSIGNS FROM")
		for _, o := range out {
			_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", o.KeyID, o.Alg, o.State, o.ActiveAt.Format(time.RFC3339))
		}
		return tw.Flush()
	})
}

type keysRotateCmd struct {
	output
	stateFlags
	SigningAlg string `name:"signing-alg" env:"POSTERN_SIGNING_ALG" default:"ES256" enum:"ES256,EdDSA,RS256" help:"The new key's algorithm (ES256, EdDSA, RS256)."`
}

// Run makes a new key.
func (k keysRotateCmd) Run(ctx context.Context, c *terminal) error {
	s, err := k.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	kid, err := s.keys(k.SigningAlg).Rotate(asOperator(ctx))
	if err != nil {
		return err
	}
	return c.print(k.JSON, map[string]string{"kid": kid}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Key %s is published and signs soon; tokens signed with the old key live until they expire.\n", kid)
		return err
	})
}

type keysBurnCmd struct {
	output
	stateFlags
	KeyID string `arg:"" name:"kid" help:"The key's id." placeholder:"KID"`
}

// Run ends the key and says how many tokens went with it.
func (k keysBurnCmd) Run(ctx context.Context, c *terminal) error {
	s, err := k.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	b, err := s.keys("").Burn(asOperator(ctx), k.KeyID)
	if fault.Is(err, fault.NotFound) {
		return hint(err, "postern keys list shows them")
	}
	if err != nil {
		return err
	}
	v := map[string]any{"kid": k.KeyID, "tokens": b.Tokens, "clients": b.Clients, "signs_now": b.Signer}
	return c.print(k.JSON, v, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Key %s is burned: %d tokens of %d clients stopped working. %s signs now.\n", k.KeyID, b.Tokens, b.Clients, b.Signer)
		return err
	})
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"github.com/postern/postern/internal/secret"
)

type tokenCmd struct {
	output
	clientFlags
}

// Run prints a fresh access token.
func (t tokenCmd) Run(ctx context.Context, c *terminal) error {
	a, err := t.api()
	if err != nil {
		return err
	}
	g, err := a.fetchToken(ctx)
	if err != nil {
		return err
	}
	return c.print(t.JSON, g, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, g.AccessToken)
		return err
	})
}

type credentialCmd struct {
	Set credentialSetCmd `cmd:"" help:"Store a warehouse login for a data product; the password comes from stdin."`
}

type credentialSetCmd struct {
	output
	clientFlags
	Product  string `required:"" help:"The data product." placeholder:"ID"`
	Username string `required:"" help:"The warehouse user." placeholder:"U"`
	State    string `default:"default" help:"Your own name for this credential." placeholder:"S"`
}

// storedCredential is the API's answer.
type storedCredential struct {
	AuthID   string `json:"auth_id"`
	State    string `json:"state"`
	DPID     string `json:"dp_id"`
	Username string `json:"username"`
	AuthType string `json:"auth_type"`
	Status   string `json:"status"`
	Reason   string `json:"reason,omitempty"`
}

// Run stores the credential and says whether the login worked.
func (s credentialSetCmd) Run(ctx context.Context, c *terminal) error {
	a, err := s.api()
	if err != nil {
		return err
	}
	pw, err := readPassword(c, "Password for "+s.Username+": ")
	if err != nil {
		return err
	}
	var got storedCredential
	in := map[string]string{"state": s.State, "username": s.Username, "password": pw.Reveal(), "dp_id": s.Product}
	if err := a.call(ctx, http.MethodPost, "/api/v2/auth/credentials/", in, &got); err != nil {
		return err
	}
	if err := c.print(s.JSON, got, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\n", got.AuthID, got.DPID, got.Status)
		return err
	}); err != nil {
		return err
	}
	switch got.Status {
	case "rejected":
		return hint(errors.New(got.Reason), "run the command again with the right user and password")
	case "unverified":
		c.progress("The login is stored, but could not be tried: %s", got.Reason)
	}
	return nil
}

// readPassword reads one line from stdin, without echo on a terminal.
func readPassword(c *terminal, prompt string) (secret.Secret, error) {
	if term.IsTerminal(int(c.in.Fd())) {
		_, _ = fmt.Fprint(c.err, prompt)
		b, err := term.ReadPassword(int(c.in.Fd()))
		c.progress("")
		return secret.New(string(b)), err
	}
	line, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return secret.Secret{}, err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return secret.Secret{}, hint(errors.New("no password on stdin"), "for example: printf %s \"$PASSWORD\" | postern credential set ...")
	}
	return secret.New(line), nil
}

type schemaCmd struct {
	output
	clientFlags
	Product string   `required:"" help:"The data product." placeholder:"ID"`
	Query   string   `help:"Rank tables and columns by these words." placeholder:"WORDS"`
	Table   []string `help:"Only this table, in full; may be repeated." placeholder:"NAME"`
}

// Run prints the schema.
func (s schemaCmd) Run(ctx context.Context, c *terminal) error {
	a, err := s.api()
	if err != nil {
		return err
	}
	in := map[string]any{"data_product_id": s.Product}
	if s.Query != "" {
		in["query"] = s.Query
	}
	if len(s.Table) > 0 {
		in["tables"] = s.Table
	}
	content, err := a.tool(ctx, "get_data_schema_tool", in)
	if err != nil {
		return err
	}
	return c.print(s.JSON, content, func(w io.Writer) error { return printSchema(w, c.err, content) })
}

// printSchema prints the tables, and on progress what of them is not there.
func printSchema(w, progress io.Writer, content json.RawMessage) error {
	var schema struct {
		Tables []struct {
			Name        string `json:"name"`
			Description string `json:"description"`
			Columns     []struct {
				Name        string `json:"name"`
				Type        string `json:"type"`
				Description string `json:"description"`
			} `json:"columns"`
		} `json:"tables"`
		Reason  string `json:"reason"`
		LeftOut struct {
			Tables []string `json:"tables"`
		} `json:"left_out"`
	}
	if err := json.Unmarshal(content, &schema); err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	for _, t := range schema.Tables {
		_, _ = fmt.Fprintf(tw, "%s\t\t%s\n", t.Name, t.Description)
		for _, col := range t.Columns {
			_, _ = fmt.Fprintf(tw, "  %s\t%s\t%s\n", col.Name, col.Type, col.Description)
		}
	}
	if err := tw.Flush(); err != nil || schema.Reason == "" {
		return err
	}
	_, err := fmt.Fprintf(progress, "%s\nNot shown: %s\nSee them with --table NAME, or put others first with --query WORDS.\n", schema.Reason, strings.Join(schema.LeftOut.Tables, ", "))
	return err
}

type sqlCmd struct {
	output
	clientFlags
	Product   string `required:"" help:"The data product." placeholder:"ID"`
	Format    string `default:"table" enum:"table,json,ndjson,csv,arrow,parquet" help:"table, json, ndjson, csv, arrow or parquet."`
	Limit     int64  `help:"At most this many rows." placeholder:"N"`
	Statement string `arg:"" name:"sql" help:"The statement; - reads it from stdin."`
}

var accept = map[string]string{
	"json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv",
	"arrow": "application/vnd.apache.arrow.stream", "parquet": "application/vnd.apache.parquet", "table": "application/json",
}

// Run streams the result to stdout.
func (s sqlCmd) Run(ctx context.Context, c *terminal) error {
	a, err := s.api()
	if err != nil {
		return err
	}
	if s.JSON {
		s.Format = "json"
	}
	if s.Format == "arrow" || s.Format == "parquet" {
		if f, ok := c.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			return hint(fmt.Errorf("%s is binary and stdout is a terminal", s.Format), "redirect it: > result."+s.Format)
		}
	}
	if s.Statement == "-" {
		b, err := io.ReadAll(c.in)
		if err != nil {
			return err
		}
		s.Statement = string(b)
	}
	res, err := s.send(ctx, a)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	if s.Format == "table" {
		return printTable(c.out, res.Body)
	}
	if _, err := io.Copy(c.out, res.Body); err != nil {
		return fmt.Errorf("the result broke off and is not complete: %w", err)
	}
	return nil
}

func (s sqlCmd) send(ctx context.Context, a *api) (*http.Response, error) {
	in := map[string]any{"sql": s.Statement}
	if s.Limit > 0 {
		in["limit"] = s.Limit
	}
	req, err := a.request(ctx, http.MethodPost, "/api/v2/data-product/"+url.PathEscape(s.Product)+"/query/", in)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept[s.Format])
	res, err := a.http.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close() //nolint:errcheck // answerError reads it
		return nil, answerError(res)
	}
	return res, nil
}

// printTable reads the JSON result and lines its columns up.
func printTable(w io.Writer, r io.Reader) error {
	var t struct {
		Columns []struct {
			Name string `json:"name"`
		} `json:"columns"`
		Rows     [][]json.RawMessage `json:"rows"`
		Complete bool                `json:"complete"`
	}
	if err := json.NewDecoder(r).Decode(&t); err != nil || !t.Complete {
		return fmt.Errorf("the result broke off and is not complete: %w", err)
	}
	return writeTable(w, columnNames(t.Columns), t.Rows)
}

func columnNames(columns []struct {
	Name string `json:"name"`
}) []string {
	names := make([]string, len(columns))
	for i, col := range columns {
		names[i] = plain(json.RawMessage(strconv.Quote(col.Name)))
	}
	return names
}

// writeTable lines columns up.
func writeTable(w io.Writer, names []string, rows [][]json.RawMessage) error {
	tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, strings.Join(names, "\t"))
	cells := make([]string, len(names))
	for _, row := range rows {
		for i, v := range row {
			cells[i] = plain(v)
		}
		_, _ = fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "(%d rows)\n", len(rows))
	return err
}

// plain writes a JSON value for a terminal: control characters in data must
// not reach it.
func plain(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) != nil {
		return string(v)
	}
	return printable(s)
}

// printable takes control characters out of a line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

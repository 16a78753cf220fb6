package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/internal/draft"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/warehouse"
)

type productDraftCmd struct {
	output
	URI       string        `required:"" help:"The warehouse: postgresql://host/db, duckdb:///path/file.duckdb or sqlite:///path/file.sqlite." placeholder:"URI"`
	ID        string        `name:"id" help:"The product's id; from the database's name by default." placeholder:"ID"`
	Name      string        `help:"The product's name for people." placeholder:"NAME"`
	Username  string        `help:"Sign in as this user; the password comes from stdin." placeholder:"U"`
	Schema    []string      `help:"Only tables of these schemas." placeholder:"NAME"`
	Tables    []string      `help:"Only these tables: names or patterns such as fact_*, with or without their schema." placeholder:"NAME"`
	NoSamples bool          `help:"Leave the data's values out of the spec."`
	Within    time.Duration `default:"5m" help:"How long to look into the tables; what is not reached stays uncounted." placeholder:"TIME"`
}

// anywhere lets an operator's own command reach the warehouse it was told of.
var anywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// Run writes the spec on stdout and says on stderr what it is doing.
func (d productDraftCmd) Run(ctx context.Context, c *terminal) error {
	login, uri, err := d.login(c)
	if err != nil {
		return err
	}
	doc, err := d.draft(ctx, c, uri, login)
	if err != nil {
		return err
	}
	if !d.JSON {
		_, err = c.out.Write(doc)
		return err
	}
	p, err := product.Parse(doc)
	if err != nil {
		return err
	}
	return c.print(true, p.Spec, nil)
}

// sessions is how many tables are looked at side by side.
const sessions = 4

// draft reads the schema, looks into the tables, and writes the spec.
func (d productDraftCmd) draft(ctx context.Context, c *terminal, uri string, login warehouse.Login) ([]byte, error) {
	src, err := product.ParseSource(uri)
	if err != nil {
		return nil, err
	}
	if src, err = (product.Files{Operator: true}).Check(src); err != nil {
		return nil, err
	}
	p := pool(anywhere)
	defer p.Close()
	c.progress("reading the schema")
	began := time.Now()
	schema, err := introspect(ctx, p, src, login)
	if err == nil {
		schema, err = d.filter(schema)
	}
	if err != nil {
		return nil, err
	}
	columns, keys := 0, 0
	for _, t := range schema.Tables {
		columns, keys = columns+len(t.Columns), keys+len(t.ForeignKeys)
	}
	c.progress("%d tables, %d columns, %d foreign keys", len(schema.Tables), columns, keys)
	read := time.Since(began)
	schema = draft.Named(schema)
	m := draft.Model(schema, src.Engine)
	var open []draft.Session
	for range min(sessions, max(1, len(schema.Tables))) {
		lease, err := p.Acquire(ctx, "draft", src, login)
		if err != nil && len(open) == 0 {
			return nil, err
		}
		if err == nil { // otherwise the warehouse takes no more
			defer lease.Release()
			open = append(open, session{lease, draft.Usual.Table})
		}
	}
	bar := &bar{c: c, began: time.Now()}
	bounds := draft.Usual
	bounds.Within = d.Within
	err = draft.Look(ctx, schema, m, open, bounds, bar.tell)
	bar.end()
	if ctx.Err() != nil {
		return nil, errors.New("interrupted: no draft is written")
	}
	if err != nil {
		return nil, err
	}
	looked := time.Since(began) - read
	doc, err := draft.Spec(schema, m, draft.Options{URI: uri, ID: d.ID, Name: d.Name, NoLogin: login.Username == "", NoSamples: d.NoSamples})
	if err != nil {
		return nil, err
	}
	c.progress("%d guesses are marked x-postern-inferred; schema %s, looks %s, writing %s", strings.Count(string(doc), "x-postern-inferred:"),
		rounded(read), rounded(looked), rounded(time.Since(began)-read-looked))
	return doc, nil
}

func rounded(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

// introspect reads what the login may see.
func introspect(ctx context.Context, p *warehouse.Pool, src product.Source, l warehouse.Login) (product.Schema, error) {
	lease, err := p.Acquire(ctx, "draft", src, l)
	if err != nil {
		return product.Schema{}, err
	}
	defer lease.Release()
	s, err := lease.Schema(ctx, nil)
	if err != nil {
		return s, err
	}
	if len(s.Tables) == 0 {
		return s, hint(errors.New("no tables are visible at this URI"), "does the login have SELECT on them?")
	}
	return s, nil
}

// filter keeps the tables that were asked for. A name that meets none is a
// mistake.
func (d productDraftCmd) filter(s product.Schema) (product.Schema, error) {
	for _, want := range []struct {
		flag  string
		names []string
		of    func(t product.Table) []string
	}{
		{"--schema", d.Schema, func(t product.Table) []string { return []string{t.Schema} }},
		{"--tables", d.Tables, func(t product.Table) []string { return []string{t.Name, t.Schema + "." + t.Name} }},
	} {
		if len(want.names) == 0 {
			continue
		}
		met := map[string]bool{}
		s.Tables = slices.DeleteFunc(s.Tables, func(t product.SchemaTable) bool {
			keep := false
			for _, pattern := range want.names {
				for _, name := range want.of(t.Table) {
					if ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(name)); ok {
						keep, met[pattern] = true, true
					}
				}
			}
			return !keep
		})
		for _, pattern := range want.names {
			if !met[pattern] {
				return s, fmt.Errorf("%s: there is no %q that the login may read", want.flag, pattern)
			}
		}
	}
	return s, nil
}

// session is a lease that looks.
type session struct {
	lease *warehouse.Lease
	most  time.Duration
}

// Run implements draft.Session.
func (s session) Run(ctx context.Context, sql string) (out [][]*string, err error) {
	rows, err := s.lease.Query(ctx, sql, warehouse.Limits{Timeout: s.most})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return result.Texts(ctx, rows)
}

// login takes a user from the flag or from the URI, and its password from
// stdin. A password in the URI is refused: it would be in the shell's history.
func (d productDraftCmd) login(c *terminal) (warehouse.Login, string, error) {
	uri, user := splitUser(d.URI)
	if d.Username != "" {
		user = d.Username
	}
	if strings.Contains(user, ":") {
		return warehouse.Login{}, "", hint(errors.New("the URI holds a password"), "give --username, and the password on stdin")
	}
	if user == "" && strings.HasPrefix(uri, "postgres") {
		return warehouse.Login{}, "", hint(errors.New("PostgreSQL has no login without a user"), "give --username, and the password on stdin")
	}
	if user == "" {
		return warehouse.Login{}, uri, nil
	}
	pw, err := readPassword(c, "Password for "+user+": ")
	return warehouse.Login{Username: user, Password: pw}, uri, err
}

var userinfo = regexp.MustCompile(`^([a-z]+://)([^/@]*)@`)

func splitUser(uri string) (bare, user string) {
	m := userinfo.FindStringSubmatch(uri)
	if m == nil {
		return uri, ""
	}
	return m[1] + uri[len(m[0]):], m[2]
}

// Command postern is the gate: a server through which machines reach a
// company's data, and the commands of those who run it and call it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/warehouse/duckdb"
)

// version is set by the build.
var version = "dev"

// terminal is where a command writes.
type terminal struct {
	out, err io.Writer
	in       *os.File
}

// print writes v as JSON, or lets human write it for a person.
func (c *terminal) print(asJSON bool, v any, human func(w io.Writer) error) error {
	if !asJSON {
		return human(c.out)
	}
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (c *terminal) progress(format string, args ...any) {
	_, _ = fmt.Fprintf(c.err, format+"\n", args...)
}

func main() {
	os.Exit(run(os.Args[1:], &terminal{out: os.Stdout, err: os.Stderr, in: os.Stdin}))
}

func run(args []string, c *terminal) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit := -1
	parser := newParser(new(cli), c, func(code int) { exit = code }, kong.BindTo(ctx, (*context.Context)(nil)))
	kongcompletion.Register(parser) // answers and exits when a shell asks
	cmd, err := parser.Parse(args)
	if exit >= 0 {
		return exit // --help was printed
	}
	if err != nil {
		var pe *kong.ParseError
		if errors.As(err, &pe) && len(args) == 0 {
			_ = pe.Context.PrintUsage(false)
		}
		c.fail(err)
		return 2
	}
	if err := cmd.Run(); err != nil {
		c.fail(err)
		return 1
	}
	return 0
}

// newParser makes the command line's parser; exit is called when help was
// printed.
func newParser(grammar *cli, c *terminal, exit func(int), more ...kong.Option) *kong.Kong {
	parser, err := kong.New(grammar, append(more, kong.Name("postern"),
		kong.Description("The back gate to a company's data, for machines."),
		kong.Writers(c.out, c.err), kong.Exit(exit),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.ValueFormatter(helpOf),
		kong.Vars{"roles": "One of " + roleNames()}, kong.Bind(c))...)
	if err != nil {
		panic(err) // the grammar itself is wrong
	}
	return parser
}

// helpOf is a flag's help with its default, which kong shows only where no
// placeholder stands in its place.
func helpOf(v *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(v)
	if v.HasDefault && v.Flag != nil && v.Flag.PlaceHolder != "" {
		help += " Default " + v.Default + "."
	}
	return help
}

func roleNames() string {
	names := make([]string, len(auth.Roles))
	for i, r := range auth.Roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// fail says what went wrong and, when known, what to do about it.
func (c *terminal) fail(err error) {
	c.progress("postern: %s", told(err))
	if h, ok := errors.AsType[*hinted](err); ok {
		c.progress("  %s", h.hint)
	}
}

// told is an error as an operator reads it: a fault's message, and the cause at
// its root, without the messages between that say the same again.
func told(err error) string {
	e := fault.As(err)
	if e == nil {
		return err.Error()
	}
	text := strings.TrimSuffix(err.Error(), e.Error()) + e.Message
	if e.Kind == fault.Conflict || e.Kind == fault.NotFound {
		return text // whose cause is the store's word for the same
	}
	var root error = e
	for next := errors.Unwrap(root); next != nil; next = errors.Unwrap(root) {
		root = next
	}
	if why := root.Error(); !strings.Contains(text, why) {
		text += ": " + why
	}
	return text
}

// hinted is an error with a word on what to do next.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

func hint(err error, what string) error { return &hinted{err, what} }

type versionCmd struct{ output }

// Run prints the version.
func (v versionCmd) Run(c *terminal) error {
	return c.print(v.JSON, map[string]any{"version": version, "duckdb": duckdb.Built}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, "postern", version)
		return err
	})
}

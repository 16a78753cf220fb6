// Command planner measures the planner: it drafts a model of each database of
// a folder, untouched by hand, plans questions whose SQL is known, runs both,
// and counts what is correct, wrong and abstained. Databases are parted by
// their names into those that rules may be written on (dev) and those that are
// only ever counted (held).
package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
)

// question of a file of JSON lines.
type question struct {
	Database string `json:"database"`
	Question string `json:"question"`
	SQL      string `json:"sql"`
}

type options struct {
	databases, questions, split, wrong, fit  string
	unanswerable, curve, perDatabase, asJSON bool
	draft, kinds, fitAndCount                bool

	settleAll bool // every reading is settled, and its rivals as if they were taken
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "planner:", err)
		os.Exit(1)
	}
}

func flags(args []string) (o options, err error) {
	f := flag.NewFlagSet("planner", flag.ContinueOnError)
	f.StringVar(&o.databases, "databases", "", "the folder of SQLite files, NAME.sqlite")
	f.StringVar(&o.questions, "questions", "", `JSON lines {"database","question","sql"}`)
	f.StringVar(&o.split, "split", "dev", "dev, held or all databases")
	f.BoolVar(&o.unanswerable, "unanswerable", false, "also ask what the databases can't answer")
	f.BoolVar(&o.curve, "curve", false, "print what each licence would give")
	f.BoolVar(&o.perDatabase, "per-database", false, "print each database")
	f.StringVar(&o.wrong, "wrong", "", "write what came out wrong or was withheld to this file; never of held databases")
	f.StringVar(&o.fit, "fit", "", "fit the planner's weights to the dev databases and write them to this file; with --fit-and-count, to the held ones too")
	f.BoolVar(&o.fitAndCount, "fit-and-count", false, "count the held databases by weights that are fitted to the dev ones here, and not by the planner's own")
	f.BoolVar(&o.kinds, "kinds", false, "print each kind of question, by the statement that answers it")
	f.BoolVar(&o.draft, "draft", false, "take the model by way of a drafted product, as the server does")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.databases == "" || o.questions == "" || f.NArg() > 0 {
		return o, errors.New("--databases and --questions are needed, and nothing else")
	}
	if (o.fit != "" || o.fitAndCount) && o.split != "dev" {
		return o, errors.New("--fit learns from the dev databases, and --fit-and-count knows which it counts")
	}
	if o.split != "dev" && o.split != "held" && o.split != "all" {
		return o, errors.New("--split is dev, held or all")
	}
	return o, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := flags(args)
	if err != nil {
		return err
	}
	file, err := os.Open(o.questions)
	if err != nil {
		return err
	}
	defer file.Close()
	asked, err := read(file, o.split)
	if err != nil {
		return err
	}
	if o.fitAndCount {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		others, err := read(file, "held")
		if err != nil {
			return err
		}
		return fitAndCount(ctx, o, asked, others, out)
	}
	if o.fit != "" {
		return fit(ctx, o, asked, out)
	}
	r, err := measureAll(ctx, o, asked)
	if err != nil {
		return err
	}
	if o.wrong != "" {
		if err := r.writeWrong(o.wrong); err != nil {
			return err
		}
	}
	if o.asJSON {
		return json.NewEncoder(out).Encode(r.summary(o))
	}
	return r.print(out, o)
}

// read gives the questions of a split by database.
func read(r io.Reader, split string) (map[string][]question, error) {
	out := map[string][]question{}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for line := 1; s.Scan(); line++ {
		var q question
		if err := json.Unmarshal(s.Bytes(), &q); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if split == "all" || held(q.Database) == (split == "held") {
			out[q.Database] = append(out[q.Database], q)
		}
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, errors.New("there are no questions of this split")
	}
	return out, nil
}

// held reports whether a database is one that is only counted: by its name
// alone, so that it is the same ones for everyone. They were a third of them
// (sums that 3 divides); what other databases show that no rule was written on
// was worth more than so fine a count, and about half of that third was opened.
func held(database string) bool {
	sum := 0
	for _, b := range sha1.Sum([]byte(database)) {
		sum += int(b)
	}
	return sum%12 == 0
}

func names(asked map[string][]question) []string { return slices.Sorted(maps.Keys(asked)) }

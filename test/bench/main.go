// Command bench measures Postern as an operator runs it and prints each figure
// beside its floor: what the bare standard library or driver does with the same
// work, measured in the same run, in turns. docs/bench.md says what each means.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// options are the flags of run.
type options struct {
	postern, floor string
	runs           int
	warm, measure  time.Duration
	only           string
	write          string
	keep           bool
}

func main() {
	if len(os.Args) > 1 {
		roles := map[string]func(io.Reader, io.Writer) error{"load": runLoad, "download": runDownload}
		if f := roles[os.Args[1]]; f != nil {
			exitOn(f(os.Stdin, os.Stdout))
			return
		}
	}
	var o options
	flag.StringVar(&o.postern, "postern", "bin/postern", "the binary that is measured")
	flag.StringVar(&o.floor, "floor", "", "the bare versions")
	flag.IntVar(&o.runs, "runs", 5, "how often each figure is measured; the median counts")
	flag.DurationVar(&o.warm, "warm", 500*time.Millisecond, "load before each measurement")
	flag.DurationVar(&o.measure, "measure", 2*time.Second, "how long a measurement of load is")
	flag.StringVar(&o.only, "only", "", "measure only figures whose name holds this")
	flag.StringVar(&o.write, "write", "", "put the table into this document, between its two marks")
	flag.BoolVar(&o.keep, "keep", false, "leave the temporary folder")
	flag.Parse()
	exitOn(run(o))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) (err error) {
	dir, err := os.MkdirTemp("", "postern-bench-")
	if err != nil {
		return err
	}
	if !o.keep {
		defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	}
	for _, p := range []*string{&o.postern, &o.floor} {
		if *p, err = filepath.Abs(*p); err != nil {
			return err
		}
	}
	b := &bench{options: o, dir: dir, began: time.Now()}
	defer b.end()
	if err := b.setUp(); err != nil {
		return err
	}
	figures := b.figures()
	for _, f := range figures {
		if !strings.Contains(f.name, o.only) {
			continue
		}
		if err := b.measure(f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		fmt.Fprintf(os.Stderr, "%6.0f s  %s\n", time.Since(b.began).Seconds(), f.line())
	}
	text := b.report(figures)
	fmt.Println(text)
	if o.write == "" {
		return nil
	}
	return rewrite(o.write, text)
}

// Command demo asks the demo's products questions whose SQL is known, through
// the real binary, and counts what is correct, wrong and abstained: what the
// agents make of a model that was written with care. The questions are in two
// halves of the same kinds: rules may be written on dev, held is only counted.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/postern/postern/cmd/postern/demo"
	"github.com/postern/postern/internal/secret"
)

type options struct {
	postern, questions, half string
	show                     bool
}

func main() {
	var o options
	flag.StringVar(&o.postern, "postern", "bin/postern", "the binary that answers")
	flag.StringVar(&o.questions, "questions", "test/demo", "the folder of the questions")
	flag.StringVar(&o.half, "half", "", "dev or held; both by default")
	flag.BoolVar(&o.show, "show", false, "print the questions of dev that are not answered right")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// server is Postern on a throw-away data directory.
type server struct {
	bin, data string
	env       []string
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "postern-questions-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	s := &server{bin: o.postern, data: filepath.Join(dir, "data"), env: os.Environ()}
	key := secret.New(rand.Text())
	if err := s.prepare(ctx, dir, key); err != nil {
		return err
	}
	stop, err := s.serve(ctx, filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer stop()
	unscored := 0
	for _, product := range []string{demo.Flights, demo.Weather} {
		if _, err := s.command(ctx, key.Reveal()+"\n", "credential", "set", "--product", product, "--username", "demo", "--state", "questions"); err != nil {
			return err
		}
		for _, half := range []string{"dev", "held"} {
			if o.half != "" && o.half != half {
				continue
			}
			file := filepath.Join(o.questions, strings.TrimPrefix(product, "demo:")+"."+half+".jsonl")
			t, err := s.ask(ctx, product, file, o.show && half == "dev")
			if err != nil {
				return err
			}
			share := func(n int) string {
				return fmt.Sprintf("%d (%.0f%%)", n, 100*float64(n)/float64(max(t.Questions, 1)))
			}
			fmt.Printf("%-13s %-4s  %d questions: correct %s, wrong %s, abstained %s\n", product, half, t.Questions, share(t.Correct), share(t.Wrong), share(t.Abstained))
			unscored += t.Unscored
		}
	}
	if unscored > 0 {
		return fmt.Errorf("%d questions have no accepted statement that runs", unscored)
	}
	return nil
}

// prepare builds the demo's warehouse, and makes both products and a client
// that may query them.
func (s *server) prepare(ctx context.Context, dir string, key secret.Secret) error {
	files, err := demo.Build(ctx, dir, key)
	if err != nil {
		return err
	}
	var client struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	out, err := s.command(ctx, "", "client", "create", "--name", "questions", "--role", "viewer", "--data", s.data, "--json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, &client); err != nil {
		return err
	}
	s.env = append(s.env, "POSTERN_CLIENT_ID="+client.ID, "POSTERN_CLIENT_SECRET="+client.Secret)
	for id, spec := range files.Specs {
		if _, err := s.command(ctx, string(spec), "product", "apply", "-f", "-", "--data", s.data); err != nil {
			return err
		}
		if _, err := s.command(ctx, "", "product", "grant", id, "--client", "questions", "--data", s.data); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) command(ctx context.Context, in string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.bin, args...)
	cmd.Env, cmd.Stdin = s.env, strings.NewReader(in)
	var told bytes.Buffer
	cmd.Stderr = &told
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("postern %s: %w: %s", strings.Join(args[:2], " "), err, &told)
	}
	return out, nil
}

// serve starts the server and waits until it is ready.
func (s *server) serve(ctx context.Context, log string) (stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	f, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(s.bin, "serve", "--data", s.data, "--listen", addr)
	cmd.Stdout, cmd.Stderr = f, f
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_ = f.Close()
	}
	s.env = append(s.env, "POSTERN_URL=http://"+addr)
	for range 300 {
		res, err := http.Get("http://" + addr + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return stop, nil
			}
		}
		select {
		case <-ctx.Done():
			stop()
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	stop()
	text, _ := os.ReadFile(log)
	return nil, fmt.Errorf("the server is not ready: %s", text)
}

type totals struct{ Questions, Correct, Wrong, Abstained, Unscored int }

// ask has postern eval score a file, and prints what was not right.
func (s *server) ask(ctx context.Context, product, file string, show bool) (t totals, err error) {
	out, err := s.command(ctx, "", "eval", "--product", product, "--json", file)
	if err != nil {
		return t, err
	}
	for line := range bytes.Lines(out) {
		var row struct {
			Question, Status, SQL, Reason, Unscored string
			Correct                                 bool
			Totals                                  *totals
		}
		if err := json.Unmarshal(line, &row); err != nil {
			return t, err
		}
		switch {
		case row.Totals != nil:
			t = *row.Totals
		case row.Unscored != "":
			fmt.Printf("  unscored   %s\n             %s\n", row.Question, row.Unscored)
		case !row.Correct && show:
			fmt.Printf("  %-9s  %s\n             %s\n", row.Status, row.Question, strings.Join(strings.Fields(row.SQL+" "+row.Reason), " "))
		}
	}
	return t, nil
}

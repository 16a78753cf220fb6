package main_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // the scripts make warehouses of their own

	"github.com/postern/postern/internal/testpg"
)

// bin is the binary under test: POSTERN_BIN, or one built by TestMain.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "postern-script-")
	if err != nil {
		panic(err)
	}
	code := 1
	if bin, err = binary(dir); err != nil {
		fmt.Fprintln(os.Stderr, "the binary under test:", err)
	} else {
		code = m.Run()
		testpg.Stop()
	}
	testpg.Stop()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// binary gives the path of a program named postern, which the scripts find on
// their PATH.
func binary(dir string) (string, error) {
	path := filepath.Join(dir, "postern")
	if given := os.Getenv("POSTERN_BIN"); given != "" {
		abs, err := filepath.Abs(given)
		if err != nil {
			return "", err
		}
		if _, err := os.Stat(abs); err != nil {
			return "", err
		}
		return path, os.Symlink(abs, path)
	}
	out, err := exec.Command("go", "build", "-tags", "duckdb_arrow", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
}

// TestScripts runs what a user would type, on the real binary. Beside
// testscript's own commands the scripts have:
//
//	serve [flags...]            postern serve on a free port; sets POSTERN_URL; its log is serve.log
//	demo [-building]            postern demo on a free port, until it keeps serving (or begins to build
//	                            its data); its screen is demo.txt
//	terminate                   the same with SIGTERM
//	interrupt                   ctrl-C to what serve or demo started; it has to exit 0
//	http [-soon] WANT METHOD PATH [-H header] [-f key=value] [-d body] [-u user:password]
//	                            a request; WANT is the status, stdout the body, stderr the headers.
//	                            -soon asks again until the status is the wanted one.
//	jsonget NAME path           sets the variable NAME from the last stdout's JSON: jsonget ID results.0.id
//	screen NAME regexp          sets the variable NAME from what the running server printed so far
//	header NAME header          sets NAME from a header of the last answer
//	logged KIND N               waits until N records of the kind are in the store
//	sqlite FILE SQL             runs one statement; stdout is the first column as a JSON array
//	database URI FILE           runs the SQL in FILE on a new sqlite: or duckdb: file
//	sum FILE                    prints the file's size, mode, time of change and hash
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH"))
			e.Setenv("POSTERN_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("HOME", e.WorkDir)
			e.Values[serverKey{}] = &running{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": cmdServe, "demo": cmdDemo, "interrupt": cmdInterrupt,
			"http": cmdHTTP, "jsonget": cmdJSON, "screen": cmdScreen,
			"header": cmdHeader, "logged": cmdLogged, "sqlite": cmdSQLite, "terminate": cmdTerminate, "database": cmdDatabase, "sum": cmdSum,
		},
		Condition: func(cond string) (bool, error) {
			if cond == "duckdb" {
				return withDuckDB, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

// serverKey finds the server that a script started.
type serverKey struct{}

// running is a server of a script and what it printed so far.
type running struct {
	cmd  *exec.Cmd
	done chan error

	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{}
}

// Write implements io.Writer for the process's output.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Write(p)
	select {
	case r.grown <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (r *running) printed() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// patience bounds every wait of the scripts; none of them comes near it on a
// machine that works.
const patience = 60 * time.Second

// start runs the binary and waits until it printed what ready matches.
func (r *running) start(ts *testscript.TestScript, ready *regexp.Regexp, args ...string) []string {
	r.cmd = exec.Command(bin, args...)
	r.cmd.Dir = ts.MkAbs(".")
	r.cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "TMPDIR=" + ts.Getenv("TMPDIR"), "POSTERN_DATA=" + ts.Getenv("POSTERN_DATA")}
	r.cmd.Stdout, r.cmd.Stderr = r, r
	r.grown, r.done = make(chan struct{}, 1), make(chan error, 1)
	r.text.Reset()
	ts.Check(r.cmd.Start())
	go func() { r.done <- r.cmd.Wait() }()
	ts.Defer(func() {
		if r.cmd != nil {
			_ = r.cmd.Process.Kill()
			<-r.done
		}
	})
	late := time.After(patience)
	for {
		if m := ready.FindStringSubmatch(r.printed()); m != nil {
			return m
		}
		select {
		case <-r.grown:
		case err := <-r.done:
			r.cmd = nil
			ts.Fatalf("postern %s ended: %v\n%s", strings.Join(args, " "), err, r.printed())
		case <-late:
			ts.Fatalf("postern %s is not ready\n%s", strings.Join(args, " "), r.printed())
		}
	}
}

// stop sends the signal and waits for the end.
func (r *running) stop(ts *testscript.TestScript, sig os.Signal) {
	if r.cmd == nil {
		ts.Fatalf("nothing runs")
	}
	start := time.Now()
	ts.Check(r.cmd.Process.Signal(sig))
	select {
	case err := <-r.done:
		r.cmd = nil
		ts.Logf("ended after %d ms", time.Since(start).Milliseconds())
		if err != nil {
			ts.Fatalf("it ended with %v\n%s", err, r.printed())
		}
	case <-time.After(patience):
		ts.Fatalf("it did not end\n%s", r.printed())
	}
}

func server(ts *testscript.TestScript) *running { return ts.Value(serverKey{}).(*running) }

var serves = regexp.MustCompile(`serves on (http\S+)`)

func cmdServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("to see serve refuse, use: ! exec postern serve")
	}
	start := time.Now()
	m := server(ts).start(ts, serves, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	ts.Setenv("POSTERN_URL", m[1])
	ts.Logf("ready after %d ms on %s", time.Since(start).Milliseconds(), m[1])
}

var demoServes = regexp.MustCompile(`The demo goes on serving[\s\S]*MCP +(http\S+)/ai/mcp/[\s\S]*Ctrl-C`)

var demoBuilds = regexp.MustCompile(`building the demo`)

func cmdDemo(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! demo")
	}
	if len(args) == 1 && args[0] == "-building" {
		server(ts).start(ts, demoBuilds, "demo", "--listen", "127.0.0.1:0")
		return
	}
	start := time.Now()
	m := server(ts).start(ts, demoServes, append([]string{"demo", "--listen", "127.0.0.1:0"}, args...)...)
	ts.Setenv("POSTERN_URL", m[1])
	ts.Logf("ready and walked after %d ms", time.Since(start).Milliseconds())
	ts.Check(os.WriteFile(ts.MkAbs("demo.txt"), []byte(server(ts).printed()), 0o600))
}

func cmdInterrupt(ts *testscript.TestScript, neg bool, _ []string) { end(ts, neg, syscall.SIGINT) }

func cmdTerminate(ts *testscript.TestScript, neg bool, _ []string) { end(ts, neg, syscall.SIGTERM) }

func end(ts *testscript.TestScript, neg bool, sig os.Signal) {
	if neg {
		ts.Fatalf("it has to exit 0")
	}
	r := server(ts)
	r.stop(ts, sig)
	ts.Check(os.WriteFile(ts.MkAbs("serve.log"), []byte(r.printed()), 0o600))
}

// request is what the http command was given.
type request struct {
	soon         bool
	want         int
	method, path string
	header       [][2]string
	form         url.Values
	body         string
	user, pass   string
}

func parseRequest(ts *testscript.TestScript, args []string) request {
	q := request{form: url.Values{}}
	if len(args) > 0 && args[0] == "-soon" {
		q.soon, args = true, args[1:]
	}
	if len(args) < 3 || len(args)%2 != 1 {
		ts.Fatalf("usage: http [-soon] WANT METHOD PATH [-H header] [-f key=value] [-d body] [-u user:password]")
	}
	var err error
	q.want, err = strconv.Atoi(args[0])
	ts.Check(err)
	q.method, q.path = args[1], args[2]
	for i := 3; i < len(args); i += 2 {
		v := args[i+1]
		switch args[i] {
		case "-H":
			k, h, _ := strings.Cut(v, ":")
			q.header = append(q.header, [2]string{k, strings.TrimSpace(h)})
		case "-f":
			k, f, _ := strings.Cut(v, "=")
			q.form.Add(k, f)
		case "-d":
			q.body = v
			if file, ok := strings.CutPrefix(v, "@"); ok {
				q.body = ts.ReadFile(file)
			}
		case "-u":
			q.user, q.pass, _ = strings.Cut(v, ":")
		default:
			ts.Fatalf("http: unknown flag %s", args[i])
		}
	}
	return q
}

// send makes the request without following redirects: a redirected POST would
// hide that the path was wrong.
func (q request) send(base string) (*http.Response, []byte, error) {
	target := q.path
	if strings.HasPrefix(target, "/") {
		target = base + target
	}
	body := q.body
	if len(q.form) > 0 {
		body = q.form.Encode()
	}
	req, err := http.NewRequest(q.method, target, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	if len(q.form) > 0 {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else if q.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range q.header {
		req.Header.Set(h[0], h[1])
	}
	if q.user != "" {
		req.SetBasicAuth(url.QueryEscape(q.user), url.QueryEscape(q.pass))
	}
	res, err := direct.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, b, err
}

var direct = &http.Client{
	Timeout:       patience,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func cmdHTTP(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! http; say the status")
	}
	q := parseRequest(ts, args)
	start := time.Now()
	for {
		res, body, err := q.send(ts.Getenv("POSTERN_URL"))
		ts.Check(err)
		if res.StatusCode == q.want {
			if q.soon {
				ts.Logf("after %d ms", time.Since(start).Milliseconds())
			}
			_, _ = ts.Stdout().Write(body)
			_, _ = fmt.Fprintln(ts.Stderr(), res.Proto, res.Status)
			ts.Check(res.Header.Write(ts.Stderr()))
			return
		}
		if !q.soon || time.Since(start) > patience {
			ts.Fatalf("%s %s: wanted %d, got %s\n%s", q.method, q.path, q.want, res.Status, body)
		}
	}
}

func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: jsonget NAME path")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, step := range strings.Split(args[1], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			ts.Check(err)
			if i >= len(at) {
				ts.Fatalf("%s: there are %d elements", args[1], len(at))
			}
			v = at[i]
		default:
			v = nil
		}
		if v == nil {
			ts.Fatalf("nothing at %s (%s)", args[1], step)
		}
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

func cmdDatabase(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: database sqlite:FILE|duckdb:FILE SQLFILE")
	}
	driver, file, ok := strings.Cut(args[0], ":")
	if !ok {
		ts.Fatalf("database: say sqlite: or duckdb:")
	}
	db, err := sql.Open(driver, ts.MkAbs(file))
	ts.Check(err)
	_, err = db.ExecContext(context.Background(), ts.ReadFile(args[1]))
	ts.Check(errors.Join(err, db.Close()))
}

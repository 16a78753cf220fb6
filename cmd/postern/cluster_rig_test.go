package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/internal/testpg"
)

// cluster is one PostgreSQL and the nodes on it. What runs in it is the real
// binary: a node is a process, so that it can be killed as one.
type cluster struct {
	db     string // the state, as an operator's command reaches it
	master []byte // the master key file, as an operator copies it to each node
}

// newCluster makes an empty database, and the master key by its first node's
// data directory.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{db: testpg.URL(t)}
	dir := t.TempDir()
	c.cli(t, dir, "", "migrate")
	var err error
	if c.master, err = os.ReadFile(filepath.Join(dir, "master.key")); err != nil {
		t.Fatal(err)
	}
	return c
}

// dir is the data directory of one more node.
func (c *cluster) dir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o700), os.WriteFile(filepath.Join(dir, "master.key"), c.master, 0o600)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// cli runs an operator's command on the cluster's state; one that fails ends
// the test.
func (c *cluster) cli(t *testing.T, dir, stdin string, args ...string) []byte {
	t.Helper()
	out, errOut, err := c.command(dir, stdin, args...)
	if err != nil {
		t.Fatalf("postern %s: %v\n%s%s", strings.Join(args, " "), err, out, errOut)
	}
	return out
}

func (c *cluster) command(dir, stdin string, args ...string) (out, errOut []byte, err error) {
	cmd := exec.Command(bin, args...)
	cmd.Env = append(os.Environ(), "POSTERN_DATA="+dir, "POSTERN_DATABASE_URL="+c.db)
	cmd.Stdin = strings.NewReader(stdin)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return o.Bytes(), e.Bytes(), err
}

// member is a node that serves.
type member struct {
	url   string
	dir   string
	line  *line // its way to the database
	cmd   *exec.Cmd
	ended chan struct{}

	mu  sync.Mutex
	log bytes.Buffer
}

// Write keeps what the node prints.
func (m *member) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.log.Write(p)
}

func (m *member) printed() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.log.String()
}

// publicURL is the one address by which clients know all nodes: tokens name it
// as their issuer.
const publicURL = "http://127.0.0.1:9"

// node starts one more, with a line of its own to the database.
func (c *cluster) node(t *testing.T, dir string, flags ...string) *member {
	t.Helper()
	m := &member{dir: dir, line: newLine(t, c.db)}
	m.start(t, flags...)
	return m
}

var nodeServes = regexp.MustCompile(`listening on ([^)]+)`)

func (m *member) start(t *testing.T, flags ...string) {
	t.Helper()
	m.mu.Lock()
	m.log.Reset()
	m.mu.Unlock()
	m.ended = make(chan struct{})
	m.cmd = exec.Command(bin, append([]string{"serve", "--listen", "127.0.0.1:0", "--public-url", publicURL, "--database-url", m.line.url}, flags...)...)
	m.cmd.Env = append(os.Environ(), "POSTERN_DATA="+m.dir)
	m.cmd.Stdout, m.cmd.Stderr = m, m
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = m.cmd.Wait()
		close(m.ended)
	}()
	t.Cleanup(m.kill)
	eventually(t, "a node serves", func() error {
		select {
		case <-m.ended:
			t.Fatalf("the node ended\n%s", m.printed())
		default:
		}
		found := nodeServes.FindStringSubmatch(m.printed())
		if found == nil {
			return errors.New(m.printed())
		}
		m.url = "http://" + found[1]
		return m.wants(http.StatusOK, http.MethodGet, "/readyz", "", nil)
	})
}

// kill ends the node as a power cut would.
func (m *member) kill() {
	_ = m.cmd.Process.Kill()
	<-m.ended
}

// eventually tries until it holds, and says how long that took. Nothing here
// comes near its end on a machine that works.
func eventually(t *testing.T, what string, try func() error) time.Duration {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(5 * time.Millisecond) // so that the nodes get the processor
	defer tick.Stop()
	for ; ; <-tick.C {
		err := try()
		took := time.Since(start)
		if err == nil {
			t.Logf("%s after %d ms", what, took.Milliseconds())
			return took
		}
		if took > patience {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// call makes a request and gives status and body; a form or a JSON body.
func (m *member) call(method, path, token string, body any) (int, []byte, error) {
	var r io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case url.Values:
		r, kind = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		j, err := json.Marshal(b)
		if err != nil {
			return 0, nil, err
		}
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequest(method, m.url+path, r)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", kind)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := direct.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, b, err
}

// wants is the error of an answer with another status.
func (m *member) wants(status int, method, path, token string, body any) error {
	got, b, err := m.call(method, path, token, body)
	if err == nil && got != status {
		err = fmt.Errorf("%s %s: HTTP %d, wanted %d: %s", method, path, got, status, b)
	}
	return err
}

// must is wants where nothing else may come.
func (m *member) must(t *testing.T, status int, method, path, token string, body any) []byte {
	t.Helper()
	got, b, err := m.call(method, path, token, body)
	if err != nil || got != status {
		t.Fatalf("%s %s: HTTP %d %v, wanted %d\n%s", method, path, got, err, status, b)
	}
	return b
}

// machine is a client and its secret.
type machine struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

func (c *cluster) client(t *testing.T, dir, name, role string) machine {
	t.Helper()
	var m machine
	decode(t, c.cli(t, dir, "", "client", "create", "--name", name, "--role", role, "--json"), &m)
	return m
}

func decode(t *testing.T, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
}

func (mc machine) form() url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {mc.ID}, "client_secret": {mc.Secret}}
}

// token is one issued by the node.
func (m *member) token(t *testing.T, mc machine) string {
	t.Helper()
	var got struct {
		AccessToken string `json:"access_token"`
	}
	decode(t, m.must(t, http.StatusOK, http.MethodPost, "/oauth/v2/token/", "", mc.form()), &got)
	return got.AccessToken
}

const whoami = "/integration/v1/userinfo/"

// line is the way to a database. It can be cut, so that connections
// break and new ones are refused, and it can hang, so that nothing comes.
type line struct {
	url  string                   // of the database, by this line
	dial func() (net.Conn, error) // the other end

	mu    sync.Mutex
	state lineState
	wake  chan struct{} // closed when state changes
	open  map[net.Conn]struct{}
}

type lineState int

const (
	lineUp lineState = iota
	lineCut
	lineHung
)

func newLine(t *testing.T, db string) *line {
	t.Helper()
	u, err := url.Parse(db)
	if err != nil {
		t.Fatal(err)
	}
	host := u.Query().Get("host")
	if host == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("the state's PostgreSQL has to be on a unix socket: unset POSTERN_TEST_POSTGRES")
		}
		t.Skip("the state's PostgreSQL is not on a unix socket, so its line cannot be cut")
	}
	dir, err := os.MkdirTemp("", "postern-line-") // short: a socket's path has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	const name = ".s.PGSQL.5432"
	ls, err := net.Listen("unix", filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	u.RawQuery = url.Values{"host": {dir}}.Encode()
	return carried(t, ls, u.String(), func() (net.Conn, error) { return net.Dial("unix", filepath.Join(host, name)) })
}

// newTCPLine is a line to a port of the loopback.
func newTCPLine(t *testing.T, port int) *line {
	t.Helper()
	ls, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return carried(t, ls, ls.Addr().String(), func() (net.Conn, error) { return net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) })
}

func carried(t *testing.T, ls net.Listener, url string, dial func() (net.Conn, error)) *line {
	l := &line{url: url, dial: dial, wake: make(chan struct{}), open: map[net.Conn]struct{}{}}
	go l.accept(ls)
	t.Cleanup(func() {
		_ = ls.Close()
		l.set(lineCut)
	})
	return l
}

func (l *line) accept(ls net.Listener) {
	for {
		near, err := ls.Accept()
		if err != nil {
			return
		}
		far, err := l.dial()
		if err != nil {
			_ = near.Close()
			continue
		}
		go l.carry(near, far)
		go l.carry(far, near)
	}
}

// carry moves bytes while the line is up.
func (l *line) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	l.mu.Lock()
	l.open[from] = struct{}{}
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.open, from)
		l.mu.Unlock()
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if !l.passes() {
			return
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// passes waits while the line hangs; false is a line that was cut.
func (l *line) passes() bool {
	for {
		l.mu.Lock()
		state, wake := l.state, l.wake
		l.mu.Unlock()
		switch state {
		case lineUp:
			return true
		case lineCut:
			return false
		}
		<-wake
	}
}

func (l *line) set(s lineState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = s
	close(l.wake)
	l.wake = make(chan struct{})
	if s == lineCut {
		for c := range l.open {
			_ = c.Close()
		}
	}
}

// refusal is the error of a token that still works.
func (m *member) refusal(token string) error {
	return m.wants(http.StatusUnauthorized, http.MethodGet, whoami, token, nil)
}

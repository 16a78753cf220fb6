// Package testpg starts a private PostgreSQL for tests: from the binaries
// found on this machine, on a unix socket in a temporary folder, listening on
// no network but, for tests that sign in with a password, a free port of the
// loopback. It is linked by tests only.
package testpg

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

var (
	once    sync.Once
	base    string // the socket folder
	errBase error
	seq     atomic.Int64
	stops   []func()
)

// URL gives the URL of a new, empty database, owned by a superuser named
// "postgres". The server is started once per test binary; POSTERN_TEST_POSTGRES
// names a running one instead. A missing PostgreSQL skips the test, and fails
// it when CI is set.
func URL(t testing.TB) string {
	t.Helper()
	server, err := Server()
	if err != nil {
		missing(t, err)
	}
	return database(t, server)
}

func missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("PostgreSQL is needed and missing: %v", err)
	}
	t.Skipf("PostgreSQL is missing (apt-get install postgresql, or set POSTERN_TEST_POSTGRES): %v", err)
}

// database makes a new database on the server and gives its URL.
func database(t testing.TB, server string) string {
	t.Helper()
	name := fmt.Sprintf("t%d_%d", os.Getpid(), seq.Add(1))
	if out, err := psql(server, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("create a database: %v\n%s", err, out)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("POSTERN_TEST_POSTGRES is not a URL")
	}
	u.Path = "/" + name
	return u.String()
}

// Server gives the URL of the server's maintenance database, starting it if
// need be. A TestMain that calls it must call Stop.
func Server() (string, error) {
	if u := os.Getenv("POSTERN_TEST_POSTGRES"); u != "" {
		return u, nil
	}
	once.Do(func() { base, errBase = start(nil) })
	if errBase != nil {
		return "", errBase
	}
	return "postgres://postgres@/postgres?host=" + url.QueryEscape(base), nil
}

// Main runs the tests and ends the server, if one was started. Packages that
// use URL have: func TestMain(m *testing.M) { testpg.Main(m) }.
func Main(m *testing.M) {
	code := m.Run()
	Stop()
	os.Exit(code)
}

// Stop ends the servers that this process started.
func Stop() {
	for _, stop := range stops {
		stop()
	}
	stops = nil
}

// Bin finds a PostgreSQL program: where Debian keeps it, or on the PATH (where
// Debian puts a wrapper that reads its own configuration).
func Bin(name string) (string, error) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		return found[len(found)-1], nil
	}
	p, err := exec.LookPath(name)
	if err != nil {
		return "", errors.New(name + " is neither under /usr/lib/postgresql nor on the PATH")
	}
	return p, nil
}

// start makes a server with further settings.
func start(settings func(dir string) ([]string, error)) (string, error) {
	initdb, err := Bin("initdb")
	if err != nil {
		return "", err
	}
	postgres, err := Bin("postgres")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "postern-pg-") // short: a socket path has 107 bytes
	if err != nil {
		return "", err
	}
	attr, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	cmd := exec.Command(initdb, "-D", data, "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync")
	cmd.SysProcAttr, cmd.Dir = attr, dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	more := []string{"-c", "listen_addresses="}
	if settings != nil {
		if more, err = settings(dir); err != nil {
			return "", err
		}
	}
	return dir, run(postgres, dir, data, attr, more)
}

func run(postgres, dir, data string, attr *syscall.SysProcAttr, more []string) error {
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	cmd := exec.Command(postgres, append([]string{"-D", data, "-k", dir, "-c", "max_connections=200", "-c", "fsync=off"}, more...)...)
	cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = attr, dir, log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	stops = append(stops, func() {
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	})
	port := "5432"
	for i := range more {
		if more[i] == "-p" {
			port = more[i+1]
		}
	}
	return waitReady(dir, port)
}

func waitReady(dir, port string) error {
	ready, err := Bin("pg_isready")
	if err != nil {
		return err
	}
	// pg_isready has no way to wait, and each call takes some milliseconds.
	for range 1000 {
		if exec.Command(ready, "-q", "-t", "1", "-h", dir, "-p", port, "-U", "postgres").Run() == nil {
			return nil
		}
	}
	out, _ := os.ReadFile(filepath.Join(dir, "log"))
	return fmt.Errorf("PostgreSQL did not start: %s", out)
}

// unprivileged gives the folder to the user postgres or nobody when we are
// root, as whom PostgreSQL refuses to run.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, errors.New("root cannot run PostgreSQL, and there is no user postgres or nobody")
		}
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, uid, gid)
}

func psql(server, sql string) ([]byte, error) {
	bin, err := Bin("psql")
	if err != nil {
		return nil, err
	}
	return exec.Command(bin, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, server).CombinedOutput()
}

// sameOwner gives a file to whoever owns the folder, as whom the server runs.
func sameOwner(file, dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Getuid() != 0 {
		return nil
	}
	return os.Chown(file, int(st.Uid), int(st.Gid))
}

//go:build integration

package browser_test

import (
	"bufio"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// missing skips a test for want of a program, and fails it where CI is set.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is needed and missing", what)
	}
	t.Skipf("%s is missing", what)
}

// binary is the postern to test: POSTERN_BIN, or what `make build` made.
func binary(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("POSTERN_BIN")
	if bin == "" {
		bin = filepath.Join("..", "..", "bin", "postern")
	}
	if _, err := os.Stat(bin); err != nil {
		missing(t, "bin/postern (make build, or set POSTERN_BIN)")
	}
	return bin
}

var setupLink = regexp.MustCompile(`http://\S+/admin/setup/\S+`)

// serve starts a server on a new data directory, and gives its address and the
// one-time link that it printed.
func serve(t *testing.T, flags ...string) (base, link string) {
	t.Helper()
	cmd := exec.Command(binary(t), append([]string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0"}, flags...)...)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	found, done := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if l := setupLink.FindString(lines.Text()); l != "" {
				found <- l
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-done
		_ = cmd.Wait()
	})
	select {
	case link = <-found:
	case <-done:
		t.Fatal("the server ended before it printed the one-time link")
	case <-time.After(30 * time.Second):
		t.Fatal("the server printed no one-time link")
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Scheme + "://" + u.Host, link
}

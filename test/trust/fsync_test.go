package trust_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAnsweredMeansSynced runs the server under strace, which sees every call
// it makes of the kernel: each write to a file with its bytes, each fsync, and
// each answer that leaves by a socket. From that the test builds what a disk
// would hold if the power went at the moment an answer began to leave, with a
// file layer that drops every write no fsync covered, and every name whose
// folder was not synced; and again with one that keeps any part of them, in
// any order, torn. In each such store everything that was answered up to then
// has to be there, and its chains have to verify.
//
// A library that drops writes could not be put between a Go program and the
// kernel, since Go makes its calls itself; a file system in user space would
// need rights that tests do not have.
func TestAnsweredMeansSynced(t *testing.T) {
	strace := findStrace(t)
	g := newGate(t)
	began := snapshot(t, g.dir)
	trace := filepath.Join(t.TempDir(), "trace")
	g.start(strace, "-f", "-y", "-xx", "-s", "1048576", "-o", trace,
		"-e", "trace="+followed)
	said := g.load(4, rounds(6))
	ok(t, g.cmd.Process.Signal(syscall.SIGTERM)) // strace passes it on to nobody: the server is its child
	server := strings.Fields(string(output(t, "pgrep", "-P", pid(g))))
	for _, p := range server {
		_ = exec.Command("kill", "-TERM", p).Run()
	}
	_ = g.cmd.Wait()
	calls, err := readTrace(trace)
	ok(t, err)
	replay(t, g, began, calls, said)
}

func pid(g *gate) string { return itoa(g.cmd.Process.Pid) }

// followed are the calls that matter. A name that an architecture has not is
// passed over, which is what the question mark is for.
const followed = "?open,openat,write,writev,pwrite64,?pwritev,?pwritev2,fallocate,?copy_file_range,?sendfile,ftruncate,fsync,fdatasync,sync_file_range," +
	"?rename,renameat,renameat2,?link,linkat,?unlink,unlinkat"

// leaving is an answer that begins to leave, and the id it carries.
var leaving = regexp.MustCompile(`(?s)^HTTP/1\.1 2\d\d .*?X-Request-Id: ([A-Z2-7]+)\r\n`)

// replay follows the trace, and looks at the disk at every answer.
func replay(t *testing.T, g *gate, began map[string][]byte, calls []*call, said []answered) {
	t.Helper()
	byRequest := map[string]answered{}
	for _, a := range said {
		byRequest[a.request] = a
	}
	d := newDisk(g.dir)
	for path, b := range began {
		f := &inode{safe: b}
		d.names[path], d.safe[path] = f, f
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 2))
	var out []answered
	looks, start := 0, time.Now()
	for _, c := range ordered(calls) {
		if !c.leaves {
			ok(t, d.apply(c.call))
			continue
		}
		s, _ := c.text(0)
		m := leaving.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		a, known := byRequest[m[1]]
		if !known {
			continue
		}
		out = append(out, a)
		powerLost(t, d, out, nil)
		powerLost(t, d, out, chance)
		looks += 2
	}
	if len(out) != len(said) || len(said) == 0 {
		t.Errorf("%d answers came, and %d are in the trace", len(said), len(out))
	}
	t.Logf("%d calls, %d syncs, %d answers; %d stores after a power loss, all whole, in %v", len(calls), d.syncs, len(out), looks, time.Since(start).Round(time.Millisecond))
}

// powerLost writes the disk out as it would be and looks into the store.
func powerLost(t *testing.T, d *disk, said []answered, chance *rand.Rand) {
	t.Helper()
	dir := t.TempDir()
	for path, b := range d.after(chance) {
		ok(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o600))
	}
	missing, err := look(filepath.Join(dir, "postern.db"), said)
	if err != nil || len(missing) > 0 {
		t.Fatalf("the power went after %d answers: %v; missing: %v", len(said), err, missing)
	}
	if len(said)%16 == 1 {
		cli(t, "audit", "verify", "--data", dir)
	}
	ok(t, os.RemoveAll(dir))
}

package trust_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestFirstStartOutlivesLostPower makes a new data directory under strace, and
// lets the power go after each sync on the way: whatever is on the disk then,
// the next start has to open it or begin anew, and never with a store whose
// master key is lost.
func TestFirstStartOutlivesLostPower(t *testing.T) {
	strace := findStrace(t)
	dir, trace := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "trace")
	out, err := exec.Command(strace, "-f", "-y", "-xx", "-s", "1048576", "-o", trace, "-e", "trace="+followed,
		bin, "client", "create", "--data", dir, "--name", "first", "--role", "viewer").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	calls, err := readTrace(trace)
	ok(t, err)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 3))
	d, syncs := newDisk(dir), 0
	starts, most := 0, rounds(5)
	for _, e := range ordered(calls) {
		ok(t, d.apply(e.call))
		if d.syncs == syncs {
			continue
		}
		syncs = d.syncs
		if starts < most || chance.IntN(4) == 0 {
			starts += 2
			startAfter(t, d, nil)
			startAfter(t, d, chance)
		}
	}
	startAfter(t, d, nil)
	if syncs < 5 {
		t.Errorf("only %d syncs were seen", syncs)
	}
	t.Logf("%d syncs, %d starts after a power loss", syncs, starts+1)
}

// startAfter starts on what is on the disk when the power went.
func startAfter(t *testing.T, d *disk, chance *rand.Rand) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	ok(t, os.Mkdir(dir, 0o700))
	for path, b := range d.after(chance) {
		ok(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o600))
	}
	if out, err := startAgain(dir); err != nil {
		t.Errorf("the power went after sync %d: %v\n%s", d.syncs, err, out)
	}
}

// startAgain makes a client, and checks the directory.
func startAgain(dir string) (out []byte, err error) {
	for _, args := range [][]string{{"client", "create", "--name", "second", "--role", "viewer"}, {"audit", "verify"}, {"doctor"}} {
		if out, err = exec.Command(bin, append(args, "--data", dir)...).CombinedOutput(); err != nil {
			return out, err
		}
	}
	return nil, nil
}

// TestKillDuringTheFirstStartLeavesAStoreThatOpens kills it at random moments
// of making a new data directory.
func TestKillDuringTheFirstStartLeavesAStoreThatOpens(t *testing.T) {
	for i := range rounds(4) {
		dir := filepath.Join(t.TempDir(), "data")
		cmd := exec.Command(bin, "client", "create", "--data", dir, "--name", "first", "--role", "viewer")
		ok(t, cmd.Start())
		after := time.AfterFunc(time.Duration(5+rand.IntN(150))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		after.Stop()
		if out, err := startAgain(dir); err != nil {
			t.Fatalf("round %d: %v\n%s", i, err, out)
		}
	}
}

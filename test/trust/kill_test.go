package trust_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"
)

// TestKillLosesNothingThatWasAnswered ends the server with SIGKILL at random
// moments while several sides change things, starts it again, and looks for
// everything that was answered.
func TestKillLosesNothingThatWasAnswered(t *testing.T) {
	g := newGate(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	var said []answered
	for range rounds(4) {
		g.start()
		after := time.AfterFunc(time.Duration(20+chance.IntN(800))*time.Millisecond, func() { _ = g.cmd.Process.Kill() })
		said = append(said, g.load(6, 1_000_000)...)
		after.Stop()
		_ = g.cmd.Process.Kill()
		_ = g.cmd.Wait()
		missing, err := look(filepath.Join(g.dir, "postern.db"), said)
		if err != nil || len(missing) > 0 {
			t.Fatalf("after %d answers: %v; missing: %v", len(said), err, missing)
		}
	}
	cli(t, "audit", "verify", "--data", g.dir)
	cli(t, "doctor", "--data", g.dir)
	if len(said) == 0 {
		t.Fatal("nothing was answered before the kills")
	}
	// And what came through still works.
	g.start()
	if n := len(g.load(1, 1)); n != 4 {
		t.Errorf("only %d of 4 requests were answered after the last restart", n)
	}
	_ = g.cmd.Process.Kill()
	_ = g.cmd.Wait()
	t.Logf("%d answers, all of them there", len(said))
}

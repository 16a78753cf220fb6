package trust_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// findStrace gives strace, if it is there and may trace.
func findStrace(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err == nil {
		var out []byte
		if out, err = exec.Command(path, "-o", os.DevNull, "true").CombinedOutput(); err == nil {
			return path
		}
		t.Logf("%s", out)
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("strace is needed and missing, or may not trace: %v", err)
	}
	t.Skipf("strace is missing (apt-get install strace), or may not trace: %v", err)
	return ""
}

func output(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	ok(t, err)
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }

// snapshot reads a folder's files, as the disk had them before.
func snapshot(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	ok(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[path], err = os.ReadFile(path)
		return err
	}))
	return out
}

// event is a call at the moment that counts for it.
type event struct {
	*call
	at     int
	leaves bool // an answer, which counts from its beginning
}

// ordered puts the calls in the order in which they count.
func ordered(calls []*call) []event {
	events := make([]event, 0, len(calls))
	for _, c := range calls {
		_, name := file(c.args)
		e := event{call: c, at: c.ended}
		if c.name == "write" && strings.HasPrefix(name, "socket:") {
			e.at, e.leaves = c.began, true
		}
		events = append(events, e)
	}
	sort.SliceStable(events, func(i, j int) bool { return events[i].at < events[j].at })
	return events
}

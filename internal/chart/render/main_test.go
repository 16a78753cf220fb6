package render_test

import (
	"os"
	"path/filepath"
	"testing"
)

// cacheDir keeps compiled WebAssembly between runs, as a server does.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "postern-test-wasm")
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.Close(); err != nil {
		code = 1
	}
	os.Exit(code)
}

package script_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/internal/chart/script"
)

func TestTheFilesAreWhatScriptsVegaWrote(t *testing.T) {
	list, err := os.ReadFile("SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for s := bufio.NewScanner(bytes.NewReader(list)); s.Scan(); n++ {
		sum, name, _ := strings.Cut(s.Text(), "  ")
		b, err := os.ReadFile(filepath.Join("..", "..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(b)); got != sum {
			t.Errorf("%s was changed by hand: scripts/vega writes it", name)
		}
	}
	if n < 8 {
		t.Fatalf("SHA256SUMS names %d files", n)
	}
}

func TestNoScriptEndsThePageItStandsIn(t *testing.T) {
	for _, s := range [][]byte{script.Vega(), script.VegaLite(), script.VegaEmbed()} {
		low := bytes.ToLower(s)
		for _, bad := range []string{"</script", "<!--", "<script"} {
			if bytes.Contains(low, []byte(bad)) {
				t.Errorf("a script holds %s", bad)
			}
		}
	}
}

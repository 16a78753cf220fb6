package wire_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/postern/postern/internal/agent/wire"
)

func piece(t *testing.T, raw string) wire.Piece {
	t.Helper()
	var p wire.Piece
	if err := json.Unmarshal([]byte(raw), &p); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return p
}

func joined(t *testing.T, pieces ...wire.Piece) string {
	t.Helper()
	var heard strings.Builder
	text := wire.Text{Hear: func(s string) error {
		if !utf8.ValidString(s) {
			t.Errorf("%q was heard", s)
		}
		heard.WriteString(s)
		return nil
	}}
	for _, p := range pieces {
		if err := text.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := text.End(); err != nil {
		t.Fatal(err)
	}
	if text.String() != heard.String() {
		t.Errorf("the text is %q, and %q was heard", text.String(), heard.String())
	}
	return text.String()
}

func TestAPieceIsWhatItsJSONSays(t *testing.T) {
	for raw, want := range map[string]string{
		`"a"`: "a", `""`: "", `null`: "", `{"x":1}`: `{"x":1}`, `[1]`: `[1]`, `12`: "12",
		`"\"\\\/\b\f\n\r\t"`: "\"\\/\b\f\n\r\t", `"é\u00e9\u20ac"`: "éé€", `"\ud83d\ude00"`: "😀",
		`"\ud83d"`: "\ufffd", `"\ude00"`: "\ufffd", `"\ude00\ud83d"`: "\ufffd\ufffd", `"\ud83dx"`: "\ufffdx", `"\u0000"`: "\x00",
		"\"\xf0\x9f\"": "\ufffd\ufffd", "\"\xff\"": "\ufffd", `"\\u00e9"`: `\u00e9`,
	} {
		if got := joined(t, piece(t, raw)); got != want {
			t.Errorf("%s is %q, wanted %q", raw, got, want)
		}
	}
	if got := joined(t, piece(t, `"\ud83d"`), nil, piece(t, `"\ude00"`)); got != "😀" {
		t.Errorf("the halves of a pair are %q", got)
	}
}

// FuzzPiecesCutAnywhereGiveTheSameText cuts a text in three.
func FuzzPiecesCutAnywhereGiveTheSameText(f *testing.F) {
	f.Add("é€😀 \"q\"", 1, 5)
	f.Add("\xed\xa0\xbd\xed\xb8\x80\xf0\x9f", 3, 4)
	f.Add("plain", 0, 9)
	f.Fuzz(func(t *testing.T, s string, i, j int) {
		i = max(0, min(i, len(s)))
		j = max(i, min(j, len(s)))
		all := joined(t, wire.Piece(s))
		if cut := joined(t, wire.Piece(s[:i]), wire.Piece(s[i:j]), wire.Piece(s[j:])); cut != all && !surrogates(s) {
			t.Errorf("%q cut at %d and %d is %q, whole %q", s, i, j, cut, all)
		}
		if utf8.ValidString(s) && all != s {
			t.Errorf("%q became %q", s, all)
		}
	})
}

// surrogates is whether s may have bytes of halves: an escape makes them, whole,
// and no server cuts them.
func surrogates(s string) bool { return strings.Contains(s, "\xed") }

func TestACountIsNeverLessThanNoneNorAbsurd(t *testing.T) {
	for raw, want := range map[string]wire.Count{
		`12`: 12, `"12"`: 12, `1.9e1`: 19, `-5`: 0, `null`: 0, `"many"`: 0, `{}`: 0, `[]`: 0, `true`: 0, `1e400`: 1_000_000_000, `9223372036854775807`: 1_000_000_000,
	} {
		var c wire.Count
		if err := json.Unmarshal([]byte(raw), &c); err != nil || c != want {
			t.Errorf("%s is %d, %v, wanted %d", raw, c, err, want)
		}
	}
}

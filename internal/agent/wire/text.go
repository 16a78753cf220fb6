package wire

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Piece is a text of a provider's JSON that need not be whole: servers cut
// between tokens, and so inside a character. encoding/json would put U+FFFD
// there. A value that is no string is taken as its JSON: some servers send
// arguments as an object.
type Piece []byte

// UnmarshalJSON implements json.Unmarshaler.
func (p *Piece) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 1 && b[0] == '"':
		*p = unquoted(b[1 : len(b)-1])
	case string(b) == "null":
		*p = nil
	default:
		*p = bytes.Clone(b)
	}
	return nil
}

var escapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unquoted resolves the escapes of a JSON string that the decoder has checked.
// Bytes stay as they are, and half a surrogate pair becomes the three bytes
// that UTF-8 would have for it, which whole puts together.
func unquoted(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		i++
		if b[i] != 'u' || i+4 >= len(b) {
			if c, ok := escapes[b[i]]; ok {
				out = append(out, c)
			} else {
				out = append(out, b[i])
			}
			continue
		}
		n, _ := strconv.ParseUint(string(b[i+1:i+5]), 16, 32) // four digits, or the decoder had refused it
		i += 4
		if r := rune(n); utf16.IsSurrogate(r) {
			out = append(out, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// Text puts pieces together. Its zero value is empty.
type Text struct {
	Hear func(string) error // what is whole of it, as it comes; may be nil
	text []byte
	rest []byte // the beginning of a character
}

// Add takes the next piece. Its error is Hear's.
func (t *Text) Add(p Piece) error {
	b := append(t.rest, p...)
	n := len(b) - unfinished(b)
	t.rest = bytes.Clone(b[n:])
	return t.heard(whole(b[:n]))
}

// End takes what is left when no piece comes any more.
func (t *Text) End() error {
	said := whole(t.rest)
	t.rest = nil
	return t.heard(said)
}

func (t *Text) heard(said string) error {
	t.text = append(t.text, said...)
	if said == "" || t.Hear == nil {
		return nil
	}
	return t.Hear(said)
}

// String is the text so far, in valid UTF-8.
func (t *Text) String() string { return string(t.text) + whole(t.rest) }

// unfinished is how many bytes at the end begin a character that may go on.
func unfinished(b []byte) int {
	for n := 1; n <= min(3, len(b)); n++ {
		tail := b[len(b)-n:]
		if n == 3 && surrogate(tail, 0xA0) {
			return n
		}
		if utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return n
			}
			if n < 3 {
				return 0
			}
		}
	}
	return 0
}

// surrogate is whether b begins with half a pair: the first half's second byte
// is from 0xA0 on, the other's from 0xB0.
func surrogate(b []byte, from byte) bool {
	return len(b) > 2 && b[0] == 0xED && b[1]&0xF0 == from && b[2]&0xC0 == 0x80
}

func half(b []byte) rune { return 0xD000 | rune(b[1]&0x3F)<<6 | rune(b[2]&0x3F) }

// whole puts halves of pairs together and U+FFFD in the place of what is no
// character.
func whole(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case r != utf8.RuneError || size > 1:
		case surrogate(b[i:], 0xA0) && surrogate(b[i+3:], 0xB0):
			r, size = utf16.DecodeRune(half(b[i:]), half(b[i+3:])), 6
		case surrogate(b[i:], 0xA0) || surrogate(b[i:], 0xB0):
			size = 3
		}
		out.WriteRune(r)
		i += size
	}
	return out.String()
}

// mostTokens is what a Count is at most, so that sums of a few stay in range.
const mostTokens = 1_000_000_000

// Count is a number of tokens as a provider says it. What is no number, or less
// than none, is zero: a reply is not lost for it.
type Count int

// UnmarshalJSON implements json.Unmarshaler.
func (c *Count) UnmarshalJSON(b []byte) error {
	var n json.Number
	if json.Unmarshal(b, &n) != nil {
		return nil
	}
	f, _ := strconv.ParseFloat(n.String(), 64) // beyond numbers is infinite
	if f > 0 {
		*c = Count(min(f, mostTokens))
	}
	return nil
}

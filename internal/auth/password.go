package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// Cost is what hashing one password costs.
type Cost struct {
	KiB    uint32 // memory
	Passes uint32
	Lanes  uint8
}

// DefaultCost is above OWASP's least for argon2id (19 MiB, 2 passes, 1 lane).
var DefaultCost = Cost{KiB: 32 << 10, Passes: 3, Lanes: 1}

// Passwords are hashed a few at a time, whatever arrives: a flood of sign-ins
// takes hashers*KiB of memory and queues, and past the queue it is refused.
const (
	hashers  = 2
	maxQueue = 32
	saltLen  = 16
	keyLen   = 32

	minPassword = 12   // characters
	maxPassword = 1024 // bytes
)

var (
	hashing = make(chan struct{}, hashers)
	queued  atomic.Int32
)

// checkPassword holds the rule for a new password: long enough, not absurd,
// not the name again. There are no rules of composition, which only move
// people to Password1234!.
func checkPassword(username string, password secret.Secret) error {
	p := password.Reveal()
	switch {
	case p == "":
		return fault.Missing("password")
	case !utf8.ValidString(p):
		return fault.BadField("password", "encoding", "must be UTF-8 text")
	case utf8.RuneCountInString(p) < minPassword:
		return fault.BadField("password", "too_short", "must have at least %d characters", minPassword)
	case len(p) > maxPassword:
		return fault.BadField("password", "too_long", "must have at most %d bytes", maxPassword)
	case username != "" && strings.Trim(strings.ReplaceAll(strings.ToLower(p), username, ""), "0123456789 .-_!") == "":
		return fault.BadField("password", "guessable", "must be more than the username")
	case repeats(p) || runs(p):
		return fault.BadField("password", "guessable", "must not be a few characters over and over, nor a row of the keyboard")
	case common[strings.Trim(strings.ToLower(p), appended)]:
		return fault.BadField("password", "guessable", "must be more than a common password with something appended")
	}
	return nil
}

// appended are what people put behind a word to reach a length.
const appended = "0123456789 .,-_!?#$*@"

// common are the words that lists of leaked passwords begin with, as they stand
// when what people append to reach a length is taken off. Shorter leaked
// passwords are ruled out by the length.
var common = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`password passwort passw0rd p@ssword p@ssw0rd passwordpassword mypassword secret
		admin administrator root superuser postern welcome welcomehome letmein letmeinplease changeme changemeplease
		changeit iloveyou iloveyouforever trustno abc abcd abcabc qwerty qwertz azerty qwertyqwerty monkey dragon
		football baseball basketball superman batman sunshine princess starwars whatever computer internet
		masterpassword master test testtest testing temporary default guest correcthorsebatterystaple`) {
		m[w] = true
	}
	return m
}()

// rows are what fingers go along.
var rows = []string{
	"01234567890123456789", "09876543210987654321", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba",
	"qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "1qaz2wsx3edc4rfv5tgb",
}

// runs reports whether the text is along one row, but for what is appended.
func runs(s string) bool {
	s = strings.ToLower(s)
	core := strings.TrimRight(s, appended)
	for _, row := range rows {
		if strings.Contains(row, s) || len(core) >= 6 && strings.Contains(row, core) {
			return true
		}
	}
	return false
}

// repeats reports whether the text has fewer than four different characters.
func repeats(s string) bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen) < 4
}

// hashSlot waits for one of the few places in which a password may be hashed.
func hashSlot(ctx context.Context) (release func(), err error) {
	if queued.Add(1) > maxQueue {
		queued.Add(-1)
		return nil, fault.New(fault.Limited, "too many people are signing in at this moment; try again shortly").After(2 * time.Second)
	}
	defer queued.Add(-1)
	select {
	case hashing <- struct{}{}:
		return func() { <-hashing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hash gives the PHC string of a password.
func (c Cost) hash(ctx context.Context, password secret.Secret) (string, error) {
	release, err := hashSlot(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	salt := make([]byte, saltLen)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	return c.format(salt, argon2.IDKey([]byte(password.Reveal()), salt, c.Passes, c.KiB, c.Lanes, keyLen)), nil
}

func (c Cost) format(salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.KiB, c.Passes, c.Lanes, b64(salt), b64(key))
}

// nobody is a hash that no password has: what a sign-in as an unknown user is
// checked against, so that it takes the same time as one with a wrong password.
func (c Cost) nobody() string {
	b := make([]byte, saltLen+keyLen)
	_, _ = rand.Read(b)
	return c.format(b[:saltLen], b[saltLen:])
}

// verify compares a password with a PHC string.
func verifyPassword(ctx context.Context, password secret.Secret, phc string) (bool, error) {
	c, salt, key, err := parsePHC(phc)
	if err != nil {
		return false, err
	}
	release, err := hashSlot(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	got := argon2.IDKey([]byte(password.Reveal()), salt, c.Passes, c.KiB, c.Lanes, uint32(len(key))) //nolint:gosec // at most 64, see parsePHC
	return subtle.ConstantTimeCompare(got, key) == 1, nil
}

// errPHC never says what was stored.
var errPHC = errors.New("the stored password hash cannot be read")

// parsePHC reads a hash, refusing costs that no version of Postern wrote: the
// store is not trusted with the server's memory.
func parsePHC(s string) (c Cost, salt, key []byte, err error) {
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" {
		return c, nil, nil, errPHC
	}
	version := 0
	if _, err := fmt.Sscanf(part[2]+" "+part[3], "v=%d m=%d,t=%d,p=%d", &version, &c.KiB, &c.Passes, &c.Lanes); err != nil {
		return c, nil, nil, errPHC
	}
	salt, serr := base64.RawStdEncoding.DecodeString(part[4])
	key, kerr := base64.RawStdEncoding.DecodeString(part[5])
	tooMuch := c.KiB > 256<<10 || c.Passes > 16 || c.Passes < 1 || c.Lanes < 1 || c.Lanes > 16
	if serr != nil || kerr != nil || version != argon2.Version || tooMuch || len(salt) < 8 || len(key) < 16 || len(key) > 64 {
		return c, nil, nil, errPHC
	}
	return c, salt, key, nil
}

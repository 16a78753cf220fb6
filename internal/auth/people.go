package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// User is a person who signs in at the console. Its id comes from the same
// sequence as that of the hidden user behind each client, so that no two
// actors on record share one.
type User struct {
	ID           int64
	Username     string // lower case, unique
	Name         string // as shown
	Role         Role
	PasswordHash string // argon2id, PHC format
	Suspended    bool
	System       bool // stands for a client; has no password and cannot sign in
	CreatedAt    time.Time
}

// UserStore is what People keeps in the store. Secrets reach it hashed.
type UserStore interface {
	// HasAdmin reports whether a person who is not suspended is Server Admin.
	HasAdmin(ctx context.Context) (bool, error)
	// PutSetup keeps the hash of a one-time link.
	PutSetup(ctx context.Context, hash []byte, expires time.Time) error
	// SetupOpen is NotFound when no link with this hash is open at now.
	SetupOpen(ctx context.Context, hash []byte, now time.Time) error
	// CompleteSetup uses the link up and creates the user, both or neither. It
	// is NotFound when the link is not open, Conflict when there is an admin.
	CompleteSetup(ctx context.Context, hash []byte, u User) (User, error)

	Users(ctx context.Context) ([]User, error)
	UserByName(ctx context.Context, username string) (User, error)
	// PutReset keeps the hash of a one-time link for a person's password, in
	// the place of an earlier one; ResetUser gives the person of a link that is
	// open at now, and CompleteReset uses it up and ends the person's sessions.
	PutReset(ctx context.Context, id int64, hash []byte, expires time.Time) error
	ResetUser(ctx context.Context, hash []byte, now time.Time) (User, error)
	CompleteReset(ctx context.Context, hash []byte, now time.Time, phc string) error
	// SetPassword replaces the hash and ends the user's sessions but keep.
	SetPassword(ctx context.Context, id int64, phc string, keep []byte) error

	CreateSession(ctx context.Context, s SessionRow, u User) error
	Session(ctx context.Context, hash []byte) (SessionRow, User, error)
	TouchSession(ctx context.Context, hash []byte, at time.Time) error
	DeleteSession(ctx context.Context, hash []byte) error

	// SignInRefused records a refusal; id is 0 for an unknown user.
	SignInRefused(ctx context.Context, id int64, reason string) error
	// Attempts reads the counters of keys.
	Attempts(ctx context.Context, keys []string) (map[string]Attempts, error)
	// CountAttempts lets update change the counters in one transaction.
	CountAttempts(ctx context.Context, keys []string, now time.Time, update func(map[string]Attempts) error) error
}

// People are those who sign in at the console.
type People struct {
	Store UserStore
	Now   func() time.Time
	Cost  Cost // of hashing passwords; zero is DefaultCost
}

// SetupLife is how long a one-time link can be used.
const SetupLife = 24 * time.Hour

func (p *People) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

func (p *People) cost() Cost {
	if p.Cost == (Cost{}) {
		return DefaultCost
	}
	return p.Cost
}

// newToken makes 256 random bits for a link or a cookie.
func newToken() secret.Secret {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return secret.New(base64.RawURLEncoding.EncodeToString(b[:]))
}

// tokenDigest is how a link or cookie is stored: it has 256 random bits, so a plain
// hash says nothing about it. The purpose keeps one from passing for another.
func tokenDigest(purpose string, token secret.Secret) []byte {
	sum := sha256.Sum256([]byte("postern " + purpose + "\x00" + token.Reveal()))
	return sum[:]
}

// SetupToken makes the token of a new one-time link while there is no admin.
// Links made earlier, by another node say, stay open until one is used.
func (p *People) SetupToken(ctx context.Context) (token secret.Secret, needed bool, err error) {
	has, err := p.Store.HasAdmin(ctx)
	if err != nil || has {
		return secret.Secret{}, false, err
	}
	token = newToken()
	if err := p.Store.PutSetup(ctx, tokenDigest("setup", token), p.now().Add(SetupLife)); err != nil {
		return secret.Secret{}, false, err
	}
	return token, true, nil
}

// HasAdmin reports whether the first admin exists already.
func (p *People) HasAdmin(ctx context.Context) (bool, error) { return p.Store.HasAdmin(ctx) }

// SetupOpen reports, as NotFound, a link that is used, expired or made up.
func (p *People) SetupOpen(ctx context.Context, token secret.Secret) error {
	return p.Store.SetupOpen(ctx, tokenDigest("setup", token), p.now())
}

// CompleteSetup makes the first admin, and uses up every open link.
func (p *People) CompleteSetup(ctx context.Context, token secret.Secret, username string, password secret.Secret) (User, error) {
	if err := p.SetupOpen(ctx, token); err != nil {
		return User{}, err // before the hash is paid for
	}
	name := strings.TrimSpace(username)
	u := User{Username: canonicalName(username), Name: name, Role: ServerAdmin, CreatedAt: p.now()}
	if err := checkUsername(u.Username); err != nil {
		return User{}, err
	}
	if err := checkPassword(u.Username, password); err != nil {
		return User{}, err
	}
	var err error
	if u.PasswordHash, err = p.cost().hash(ctx, password); err != nil {
		return User{}, err
	}
	return p.Store.CompleteSetup(ctx, tokenDigest("setup", token), u)
}

// ChangePassword sets a new password for the caller, who has to know the old
// one; every other session of theirs ends.
func (p *People) ChangePassword(ctx context.Context, cookie secret.Secret, old, next secret.Secret) error {
	row, u, err := p.open(ctx, cookie)
	if err != nil {
		return err
	}
	if err := checkPassword(u.Username, next); err != nil {
		return err
	}
	if err := p.guess(ctx, u.Username, row.Address, func() error {
		ok, err := verifyPassword(ctx, old, u.PasswordHash)
		if err == nil && !ok {
			err = fault.BadField("old_password", "wrong", "is not your password")
		}
		return err
	}); err != nil {
		return err
	}
	phc, err := p.cost().hash(ctx, next)
	if err != nil {
		return err
	}
	return p.Store.SetPassword(ctx, u.ID, phc, row.Hash)
}

var usernameRule = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,94}[a-z0-9]$|^[a-z0-9]$`)

// canonicalName is the one spelling of a username, so that case and spaces lead to
// the same person and the same counter of attempts.
func canonicalName(username string) string {
	return strings.ToLower(strings.TrimSpace(username))
}

func checkUsername(name string) error {
	switch {
	case name == "":
		return fault.Missing("username")
	case utf8.RuneCountInString(name) > 96:
		return fault.BadField("username", "too_long", "must have at most 96 characters")
	case !usernameRule.MatchString(name):
		return fault.BadField("username", "pattern", "may have letters, digits and . _ @ + - and must start and end with a letter or digit")
	}
	return nil
}

package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// How long a person stays signed in: while active, and at most.
const (
	SessionIdle = 30 * time.Minute
	SessionLife = 12 * time.Hour

	touchEvery = time.Minute // how exact the idle time is; each touch is a write
)

// Session is a person signed in. The token is the cookie's value and is not
// stored.
type Session struct {
	Token   secret.Secret
	User    User
	Expires time.Time
}

// SessionRow is a session as it is stored.
type SessionRow struct {
	Hash      []byte
	UserID    int64
	CreatedAt time.Time
	SeenAt    time.Time
	Address   string
}

// Live reports whether the session may still be used.
func (s SessionRow) Live(now time.Time) bool {
	return now.Before(s.CreatedAt.Add(SessionLife)) && now.Before(s.SeenAt.Add(SessionIdle))
}

// Ref names the session on record; it gives nothing away that the hash, of 256
// random bits, would.
func (s SessionRow) Ref() string { return "session:" + hex.EncodeToString(s.Hash[:8]) }

// errSignIn is the one answer to a wrong name, a wrong password and a
// suspended user.
func errSignIn() error {
	return fault.New(fault.Unauthenticated, "The username or the password is wrong.")
}

// SignIn checks a password. Unknown users take the same work as known ones.
func (p *People) SignIn(ctx context.Context, username string, password secret.Secret, address string) (Session, error) {
	name := canonicalName(username)
	u, err := p.Store.UserByName(ctx, name)
	known := err == nil && !u.System
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Session{}, err
	}
	phc := u.PasswordHash
	if !known {
		phc = p.cost().nobody()
	}
	if err := p.guess(ctx, name, address, func() error {
		// The length is checked so that nobody makes us hash a megabyte.
		ok := len(password.Reveal()) <= maxPassword
		if ok {
			if ok, err = verifyPassword(ctx, password, phc); err != nil {
				return err
			}
		}
		return p.judge(ctx, u, ok, known)
	}); err != nil {
		return Session{}, err
	}
	return p.begin(ctx, u, address)
}

// judge turns the comparison into the answer, and a refusal into a record.
func (p *People) judge(ctx context.Context, u User, ok, known bool) error {
	reason := ""
	switch {
	case !known:
		reason = "unknown user"
	case !ok:
		reason = "wrong password"
	case u.Suspended:
		reason = "suspended"
	default:
		return nil
	}
	if err := p.Store.SignInRefused(ctx, u.ID, reason); err != nil {
		return err
	}
	return errSignIn()
}

func (p *People) begin(ctx context.Context, u User, address string) (Session, error) {
	now := p.now()
	s := Session{Token: newToken(), User: u, Expires: now.Add(SessionLife)}
	row := SessionRow{Hash: tokenDigest("session", s.Token), UserID: u.ID, CreatedAt: now, SeenAt: now, Address: address}
	if err := p.Store.CreateSession(ctx, row, u); err != nil {
		return Session{}, err
	}
	return s, nil
}

// Session gives the caller behind a cookie. It asks the store each time: the
// console is for people, and a suspension or a changed role holds at the next
// click.
func (p *People) Session(ctx context.Context, cookie secret.Secret) (Caller, error) {
	row, u, err := p.open(ctx, cookie)
	if err != nil {
		return Caller{}, err
	}
	if now := p.now(); now.Sub(row.SeenAt) >= touchEvery {
		if err := p.Store.TouchSession(ctx, row.Hash, now); err != nil {
			return Caller{}, err
		}
	}
	return Caller{
		Kind: Person, UserID: u.ID, Name: u.Username, Role: u.Role, Scopes: []Scope{ScopeAll},
		TokenID: row.Ref(), Address: CallerFrom(ctx).Address,
	}, nil
}

func (p *People) open(ctx context.Context, cookie secret.Secret) (SessionRow, User, error) {
	ended := fault.New(fault.Unauthenticated, "Sign in to go on.")
	if cookie.Empty() {
		return SessionRow{}, User{}, ended
	}
	row, u, err := p.Store.Session(ctx, tokenDigest("session", cookie))
	switch {
	case fault.Is(err, fault.NotFound):
		return SessionRow{}, User{}, ended
	case err != nil:
		return SessionRow{}, User{}, err
	case u.Suspended || u.System || !row.Live(p.now()):
		return SessionRow{}, User{}, ended
	}
	return row, u, nil
}

// SignOut ends a session; one that has ended already is no error.
func (p *People) SignOut(ctx context.Context, cookie secret.Secret) error {
	row, u, err := p.open(ctx, cookie)
	if fault.Is(err, fault.Unauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx = WithCaller(ctx, Caller{Kind: Person, UserID: u.ID, Name: u.Username, Role: u.Role, TokenID: row.Ref(), Address: CallerFrom(ctx).Address})
	return p.Store.DeleteSession(ctx, row.Hash)
}

// Attempts counts guesses at passwords under one key.
type Attempts struct {
	N         int
	Last      time.Time // of the attempts
	Until     time.Time // nothing is tried before
	Succeeded time.Time // the last time one was right
}

// ForgetAttempts is after how long without another attempt a counter starts
// again; UsualPlace is how long a place stays one.
const (
	ForgetAttempts = time.Hour
	UsualPlace     = 90 * 24 * time.Hour
)

// The limits. Guesses at one name from one place are slowed down soon; guesses
// at one name from many places, and at many names from one place, later. A
// place from which the person has signed in before is spared the latter two,
// so that an attacker elsewhere cannot lock them out.
const (
	freePair    = 5
	freeName    = 100
	freeAddress = 60

	firstWait   = 10 * time.Second
	longestWait = 15 * time.Minute
)

// attemptKeys names the three counters; hashed, since what is typed as a name is at
// times a password.
func attemptKeys(name, address string) (pair, who, where string) {
	place := placeOf(address)
	key := func(kind, s string) string {
		sum := sha256.Sum256([]byte(s))
		return kind + ":" + hex.EncodeToString(sum[:16])
	}
	return key("pair", name+"\x00"+place), key("name", name), key("place", place)
}

// placeOf is the part of an address that one party holds: all of IPv4, the /64
// of IPv6.
func placeOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

// guess runs try unless too many were wrong. The attempt is counted before it
// is made, so that a thousand at once are not all the first.
func (p *People) guess(ctx context.Context, name, address string, try func() error) error {
	pair, who, where := attemptKeys(name, address)
	keys := []string{pair, who, where}
	now := p.now()
	seen, err := p.Store.Attempts(ctx, keys)
	if err != nil {
		return err
	}
	// Read first: a blocked attempt must not cost a write.
	if err := countAttempt(seen, pair, who, where, now); err != nil {
		return err
	}
	if err := p.Store.CountAttempts(ctx, keys, now, func(a map[string]Attempts) error {
		return countAttempt(a, pair, who, where, now)
	}); err != nil {
		return err
	}
	if err := try(); err != nil {
		return err
	}
	return p.Store.CountAttempts(ctx, keys, now, func(a map[string]Attempts) error {
		a[pair] = Attempts{Last: now, Succeeded: now}
		for _, k := range []string{who, where} {
			c := a[k]
			c.N, c.Until = max(c.N-1, 0), time.Time{}
			a[k] = c
		}
		return nil
	})
}

// countAttempt adds one attempt to the counters, or refuses it.
func countAttempt(a map[string]Attempts, pair, who, where string, now time.Time) error {
	usual := now.Sub(a[pair].Succeeded) < UsualPlace
	free := map[string]int{pair: freePair, who: freeName, where: freeAddress}
	if usual {
		free = map[string]int{pair: freePair}
	}
	for k, most := range free {
		c := a[k]
		if wait := c.Until.Sub(now); wait > 0 {
			return fault.New(fault.Limited, "Too many attempts. Try again in %s.", aboutWait(wait)).After(wait)
		}
		if now.Sub(c.Last) > ForgetAttempts {
			c.N = 0
		}
		c.N, c.Last = c.N+1, now
		if c.N >= most {
			c.Until = now.Add(min(longestWait, firstWait<<min(c.N-most, 7)))
		}
		a[k] = c
	}
	return nil
}

func aboutWait(d time.Duration) string {
	if d < time.Minute {
		return itoa(int64(d/time.Second)+1) + " seconds"
	}
	return itoa(int64(d/time.Minute)+1) + " minutes"
}

package auth

import (
	"context"
	"time"

	"github.com/postern/postern/internal/secret"
)

// ResetLife is how long a link to a new password can be used.
const ResetLife = time.Hour

// Users lists the people, the oldest first.
func (p *People) Users(ctx context.Context) ([]User, error) { return p.Store.Users(ctx) }

// Reset makes the token of a one-time link with which a person sets a new
// password. The old one, and the sessions, hold until it is used. It is the
// operator's to ask for it, and to bring the link to the person.
func (p *People) Reset(ctx context.Context, username string) (User, secret.Secret, time.Time, error) {
	u, err := p.Store.UserByName(ctx, canonicalName(username))
	if err != nil {
		return User{}, secret.Secret{}, time.Time{}, err
	}
	token, until := newToken(), p.now().Add(ResetLife)
	return u, token, until, p.Store.PutReset(ctx, u.ID, tokenDigest("reset", token), until)
}

// ResetUser gives the person of a link; NotFound is one that is used, expired
// or made up.
func (p *People) ResetUser(ctx context.Context, token secret.Secret) (User, error) {
	return p.Store.ResetUser(ctx, tokenDigest("reset", token), p.now())
}

// CompleteReset sets the password, uses the link up and ends the person's
// sessions.
func (p *People) CompleteReset(ctx context.Context, token, password secret.Secret) (User, error) {
	u, err := p.ResetUser(ctx, token) // before the hash is paid for
	if err != nil {
		return User{}, err
	}
	if err := checkPassword(u.Username, password); err != nil {
		return User{}, err
	}
	phc, err := p.cost().hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	return u, p.Store.CompleteReset(ctx, tokenDigest("reset", token), p.now(), phc)
}

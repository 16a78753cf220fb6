package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

const tokenType = "at+jwt" // RFC 9068

// MCPPath is the MCP server's resource, under the public URL.
const MCPPath = "/ai/mcp/"

// Claims are what an access token says, by RFC 9068. role is for readers: the
// server looks the role up at each request. epoch has to be the client's.
type Claims struct {
	Issuer    string       `json:"iss"`
	Subject   string       `json:"sub"` // the client's system user id
	Audience  jwt.Audience `json:"aud"`
	ClientID  ClientID     `json:"client_id"`
	IssuedAt  int64        `json:"iat"`
	NotBefore int64        `json:"nbf"`
	Expires   int64        `json:"exp"`
	ID        string       `json:"jti"`
	Scope     string       `json:"scope"`
	Role      Role         `json:"role"`
	Epoch     int64        `json:"epoch"`
}

// Issued is a token as the record has it.
type Issued struct {
	KeyID     string
	Scope     string
	Audience  []string
	ExpiresAt time.Time
}

// TokenStore keeps what is known of tokens: who may have them, which were
// revoked, and the record of each. Tokens themselves are nowhere.
type TokenStore interface {
	// TokenIssued records a token; its client and id come from the context.
	TokenIssued(ctx context.Context, i Issued) error
	// TokenIssuedAlone is TokenIssued that ends the client's earlier tokens in
	// the same transaction, and gives the epoch of the new one.
	TokenIssuedAlone(ctx context.Context, id ClientID, i Issued) (epoch int64, err error)
	TokenRefused(ctx context.Context, r Refusal) error
	RevokeToken(ctx context.Context, id ClientID, jti string, expires time.Time) error
	// TokenState gives the client, and whether it is there and the token revoked.
	TokenState(ctx context.Context, id ClientID, jti string) (TokenState, error)
	Changes(ctx context.Context) (n int64, ok bool)
}

// TokenState is what the store knows now about a token's client.
type TokenState struct {
	Client  Client // zero when there is none
	Revoked bool
}

// TokenRequest is a client_credentials request.
type TokenRequest struct {
	ClientID  ClientID
	Secret    secret.Secret
	Scope     string   // "" is all that the role permits
	Resources []string // RFC 8707; none is REST and MCP alike
}

// Token is an issued access token.
type Token struct {
	Access    secret.Secret
	ExpiresIn time.Duration
	CreatedAt time.Time
	Scope     string
}

// Issuer issues, introspects and revokes access tokens.
type Issuer struct {
	Clients  *Clients
	Store    TokenStore
	Keys     *Keys
	Verifier *Verifier
	// PublicURL is the issuer, without a final slash.
	PublicURL string
	// Permits decides whether a role may have a scope that was asked for by
	// name; nil lets every known scope be asked for (each request is checked
	// against the role all the same).
	Permits func(ctx context.Context, c Caller, s Scope) error
	Now     func() time.Time
}

// Issue gives a client an access token, once its record is durable.
func (i *Issuer) Issue(ctx context.Context, r TokenRequest) (Token, error) {
	c, err := i.Clients.Authenticate(ctx, r.ClientID, r.Secret)
	if err != nil {
		return Token{}, err
	}
	now := i.Now()
	jti := rand.Text()
	ctx = WithCaller(ctx, Caller{
		Kind: Machine, UserID: c.UserID, ClientID: c.ID, Name: c.Name, Role: c.Role, Scopes: []Scope{ScopeAll},
		TokenID: jti, Address: CallerFrom(ctx).Address,
	})
	scope, err := i.scope(ctx, r.Scope)
	if err != nil {
		return Token{}, i.refused(ctx, c, err)
	}
	audience, err := i.audience(r.Resources)
	if err != nil {
		return Token{}, i.refused(ctx, c, err)
	}
	claims := Claims{
		Issuer: i.PublicURL, Subject: itoa(c.UserID), Audience: audience, ClientID: c.ID,
		IssuedAt: now.Unix(), NotBefore: now.Unix(), Expires: now.Add(c.Duration).Unix(),
		ID: jti, Scope: scope, Role: c.Role, Epoch: c.Epoch,
	}
	access, err := i.sign(ctx, c, claims)
	if err != nil {
		return Token{}, err
	}
	return Token{Access: secret.New(access), ExpiresIn: c.Duration, CreatedAt: now, Scope: scope}, nil
}

// sign records the token, then signs it: one that nobody gets is harmless on
// record, one that is not on record must not exist.
func (i *Issuer) sign(ctx context.Context, c Client, claims Claims) (string, error) {
	key, err := i.Keys.current(ctx)
	if err != nil {
		return "", err
	}
	issued := Issued{KeyID: key.ID, Scope: claims.Scope, Audience: claims.Audience, ExpiresAt: time.Unix(claims.Expires, 0).UTC()}
	if c.SingleActive {
		claims.Epoch, err = i.Store.TokenIssuedAlone(ctx, c.ID, issued)
	} else {
		err = i.Store.TokenIssued(ctx, issued)
	}
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return i.Keys.sign(ctx, key, payload)
}

func (i *Issuer) refused(ctx context.Context, c Client, err error) error {
	r := Refusal{ClientID: c.ID, Reason: err.Error()}
	if rerr := i.Store.TokenRefused(ctx, r); rerr != nil {
		return rerr
	}
	return err
}

// scope checks what was asked for. An unknown scope, or one the role has not,
// is refused: silently giving other rights than asked for helps nobody.
func (i *Issuer) scope(ctx context.Context, asked string) (string, error) {
	words := strings.Fields(asked)
	if len(words) == 0 {
		return string(ScopeAll), nil
	}
	var out []string
	for _, w := range words {
		if !slices.Contains(Scopes, Scope(w)) {
			return "", fault.New(fault.Invalid, "unknown scope; known are: %s", joinScopes()).Coded(0, InvalidScope)
		}
		if i.Permits != nil && Scope(w) != ScopeAll {
			err := i.Permits(ctx, CallerFrom(ctx), Scope(w))
			if fault.Is(err, fault.Denied) {
				return "", fault.New(fault.Invalid, "the client's role does not permit the scope %s", w).Coded(0, InvalidScope)
			}
			if err != nil {
				return "", err
			}
		}
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, " "), nil
}

func joinScopes() string {
	names := make([]string, len(Scopes))
	for i, s := range Scopes {
		names[i] = string(s)
	}
	return strings.Join(names, " ")
}

// audience is the default, or the resources asked for, as they were spelled.
func (i *Issuer) audience(resources []string) (jwt.Audience, error) {
	if len(resources) == 0 {
		return jwt.Audience{i.PublicURL, i.PublicURL + MCPPath}, nil
	}
	var out jwt.Audience
	for _, r := range resources {
		if !sameResource(r, i.PublicURL) && !sameResource(r, i.PublicURL+MCPPath) {
			return nil, fault.New(fault.Invalid, "unknown resource; known are: %s and %s%s", i.PublicURL, i.PublicURL, MCPPath).Coded(0, InvalidTarget)
		}
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out, nil
}

// sameResource compares with and without one final slash.
func sameResource(a, b string) bool {
	return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/")
}

// Introspect says what a client's own token says, and whether it is active.
// Another client's token is not, to this one.
func (i *Issuer) Introspect(ctx context.Context, id ClientID, s secret.Secret, token string) (Claims, bool, error) {
	c, err := i.Clients.Authenticate(ctx, id, s)
	if err != nil {
		return Claims{}, false, err
	}
	claims, err := i.Verifier.own(ctx, c, token)
	if fault.Is(err, fault.Unauthenticated) {
		return Claims{}, false, nil
	}
	return claims, err == nil, err
}

// Revoke ends a client's own token. What is no live token of the client is
// revoked already, and no error (RFC 7009).
func (i *Issuer) Revoke(ctx context.Context, id ClientID, s secret.Secret, token string) error {
	c, err := i.Clients.Authenticate(ctx, id, s)
	if err != nil {
		return err
	}
	claims, err := i.Verifier.own(ctx, c, token)
	if fault.Is(err, fault.Unauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx = WithCaller(ctx, Caller{
		Kind: Machine, UserID: c.UserID, ClientID: c.ID, Name: c.Name, Role: c.Role,
		TokenID: claims.ID, Address: CallerFrom(ctx).Address,
	})
	if err := i.Store.RevokeToken(ctx, c.ID, claims.ID, time.Unix(claims.Expires, 0)); err != nil {
		return fmt.Errorf("revoke a token: %w", err)
	}
	return nil
}

// JWKS is the public keys in force.
func (i *Issuer) JWKS(ctx context.Context) ([]byte, error) { return i.Keys.JWKS(ctx) }

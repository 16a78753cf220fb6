package gateway

import (
	"context"
	"strconv"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
)

// The pool's keys begin with the product and the credential, so that either
// can be forgotten. A NUL ends each part, which no id holds.
func poolPrefix(productID string) string      { return productID + "\x00" }
func poolKey(productID, cred string) string   { return poolPrefix(productID) + cred + "\x00" }
func revision(c credential.Credential) string { return c.ID + ":" + strconv.FormatInt(c.Revision, 10) }

// forget ends the sessions of a credential that was replaced or deleted.
func (g *Gateway) forget(c credential.Credential) {
	g.Pool.Forget(poolPrefix(c.ProductID) + c.ID + ":")
}

// StoreCredential tries a login and stores it for the caller. The outcome of
// the try is its status, never a failure: a warehouse that is down must not
// keep a machine from being set up.
func (g *Gateway) StoreCredential(ctx context.Context, c auth.Caller, n credential.New) (credential.Credential, bool, error) {
	ctx = auth.WithCaller(ctx, c)
	if err := n.Check(); err != nil {
		return credential.Credential{}, false, err
	}
	pr, err := g.may(ctx, c, policy.Connect, n.ProductID, "")
	if err != nil {
		return credential.Credential{}, false, g.denied(ctx, "product:"+n.ProductID, err)
	}
	sys, ok := pr.System()
	if !ok {
		return credential.Credential{}, false, fault.New(fault.Conflict, "the data product has no delivery system of type sql, so that no credential can be used with it").Coded(codeConnector, nameConnector)
	}
	cred := credential.Credential{
		Owner: c.Subject(), ProductID: pr.ID, State: n.State, Username: n.Username,
		Type: n.Type(), Status: credential.Active, Target: sys.Source.Canonical(),
	}
	switch {
	case sys.NoLogin:
		cred.Type, n.Secret = credential.None, credential.Secret{}
	case cred.Type == credential.None:
		return credential.Credential{}, false, credential.NoSecret()
	default:
		cred.Status, cred.Reason = g.try(ctx, sys.Source, cred, n.Secret)
		if err := ctx.Err(); err != nil {
			return credential.Credential{}, false, err // the outcome says nothing about the login
		}
	}
	cred, created, err := g.Vault.Put(ctx, cred, n.Secret)
	if err == nil && !created {
		g.forget(cred)
	}
	return cred, created, err
}

// try signs in, and says what that makes of the credential. Only the
// warehouse's own refusal rejects it.
func (g *Gateway) try(ctx context.Context, s product.Source, c credential.Credential, sec credential.Secret) (credential.Status, string) {
	err := g.Pool.Test(ctx, s, loginOf(c, sec))
	if err == nil {
		return credential.Active, ""
	}
	f := fault.As(err)
	switch {
	case f == nil || f.Kind == fault.Internal:
		return credential.Unverified, "the warehouse could not be used"
	case f.Kind == fault.Rejected:
		return credential.Rejected, f.Message
	}
	return credential.Unverified, f.Message
}

// Credentials lists the caller's own, the newest first, and says how many
// there are; productID "" is of all products.
func (g *Gateway) Credentials(ctx context.Context, c auth.Caller, productID string, limit, skip int) ([]credential.Credential, int, error) {
	return g.Vault.List(ctx, c.Subject(), productID, limit, skip)
}

// Credential gives one of the caller's own.
func (g *Gateway) Credential(ctx context.Context, c auth.Caller, id string) (credential.Credential, error) {
	return g.Vault.Get(ctx, c.Subject(), id)
}

// DeleteCredential deletes one of the caller's own, and ends its sessions.
func (g *Gateway) DeleteCredential(ctx context.Context, c auth.Caller, id string) error {
	ctx = auth.WithCaller(ctx, c)
	cred, err := g.Vault.Get(ctx, c.Subject(), id)
	if err != nil {
		return err
	}
	if err := g.Vault.Delete(ctx, c.Subject(), id); err != nil {
		return err
	}
	g.forget(cred)
	return nil
}

// TestCredential tries the login of one of the caller's own again, and keeps
// the outcome.
func (g *Gateway) TestCredential(ctx context.Context, c auth.Caller, id string) (credential.Credential, error) {
	ctx = auth.WithCaller(ctx, c)
	cred, err := g.Vault.Get(ctx, c.Subject(), id)
	if err != nil {
		return cred, err
	}
	pr, err := g.may(ctx, c, policy.Connect, cred.ProductID, "")
	if err != nil {
		return cred, g.denied(ctx, "product:"+cred.ProductID, err)
	}
	sys, ok := pr.System()
	if !ok {
		return cred, fault.New(fault.Conflict, "the data product has no delivery system of type sql").Coded(codeConnector, nameConnector)
	}
	cred, sec, err := g.Vault.Open(ctx, c.Subject(), id, sys.Source.Canonical())
	if fault.Is(err, fault.Rejected) {
		return g.Vault.SetStatus(ctx, cred, credential.Rejected, fault.As(err).Message)
	}
	if err != nil {
		return cred, err
	}
	status, reason := credential.Active, ""
	if cred.Type != credential.None {
		status, reason = g.try(ctx, sys.Source, cred, sec)
	}
	if err := ctx.Err(); err != nil {
		return cred, err
	}
	return g.Vault.SetStatus(ctx, cred, status, reason)
}

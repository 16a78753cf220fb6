// Package postgres is the driver for PostgreSQL and its kin. It signs in with
// pgx and then speaks the extended protocol itself, so that a text never holds
// more than one statement and a query costs two round trips: one that opens a
// read-only transaction and describes the statement, one that runs it.
package postgres

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/grammar/pg"
)

// Driver opens PostgreSQL sessions. Zero fields have working defaults.
type Driver struct {
	// Timeout is how long a query may run when its limits do not say.
	Timeout time.Duration
}

// defaultTimeout and friends are set in the startup packet, so that they hold
// for whatever the session does.
const (
	defaultTimeout = time.Minute
	lockTimeout    = 5 * time.Second
	idleInTx       = time.Minute
	connectTimeout = 10 * time.Second
	maxRow         = 64 << 20 // a longer row would be in memory several times
)

// Open signs in. Nothing of the environment and no local file takes part.
func (d Driver) Open(ctx context.Context, s product.Source, l warehouse.Login, dial warehouse.Dial) (warehouse.Conn, error) {
	pg.Warm()
	if s.Host == "" || strings.HasPrefix(s.Host, "/") || strings.HasPrefix(s.Host, "@") {
		return nil, fault.New(fault.Invalid, "a PostgreSQL source needs a host name")
	}
	attempts, err := attemptsOf(s)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait(s))
	defer cancel()
	var last error
	for _, a := range attempts {
		c, err := d.try(ctx, s, l, dial, a)
		if err == nil {
			return c, nil
		}
		last = err
		if !a.retry(err) {
			break
		}
	}
	return nil, loginError(ctx, last)
}

func (d Driver) try(ctx context.Context, s product.Source, l warehouse.Login, dial warehouse.Dial, a attempt) (*Conn, error) {
	timeout := cmp.Or(d.Timeout, defaultTimeout)
	cfg, err := config(s, l, dial, a, timeout)
	if err != nil {
		return nil, err
	}
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil && refusesParameters(err) {
		// A connection pooler in front (PgBouncer) knows only a few. Each
		// query sets them in its own transaction anyway.
		cfg.RuntimeParams = map[string]string{
			"client_encoding": "UTF8", "standard_conforming_strings": "on", "application_name": cfg.RuntimeParams["application_name"],
		}
		conn, err = pgconn.ConnectConfig(ctx, cfg)
		timeout = 0
	}
	if err != nil {
		return nil, err
	}
	// The login must not be in memory longer than it takes.
	cfg.Password = ""
	return &Conn{pg: conn, front: conn.Frontend(), timeout: timeout, defaultTimeout: cmp.Or(d.Timeout, defaultTimeout), seen: map[string][]int16{}}, nil
}

// attempt is one way to connect, of the few that an sslmode allows.
type attempt struct {
	tls  *tls.Config
	last bool
}

// retry says whether the next way may be tried after this error: only when the
// server does not do TLS (or only does it), never after it judged the login.
func (a attempt) retry(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code == "28000" && strings.Contains(refused.Message, "encryption")
	}
	return !a.last && fault.As(err) == nil
}

// attemptsOf reads sslmode as libpq does. Certificates are checked against the
// system's roots: none comes from a file that a source names.
func attemptsOf(s product.Source) ([]attempt, error) {
	unchecked := &tls.Config{InsecureSkipVerify: true, ServerName: s.Host, MinVersion: tls.VersionTLS12} //nolint:gosec // what these modes mean; verify-full checks
	switch mode := cmp.Or(s.Params["sslmode"], "prefer"); mode {
	case "disable":
		return []attempt{{nil, true}}, nil
	case "allow":
		return []attempt{{nil, false}, {unchecked, true}}, nil
	case "prefer":
		return []attempt{{unchecked, false}, {nil, true}}, nil
	case "require":
		return []attempt{{unchecked, true}}, nil
	case "verify-ca":
		ca := unchecked.Clone()
		ca.VerifyConnection = verifyChain
		return []attempt{{ca, true}}, nil
	case "verify-full":
		return []attempt{{&tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}, true}}, nil
	default:
		return nil, fault.New(fault.Invalid, "sslmode %q is not one PostgreSQL knows", mode)
	}
}

func verifyChain(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) == 0 {
		return errors.New("the server sent no certificate")
	}
	opts := x509.VerifyOptions{Intermediates: x509.NewCertPool()}
	for _, c := range cs.PeerCertificates[1:] {
		opts.Intermediates.AddCert(c)
	}
	_, err := cs.PeerCertificates[0].Verify(opts)
	return err
}

func wait(s product.Source) time.Duration {
	if n, err := strconv.Atoi(s.Params["connect_timeout"]); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return connectTimeout
}

// template is a Config as pgconn insists on making it. Every field that the
// environment or a file could have set is overwritten in config.
var template = sync.OnceValues(func() (*pgconn.Config, error) {
	return pgconn.ParseConfig("host=postern.invalid port=5432 user=x password=x dbname=x sslmode=disable")
})

func config(s product.Source, l warehouse.Login, dial warehouse.Dial, a attempt, timeout time.Duration) (*pgconn.Config, error) {
	t, err := template()
	if err != nil {
		return nil, fault.New(fault.Unavailable, "the server's environment has PG... variables (PGSERVICE?) that keep its PostgreSQL driver from starting: unset them")
	}
	c := t.Copy()
	c.Host, c.Port, c.Database = s.Host, uint16(cmp.Or(s.Port, 5432)), s.Database //nolint:gosec // product.ParseSource checked the port
	c.User, c.Password = l.Username, l.Password.Reveal()
	c.TLSConfig, c.Fallbacks = a.tls, nil
	c.ConnectTimeout = 0 // Open's context has it
	c.DialFunc = pgconn.DialFunc(dial)
	// The dial guard resolves the name: it must see it, not an address.
	c.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	c.BuildFrontend = pgproto3.NewFrontend
	c.MaxProtocolMessageBodyLen = maxRow
	c.RuntimeParams = map[string]string{
		"application_name":              cmp.Or(s.Params["application_name"], "postern"),
		"client_encoding":               "UTF8",
		"default_transaction_read_only": "on",
		// The parser reads a backslash in '...' as itself. A server that has
		// this off would read '\'' another way, and run what was judged to be
		// inside a string.
		"standard_conforming_strings":         "on",
		"statement_timeout":                   millis(timeout),
		"lock_timeout":                        millis(lockTimeout),
		"idle_in_transaction_session_timeout": millis(idleInTx),
	}
	c.KerberosSrvName, c.KerberosSpn = "", ""
	c.SSLNegotiation, c.SSLCertMode, c.ChannelBinding = "", "disable", "prefer"
	c.MinProtocolVersion, c.MaxProtocolVersion = "3.0", "3.0"
	c.RequireAuth = ""
	if a.tls == nil {
		c.RequireAuth = "!password" // never in clear over the wire
	}
	c.ValidateConnect, err = target(s.Params["target_session_attrs"])
	c.AfterConnect, c.AfterNetConnect, c.OnNotice, c.OnNotification, c.OAuthTokenProvider = nil, nil, nil, nil, nil
	return c, err
}

func target(attrs string) (pgconn.ValidateConnectFunc, error) {
	switch attrs {
	case "", "any":
		return nil, nil //nolint:nilnil // no check is a valid check
	case "read-write":
		return pgconn.ValidateConnectTargetSessionAttrsReadWrite, nil
	case "read-only":
		return pgconn.ValidateConnectTargetSessionAttrsReadOnly, nil
	case "primary":
		return pgconn.ValidateConnectTargetSessionAttrsPrimary, nil
	case "standby":
		return pgconn.ValidateConnectTargetSessionAttrsStandby, nil
	case "prefer-standby":
		return nil, nil //nolint:nilnil // there is one host: any will do
	}
	return nil, fault.New(fault.Invalid, "target_session_attrs %q is not one PostgreSQL knows", attrs)
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func refusesParameters(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "08P01" && strings.Contains(e.Message, "startup parameter")
}

// loginError says whether the server refused the login or could not be
// reached. pgx's own text names user and database, never the password.
func loginError(ctx context.Context, err error) error {
	if f := fault.As(err); f != nil {
		return err
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		if refused.Code == "53300" {
			err = fmt.Errorf("%w: %w", warehouse.ErrFull, err)
		}
		switch refused.Code[:min(2, len(refused.Code))] {
		case "53", "57", "08": // no resources, shutting down, connection trouble
			return fault.Because(err, fault.Unavailable, "the warehouse takes no connection now: %s", refused.Message)
		}
		return fault.Because(err, fault.Rejected, "the warehouse refused the login: %s", refused.Message)
	}
	if ctx.Err() != nil {
		return fault.Because(fmt.Errorf("%w: %w", ctx.Err(), err), fault.Unavailable, "the warehouse did not answer in time")
	}
	if reason, ok := tlsReason(err); ok {
		return fault.Because(err, fault.Unavailable, "no TLS connection to the warehouse: %s", reason)
	}
	if strings.Contains(err.Error(), "authentication method requirement") {
		return fault.Because(err, fault.Unavailable, "the warehouse asks for the password in clear over a connection without TLS: use sslmode=require or better")
	}
	return fault.Because(err, fault.Unavailable, "the warehouse cannot be reached")
}

func tlsReason(err error) (string, bool) {
	var cert *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &cert):
		return "its certificate is not to be trusted: " + cert.Err.Error(), true
	case errors.As(err, &unknown):
		return "its certificate is not to be trusted: " + unknown.Error(), true
	case errors.As(err, &invalid):
		return "its certificate is not to be trusted: " + invalid.Error(), true
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return "it does not do TLS", true
	}
	return "", false
}

package warehouse

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/postern/postern/internal/fault"
)

// refused are networks that a delivery URI must not reach unless the operator
// allows them: what is on this machine, beside it, or nowhere.
var refused = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
	"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
	"::/128", "::1/128", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32",
	"2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

func prefixes(s ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(s))
	for i := range s {
		out[i] = netip.MustParsePrefix(s[i])
	}
	return out
}

// Guarded is the dialer of every driver. It resolves the name itself, refuses
// what is not a public address unless it lies in an allowed network, and
// connects to the very address it checked, so that a name cannot change
// between check and use.
func Guarded(allow []netip.Prefix) Dial {
	return guard{allow: allow, lookup: net.DefaultResolver.LookupNetIP, dial: (&net.Dialer{Timeout: 10 * time.Second}).DialContext}.connect
}

// Private gives the networks that --allow-network has to name for the host to
// be reached: none for a public one, or one that does not resolve now.
func Private(ctx context.Context, host string) []netip.Prefix {
	g := guard{lookup: net.DefaultResolver.LookupNetIP}
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil
	}
	var out []netip.Prefix
	for _, a := range addrs {
		if p := network(a); !g.allowed(a) && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

type guard struct {
	allow  []netip.Prefix
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	dial   Dial
}

func (g guard) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return nil, fault.New(fault.Denied, "a warehouse is reached over TCP only")
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "the warehouse's address is not host:port")
	}
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, fault.Because(err, fault.Unavailable, "the warehouse's host %q cannot be resolved", host)
	}
	// Every address must pass, not only the first: a name that mixes public
	// and private ones is either broken or an attack.
	for _, a := range addrs {
		if !g.allowed(a) {
			return nil, fault.New(fault.Denied, "%q is at %s, in a private or local network, which this server does not reach unless it is started with --allow-network %s", host, a, suggest(a))
		}
	}
	return g.first(ctx, network, port, addrs)
}

func (g guard) first(ctx context.Context, network, port string, addrs []netip.Addr) (net.Conn, error) {
	var last error
	for _, a := range addrs {
		conn, err := g.dial(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		last = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fault.Because(last, fault.Unavailable, "the warehouse cannot be reached")
}

func (g guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	addrs, err := g.lookup(ctx, "ip", host)
	if err == nil && len(addrs) == 0 {
		err = &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, err
}

func (g guard) allowed(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	holds := func(p netip.Prefix) bool { return p.Contains(a) }
	if slices.ContainsFunc(g.allow, holds) {
		return true
	}
	return a.IsGlobalUnicast() && !slices.ContainsFunc(refused, holds)
}

// suggest is the narrowest network that would allow the address.
func suggest(a netip.Addr) string { return network(a).String() }

func network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen())
}

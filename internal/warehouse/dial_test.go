package warehouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/postern/postern/internal/fault"
)

// names is a DNS that answers what it is told, one answer a question.
type names struct{ answers [][]string }

func (n *names) lookup(context.Context, string, string) ([]netip.Addr, error) {
	if len(n.answers) == 0 {
		return nil, errors.New("no such host")
	}
	var out []netip.Addr
	for _, a := range n.answers[0] {
		out = append(out, netip.MustParseAddr(a))
	}
	n.answers = n.answers[1:]
	return out, nil
}

// dialed runs a guarded dial and says which addresses were reached.
func dialed(t *testing.T, allow []string, address string, answers ...[]string) ([]string, error) {
	t.Helper()
	var reached []string
	g := guard{
		allow:  prefixes(allow...),
		lookup: (&names{answers}).lookup,
		dial: func(_ context.Context, _, address string) (net.Conn, error) {
			reached = append(reached, address)
			return nil, errors.New("refused")
		},
	}
	_, err := g.connect(t.Context(), "tcp", address)
	return reached, err
}

func TestPrivateAndLocalAddressesAreRefusedByNameAndByNumber(t *testing.T) {
	for _, a := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
		"100.64.0.1", "100.127.255.255", "224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.0.8",
		"::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:1::",
	} {
		for _, reach := range []string{net.JoinHostPort(a, "5432"), "name.example:5432"} {
			got, err := dialed(t, nil, reach, []string{a})
			f := fault.As(err)
			if f == nil || f.Kind != fault.Denied || !strings.Contains(f.Message, "--allow-network ") || len(got) != 0 {
				t.Errorf("%s by %s: reached %v, %v", a, reach, got, err)
			}
		}
	}
}

func TestPublicAddressIsReached(t *testing.T) {
	for _, a := range []string{"93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:2800:220:1::1"} {
		got, err := dialed(t, nil, "name.example:5432", []string{a})
		if len(got) != 1 || got[0] != net.JoinHostPort(a, "5432") || !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: reached %v, %v", a, got, err)
		}
	}
}

func TestAllowedNetworkIsReachedAndNoOther(t *testing.T) {
	allow := []string{"10.1.0.0/16", "::1/128"}
	for a, ok := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "::1": true, "10.2.0.1": false, "127.0.0.1": false} {
		got, err := dialed(t, allow, net.JoinHostPort(a, "1"))
		if (len(got) == 1) != ok || fault.Is(err, fault.Denied) == ok {
			t.Errorf("%s: reached %v, %v", a, got, err)
		}
	}
}

// The second answer of the DNS is the attack: the address that was checked
// must be the one that is dialed.
func TestNameIsResolvedOnceAndTheCheckedAddressDialed(t *testing.T) {
	got, _ := dialed(t, nil, "rebind.example:5432", []string{"93.184.216.34"}, []string{"127.0.0.1"})
	if len(got) != 1 || got[0] != "93.184.216.34:5432" {
		t.Errorf("reached %v", got)
	}
}

func TestNameWithOnePrivateAddressIsRefused(t *testing.T) {
	got, err := dialed(t, nil, "mixed.example:5432", []string{"93.184.216.34", "10.0.0.1"})
	if len(got) != 0 || !fault.Is(err, fault.Denied) {
		t.Errorf("reached %v, %v", got, err)
	}
}

func TestOtherWaysToWriteAnAddressAreNames(t *testing.T) {
	// 127.1 and 0x7f.1 are numbers to some resolvers: whatever they resolve to
	// is checked.
	for _, host := range []string{"127.1", "0x7f000001", "2130706433", "017700000001"} {
		got, err := dialed(t, nil, host+":5432", []string{"127.0.0.1"})
		if len(got) != 0 || !fault.Is(err, fault.Denied) {
			t.Errorf("%s: reached %v, %v", host, got, err)
		}
	}
}

func TestUnknownNameIsUnavailableAndSocketsAreDenied(t *testing.T) {
	if _, err := dialed(t, nil, "no.example:5432"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := Guarded(nil)(t.Context(), "unix", "/var/run/postgresql/.s.PGSQL.5432"); !fault.Is(err, fault.Denied) {
		t.Errorf("a unix socket: %v", err)
	}
	if _, err := Guarded(nil)(t.Context(), "tcp", "nonsense"); !fault.Is(err, fault.Invalid) {
		t.Errorf("no port: %v", err)
	}
}

func TestAPrivateHostIsToldWithTheNetworkToAllow(t *testing.T) {
	for host, want := range map[string]string{"127.0.0.1": "[127.0.0.1/32]", "10.1.2.3": "[10.1.2.3/32]", "::1": "[::1/128]", "8.8.8.8": "[]"} {
		if got := fmt.Sprint(Private(t.Context(), host)); got != want {
			t.Errorf("%s: %s, wanted %s", host, got, want)
		}
	}
}

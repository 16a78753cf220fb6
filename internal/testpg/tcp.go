package testpg

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Address is a new database on a server that listens on the loopback, asks
// for a password (SCRAM) there, and does TLS with a certificate nobody signed.
type Address struct {
	Host     string
	Port     int
	Database string
	// Admin is a URL for the superuser, over the unix socket.
	Admin string
}

var tcp struct {
	once sync.Once
	dir  string
	port int
	err  error
}

// TCP gives a new, empty database on the loopback. The server is one more,
// started once per test binary; nothing names a running one instead.
func TCP(t testing.TB) Address {
	t.Helper()
	tcp.once.Do(func() { tcp.dir, tcp.err = start(listen) })
	if tcp.err != nil {
		missing(t, tcp.err)
	}
	server := fmt.Sprintf("postgres://postgres@/postgres?host=%s&port=%d", url.QueryEscape(tcp.dir), tcp.port)
	admin := database(t, server)
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	return Address{Host: "127.0.0.1", Port: tcp.port, Database: strings.TrimPrefix(u.Path, "/"), Admin: admin}
}

// Exec runs SQL as the superuser.
func (a Address) Exec(t testing.TB, sql string) {
	t.Helper()
	if out, err := psql(a.Admin, sql); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func listen(dir string) ([]string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	tcp.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := selfSigned(dir, cert, key); err != nil {
		return nil, err
	}
	return []string{
		"-p", strconv.Itoa(tcp.port), "-c", "listen_addresses=127.0.0.1",
		"-c", "ssl=on", "-c", "ssl_cert_file=" + cert, "-c", "ssl_key_file=" + key,
	}, nil
}

func selfSigned(dir, cert, key string) error {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "testpg"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return err
	}
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
		if err := sameOwner(file, dir); err != nil {
			return err
		}
	}
	return nil
}

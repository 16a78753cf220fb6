package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgres is a private server on the loopback that asks for a password
// (SCRAM) and has its defaults otherwise, fsync included.
type postgres struct {
	process
	dir  string
	url  string // with the password
	host string // host:port
}

const pgPassword = "bench-only"

func pgBin(name string) (string, error) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		return found[len(found)-1], nil
	}
	p, err := exec.LookPath(name)
	if err != nil {
		return "", errors.New(name + " is missing: scripts/postgres says how to get it")
	}
	return p, nil
}

func startPostgres(rows int) (*postgres, error) {
	dir, err := os.MkdirTemp("", "postern-bench-pg-") // short: a socket path has 107 bytes
	if err != nil {
		return nil, err
	}
	p := &postgres{dir: dir}
	if err := p.start(); err != nil {
		p.end()
		return nil, err
	}
	if err := p.fill(rows); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

func (p *postgres) start() error {
	attr, err := unprivileged(p.dir)
	if err != nil {
		return err
	}
	initdb, err := pgBin("initdb")
	if err != nil {
		return err
	}
	server, err := pgBin("postgres")
	if err != nil {
		return err
	}
	secret, data := filepath.Join(p.dir, "password"), filepath.Join(p.dir, "data")
	if err := os.WriteFile(secret, []byte(pgPassword), 0o644); err != nil { //nolint:gosec // PostgreSQL's user has to read it
		return err
	}
	cmd := exec.Command(initdb, "-D", data, "-U", "bench", "--pwfile", secret, "--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync")
	cmd.SysProcAttr, cmd.Dir = attr, p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	if p.host, err = freeAddr(); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(p.host)
	if err != nil {
		return err
	}
	p.url = "postgres://bench:" + pgPassword + "@" + p.host + "/postgres?sslmode=disable"
	p.cmd = exec.Command(server, "-D", data, "-k", p.dir, "-p", port, "-c", "listen_addresses=127.0.0.1")
	p.cmd.SysProcAttr, p.cmd.Dir = attr, p.dir
	return p.cmd.Start()
}

func (p *postgres) end() {
	if p.cmd != nil && p.cmd.Process != nil {
		p.stop()
	}
	_ = os.RemoveAll(p.dir)
}

func (p *postgres) fill(rows int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, p.url)
	for ; err != nil && ctx.Err() == nil; c, err = pgx.Connect(ctx, p.url) {
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("PostgreSQL did not start: %w", err)
	}
	defer c.Close(ctx) //nolint:errcheck // the work is done
	for _, sql := range []string{
		`CREATE TABLE accounts (id bigint PRIMARY KEY, owner text NOT NULL, balance numeric(12,2) NOT NULL, opened date NOT NULL)`,
		`INSERT INTO accounts SELECT i, 'owner ' || i, i % 10000 + 0.25, date '2020-01-01' + (i % 1500)::int FROM generate_series(1, ` + strconv.Itoa(rows) + `) AS i`,
		`VACUUM ANALYZE accounts`,
	} {
		if _, err := c.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// unprivileged gives the folder to another user when we are root, as whom
// PostgreSQL refuses to run.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, errors.New("root cannot run PostgreSQL, and there is no user postgres or nobody")
		}
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)} //nolint:gosec // ids are small
	return attr, os.Chown(dir, uid, gid)
}

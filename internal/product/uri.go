package product

import (
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product/spec"
)

// maxURI is generous: a URI names a place, nothing more.
const maxURI = 2048

var schemeShown = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]{0,29}$`)

// ParseSource reads a delivery-system URI. What it refuses it names, except
// what may be a secret: no message holds any part of the URI but the scheme
// and the names of parameters.
func ParseSource(uri string) (Source, error) {
	if len(uri) > maxURI {
		return Source{}, refuse("the URI is longer than %d characters", maxURI)
	}
	if spec.HasControl(uri) || strings.TrimSpace(uri) != uri {
		return Source{}, refuse("the URI must hold no line breaks, control characters or surrounding spaces")
	}
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return Source{}, refuse("the URI must have the form engine://host:port/database, or sqlite:///path for a file")
	}
	e, ok := engines[strings.ToLower(scheme)]
	if !ok {
		return Source{}, unknownEngine(scheme)
	}
	if strings.Contains(rest, "#") {
		return Source{}, refuse("the URI must not hold a # (rename a file that has one in its path)")
	}
	where, query, _ := strings.Cut(rest, "?")
	authority, p, _ := strings.Cut(where, "/")
	// Before anything that a message could show: a password may hold ? and &.
	if strings.Contains(authority, "@") || !e.file() && strings.Contains(uri, "@") {
		return Source{}, refuse("the URI must not hold a user name or password: take out everything up to the @; callers store their own with POST /api/v2/auth/credentials/ or `postern credential set`")
	}
	if e.file() && authority != "" {
		return Source{}, refuse("a %s URI names an absolute path on this machine, with three slashes: %s:///path/file", e.name, e.name)
	}
	s := Source{Engine: e.name, Params: map[string]string{}}
	if err := e.params(query, &s); err != nil {
		return Source{}, err
	}
	read := func() error { return e.server(authority, p, &s) }
	if e.file() {
		read = func() error { return e.place(p, &s) }
	}
	if err := read(); err != nil {
		return Source{}, err
	}
	return s, nil
}

func refuse(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...)
}

func unknownEngine(scheme string) error {
	known := strings.Join(engineNames, ", ")
	if !schemeShown.MatchString(scheme) {
		return refuse("the URI must begin with an engine's name and ://; known engines: %s", known)
	}
	if strings.HasPrefix(strings.ToLower(scheme), "jdbc") {
		return refuse("JDBC URLs are not supported: write engine://host:port/database; known engines: %s", known)
	}
	return refuse("%s is not an engine that is known; known engines: %s", scheme, known)
}

// place reads the path of a file engine. A folder keeps its final slash.
func (e *engine) place(p string, s *Source) error {
	p, err := url.PathUnescape(p)
	if err != nil {
		return refuse("the path has a broken %%-escape: write %%25 for a percent sign")
	}
	if spec.HasControl(p) || strings.ContainsAny(p, "'\"`;?*[]{}\\#") {
		return refuse("the path must not hold quotes, wildcards, ; ? # \\ or control characters: rename the file")
	}
	clean := path.Clean("/" + p)
	if clean == "/" {
		return refuse("the URI names no file: write %s:///path/file", e.name)
	}
	if strings.HasSuffix(p, "/") {
		if !e.folders {
			return refuse("a %s URI names a file: take the / from its end", e.name)
		}
		clean += "/"
	}
	s.Path = clean
	return nil
}

// server reads host, port and database.
func (e *engine) server(authority, p string, s *Source) error {
	if e.fixedHost != "" {
		return e.hosted(authority, p, s)
	}
	host, port, err := splitHost(authority)
	if err != nil {
		return err
	}
	s.Host, s.Port = host, port
	if s.Port == 0 {
		s.Port = e.defaultPort(s.Params)
	}
	return e.database(p, s)
}

// hosted is for an engine that is one service in the world: what stands where
// a host would is the project.
func (e *engine) hosted(project, p string, s *Source) error {
	if !projectPattern.MatchString(project) {
		return refuse("a %s URI has the form %s://project/dataset", e.name, e.name)
	}
	s.Host, s.Port, s.Database = e.fixedHost, e.port, project
	return e.segments(p, s, "dataset")
}

var (
	projectPattern = regexp.MustCompile(`^[a-z][a-z0-9.-]{0,62}(:[a-z][a-z0-9-]{0,62})?$`)
	hostPattern    = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)
)

// splitHost reads host[:port]. A host is a name, an IPv4 address in any
// spelling (the dial guard looks at what it resolves to), or a bracketed IPv6
// address; never a socket path, never a list.
func splitHost(authority string) (host string, port int, err error) {
	host, portText := authority, ""
	if strings.HasPrefix(authority, "[") {
		inner, after, ok := strings.Cut(authority[1:], "]")
		a, perr := netip.ParseAddr(inner)
		if !ok || perr != nil || !a.Is6() || a.Zone() != "" || after != "" && after[0] != ':' {
			return "", 0, refuse("the host in brackets is not an IPv6 address")
		}
		host, portText = a.Unmap().String(), strings.TrimPrefix(after, ":")
	} else {
		host, portText, _ = strings.Cut(authority, ":")
		if host, err = hostName(host); err != nil {
			return "", 0, err
		}
	}
	if portText == "" {
		return host, 0, nil
	}
	n, perr := strconv.ParseUint(portText, 10, 16)
	if perr != nil || n == 0 {
		return "", 0, refuse("the port must be a number from 1 to 65535")
	}
	return host, int(n), nil
}

func hostName(host string) (string, error) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	switch {
	case host == "":
		return "", refuse("the URI names no host: write engine://host:port/database")
	case strings.Contains(host, "%"), strings.HasPrefix(host, "/"):
		return "", refuse("the host must be a network name or address: sockets and %%-escapes are not supported")
	case strings.Contains(host, ","):
		return "", refuse("the URI must name one host, not a list")
	case len(host) > 253 || !hostPattern.MatchString(host):
		return "", refuse("the host may hold letters, digits, dots, - and _ (write an international name in its xn-- form)")
	}
	return host, nil
}

// database reads the path: the database, and a schema where the engine's URIs
// have one.
func (e *engine) database(p string, s *Source) error {
	if err := e.segments(p, s, append([]string{""}, e.more...)...); err != nil {
		return err
	}
	if e.dbParam != "" {
		if named := s.Params[e.dbParam]; named != "" {
			if s.Database != "" && s.Database != named {
				return refuse("the URI names two databases: in its path and in the parameter %s", e.dbParam)
			}
			s.Database = named
			delete(s.Params, e.dbParam)
		}
	}
	if s.Database == "" {
		s.Database = e.defaultDB
	}
	if s.Database == "" && e.needDB {
		return refuse("the URI names no %s: write %s://host:port/%s", e.dbWord(), e.name, e.dbWord())
	}
	return nil
}

// segments spreads the path over the database ("") and named parameters.
func (e *engine) segments(p string, s *Source, into ...string) error {
	parts := strings.Split(strings.TrimSuffix(p, "/"), "/")
	if len(parts) == 1 && parts[0] == "" {
		return nil
	}
	if len(parts) > len(into) {
		return refuse("the URI's path has too many parts for %s", e.name)
	}
	for i, raw := range parts {
		v, err := url.PathUnescape(raw)
		if err != nil || v == "" || len(v) > 128 || spec.HasControl(v) || strings.ContainsAny(v, "/\\?#@;=&") {
			return refuse("the URI's path must name a %s in plain characters", e.dbWord())
		}
		if into[i] == "" {
			s.Database = v
			continue
		}
		if had, ok := s.Params[into[i]]; ok && had != v {
			return refuse("the URI names two values for %s: in its path and as a parameter", into[i])
		}
		s.Params[into[i]] = v
	}
	return nil
}

func (e *engine) dbWord() string {
	if e.word != "" {
		return e.word
	}
	return "database"
}

func (e *engine) defaultPort(params map[string]string) int {
	if e.tlsParam != "" && params[e.tlsParam] == "true" {
		return e.tlsPort
	}
	return e.port
}

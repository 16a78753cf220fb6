package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	kongcompletion "github.com/jotaen/kong-completion"

	"github.com/postern/postern/internal/llm"
)

// cli is every command and setting once: flag, environment, default and help.
// docs/operate.md's table is checked against it.
type cli struct {
	Serve serveCmd `cmd:"" help:"Serve the REST APIs, the MCP server and the console."`
	Demo  demoCmd  `cmd:"" help:"Serve on a throw-away data directory with demo products, walk the main job, and keep serving."`
	Try   tryCmd   `cmd:"" help:"From your own warehouse to a first answer: draft a product, make a Viewer client, store and test the login, run a query."`

	Client  clientCmd  `cmd:"" help:"Manage machine-to-machine OAuth clients."`
	Product productCmd `cmd:"" help:"Manage data products and their grants."`
	Apply   applyCmd   `cmd:"" help:"Make products, clients, groups, grants and limits as files say."`
	Group   groupCmd   `cmd:"" help:"Manage groups of clients and people, to share data products with."`
	Model   modelCmd   `cmd:"" help:"Manage the language models that agents may ask."`
	Agent   agentCmd   `cmd:"" help:"Manage custom agents."`
	User    peopleCmd  `cmd:"" help:"Manage the people who sign in at the console."`
	Keys    keysCmd    `cmd:"" help:"Manage the keys that sign access tokens."`
	Audit   auditCmd   `cmd:"" help:"Read and verify the record."`
	Policy  policyCmd  `cmd:"" help:"Ask policy what it allows, and why."`
	Backup  backupCmd  `cmd:"" help:"Copy the store to a folder, while serving or not; the master key stays out of it."`
	Restore restoreCmd `cmd:"" help:"Put a backup into an empty data directory."`
	Migrate migrateCmd `cmd:"" help:"Bring the store to this version's schema, as every start does, and say where it stands."`
	Doctor  doctorCmd  `cmd:"" help:"Check the data directory, the keys, the store and the record."`

	Token      tokenCmd      `cmd:"" help:"Exchange the client's id and secret for an access token."`
	Credential credentialCmd `cmd:"" help:"Store the client's own warehouse credentials."`
	Schema     schemaCmd     `cmd:"" help:"Show a data product's tables and columns."`
	SQL        sqlCmd        `cmd:"" name:"sql" help:"Run one read-only SQL statement on a data product."`
	Ask        askCmd        `cmd:"" help:"Ask a question in English about a data product; what cannot be answered is said so."`
	Chart      chartCmd      `cmd:"" help:"Draw the answer to a question as a chart, into a file."`
	Eval       evalCmd       `cmd:"" help:"Ask questions with accepted SQL and score the answers: correct, wrong, abstained."`
	MCP        mcpCmd        `cmd:"" name:"mcp" help:"Serve MCP on stdin and stdout, forwarding to POSTERN_URL with fresh tokens."`

	Completion kongcompletion.Completion `cmd:"" help:"Set up shell completion (bash, zsh or fish)."`
	Version    versionCmd                `cmd:"" help:"Print the version."`
}

// output is the one flag that all commands but serve, demo and mcp share.
type output struct {
	JSON bool `name:"json" help:"Print JSON instead of text."`
}

// state says where the operator's commands act. They work while serve runs on
// the same place.
type stateFlags struct {
	Data        string `name:"data" env:"POSTERN_DATA" default:"postern-data" help:"The data directory: master key, embedded store, assets." placeholder:"DIR"`
	DatabaseURL string `name:"database-url" env:"POSTERN_DATABASE_URL" help:"Keep the state in this PostgreSQL instead of the data directory." placeholder:"URL"`
}

// serveFlags are the settings of a server.
type serveFlags struct {
	stateFlags
	Listen        string        `name:"listen" env:"POSTERN_LISTEN" default:"127.0.0.1:8080" help:"The address to listen on." placeholder:"ADDR"`
	PublicURL     string        `name:"public-url" env:"POSTERN_PUBLIC_URL" help:"The URL clients use: the issuer of tokens and the only source of absolute URLs. Default: the listen address." placeholder:"URL"`
	TLSCert       string        `name:"tls-cert" env:"POSTERN_TLS_CERT" help:"The certificate chain to serve TLS with, PEM." placeholder:"FILE"`
	TLSKey        string        `name:"tls-key" env:"POSTERN_TLS_KEY" help:"The certificate's private key, PEM." placeholder:"FILE"`
	MetricsListen string        `name:"metrics-listen" env:"POSTERN_METRICS_LISTEN" help:"Serve /metrics on this address too, in the clear and to whoever reaches it; without it, this machine alone gets them." placeholder:"ADDR"`
	BehindProxy   []string      `name:"behind-proxy" env:"POSTERN_BEHIND_PROXY" help:"The networks of the proxies that end TLS. Client addresses in X-Forwarded-For count only from there." placeholder:"CIDR"`
	FilesRoot     string        `name:"files-root" env:"POSTERN_FILES_ROOT" help:"The folder under which products made through the API may name files. None by default." placeholder:"DIR"`
	AllowNetwork  []string      `name:"allow-network" env:"POSTERN_ALLOW_NETWORK" help:"Private, loopback or link-local networks in which warehouses may be. None by default." placeholder:"CIDR"`
	SigningAlg    string        `name:"signing-alg" env:"POSTERN_SIGNING_ALG" default:"ES256" enum:"ES256,EdDSA,RS256" help:"The algorithm of new signing keys (ES256, EdDSA, RS256)."`
	QueryTimeout  time.Duration `name:"query-timeout" env:"POSTERN_QUERY_TIMEOUT" default:"10m" help:"The longest a query may run."`
	ChatRetention time.Duration `name:"chat-retention" env:"POSTERN_CHAT_RETENTION" default:"720h" help:"How long a chat is kept after its last message."`
	ModelConfig   string        `name:"model-config" env:"POSTERN_MODEL_CONFIG" help:"A YAML file that says which language model the agents ask, before those of postern model and the console." placeholder:"FILE"`
	OTLPEndpoint  string        `name:"otlp-endpoint" env:"OTEL_EXPORTER_OTLP_ENDPOINT" help:"Send traces to this OpenTelemetry collector, by OTLP over HTTP. None by default: nothing is traced." placeholder:"URL"`
	TraceContent  bool          `name:"trace-content" env:"POSTERN_TRACE_CONTENT" help:"Put what is said on traces too: questions and answers, messages to and from a language model, arguments of tools, SQL."`
	Grace         time.Duration `name:"shutdown-grace" env:"POSTERN_SHUTDOWN_GRACE" default:"30s" help:"How long running queries may finish after an interrupt."`
}

// clientFlags say where a user's commands call, and as whom.
type clientFlags struct {
	URL          string `name:"url" env:"POSTERN_URL" default:"http://127.0.0.1:8080" help:"The server to call." placeholder:"URL"`
	ClientID     string `name:"client-id" env:"POSTERN_CLIENT_ID" help:"The OAuth client's id." placeholder:"ID"`
	ClientSecret string `kong:"-"` // only from POSTERN_CLIENT_SECRET: a flag would show in ps
}

// settings is serveFlags checked and parsed.
type settings struct {
	serveFlags
	certs     []tls.Certificate // none: plain HTTP
	publicURL string
	proxies   []netip.Prefix
	networks  []netip.Prefix
	filesRoot string
	model     *llm.Fixed     // nil without --model-config
	tracing   *traceSettings // nil without a collector
}

// check parses the settings of a server; every error says what to do.
func (f serveFlags) check() (settings, error) {
	s := settings{serveFlags: f}
	host, port, err := net.SplitHostPort(f.Listen)
	if err != nil {
		return s, hint(fmt.Errorf("--listen %q is not host:port", f.Listen), "for example --listen 127.0.0.1:8080")
	}
	if s.proxies, err = prefixes("behind-proxy", f.BehindProxy); err != nil {
		return s, err
	}
	if s.networks, err = prefixes("allow-network", f.AllowNetwork); err != nil {
		return s, err
	}
	if (f.TLSCert == "") != (f.TLSKey == "") {
		return s, fmt.Errorf("--tls-cert and --tls-key go together")
	}
	if err := s.loadCertificate(); err != nil {
		return s, err
	}
	if !loopback(host) && len(s.certs) == 0 && len(s.proxies) == 0 {
		return s, hint(fmt.Errorf("--listen %s is not loopback and there is no TLS: secrets would cross the network in the clear", f.Listen),
			"give --tls-cert and --tls-key, or say with --behind-proxy CIDR which proxy ends TLS")
	}
	if s.publicURL, err = publicURL(f.PublicURL, host, port, s.scheme()); err != nil {
		return s, err
	}
	if s.model, err = readModel(f.ModelConfig); err != nil {
		return s, err
	}
	if s.tracing, err = readTracing(f.OTLPEndpoint, os.Getenv); err != nil {
		return s, err
	}
	return s, s.checkFilesRoot()
}

func (s *settings) checkFilesRoot() error {
	if s.FilesRoot == "" {
		return nil
	}
	root, err := filepath.EvalSymlinks(s.FilesRoot)
	if err == nil {
		root, err = filepath.Abs(root)
	}
	if err != nil {
		return hint(fmt.Errorf("--files-root %s: %w", s.FilesRoot, err), "it has to be a folder that exists")
	}
	s.filesRoot = root
	return nil
}

func publicURL(given, host, port, scheme string) (string, error) {
	if given == "" {
		if host == "" || host == "0.0.0.0" || host == "::" {
			name, err := os.Hostname()
			if err != nil || name == "" {
				return "", hint(fmt.Errorf("--listen names no host that clients can use"), "give --public-url https://the-name-clients-use")
			}
			host = name
		}
		return scheme + "://" + net.JoinHostPort(host, port), nil
	}
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", hint(fmt.Errorf("--public-url is not an http(s) URL"), "for example --public-url https://postern.example.com")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return "", hint(fmt.Errorf("--public-url %s is neither https nor loopback", given), "tokens are only safe over https")
	}
	if strings.Trim(u.Path, "/") != "" {
		return "", hint(fmt.Errorf("--public-url has a path"), "Postern has to be at the root of its host")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

func (s settings) scheme() string {
	if len(s.certs) > 0 {
		return "https"
	}
	return "http"
}

// loadCertificate reads the certificate before anything is opened or printed.
func (s *settings) loadCertificate() error {
	if s.TLSCert == "" {
		return nil
	}
	c, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
	if err != nil {
		return hint(fmt.Errorf("--tls-cert %s, --tls-key %s: %w", s.TLSCert, s.TLSKey, err), "both are PEM files, and belong together")
	}
	s.certs = []tls.Certificate{c}
	return nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

func prefixes(flag string, in []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range in {
		p, err := netip.ParsePrefix(strings.TrimSpace(s))
		if err != nil {
			if a, aerr := netip.ParseAddr(strings.TrimSpace(s)); aerr == nil {
				p, err = a.Prefix(a.BitLen())
			}
		}
		if err != nil {
			return nil, hint(fmt.Errorf("--%s %q is not a network", flag, s), "for example 10.0.0.0/8")
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

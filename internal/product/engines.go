package product

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/product/spec"
)

// engine is what a URI of one engine may say.
type engine struct {
	name      Engine
	port      int
	tlsParam  string // when "true", tlsPort is the default
	tlsPort   int
	needDB    bool
	defaultDB string   // what the engine opens when the URI names none
	word      string   // what the engine calls a database
	dbParam   string   // a parameter that names the database too
	more      []string // further path segments, by the parameter they set
	fixedHost string
	folders   bool
	allow     map[string]check // by lower-case name
}

func (e *engine) file() bool { return e.port == 0 }

// check is a rule on a parameter's value.
type check struct {
	spell string   // the name as the driver spells it, where not lower case
	one   []string // allowed values, lower case
	num   bool     // whole number
}

var (
	yesNo    = check{one: []string{"true", "false"}}
	seconds  = check{num: true}
	anyText  = check{}
	readOnly = map[string]check{"mode": {one: []string{"ro"}}}

	mysqlParams = map[string]check{
		"tls": {one: []string{"true", "false", "preferred"}}, "charset": anyText, "collation": anyText, "connect_timeout": seconds,
	}
)

// engines by scheme. Every parameter not listed is refused; none listed reads
// a local file, names a socket, sets a session variable or holds a secret.
var engines = map[string]*engine{
	"postgresql": postgresEngine,
	"postgres":   postgresEngine,
	"mysql":      {name: MySQL, port: 3306, allow: mysqlParams},
	"mariadb":    {name: MariaDB, port: 3306, allow: mysqlParams},
	"sqlserver": {name: SQLServer, port: 1433, dbParam: "database", allow: map[string]check{
		"database": anyText, "instance": anyText, "app name": anyText, "connection timeout": seconds,
		"encrypt":                {one: []string{"true", "false", "strict", "disable"}},
		"trustservercertificate": {spell: "TrustServerCertificate", one: []string{"true", "false"}},
		"applicationintent":      {spell: "ApplicationIntent", one: []string{"readonly"}},
	}},
	"oracle": {name: Oracle, port: 1521, needDB: true, word: "service", allow: map[string]check{
		"ssl": yesNo, "ssl verify": yesNo, "connection timeout": seconds,
	}},
	"snowflake": {name: Snowflake, port: 443, dbParam: "db", more: []string{"schema"}, allow: map[string]check{
		"warehouse": anyText, "db": anyText, "schema": anyText, "role": anyText, "account": anyText, "application": anyText,
	}},
	"bigquery": {name: BigQuery, port: 443, fixedHost: "bigquery.googleapis.com", word: "dataset", allow: map[string]check{
		"location": anyText, "dataset": anyText,
	}},
	"databricks": {name: Databricks, port: 443, dbParam: "catalog", word: "catalog", more: []string{"schema"}, allow: map[string]check{
		"http_path": anyText, "catalog": anyText, "schema": anyText,
	}},
	"clickhouse": {name: ClickHouse, port: 9000, defaultDB: "default", tlsParam: "secure", tlsPort: 9440, dbParam: "database", allow: map[string]check{
		"secure": yesNo, "database": anyText, "dial_timeout": anyText, "compress": {one: []string{"true", "false", "lz4", "zstd"}},
	}},
	"trino": {name: Trino, port: 8080, tlsParam: "ssl", tlsPort: 443, needDB: true, word: "catalog", more: []string{"schema"}, allow: map[string]check{
		"ssl": yesNo, "schema": anyText, "source": anyText,
	}},
	"duckdb": {name: DuckDB, folders: true, allow: map[string]check{"access_mode": {one: []string{"read_only"}}}},
	"sqlite": {name: SQLite, allow: readOnly},
}

var postgresEngine = &engine{name: PostgreSQL, port: 5432, needDB: true, allow: map[string]check{
	"sslmode":              {one: []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
	"application_name":     anyText,
	"connect_timeout":      seconds,
	"target_session_attrs": {one: []string{"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}},
}}

var engineNames = []string{
	string(PostgreSQL), string(MySQL), string(MariaDB), string(SQLServer), string(Oracle), string(Snowflake), string(BigQuery),
	string(Databricks), string(ClickHouse), string(Trino), string(DuckDB), string(SQLite),
}

// secretParams and fileParams get a hint of their own.
var (
	secretParams = []string{"user", "username", "uid", "password", "passwd", "pwd", "pass", "token", "access_token", "key", "private_key", "privatekey", "authenticator"}
	fileParams   = []string{"sslkey", "sslcert", "sslrootcert", "sslcrl", "passfile", "service", "servicefile", "host", "hostaddr", "socket", "unix_socket", "krbsrvname", "wallet", "trace file", "certificate", "serverca", "ssl-ca", "ssl-cert", "ssl-key", "allowallfiles", "vfs"}

	paramShown = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_ .-]{0,39}$`)
)

// params reads the query against the engine's allow-list.
func (e *engine) params(query string, s *Source) error {
	if query == "" {
		return nil
	}
	for _, pair := range strings.Split(query, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		value, verr := url.QueryUnescape(rawValue)
		if err != nil || verr != nil {
			return refuse("a parameter has a broken %%-escape: write %%25 for a percent sign")
		}
		if err := e.param(name, value, s); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) param(name, value string, s *Source) error {
	low := strings.ToLower(name)
	c, ok := e.allow[low]
	if !ok {
		return e.refuseParam(name)
	}
	key := low
	if c.spell != "" {
		key = c.spell
	}
	if _, dup := s.Params[key]; dup {
		return refuse("the parameter %s is there twice: keep one", key)
	}
	switch {
	case value == "" || len(value) > 256 || spec.HasControl(value):
		return refuse("the parameter %s must have a value in plain characters", key)
	case c.one != nil && !slices.Contains(c.one, strings.ToLower(value)):
		return refuse("the parameter %s must be one of %s", key, strings.Join(c.one, ", "))
	case c.num:
		if n, err := strconv.ParseUint(value, 10, 16); err != nil || n > 3600 {
			return refuse("the parameter %s must be a whole number of seconds, at most 3600", key)
		}
	}
	if c.one != nil {
		value = strings.ToLower(value)
	}
	s.Params[key] = value
	return nil
}

func (e *engine) refuseParam(name string) error {
	low := strings.ToLower(name)
	allowed := strings.Join(slices.Sorted(maps.Keys(e.allow)), ", ")
	switch {
	case !paramShown.MatchString(name):
		return refuse("the URI has a parameter that is not allowed for %s; allowed: %s", e.name, allowed)
	case slices.Contains(secretParams, low):
		return refuse("the parameter %s is not allowed: callers store their own login with POST /api/v2/auth/credentials/ or `postern credential set`", name)
	case slices.Contains(fileParams, low):
		return refuse("the parameter %s is not allowed: a spec may not name local files, sockets or other hosts; allowed for %s: %s", name, e.name, allowed)
	}
	return refuse("the parameter %s is not allowed for %s; allowed: %s", name, e.name, allowed)
}

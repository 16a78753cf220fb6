package product

// Source is a parsed delivery-system URI: which engine, where, and which of
// the engine's allowed parameters. It never holds a secret.
type Source struct {
	Engine   Engine
	Host     string // lower case, without port; "" for files
	Port     int
	Database string            // database, catalog, project
	Path     string            // absolute, for file engines
	Params   map[string]string // allow-listed
}

// Engine is a kind of warehouse.
type Engine string

// The engines a URI can name.
const (
	PostgreSQL Engine = "postgresql"
	MySQL      Engine = "mysql"
	MariaDB    Engine = "mariadb"
	SQLServer  Engine = "sqlserver"
	Oracle     Engine = "oracle"
	Snowflake  Engine = "snowflake"
	BigQuery   Engine = "bigquery"
	Databricks Engine = "databricks"
	ClickHouse Engine = "clickhouse"
	Trino      Engine = "trino"
	DuckDB     Engine = "duckdb"
	SQLite     Engine = "sqlite"
)

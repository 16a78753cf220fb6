package product_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

func TestEveryEngineHasAURI(t *testing.T) {
	for _, c := range []struct {
		uri       string
		want      product.Source
		canonical string
	}{
		{"postgresql://DB.Example.com/sales", product.Source{Engine: product.PostgreSQL, Host: "db.example.com", Port: 5432, Database: "sales"}, "postgresql:db.example.com:5432/sales"},
		{"postgres://db:6543/s?sslmode=VERIFY-FULL&connect_timeout=5", product.Source{Engine: product.PostgreSQL, Host: "db", Port: 6543, Database: "s", Params: map[string]string{"sslmode": "verify-full", "connect_timeout": "5"}}, "postgresql:db:6543/s"},
		{"POSTGRESQL://[2001:DB8::1]:5432/s", product.Source{Engine: product.PostgreSQL, Host: "2001:db8::1", Port: 5432, Database: "s"}, "postgresql:[2001:db8::1]:5432/s"},
		{"postgresql://[::ffff:10.0.0.1]/s", product.Source{Engine: product.PostgreSQL, Host: "10.0.0.1", Port: 5432, Database: "s"}, "postgresql:10.0.0.1:5432/s"},
		{"postgresql://2130706433/s", product.Source{Engine: product.PostgreSQL, Host: "2130706433", Port: 5432, Database: "s"}, "postgresql:2130706433:5432/s"},
		{"postgresql://0x7f.1/s%20t", product.Source{Engine: product.PostgreSQL, Host: "0x7f.1", Port: 5432, Database: "s t"}, "postgresql:0x7f.1:5432/s t"},
		{"mysql://db", product.Source{Engine: product.MySQL, Host: "db", Port: 3306}, "mysql:db:3306/"},
		{"mariadb://db:3307/shop?tls=true", product.Source{Engine: product.MariaDB, Host: "db", Port: 3307, Database: "shop", Params: map[string]string{"tls": "true"}}, "mariadb:db:3307/shop"},
		{"sqlserver://db?database=shop&trustservercertificate=true", product.Source{Engine: product.SQLServer, Host: "db", Port: 1433, Database: "shop", Params: map[string]string{"TrustServerCertificate": "true"}}, "sqlserver:db:1433/shop"},
		{"oracle://db/ORCL", product.Source{Engine: product.Oracle, Host: "db", Port: 1521, Database: "ORCL"}, "oracle:db:1521/ORCL"},
		{"snowflake://acct.snowflakecomputing.com:443/?warehouse=W&db=D", product.Source{Engine: product.Snowflake, Host: "acct.snowflakecomputing.com", Port: 443, Database: "D", Params: map[string]string{"warehouse": "W"}}, "snowflake:acct.snowflakecomputing.com:443/D"},
		{"snowflake://acct/D/S", product.Source{Engine: product.Snowflake, Host: "acct", Port: 443, Database: "D", Params: map[string]string{"schema": "S"}}, "snowflake:acct:443/D"},
		{"bigquery://my-project/sales?location=EU", product.Source{Engine: product.BigQuery, Host: "bigquery.googleapis.com", Port: 443, Database: "my-project", Params: map[string]string{"dataset": "sales", "location": "EU"}}, "bigquery:bigquery.googleapis.com:443/my-project"},
		{"bigquery://example.com:my-project/sales", product.Source{Engine: product.BigQuery, Host: "bigquery.googleapis.com", Port: 443, Database: "example.com:my-project", Params: map[string]string{"dataset": "sales"}}, "bigquery:bigquery.googleapis.com:443/example.com:my-project"},
		{"databricks://w.cloud.databricks.com/main?http_path=/sql/1.0/warehouses/a", product.Source{Engine: product.Databricks, Host: "w.cloud.databricks.com", Port: 443, Database: "main", Params: map[string]string{"http_path": "/sql/1.0/warehouses/a"}}, "databricks:w.cloud.databricks.com:443/main"},
		{"clickhouse://ch?secure=true", product.Source{Engine: product.ClickHouse, Host: "ch", Port: 9440, Database: "default", Params: map[string]string{"secure": "true"}}, "clickhouse:ch:9440/default"},
		{"trino://t:8080/hive", product.Source{Engine: product.Trino, Host: "t", Port: 8080, Database: "hive"}, "trino:t:8080/hive"},
		{"trino://t/hive/web?ssl=true", product.Source{Engine: product.Trino, Host: "t", Port: 443, Database: "hive", Params: map[string]string{"ssl": "true", "schema": "web"}}, "trino:t:443/hive"},
		{"duckdb:///data/sales.duckdb", product.Source{Engine: product.DuckDB, Path: "/data/sales.duckdb"}, "duckdb:/data/sales.duckdb"},
		{"duckdb:///data/../x//parquet/?access_mode=READ_ONLY", product.Source{Engine: product.DuckDB, Path: "/x/parquet/", Params: map[string]string{"access_mode": "read_only"}}, "duckdb:/x/parquet/"},
		{"sqlite:///data/my%20sales@home.sqlite", product.Source{Engine: product.SQLite, Path: "/data/my sales@home.sqlite"}, "sqlite:/data/my sales@home.sqlite"},
	} {
		got, err := product.ParseSource(c.uri)
		if err != nil {
			t.Errorf("%s: %v", c.uri, err)
			continue
		}
		if c.want.Params == nil {
			c.want.Params = map[string]string{}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.uri, d)
		}
		if got.Canonical() != c.canonical {
			t.Errorf("%s: canonical %s, want %s", c.uri, got.Canonical(), c.canonical)
		}
	}
}

func TestTwoURIsOfOnePlaceHaveOneName(t *testing.T) {
	for _, pair := range [][2]string{
		{"postgres://DB.example.com./s", "postgresql://db.example.com:5432/s?application_name=x"},
		{"snowflake://a/?db=D", "snowflake://a:443/D?warehouse=W"},
		{"sqlserver://h/d", "sqlserver://h:1433?database=d"},
		{"clickhouse://h", "clickhouse://h:9000/default"},
		{"postgresql://[0:0:0:0:0:0:0:1]/s", "postgresql://[::1]:5432/s/"},
		{"sqlite:///a/./b/../c", "sqlite:////a//c"},
	} {
		a, errA := product.ParseSource(pair[0])
		b, errB := product.ParseSource(pair[1])
		if errA != nil || errB != nil || a.Canonical() != b.Canonical() {
			t.Errorf("%q %v and %q %v", a.Canonical(), errA, b.Canonical(), errB)
		}
	}
}

func TestRefusedURIsSayWhatToDo(t *testing.T) {
	for _, c := range []struct{ uri, says string }{
		{"", "engine://host:port/database"},
		{"h:5432/db", "engine://host:port/database"},
		{"sqlite:/data/x", "sqlite:///path"},
		{"redshift://h/db", "redshift is not an engine that is known; known engines: postgresql, mysql"},
		{"jdbc:postgresql://h/db", "begin with an engine's name"},
		{"http://169.254.169.254/latest", "http is not an engine"},
		{"file:///etc/passwd", "file is not an engine"},
		{"postgresql://h", "names no database"},
		{"postgresql:///db", "names no host"},
		{"postgresql://:5432/db", "names no host"},
		{"postgresql://h:0/db", "port must be a number from 1 to 65535"},
		{"postgresql://h:65536/db", "port must be"},
		{"postgresql://h:x/db", "port must be"},
		{"postgresql://h:-1/db", "port must be"},
		{"postgresql://a,b/db", "one host, not a list"},
		{"postgresql://%2Fvar%2Frun/db", "sockets"},
		{"postgresql://h/db?host=/var/run", "the parameter host is not allowed: a spec may not name local files, sockets"},
		{"postgresql://h/db?HostAddr=127.0.0.1", "the parameter HostAddr is not allowed"},
		{"postgresql://h/db?sslkey=/k", "the parameter sslkey is not allowed: a spec may not name local files"},
		{"postgresql://h/db?sslcert=/k", "sslcert"},
		{"postgresql://h/db?sslrootcert=/k", "sslrootcert"},
		{"postgresql://h/db?passfile=/k", "passfile"},
		{"postgresql://h/db?service=x", "service"},
		{"postgresql://h/db?options=-c%20role%3Dadmin", "the parameter options is not allowed for postgresql; allowed: application_name, connect_timeout, sslmode, target_session_attrs"},
		{"postgresql://h/db?password=x", "the parameter password is not allowed: callers store their own login"},
		{"postgresql://h/db?sslmode=none", "sslmode must be one of disable"},
		{"postgresql://h/db?sslmode=", "sslmode must have a value"},
		{"postgresql://h/db?connect_timeout=1e9", "whole number of seconds"},
		{"postgresql://h/db?sslmode=require&SSLMODE=disable", "sslmode is there twice"},
		{"postgresql://h/db?x=%zz", "broken %-escape"},
		{"postgresql://h/a/b", "too many parts"},
		{"postgresql://h/a%2Fb", "plain characters"},
		{"postgresql://h/a%00b", "plain characters"},
		{"postgresql://h/db#x", "must not hold a #"},
		{"postgresql://[fe80::1%25eth0]/db", "not an IPv6 address"},
		{"postgresql://[::1/db", "not an IPv6 address"},
		{"postgresql://[::1]x/db", "not an IPv6 address"},
		{"postgresql://bücher.example/db", "xn--"},
		{"postgresql://h\n/db", "line breaks"},
		{" postgresql://h/db", "surrounding spaces"},
		{"mysql://h/db?allowAllFiles=true", "allowAllFiles"},
		{"mysql://h/db?tls=skip-verify", "tls must be one of"},
		{"oracle://h/s?wallet=/w", "wallet"},
		{"oracle://h", "names no service"},
		{"trino://h", "names no catalog"},
		{"sqlserver://h/a?database=b", "two databases"},
		{"snowflake://h/D/S?schema=T", "two values for schema"},
		{"bigquery://Project/x", "bigquery://project/dataset"},
		{"sqlite://data/x.sqlite", "three slashes"},
		{"sqlite://", "names no file"},
		{"sqlite:///", "names no file"},
		{"sqlite:///..", "names no file"},
		{"sqlite:///data/", "names a file: take the / from its end"},
		{"sqlite:///x?vfs=unix-none", "vfs"},
		{"sqlite:///x?mode=rw", "mode must be one of ro"},
		{"sqlite:///x%3Fmode=rw", "rename the file"},
		{"sqlite:///x%00", "rename the file"},
		{"duckdb:///x'y", "rename the file"},
		{"duckdb:///*.parquet", "rename the file"},
		{"duckdb:///x?access_mode=read_write", "access_mode must be one of read_only"},
		{"postgresql://" + strings.Repeat("h", 3000) + "/db", "longer than"},
	} {
		s, err := product.ParseSource(c.uri)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %+v %v, want %q", c.uri, s, err, c.says)
		}
	}
}

func TestAPasswordInAURIIsRefusedAndNeverRepeated(t *testing.T) {
	const secret = "hunter2"
	for _, uri := range []string{
		"postgresql://ann:hunter2@h/db", "postgresql://hunter2@h/db", "postgresql://ann:hunter2@h:99999/db?nope=1",
		"postgresql://ann:pa?hunter2&x=1@h/db", "postgresql://ann:pa#hunter2@h/db", "postgresql://ann:hunter2/pa@h/db",
		"postgresql://ann%3Ahunter2%40h/db", "postgresql://ann:hunter2/db", "snowflake://a/?db=D&password=hunter2", "snowflake://a/?hunter2@x",
		"mysql://ann:hunter2@tcp(h)/db", "hunter2@h/db", "sqlite://ann:pa?hunter2&b@/x", "sqlite://hunter2@/x",
		"trino://h/c?token=hunter2", "databricks://token:hunter2@h/x",
	} {
		_, err := product.ParseSource(uri)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s passed", uri)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error repeats it: %v", uri, err)
		}
	}
}

func FuzzParseSource(f *testing.F) {
	for _, s := range []string{
		"postgresql://h:5432/db?sslmode=require", "mysql://h/d", "snowflake://a/?warehouse=W&db=D", "bigquery://p/d", "duckdb:///a/b/", "sqlite:///a%20b",
		"trino://[::1]:8080/c/s", "postgresql://u:p@h/d", "oracle://h/s", "sqlserver://h?database=d", "clickhouse://h?secure=true",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		s, err := product.ParseSource(uri)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("not a fault for the caller: %v", err)
			}
			return
		}
		if (s.Path == "") == (s.Host == "") {
			t.Fatalf("%q is both or neither of file and server: %+v", uri, s)
		}
		if s.Path != "" && (s.Path[0] != '/' || strings.Contains(s.Path, "/../") || strings.ContainsAny(s.Path, "'\"?;*\x00\n")) {
			t.Fatalf("%q gives the path %q", uri, s.Path)
		}
		if strings.ContainsAny(s.Host, "@/%,?# \x00") || s.Host != strings.ToLower(s.Host) {
			t.Fatalf("%q gives the host %q", uri, s.Host)
		}
		if s.Path == "" && (s.Port < 1 || s.Port > 65535 || strings.Contains(uri, "@")) {
			t.Fatalf("%q gives %+v", uri, s)
		}
		if strings.ContainsAny(s.Canonical(), "\n\x00") {
			t.Fatalf("%q is called %q", uri, s.Canonical())
		}
	})
}

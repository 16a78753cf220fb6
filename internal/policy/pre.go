package policy

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/sqlfacts"
)

// JudgePre judges pre_exec_sql, which runs first in the same session to tell
// the warehouse whose rows are wanted. It may set one variable of the caller's
// own naming and do nothing else: a setting of the engine's would undo what
// the session is locked with.
func JudgePre(f sqlfacts.Facts, _ string) error {
	if f.Statements > 1 {
		return refuse(lockStatement, -1, "pre_exec_sql is one statement; this text holds %d", f.Statements)
	}
	switch f.Dialect {
	case "postgres":
		if onlyNodes(f, "RawStmt", "VariableSetStmt", "A_Const", "Integer", "Float", "String", "Boolean", "List") && ownVariable(f.Set) {
			return nil
		}
		return refuse(lockStatement, first(f), "pre_exec_sql may only set a variable of its own, with a dot in its name, to a constant: SET app.tenant = 'x'")
	case "duckdb":
		if onlyNodes(f, "SET_STATEMENT") && f.Set != "" {
			return nil
		}
		return refuse(lockStatement, first(f), "pre_exec_sql may only set a variable to a constant: SET VARIABLE tenant = 'x'")
	}
	return refuse(lockStatement, first(f), "there is no pre_exec_sql on this warehouse: it has no session variables")
}

// ownVariable reports whether a PostgreSQL setting is a placeholder of the users':
// two parts, and not of a module that PostgreSQL or its common extensions read.
func ownVariable(name string) bool {
	class, rest, ok := strings.Cut(strings.ToLower(name), ".")
	if !ok || class == "" || rest == "" || strings.Contains(rest, ".") {
		return false
	}
	return !modules[class]
}

// modules read the settings that begin with their name.
var modules = map[string]bool{
	"auto_explain": true, "pg_stat_statements": true, "plpgsql": true, "plperl": true, "plperlu": true,
	"pltcl": true, "pltclu": true, "plpython": true, "plpython3u": true, "plv8": true, "pgaudit": true,
	"postgres_fdw": true, "file_fdw": true, "pg_trgm": true, "auth_delay": true, "passwordcheck": true,
	"basic_archive": true, "sepgsql": true, "pg_prewarm": true, "pg_hint_plan": true, "pg_cron": true,
	"cron": true, "timescaledb": true, "citus": true, "pglogical": true, "anon": true, "session": true,
}

// onlyNodes reports whether the text holds one statement of just these kinds.
func onlyNodes(f sqlfacts.Facts, kinds ...string) bool {
	if f.Statements != 1 || len(f.Nodes) == 0 || len(f.Functions)+len(f.Tables)+len(f.Columns) > 0 {
		return false
	}
	for _, n := range f.Nodes {
		if !slices.Contains(kinds, n.Kind) {
			return false
		}
	}
	return true
}

func first(f sqlfacts.Facts) int {
	if len(f.Nodes) == 0 {
		return -1
	}
	return f.Nodes[0].Offset
}

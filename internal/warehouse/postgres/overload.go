package postgres

import (
	"context"
	"strings"

	"github.com/postern/postern/internal/sqlfacts"
)

// overloadSQL lists the functions that the login finds by its search path and
// that bear the name of one of PostgreSQL's own, without those of extensions:
// a call of lower(x) runs whichever of them fits the argument better. The
// parameter is the schema of PostgreSQL's own.
const overloadSQL = `SELECT DISTINCT p.proname::text, n.nspname::text
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY (pg_catalog.current_schemas(true)) AND n.nspname <> $1
  AND EXISTS (SELECT 1 FROM pg_catalog.pg_proc o JOIN pg_catalog.pg_namespace s ON s.oid = o.pronamespace WHERE s.nspname = $1 AND o.proname = p.proname)
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')`

// qualify gives each call of an overloaded name the schema of the overload, so
// that policy judges what could run and not what usually does. What was there
// when the session first needed it counts; a session lives half an hour.
func (c *Conn) qualify(ctx context.Context, f *sqlfacts.Facts) error {
	if len(f.Functions) == 0 && len(f.Columns) == 0 {
		return nil
	}
	if c.overloads == nil {
		found := map[string]string{}
		if err := c.each(ctx, overloadSQL, []byte("pg_catalog"), func(row []string) error {
			found[row[0]] = row[1]
			return nil
		}); err != nil {
			return err
		}
		c.overloads = found
	}
	if len(c.overloads) == 0 {
		return nil
	}
	for i, fn := range f.Functions {
		if schema, ok := c.overloads[strings.ToLower(fn.Name)]; ok && fn.Schema == "" {
			f.Functions[i].Schema = schema
		}
	}
	for _, col := range f.Columns {
		name := col.Parts[len(col.Parts)-1]
		if schema, ok := c.overloads[strings.ToLower(name)]; ok && col.Call {
			f.Functions = append(f.Functions, sqlfacts.Function{Schema: schema, Name: name, Offset: col.Offset})
		}
	}
	return nil
}

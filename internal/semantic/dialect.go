package semantic

import (
	"regexp"
	"strings"
	"time"

	"github.com/postern/postern/internal/fault"
)

// Values are written into the text as literals: the gateway takes SQL text and
// nothing else, so that what is judged, recorded and run is one string. What
// can't be quoted without doubt (a NUL, a number that is none) is refused, and
// no text of a caller is ever written outside quotes.

// ident quotes a name. All three dialects read "..." as a name; the compiler
// always qualifies columns, which keeps SQLite from taking one for a string.
func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

var number = regexp.MustCompile(`^[-+]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][-+]?[0-9]{1,3})?$`)

// text writes a string literal.
func (d Dialect) text(s string) (string, error) {
	if strings.ContainsRune(s, 0) {
		return "", fault.New(fault.Invalid, "a value holds a NUL character")
	}
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if d == Postgres && strings.ContainsRune(s, '\\') {
		// Right whatever standard_conforming_strings says.
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`), nil
	}
	return quoted, nil
}

// literal writes a constant.
func (d Dialect) literal(v Value) (string, error) {
	switch v.Class {
	case Numeric:
		if !number.MatchString(v.Text) {
			return "", fault.New(fault.Invalid, "%q is not a number", v.Text)
		}
		if strings.HasPrefix(v.Text, "-") {
			return "(" + v.Text + ")", nil
		}
		return strings.TrimPrefix(v.Text, "+"), nil
	case Boolean:
		switch strings.ToLower(v.Text) {
		case "true", "1":
			return pick(d == SQLite, "1", "TRUE"), nil
		case "false", "0":
			return pick(d == SQLite, "0", "FALSE"), nil
		}
		return "", fault.New(fault.Invalid, "%q is not true or false", v.Text)
	case Date:
		return d.date(v.Text)
	}
	return d.text(v.Text)
}

// dateForms are how dates are written, and the type of each.
var dateForms = []struct{ layout, kind string }{
	{"2006-01-02", "DATE"}, {"2006-01-02 15:04:05", "TIMESTAMP"}, {"2006-01-02 15:04", "TIMESTAMP"}, {"15:04:05", "TIME"}, {"15:04", "TIME"},
}

func (d Dialect) date(s string) (string, error) {
	for _, f := range dateForms {
		if _, err := time.Parse(f.layout, s); err != nil {
			continue
		}
		if d == SQLite {
			return "'" + s + "'", nil
		}
		return f.kind + " '" + s + "'", nil
	}
	return "", fault.New(fault.Invalid, "%q is not a date like 2024-03-01", s)
}

// isDate reports whether a text is a date that literal takes.
func isDate(s string) bool {
	_, err := SQLite.date(s)
	return err == nil
}

// real is a number for division.
func (d Dialect) real(sql string) string {
	return "CAST(" + sql + " AS " + map[Dialect]string{SQLite: "REAL", DuckDB: "DOUBLE", Postgres: "DOUBLE PRECISION"}[d] + ")"
}

// fromText is a number held in a text column. What is no number is NULL: it
// would be 0 on SQLite, and end the query on PostgreSQL. sure says that the
// column is known to hold numbers and empty texts only.
func (d Dialect) fromText(sql string, sure bool) string {
	trimmed := "TRIM(" + sql + ")"
	switch {
	case d == DuckDB:
		return "TRY_CAST(" + trimmed + " AS DOUBLE)"
	case sure:
		return "CAST(NULLIF(" + trimmed + ", '') AS NUMERIC)"
	case d == SQLite:
		return "CASE WHEN " + trimmed + " GLOB '*[0-9]*' AND " + trimmed + " NOT GLOB '*[^-+.0-9eE]*' THEN CAST(" + trimmed + " AS NUMERIC) END"
	}
	return "CASE WHEN " + trimmed + " ~ '^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$' THEN CAST(" + trimmed + " AS NUMERIC) END"
}

// sure reports whether a text column is known to hold numbers only.
func (c *Column) sure() bool { return c.NumericText && c.Complete }

// period cuts a date; the same texts and numbers on each engine.
func (d Dialect) period(x string, g Grain) string {
	if g == Year {
		return d.part(x, YearPart)
	}
	switch d {
	case SQLite:
		switch g {
		case Quarter:
			return "(strftime('%Y', " + x + ") || '-Q' || ((CAST(strftime('%m', " + x + ") AS INTEGER) + 2) / 3))"
		case Month:
			return "strftime('%Y-%m', " + x + ")"
		case Week:
			return "date(" + x + ", 'weekday 0', '-6 days')"
		}
		return "date(" + x + ")"
	case DuckDB:
		switch g {
		case Quarter:
			return "(strftime(" + x + ", '%Y') || '-Q' || CAST(EXTRACT(QUARTER FROM " + x + ") AS VARCHAR))"
		case Month:
			return "strftime(" + x + ", '%Y-%m')"
		case Week:
			return "strftime(date_trunc('week', " + x + "), '%Y-%m-%d')"
		}
		return "strftime(" + x + ", '%Y-%m-%d')"
	}
	switch g {
	case Quarter:
		return `to_char(` + x + `, 'YYYY-"Q"Q')`
	case Month:
		return "to_char(" + x + ", 'YYYY-MM')"
	case Week:
		return "to_char(date_trunc('week', " + x + "), 'YYYY-MM-DD')"
	}
	return "to_char(" + x + ", 'YYYY-MM-DD')"
}

// part is one part of a date as an integer.
func (d Dialect) part(x string, u DateUnit) string {
	if d != SQLite {
		name := map[DateUnit]string{YearPart: "YEAR", QuarterPart: "QUARTER", MonthPart: "MONTH", DayPart: "DAY", WeekdayPart: "ISODOW", HourPart: "HOUR"}[u]
		return "CAST(EXTRACT(" + name + " FROM " + x + ") AS INTEGER)"
	}
	number := func(f string) string { return "CAST(strftime('" + f + "', " + x + ") AS INTEGER)" }
	switch u {
	case QuarterPart:
		return "((" + number("%m") + " + 2) / 3)"
	case MonthPart:
		return number("%m")
	case DayPart:
		return number("%d")
	case WeekdayPart:
		return "((" + number("%w") + " + 6) % 7 + 1)"
	case HourPart:
		return number("%H")
	}
	return number("%Y")
}

// index numbers periods without gaps, so that the one before is one less.
func (d Dialect) index(x string, g Grain) string {
	switch g {
	case Year:
		return d.part(x, YearPart)
	case Quarter:
		return "(" + d.part(x, YearPart) + " * 4 + " + d.part(x, QuarterPart) + ")"
	case Month:
		return "(" + d.part(x, YearPart) + " * 12 + " + d.part(x, MonthPart) + ")"
	}
	monday := g == Week
	var days string
	switch d {
	case SQLite:
		days = "CAST(julianday(" + pick(monday, "date("+x+", 'weekday 0', '-6 days')", "date("+x+")") + ") AS INTEGER)"
	case DuckDB:
		days = "date_diff('day', DATE '1970-01-05', " + pick(monday, "CAST(date_trunc('week', "+x+") AS DATE)", "CAST("+x+" AS DATE)") + ")"
		if monday {
			return "CAST(" + days + " // 7 AS INTEGER)"
		}
	default:
		days = "(" + pick(monday, "CAST(date_trunc('week', "+x+") AS DATE)", "CAST("+x+" AS DATE)") + " - DATE '1970-01-05')"
	}
	return pick(monday, "("+days+" / 7)", days)
}

// ordered makes texts compare by their bytes, as SQLite and DuckDB do, so that
// an order does not depend on the server's locale.
func (d Dialect) ordered(sql string, class Class) string {
	switch {
	case d == Postgres && class == Text:
		return sql + ` COLLATE "C"`
	case d == Postgres && class == Boolean:
		return "CAST(" + sql + " AS INTEGER)" // it has no least boolean
	}
	return sql
}

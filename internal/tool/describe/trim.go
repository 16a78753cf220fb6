package describe

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// What of a trimmed schema goes where, in parts of the whole.
const (
	forFull  = 0.45 // tables with all that is known of them
	forBrief = 0.65 // and those with names and types only
	forNames = 0.10 // names of tables left out
	forRest  = 0.20 // joins, metrics, filters, verified queries, relationships
)

// Trim leaves out what does not fit in about so many characters: the tables
// come in the order in which they were ranked, first in full, then in brief,
// then by name.
func (s *Schema) Trim(budget int) {
	if size(s) <= budget {
		return
	}
	all, columns, metrics := len(s.Tables), s.columnCount(), len(s.Metrics)
	part := func(p float64) int { return int(p * float64(budget)) }
	var shown []schemaTable
	left := leftOut{Tables: []string{}}
	used, names, full := 0, 0, 0
	for i, t := range s.Tables {
		brief := t.brief(s.found.best(t.Name))
		switch n := size(t); {
		case used+n <= part(forFull) && full == i:
			shown, used, full = append(shown, t), used+n, full+1
			continue
		case used+size(brief) > part(forBrief) && i == 0:
			brief.fit(s.found.best(t.Name), part(forBrief))
			fallthrough
		case used+size(brief) <= part(forBrief):
			shown, used = append(shown, brief), used+size(brief)
			continue
		}
		if left.Count++; names+len(t.Name)+3 <= part(forNames) {
			left.Tables, names = append(left.Tables, t.Name), names+len(t.Name)+3
		}
	}
	s.Tables = shown
	left.Columns = columns - s.columnCount()
	s.LeftOut, s.Truncated = &left, true
	s.trimRest(part(forRest))
	s.Reason = fmt.Sprintf("The schema of %d tables, %d columns and %d metrics is longer than about %d characters: %d tables are shown in full, %d with the names and types of columns, %d not at all; %d metrics are shown.",
		all, columns, metrics, budget, full, len(shown)-full, left.Count, len(s.Metrics))
	s.Next = "Call get_data_schema_tool with tables, a list of names from here or left_out, to see those in full, or with query, words of what you look for, to have other tables first."
}

// trimRest keeps what is of tables that are shown, and of that what fits.
func (s *Schema) trimRest(most int) {
	has := func(t string) bool {
		return t == "" || slices.ContainsFunc(s.Tables, func(x schemaTable) bool { return strings.EqualFold(x.Name, t) })
	}
	s.keepJoins(func(from, to string) bool { return has(from) && has(to) })
	s.keepNamed(has)
	s.Matches = slices.DeleteFunc(s.Matches, func(m match) bool { return !has(m.Table) })
	s.Description = cut(s.Description, most/4)
	s.Joins = fitting(s.Joins, &most)
	s.Metrics = fitting(s.Metrics, &most)
	s.Filters = fitting(s.Filters, &most)
	s.Verified = fitting(s.Verified, &most)
	s.Relationships = fitting(s.Relationships, &most)
}

// keepNamed keeps the metrics and filters of tables.
func (s *Schema) keepNamed(of func(table string) bool) {
	s.Metrics = slices.DeleteFunc(s.Metrics, func(m metric) bool { return !of(m.Table) })
	s.Filters = slices.DeleteFunc(s.Filters, func(f namedFilter) bool { return !of(f.Table) })
}

// fitting keeps the first of a list that there is room for.
func fitting[T any](list []T, room *int) []T {
	for i, v := range list {
		if *room -= size(v); *room < 0 {
			*room = 0
			return list[:i]
		}
	}
	return list
}

// brief is a table with its columns' names, types and roles, and what is known
// of the columns that match.
func (s schemaTable) brief(found map[string]bool) schemaTable {
	s.Description, s.ForeignKeys = cut(s.Description, 120), nil
	s.Columns = slices.Clone(s.Columns)
	for i, c := range s.Columns {
		if !found[c.Name] {
			s.Columns[i] = schemaColumn{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Role: c.Role}
		}
	}
	return s
}

// fit leaves out columns until the table is no longer than most: those that
// match and keys stay longest.
func (s *schemaTable) fit(found map[string]bool, most int) {
	wanted := func(c schemaColumn) int {
		switch {
		case found[c.Name]:
			return 0
		case c.Role == "key" || c.Role == "foreign" || c.Name == s.TimeColumn:
			return 1
		}
		return 2
	}
	all := s.Columns
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return wanted(all[a]) - wanted(all[b]) })
	s.Columns = nil
	room := most - size(s)
	kept := map[int]bool{}
	for _, i := range order {
		if room -= size(all[i]) + 1; room < 0 {
			break
		}
		kept[i] = true
	}
	s.Columns = []schemaColumn{}
	for i, c := range all {
		if kept[i] {
			s.Columns = append(s.Columns, c)
		}
	}
	s.ColumnsLeftOut = len(all) - len(s.Columns)
}

func (s *Schema) columnCount() int {
	n := 0
	for _, t := range s.Tables {
		n += len(t.Columns)
	}
	return n
}

// size is about how many characters the value has as JSON.
func size(v any) int {
	b, err := json.Marshal(v)
	if err != nil {
		return 0
	}
	return len(b)
}

package planner_test

import (
	"testing"

	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const stamps = `
CREATE TABLE ref_glue (glue_code TEXT PRIMARY KEY, glue_name TEXT);
CREATE TABLE stamp (stamp_id INTEGER PRIMARY KEY, title TEXT, glue_code TEXT, country TEXT);
INSERT INTO ref_glue VALUES ('A','arabic'),('D','dextrin'),('P','plain');
INSERT INTO stamp VALUES (1,'Gull','D','Malta'),(2,'Tern','D','Malta'),(3,'Rook','A','Peru');`

// A list of what rows may lead to holds each once: what is frequent are the
// rows that lead there.
func TestWhatIsMostCommonIsCountedWhereItRepeats(t *testing.T) {
	db := filled(t, stamps)
	text := semantic.Text
	distinct := func(c semantic.Column, n int64) semantic.Column { c.Distinct = n; return c }
	m := &semantic.Model{
		Tables: []semantic.Table{
			{Name: "ref_glue", Physical: "ref_glue", Rows: 3, PrimaryKey: []string{"glue_code"}, Columns: []semantic.Column{
				distinct(col("glue_code", text, semantic.Key), 3), distinct(col("glue_name", text, semantic.Dimension), 3)}},
			{Name: "stamp", Physical: "stamp", Rows: 3, PrimaryKey: []string{"stamp_id"}, Columns: []semantic.Column{
				col("stamp_id", semantic.Numeric, semantic.Key), col("title", text, semantic.Dimension), distinct(col("glue_code", text, semantic.Foreign), 2), distinct(col("country", text, semantic.Dimension), 2)}},
		},
		Joins: []semantic.Join{{Name: "stamp_glue", From: "stamp", Columns: []string{"glue_code"}, To: "ref_glue", RefColumns: []string{"glue_code"}, Cardinality: semantic.ManyToOne}},
	}
	p := planner.New(m, nil)
	gives(t, db, p, m, map[string][]string{
		"What is the most common glue name?":                      {"dextrin"},
		"Give the glue name that is most common among all stamps": {"dextrin"},
		"Which glue name is the least frequent?":                  {"arabic"},
		"Return the name of the most common glue.":                {"dextrin"},
		"Return the code of the glue that is most common.":        {"D"},
		"What is the most common country?":                        {"Malta"},
	})
}

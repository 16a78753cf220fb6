package planner_test

import (
	"database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const schooling = `
CREATE TABLE tutor (tutor_id INTEGER PRIMARY KEY, grade TEXT);
CREATE TABLE pupil (pupil_id INTEGER PRIMARY KEY, name TEXT, advisor INTEGER);
CREATE TABLE hall (hall_id INTEGER PRIMARY KEY, name TEXT, capacity INTEGER);
CREATE TABLE concert (concert_id INTEGER PRIMARY KEY, hall_id INTEGER, theme TEXT);
CREATE TABLE town (town_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE visited_town (town_id INTEGER, pupil_id INTEGER);
INSERT INTO tutor VALUES (1,'A'),(2,'A'),(3,'B');
INSERT INTO pupil VALUES (1,'Ed',1),(2,'Flo',1),(3,'Gus',2),(4,'Hal',3);
INSERT INTO hall VALUES (1,'Old',900),(2,'New',100);
INSERT INTO concert VALUES (1,2,'x'),(2,2,'y'),(3,1,'z');
INSERT INTO town VALUES (1,'Oslo'),(2,'Kiel');
INSERT INTO visited_town VALUES (1,1),(1,2),(2,1);`

func school() *semantic.Model {
	num, text := semantic.Numeric, semantic.Text
	return &semantic.Model{
		Tables: []semantic.Table{
			{Name: "tutor", Physical: "tutor", PrimaryKey: []string{"tutor_id"}, Columns: []semantic.Column{col("tutor_id", num, semantic.Key), col("grade", text, semantic.Dimension)}},
			{Name: "pupil", Physical: "pupil", PrimaryKey: []string{"pupil_id"}, Columns: []semantic.Column{col("pupil_id", num, semantic.Key), col("name", text, semantic.Dimension), col("advisor", num, semantic.Foreign)}},
			{Name: "hall", Physical: "hall", PrimaryKey: []string{"hall_id"}, Columns: []semantic.Column{col("hall_id", num, semantic.Key), col("name", text, semantic.Dimension), col("capacity", num, semantic.Measured)}},
			{Name: "concert", Physical: "concert", PrimaryKey: []string{"concert_id"}, Columns: []semantic.Column{col("concert_id", num, semantic.Key), col("hall_id", num, semantic.Foreign), col("theme", text, semantic.Dimension)}},
			{Name: "town", Physical: "town", PrimaryKey: []string{"town_id"}, Columns: []semantic.Column{col("town_id", num, semantic.Key), col("name", text, semantic.Dimension)}},
			{Name: "visited_town", Physical: "visited_town", PrimaryKey: []string{"town_id", "pupil_id"}, Columns: []semantic.Column{col("town_id", num, semantic.Foreign), col("pupil_id", num, semantic.Foreign)}},
		},
		Joins: []semantic.Join{
			{Name: "of_tutor", From: "pupil", Columns: []string{"advisor"}, To: "tutor", RefColumns: []string{"tutor_id"}, Cardinality: semantic.ManyToOne},
			{Name: "in_hall", From: "concert", Columns: []string{"hall_id"}, To: "hall", RefColumns: []string{"hall_id"}, Cardinality: semantic.ManyToOne},
			{Name: "to_town", From: "visited_town", Columns: []string{"town_id"}, To: "town", RefColumns: []string{"town_id"}, Cardinality: semantic.ManyToOne},
			{Name: "by_pupil", From: "visited_town", Columns: []string{"pupil_id"}, To: "pupil", RefColumns: []string{"pupil_id"}, Cardinality: semantic.ManyToOne},
		},
	}
}

// What a number is of: rows and what was done to them, rows that belong to
// others, or what rows tell apart.
func TestACountIsOfWhatItsWordsName(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(schooling); err != nil {
		t.Fatal(err)
	}
	p := planner.New(school(), &planner.Dictionary{})
	for question, want := range map[string][]string{
		"Show all tutor grades and the number of pupils advised by each grade.": {"A 3", "B 1"},
		"What is the name of the hall which held the most concerts?":            {"New"},
		"Count the number of different visited towns.":                          {"2"},
		"How many visited towns are there?":                                     {"3"},
	} {
		t.Run(question, func(t *testing.T) {
			a := p.Plan(question)
			s, err := semantic.Compile(a.Query, school(), semantic.SQLite)
			if err != nil {
				t.Fatalf("%v (%s: %s)", err, a.Trace, a.Reason)
			}
			got := texts(t, db, s.SQL)
			sortBoth(got, want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s(%s) %s", diff, a.Trace, s.SQL)
			}
		})
	}
}

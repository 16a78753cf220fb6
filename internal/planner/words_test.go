package planner_test

import (
	"database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const stargazing = `
CREATE TABLE watcher (wid INTEGER PRIMARY KEY, w_fname TEXT, w_dob TEXT, unit_of_pay TEXT, enr INTEGER, guild TEXT);
INSERT INTO watcher VALUES (1,'Ada','1990-05-01','hour',3,'Opt. Soc.'),(2,'Bo','1985-02-01','night',9,'Radio Guild'),(3,'Cy','1999-03-01','hour',5,'Opt. Soc.');`

func watchers() *semantic.Model {
	num, text := semantic.Numeric, semantic.Text
	return &semantic.Model{Tables: []semantic.Table{{Name: "watcher", Physical: "watcher", PrimaryKey: []string{"wid"}, Columns: []semantic.Column{
		col("wid", num, semantic.Key), col("w_fname", text, semantic.Dimension), col("w_dob", semantic.Date, semantic.Time),
		col("unit_of_pay", text, semantic.Dimension), col("enr", num, semantic.Measured), col("guild", text, semantic.Dimension)}}}}
}

// Names of schemas are short, and those who ask spell them out.
func TestWordsOfQuestionsFindShortNames(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(stargazing); err != nil {
		t.Fatal(err)
	}
	d := &planner.Dictionary{}
	for _, v := range []string{"Opt. Soc.", "Radio Guild"} {
		d.Add("watcher", "guild", v)
	}
	p := planner.New(watchers(), d)
	for question, want := range map[string][]string{
		"What are the first names and dates of birth of all watchers?": {"Ada 1990-05-01", "Bo 1985-02-01", "Cy 1999-03-01"},
		"List the first names of watchers ordered by birthday.":        {"Ada", "Bo", "Cy"},
		"What is the pay unit of the watcher with id 2?":               {"night"},
		"What is the largest enrollment of the watchers?":              {"9"},
		"How many different kinds of watchers are there?":              {"3"},
		"How many watchers are in the optical society?":                {"2"},
		"Give the first names of watchers in the Radio Guild section.": {"Bo"},
	} {
		t.Run(question, func(t *testing.T) {
			a := p.Plan(question)
			if !a.Read {
				t.Fatalf("there is no reading: %s %v (%s)", a.Reason, a.Unplaced, a.Trace)
			}
			s, err := semantic.Compile(a.Query, watchers(), semantic.SQLite)
			if err != nil {
				t.Fatal(err)
			}
			got := texts(t, db, s.SQL)
			sortBoth(got, want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s(%s) %s", diff, a.Trace, s.SQL)
			}
		})
	}
}

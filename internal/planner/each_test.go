package planner_test

import (
	"database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const sailing = `
CREATE TABLE pier (pier_id INTEGER PRIMARY KEY, pier_name TEXT, town TEXT);
CREATE TABLE ferry (ferry_id INTEGER PRIMARY KEY, ferry_name TEXT, flag TEXT, tonnage INTEGER, pier_id INTEGER);
CREATE TABLE trip (trip_id INTEGER PRIMARY KEY, ferry_id INTEGER, weather TEXT, passengers INTEGER);
INSERT INTO pier VALUES (1,'Mole','Arn'),(2,'Quay','Bex'),(3,'Spit','Arn');
INSERT INTO ferry VALUES (1,'Gull','Malta',10,1),(2,'Tern','Malta',20,1),(3,'Auk','Norway',30,2);
INSERT INTO trip VALUES (1,1,'fog',5),(2,1,'sun',7),(3,3,'fog',9);`

func ferries() *semantic.Model {
	num, text := semantic.Numeric, semantic.Text
	return &semantic.Model{
		Tables: []semantic.Table{
			{Name: "pier", Physical: "pier", PrimaryKey: []string{"pier_id"}, Columns: []semantic.Column{
				col("pier_id", num, semantic.Key), col("pier_name", text, semantic.Dimension), col("town", text, semantic.Dimension)}},
			{Name: "ferry", Physical: "ferry", PrimaryKey: []string{"ferry_id"}, Columns: []semantic.Column{
				col("ferry_id", num, semantic.Key), col("ferry_name", text, semantic.Dimension), col("flag", text, semantic.Dimension),
				col("tonnage", num, semantic.Measured), col("pier_id", num, semantic.Foreign)}},
			{Name: "trip", Physical: "trip", PrimaryKey: []string{"trip_id"}, Columns: []semantic.Column{
				col("trip_id", num, semantic.Key), col("ferry_id", num, semantic.Foreign), col("weather", text, semantic.Dimension), col("passengers", num, semantic.Measured)}},
		},
		Joins: []semantic.Join{
			{Name: "of_pier", From: "ferry", Columns: []string{"pier_id"}, To: "pier", RefColumns: []string{"pier_id"}, Cardinality: semantic.ManyToOne},
			{Name: "of_ferry", From: "trip", Columns: []string{"ferry_id"}, To: "ferry", RefColumns: []string{"ferry_id"}, Cardinality: semantic.ManyToOne},
		},
	}
}

// asksFerries compares the rows that questions of ferries give.
func asksFerries(t *testing.T, asked map[string][]string) {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(sailing); err != nil {
		t.Fatal(err)
	}
	d := &planner.Dictionary{}
	for _, v := range []string{"Malta", "Norway"} {
		d.Add("ferry", "flag", v)
	}
	for _, v := range []string{"fog", "sun"} {
		d.Add("trip", "weather", v)
	}
	p := planner.New(ferries(), d)
	for question, want := range asked {
		t.Run(question, func(t *testing.T) {
			a := p.Plan(question)
			s, err := semantic.Compile(a.Query, ferries(), semantic.SQLite)
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

func TestTheWordingDecidesWhetherAGroupOrItsNumberComesFirst(t *testing.T) {
	asksFerries(t, map[string][]string{
		"Count the ferries of each flag.":                 {"2 Malta", "1 Norway"},
		"Find the number of ferries for each flag.":       {"2 Malta", "1 Norway"},
		"Return the average tonnage of ferries per flag.": {"15 Malta", "30 Norway"},
		"How many ferries are there for each flag?":       {"2 Malta", "1 Norway"},
		"How many ferries are in each flag?":              {"2 Malta", "1 Norway"},
		"How many ferries does each flag have?":           {"Malta 2", "Norway 1"},
		"How many ferries correspond to each flag?":       {"Malta 2", "Norway 1"},
		"Show the number of ferries for each flag.":       {"Malta 2", "Norway 1"},
		"For each flag, what is the number of ferries?":   {"Malta 2", "Norway 1"},
	})
}

package planner_test

import (
	"database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const sailings = `
CREATE TABLE port (port_id INTEGER PRIMARY KEY, name TEXT, country TEXT);
CREATE TABLE sailing (sailing_id INTEGER PRIMARY KEY, vessel TEXT, source_port INTEGER, destination_port INTEGER);
CREATE TABLE pilot (pilot_id INTEGER PRIMARY KEY, name TEXT, superior_id INTEGER);
INSERT INTO pilot VALUES (1,'Ann',NULL),(2,'Bo',1),(3,'Cy',1),(4,'Di',2);
INSERT INTO port VALUES (1,'Oslo','Norway'),(2,'Kiel','Germany'),(3,'Riga','Latvia');
INSERT INTO sailing VALUES (1,'Alma',1,2),(2,'Bris',2,1),(3,'Cora',1,3),(4,'Dina',3,2);`

func harbour() *semantic.Model {
	num, text := semantic.Numeric, semantic.Text
	return &semantic.Model{
		Tables: []semantic.Table{
			{Name: "port", Physical: "port", PrimaryKey: []string{"port_id"}, Columns: []semantic.Column{
				col("port_id", num, semantic.Key), col("name", text, semantic.Dimension), col("country", text, semantic.Dimension)}},
			{Name: "sailing", Physical: "sailing", PrimaryKey: []string{"sailing_id"}, Columns: []semantic.Column{
				col("sailing_id", num, semantic.Key), col("vessel", text, semantic.Dimension),
				col("source_port", num, semantic.Foreign), col("destination_port", num, semantic.Foreign)}},
			{Name: "pilot", Physical: "pilot", PrimaryKey: []string{"pilot_id"}, Columns: []semantic.Column{
				col("pilot_id", num, semantic.Key), col("name", text, semantic.Dimension), col("superior_id", num, semantic.Foreign)}},
		},
		Joins: []semantic.Join{
			{Name: "from_port", From: "sailing", Columns: []string{"source_port"}, To: "port", RefColumns: []string{"port_id"}, Cardinality: semantic.ManyToOne},
			{Name: "above", From: "pilot", Columns: []string{"superior_id"}, To: "pilot", RefColumns: []string{"pilot_id"}, Cardinality: semantic.ManyToOne},
			{Name: "to_port", From: "sailing", Columns: []string{"destination_port"}, To: "port", RefColumns: []string{"port_id"}, Cardinality: semantic.ManyToOne},
		},
	}
}

// Two tables may be joined in two ways; the words say which is meant.
func TestTheWayBetweenTwoTablesIsTheOneThatIsSaid(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(sailings); err != nil {
		t.Fatal(err)
	}
	d := &planner.Dictionary{}
	for _, v := range []string{"Oslo", "Kiel", "Riga"} {
		d.Add("port", "name", v)
	}
	d.Add("pilot", "name", "Ann")
	p := planner.New(harbour(), d)
	for question, want := range map[string][]string{
		"What are the names of pilots who report to Ann?":              {"Bo", "Cy"},
		"How many sailings depart from Oslo?":                          {"2"},
		"How many sailings arrive at Kiel?":                            {"2"},
		"How many sailings go from Oslo to Kiel?":                      {"1"},
		"What are the vessels of sailings from Oslo to Riga?":          {"Cora"},
		"What are the names of the destination ports of the sailings?": {"Kiel", "Oslo", "Riga"},
		"Count the sailings that start in Oslo and end in Riga.":       {"1"},
	} {
		t.Run(question, func(t *testing.T) {
			a := p.Plan(question)
			if !a.Read {
				t.Fatalf("%s %v (%s)", a.Reason, a.Unplaced, a.Trace)
			}
			s, err := semantic.Compile(a.Query, harbour(), semantic.SQLite)
			if err != nil || len(s.Ambiguous) > 0 {
				t.Fatal(err, s.Ambiguous)
			}
			got := texts(t, db, s.SQL)
			sortBoth(got, want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s%s (%s)", diff, s.SQL, a.Trace)
			}
		})
	}
}

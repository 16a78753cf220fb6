package planner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const kilns = `
CREATE TABLE vase (vase_id INTEGER PRIMARY KEY, colour TEXT, date_glazed TEXT, date_sold TEXT);
CREATE TABLE firing (firing_id INTEGER PRIMARY KEY, vase_id INTEGER, firing_date TEXT);
INSERT INTO vase VALUES (1,'blue','2020-02-03','2021-05-06'),(2,'red','2019-01-01','2022-07-08'),(3,'red','2019-04-01','2023-07-08');
INSERT INTO firing VALUES (1,1,'2020-02-09'),(2,2,'2019-01-20');`

// A question of when something was counts nothing.
func TestThePeriodOfOneThingIsAskedFor(t *testing.T) {
	db := filled(t, kilns)
	num, text := semantic.Numeric, semantic.Text
	date := func(n string) semantic.Column { return col(n, semantic.Date, semantic.Time) }
	m := &semantic.Model{
		Tables: []semantic.Table{
			{Name: "vase", Physical: "vase", PrimaryKey: []string{"vase_id"}, Columns: []semantic.Column{col("vase_id", num, semantic.Key), col("colour", text, semantic.Dimension), date("date_glazed"), date("date_sold")}},
			{Name: "firing", Physical: "firing", PrimaryKey: []string{"firing_id"}, Columns: []semantic.Column{col("firing_id", num, semantic.Key), col("vase_id", num, semantic.Foreign), date("firing_date")}},
		},
		Joins: []semantic.Join{{Name: "firing_vase", From: "firing", Columns: []string{"vase_id"}, To: "vase", RefColumns: []string{"vase_id"}, Cardinality: semantic.ManyToOne}},
	}
	values := &planner.Dictionary{}
	for _, v := range []string{"blue", "red"} {
		values.Add("vase", "colour", v)
	}
	p := planner.New(m, values)
	for question, want := range map[string][]string{
		"On which day was the vase with id 1 glazed?":    {"2020-02-03"},
		"What day was the vase with id 2 sold?":          {"2022-07-08"},
		"In what year was the blue vase sold?":           {"2021"},
		"In which year were the red vases glazed?":       {"2019"},
		"During which month was the vase with id 1 sold": {"2021-05"},
		"On what date was the vase with id 1 sold?":      {"2021-05-06"},
		"In which year were the most vases glazed?":      {"2019"},
		"How many vases were glazed in each year?":       {"2019 2", "2020 1"},
	} {
		t.Run(question, func(t *testing.T) {
			a := p.Plan(question)
			if !a.Read {
				t.Fatalf("%s %v (%s)", a.Reason, a.Unplaced, a.Trace)
			}
			s, err := semantic.Compile(a.Query, m, semantic.SQLite)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, texts(t, db, s.SQL)); diff != "" {
				t.Errorf("rows (-want +got):\n%s(%s) %s", diff, a.Trace, s.SQL)
			}
		})
	}
}

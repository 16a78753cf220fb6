package planner_test

import (
	"database/sql"
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
	gives(t, db, p, m, map[string][]string{
		"On which day was the vase with id 1 glazed?":    {"2020-02-03"},
		"When was the vase with id 1 glazed?":            {"2020-02-03"},
		"What day was the vase with id 2 sold?":          {"2022-07-08"},
		"In what year was the blue vase sold?":           {"2021"},
		"In which year were the red vases glazed?":       {"2019"},
		"During which month was the vase with id 1 sold": {"2021-05"},
		"On what date was the vase with id 1 sold?":      {"2021-05-06"},
		"In which year were the most vases glazed?":      {"2019"},
		"How many vases were glazed in each year?":       {"2019 2", "2020 1"},
	})
}

const regattas = `
CREATE TABLE town (town_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE ferry (ferry_id INTEGER PRIMARY KEY, name TEXT, launch INTEGER);
CREATE TABLE regatta (year INTEGER PRIMARY KEY, ferry_id INTEGER, start_town INTEGER, listed_on TEXT);
INSERT INTO town VALUES (1,'Ayr'),(2,'Bute'),(2015,'Cove');
INSERT INTO ferry VALUES (1,'Gull',1999),(2,'Tern',2011),(3,'Auk',1987);
INSERT INTO regatta VALUES (2009,1,1,'2030-01-01'),(2012,2,2,'2020-01-01'),(2013,3,2,'2020-01-02');`

// A year is no key, and numbers that are called after what happens once and
// look like years are years.
func TestYearsAreToldFromOtherNumbers(t *testing.T) {
	db := filled(t, regattas)
	num, text := semantic.Numeric, semantic.Text
	launch := col("launch", num, semantic.Dimension)
	launch.Values = []string{"1987", "1999", "2011"}
	join := func(column, to, key string) semantic.Join {
		return semantic.Join{Name: "regatta_" + to, From: "regatta", Columns: []string{column}, To: to, RefColumns: []string{key}, Cardinality: semantic.ManyToOne}
	}
	m := &semantic.Model{
		Tables: []semantic.Table{
			{Name: "town", Physical: "town", PrimaryKey: []string{"town_id"}, Columns: []semantic.Column{col("town_id", num, semantic.Key), col("name", text, semantic.Dimension)}},
			{Name: "ferry", Physical: "ferry", PrimaryKey: []string{"ferry_id"}, Columns: []semantic.Column{col("ferry_id", num, semantic.Key), col("name", text, semantic.Dimension), launch}},
			{Name: "regatta", Physical: "regatta", PrimaryKey: []string{"year"}, Columns: []semantic.Column{col("year", num, semantic.Dimension), col("ferry_id", num, semantic.Foreign), col("start_town", num, semantic.Foreign), col("listed_on", semantic.Date, semantic.Time)}},
		},
		Joins: []semantic.Join{join("ferry_id", "ferry", "ferry_id"), join("start_town", "town", "town_id")},
	}
	p := planner.New(m, nil)
	gives(t, db, p, m, map[string][]string{
		"What is the name of the ferry that was launched most recently?": {"Tern"},
		"Which ferries were launched before 1995?":                       {"Auk"},
		"Which towns served as a start town after 2010?":                 {"Bute"},
	})
}

// gives asks questions, whose rows are wanted in this order.
func gives(t *testing.T, db *sql.DB, p *planner.Planner, m *semantic.Model, asked map[string][]string) {
	t.Helper()
	for question, want := range asked {
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

package planner_test

import (
	"database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const grinding = `
CREATE TABLE region (region_id INTEGER PRIMARY KEY, rname TEXT, officers INTEGER, rank INTEGER);
CREATE TABLE mill (mill_id INTEGER PRIMARY KEY, name TEXT, mill_number INTEGER, river TEXT, height REAL, region_id INTEGER, licence_date TEXT, num_workers INTEGER);
CREATE TABLE payment (payment_id INTEGER PRIMARY KEY, mill_id INTEGER, method TEXT, amount_payment REAL, date_payment_made TEXT);
CREATE TABLE fair_detail (fair_id INTEGER PRIMARY KEY, fair_name TEXT, year INTEGER);
INSERT INTO region VALUES (1,'North',90,2),(2,'South',40,1);
INSERT INTO mill VALUES (1,'Alm',7,'Inn',12,1,'2001-01-01',3),(2,'Bruk',3,'Inn',12,1,'2000-01-01',4),(3,'Cley',9,'Isar',20,2,'1999-01-01',5);
INSERT INTO payment VALUES (1,1,'cash',10,'2020-02-01'),(2,1,'card',5,'2020-03-01'),(3,3,'cash',8,'2020-01-01');
INSERT INTO fair_detail VALUES (1,'Spring',2019),(2,'Autumn',2019),(3,'Winter',2021);`

func mills() *semantic.Model {
	num, text := semantic.Numeric, semantic.Text
	return &semantic.Model{
		Tables: []semantic.Table{
			{Name: "region", Physical: "region", PrimaryKey: []string{"region_id"}, Columns: []semantic.Column{
				col("region_id", num, semantic.Key), col("rname", text, semantic.Dimension), col("officers", num, semantic.Measured), col("rank", num, semantic.Measured)}},
			{Name: "mill", Physical: "mill", PrimaryKey: []string{"mill_id"}, Columns: []semantic.Column{
				col("mill_id", num, semantic.Key), col("name", text, semantic.Dimension), col("mill_number", num, semantic.Dimension), col("river", text, semantic.Dimension),
				col("height", num, semantic.Measured), col("region_id", num, semantic.Foreign), col("licence_date", semantic.Date, semantic.Time), col("num_workers", num, semantic.Measured)}},
			{Name: "payment", Physical: "payment", PrimaryKey: []string{"payment_id"}, Columns: []semantic.Column{
				col("payment_id", num, semantic.Key), col("mill_id", num, semantic.Foreign), col("method", text, semantic.Dimension),
				col("amount_payment", num, semantic.Measured), col("date_payment_made", semantic.Date, semantic.Time)}},
			{Name: "fair_detail", Physical: "fair_detail", PrimaryKey: []string{"fair_id"}, Columns: []semantic.Column{
				col("fair_id", num, semantic.Key), col("fair_name", text, semantic.Dimension), col("year", num, semantic.Dimension)}},
		},
		Joins: []semantic.Join{
			{Name: "of_region", From: "mill", Columns: []string{"region_id"}, To: "region", RefColumns: []string{"region_id"}, Cardinality: semantic.ManyToOne},
			{Name: "of_mill", From: "payment", Columns: []string{"mill_id"}, To: "mill", RefColumns: []string{"mill_id"}, Cardinality: semantic.ManyToOne},
		},
	}
}

// Where words fit several columns or rows, the preferences that hold in any
// database decide.
func TestOfSeveralColumnsThatFitTheLikelierIsTaken(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(grinding); err != nil {
		t.Fatal(err)
	}
	d := &planner.Dictionary{}
	for _, v := range []string{"Inn", "Isar"} {
		d.Add("mill", "river", v)
	}
	for _, v := range []string{"Spring", "Autumn", "Winter"} {
		d.Add("fair_detail", "fair_name", v)
	}
	p := planner.New(mills(), d)
	for question, want := range map[string][]string{
		"What are the names of the regions?":                                                       {"North", "South"},
		"List the method and amount of all payments.":                                              {"card 5", "cash 10", "cash 8"},
		"List the date and amount of each payment, in descending order of date.":                   {"2020-01-01 8", "2020-02-01 10", "2020-03-01 5"},
		"Show the names, ids and the number of payments of different mills.":                       {"Alm 1 2", "Cley 3 1"},
		"Show the mill names, ids, and the corresponding number of payments.":                      {"Alm 1 2", "Cley 3 1"},
		"Find the number of mills with a height above 15.":                                         {"1"},
		"List all information about regions sorted by officer numbers.":                            {"1 North 90 2", "2 South 40 1"},
		"Show the year in which there are more than one fairs.":                                    {"2019"},
		"Which river has between 2 and 5 number of mills?":                                         {"Inn"},
		"For each mill, return its height and the total amount of its payments.":                   {"Alm 12 15", "Cley 20 8"},
		"What are the names of mills in the region that has the largest number of officers?":       {"Alm", "Bruk"},
		"List every mill whose name starts with B in alphabetical order.":                          {"Bruk"},
		"What are the rivers and average heights of each mill?":                                    {"Inn 12", "Isar 20"},
		"Show the total height and the number of workers of all mills.":                            {"44 12"},
		"Find the rivers whose name contains 'sa'.":                                                {"Isar"},
		"What are the names of mills that contain the word 'ru'?":                                  {"Bruk"},
		"When was the mill with the greatest height licensed?":                                     {"1999-01-01"},
		"What is the name of the region with the highest rank?":                                    {"South"},
		"What are the distinct years in which the fair name is not Spring?":                        {"2019", "2021"},
		"Which rivers had a mill both in the year 2000 and 2001?":                                  {"Inn"},
		"What are the names of mills whose height is less than the minimum height for Isar mills?": {"Alm", "Bruk"},
		"How tall is the total height of mills?":                                                   {"44"},
		"What was the earliest date when any mill was licensed?":                                   {"1999-01-01"},
	} {
		t.Run(question, func(t *testing.T) {
			a := p.Plan(question)
			s, err := semantic.Compile(a.Query, mills(), semantic.SQLite)
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

func TestWordsBeforeANameThatCountNothingHaveNoPlace(t *testing.T) {
	d := &planner.Dictionary{}
	d.Add("mill", "name", "Alm")
	if a := planner.New(mills(), d).Plan("How many orders does Alm have?"); a.Read {
		t.Errorf("%s (%s)", a.Restatement, a.Trace)
	}
}

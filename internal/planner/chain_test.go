package planner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const pupils = `
CREATE TABLE house (house_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE pupil (pupil_id INTEGER PRIMARY KEY, name TEXT, house_id INTEGER);
CREATE TABLE club (club_id INTEGER PRIMARY KEY, title TEXT, house_id INTEGER);
CREATE TABLE attendance (attendance_id INTEGER PRIMARY KEY, pupil_id INTEGER, club_id INTEGER);
INSERT INTO house VALUES (1,'Lion'),(2,'Hawk');
INSERT INTO pupil VALUES (1,'Ann',1),(2,'Bo',1),(3,'Cy',2);
INSERT INTO club VALUES (1,'Chess',1),(2,'Choir',2);
INSERT INTO attendance VALUES (1,1,2),(2,3,1),(3,2,2);`

// A pupil is of a house, and so is a club that the pupil attends: what is said
// after the club is said of the club.
func TestAConditionIsAskedByWayOfTheTableBeforeIt(t *testing.T) {
	db := filled(t, pupils)
	num, text := semantic.Numeric, semantic.Text
	key := func(name string) semantic.Column { return col(name, num, semantic.Foreign) }
	join := func(from, to string) semantic.Join {
		c := []string{to + "_id"}
		return semantic.Join{Name: from + "_" + to, From: from, Columns: c, To: to, RefColumns: c, Cardinality: semantic.ManyToOne}
	}
	m := &semantic.Model{
		Tables: []semantic.Table{
			{Name: "house", Physical: "house", PrimaryKey: []string{"house_id"}, Columns: []semantic.Column{col("house_id", num, semantic.Key), col("name", text, semantic.Dimension)}},
			{Name: "pupil", Physical: "pupil", PrimaryKey: []string{"pupil_id"}, Columns: []semantic.Column{col("pupil_id", num, semantic.Key), col("name", text, semantic.Dimension), key("house_id")}},
			{Name: "club", Physical: "club", PrimaryKey: []string{"club_id"}, Columns: []semantic.Column{col("club_id", num, semantic.Key), col("title", text, semantic.Dimension), key("house_id")}},
			{Name: "attendance", Physical: "attendance", PrimaryKey: []string{"attendance_id"}, Columns: []semantic.Column{col("attendance_id", num, semantic.Key), key("pupil_id"), key("club_id")}},
		},
		Joins: []semantic.Join{join("pupil", "house"), join("club", "house"), join("attendance", "pupil"), join("attendance", "club")},
	}
	d := &planner.Dictionary{}
	for _, v := range []string{"Lion", "Hawk"} {
		d.Add("house", "name", v)
	}
	d.Add("club", "title", "Choir")
	p := planner.New(m, d)
	for question, want := range map[string][]string{
		"What are the names of pupils of the Lion house?":                  {"Ann", "Bo"},
		"What are the names of pupils who attend clubs of the Lion house?": {"Cy"},
		"What are the names of pupils who attend Choir?":                   {"Ann", "Bo"},
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
			got := texts(t, db, s.SQL)
			sortBoth(got, want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s%s (%s)", diff, s.SQL, a.Trace)
			}
		})
	}
}

package planner_test

import (
	"database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

// trailDDL is a walking society: huts have a number of beds and beds of their
// own, trails have a grade by its code.
const trailDDL = `
CREATE TABLE guide (guide_id INTEGER PRIMARY KEY, name TEXT, licence TEXT, birthdate TEXT, age INTEGER, pay REAL, hut_id INTEGER);
CREATE TABLE hut (hut_id INTEGER PRIMARY KEY, name TEXT, valley TEXT, number_of_bed INTEGER, opened_date TEXT, share_in_percent REAL);
CREATE TABLE bed (bed_id INTEGER PRIMARY KEY, hut_id INTEGER, width INTEGER);
CREATE TABLE grade (grade_code TEXT PRIMARY KEY, grade_description TEXT);
CREATE TABLE trail (trail_id INTEGER PRIMARY KEY, title TEXT, grade_code TEXT, surface TEXT, length INTEGER);
INSERT INTO guide VALUES (1,'Uma','alpine','1990-01-02',35,10,1),(2,'Vic','alpine','1980-05-06',45,30,1),(3,'Wen','none','2000-03-03',25,50,2);
INSERT INTO hut VALUES (1,'Kar','north',8,'2001-01-01',10),(2,'Lee','south',3,'2015-01-01',30),(3,'Moor','north',5,'1999-01-01',20);
INSERT INTO bed VALUES (1,2,80),(2,2,90),(3,1,80);
INSERT INTO grade VALUES ('E','easy'),('M','middling'),('H','hard');
INSERT INTO trail VALUES (1,'Ridge','M','gravel',9),(2,'Pass','M','gravel',7),(3,'Loop','E','tar',3),(4,'Rim','H','gravel',5);`

func trails() *semantic.Model {
	num, text := semantic.Numeric, semantic.Text
	id := func(n string) semantic.Column { return col(n, num, semantic.Key) }
	word := func(n string) semantic.Column { return col(n, text, semantic.Dimension) }
	many := func(from, col, to string) semantic.Join {
		return semantic.Join{Name: from + "_" + to, From: from, Columns: []string{col}, To: to, RefColumns: []string{col}, Cardinality: semantic.ManyToOne}
	}
	table := func(name, key string, cs ...semantic.Column) semantic.Table {
		return semantic.Table{Name: name, Physical: name, PrimaryKey: []string{key}, Columns: cs}
	}
	return &semantic.Model{
		Name: "Walks",
		Tables: []semantic.Table{
			table("guide", "guide_id", id("guide_id"), word("name"), word("licence"), col("birthdate", semantic.Date, semantic.Time), col("age", num, semantic.Measured), col("pay", num, semantic.Measured), col("hut_id", num, semantic.Foreign)),
			table("hut", "hut_id", id("hut_id"), word("name"), word("valley"), col("number_of_bed", num, semantic.Measured), col("opened_date", semantic.Date, semantic.Time), col("share_in_percent", num, semantic.Measured)),
			table("bed", "bed_id", id("bed_id"), col("hut_id", num, semantic.Foreign), col("width", num, semantic.Measured)),
			table("grade", "grade_code", col("grade_code", text, semantic.Key), word("grade_description")),
			table("trail", "trail_id", id("trail_id"), word("title"), col("grade_code", text, semantic.Foreign), word("surface"), col("length", num, semantic.Measured)),
		},
		Joins: []semantic.Join{many("guide", "hut_id", "hut"), many("bed", "hut_id", "hut"), many("trail", "grade_code", "grade")},
	}
}

func TestWhatComesFirstAndInWhichOrderIsRead(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(trailDDL); err != nil {
		t.Fatal(err)
	}
	values := &planner.Dictionary{}
	for _, v := range []string{"alpine", "none"} {
		values.Add("guide", "licence", v)
	}
	m := trails()
	p := planner.New(m, values)
	for _, c := range []struct {
		question string
		want     []string
	}{
		// manners of order
		{"Sort all the distinct trails in alphabetical order.", []string{"Loop", "Pass", "Ridge", "Rim"}},
		{"List the titles of trails by length in an ascending manner.", []string{"Loop", "Rim", "Pass", "Ridge"}},
		{"List the titles of trails, arranging them by length in decreasing fashion.", []string{"Ridge", "Pass", "Rim", "Loop"}},
		{"What are the names of guides, sorted by the order of date of birth?", []string{"Vic", "Uma", "Wen"}},
		{"List the names of huts in the order of their opened dates starting from the most recent one.", []string{"Lee", "Kar", "Moor"}},
		{"List the names of huts ordered by share.", []string{"Kar", "Moor", "Lee"}},
		{"Show the names of huts in ascending order of number of beds.", []string{"Lee", "Moor", "Kar"}},
		{"List the names of guides from the youngest to the oldest.", []string{"Wen", "Uma", "Vic"}},
		{"Show the titles of trails, longest to shortest.", []string{"Ridge", "Pass", "Rim", "Loop"}},
		{"Show the names of guides, oldest first.", []string{"Vic", "Uma", "Wen"}},
		{"Return the names of guides with the youngest listed first.", []string{"Wen", "Uma", "Vic"}},
		{"Rank the trails by length, longest first.", []string{"Ridge", "Pass", "Rim", "Loop"}},
		{"Show the surfaces of trails, most common first.", []string{"gravel", "tar"}},
		{"List the titles of trails from A to Z.", []string{"Loop", "Pass", "Ridge", "Rim"}},
		// by how many there are
		{"What are the surfaces of trails, ordered by frequency descending?", []string{"gravel", "tar"}},
		{"Show the surfaces of trails in ascending order of the count.", []string{"tar", "gravel"}},
		{"Show the surface of trails and the number of trails with each surface, sorted by the count descending.", []string{"gravel 3", "tar 1"}},
		// what is most
		{"Which surface is most widely used among all trails?", []string{"gravel"}},
		{"Return the grade description that is most common across all trails.", []string{"middling"}},
		{"Which grade code is the most common?", []string{"M"}},
		{"Which hut has the most guides with an alpine licence?", []string{"Kar"}},
		{"How many trails are there of the surface with the most trails?", []string{"3"}},
		{"Which hut has the highest average guide pay, and what is the average pay?", []string{"Lee 50"}},
		{"What are the two largest huts in terms of share?", []string{"Lee", "Moor"}},
		{"What are the code and description of the least frequent grade?", []string{"E easy"}},
		{"What are the pays of the oldest and the youngest guides?", nil},
		{"What are the ages of the oldest and the youngest guides?", []string{"45 25"}},
		{"Order all guides by the pay. Show only the names.", []string{"Uma", "Vic", "Wen"}},
		{"Sort the list of names and ages of all guides in the descending order of age.", []string{"Vic 45", "Uma 35", "Wen 25"}},
		{"List in alphabetic order the titles of trails.", []string{"Loop", "Pass", "Ridge", "Rim"}},
		{"Name the valley with the highest average share.", []string{"south"}},
		{"List the titles of the trails of the grade with the most trails.", []string{"Ridge", "Pass"}},
		{"Which hut pays the highest average guide pay?", []string{"Lee"}},
		{"Which hut was opened first?", []string{"Moor"}},
		// the latest of its kind
		{"What was the earliest opened date when any hut was opened?", []string{"1999-01-01"}},
		{"What is the name of the hut that was opened at the latest time?", []string{"Lee"}},
		{"Which hut was opened most recently?", []string{"Lee"}},
		{"Show the name of the oldest hut.", []string{"Moor"}},
		{"Which guides are younger than all guides with an alpine licence?", []string{"Wen"}},
	} {
		t.Run(c.question, func(t *testing.T) {
			a := p.Plan(c.question)
			if !a.Read && c.want == nil {
				return // pays are not what makes one the oldest
			}
			if !a.Read {
				t.Fatalf("not read: %s %v (%s)", a.Reason, a.Unplaced, a.Trace)
			}
			s, err := semantic.Compile(a.Query, m, semantic.SQLite)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, texts(t, db, s.SQL)); diff != "" {
				t.Errorf("rows (-want +got):\n%s(%s)\n%s", diff, a.Trace, s.SQL)
			}
		})
	}
}

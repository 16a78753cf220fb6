package planner_test

import (
	"database/sql"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const allotment = `
CREATE TABLE bed (bed_code TEXT PRIMARY KEY, bed_description TEXT);
CREATE TABLE plant (plant_id INTEGER PRIMARY KEY, title TEXT, plant_description TEXT, amount INTEGER, bed_code TEXT);
CREATE TABLE companion (plant_id INTEGER, companion_id INTEGER, PRIMARY KEY (plant_id, companion_id));
CREATE TABLE gardener (name TEXT PRIMARY KEY, age INTEGER);
CREATE TABLE gardener_mentor (name TEXT, mentor TEXT);
INSERT INTO bed VALUES ('N','by the wall'),('S','by the pond');
INSERT INTO plant VALUES (1,'Basil','leafy',7,'N'),(2,'Tomato','red',3,'S'),(3,'Leek','tall',5,'N');
INSERT INTO companion VALUES (2,1),(2,3);
INSERT INTO gardener VALUES ('Ona',31),('Pia',44),('Rob',27);
INSERT INTO gardener_mentor VALUES ('Ona','Pia'),('Rob','Ona'),('Ona','Rob');`

func allotmentModel() *semantic.Model {
	num, text := semantic.Numeric, semantic.Text
	word := func(name string) semantic.Column { return col(name, text, semantic.Dimension) }
	join := func(name, from, by, to, key string) semantic.Join {
		return semantic.Join{Name: name, From: from, Columns: []string{by}, To: to, RefColumns: []string{key}, Cardinality: semantic.ManyToOne}
	}
	return &semantic.Model{
		Tables: []semantic.Table{
			{Name: "bed", Physical: "bed", PrimaryKey: []string{"bed_code"}, Columns: []semantic.Column{col("bed_code", text, semantic.Key), word("bed_description")}},
			{Name: "plant", Physical: "plant", PrimaryKey: []string{"plant_id"}, Columns: []semantic.Column{
				col("plant_id", num, semantic.Key), word("title"), word("plant_description"), col("amount", num, semantic.Measured), col("bed_code", text, semantic.Foreign)}},
			{Name: "companion", Physical: "companion", PrimaryKey: []string{"plant_id", "companion_id"}, Columns: []semantic.Column{col("plant_id", num, semantic.Foreign), col("companion_id", num, semantic.Foreign)}},
			{Name: "gardener", Physical: "gardener", PrimaryKey: []string{"name"}, Columns: []semantic.Column{col("name", text, semantic.Key), col("age", num, semantic.Measured)}},
			{Name: "gardener_mentor", Physical: "gardener_mentor", Columns: []semantic.Column{col("name", text, semantic.Foreign), col("mentor", text, semantic.Foreign)}},
		},
		Joins: []semantic.Join{
			join("plant_bed", "plant", "bed_code", "bed", "bed_code"),
			join("has", "companion", "plant_id", "plant", "plant_id"), join("is_companion", "companion", "companion_id", "plant", "plant_id"),
			join("has_mentor", "gardener_mentor", "name", "gardener", "name"), join("is_mentor", "gardener_mentor", "mentor", "gardener", "name"),
		},
	}
}

func TestOneRowOfAPairIsReadByWhatItIsToTheOther(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(allotment); err != nil {
		t.Fatal(err)
	}
	d := &planner.Dictionary{}
	for _, v := range []string{"Basil", "Tomato", "Leek"} {
		d.Add("plant", "title", v)
	}
	for _, v := range []string{"Ona", "Pia", "Rob"} {
		for _, c := range []string{"name", "mentor"} {
			d.Add("gardener_mentor", c, v)
		}
		d.Add("gardener", "name", v)
	}
	m := allotmentModel()
	p := planner.New(m, d)
	for question, want := range map[string][]string{
		"What is the title of the companion of the plant Tomato?":            {"Basil", "Leek"},
		"What are the titles of the plants that are a companion for Tomato?": {"Basil", "Leek"},
		"Find the title of the plant whose companion is the plant Leek.":     {"Tomato"},
		"What is the title of the plant with Leek as a companion?":           {"Tomato"},
		"How many companions does the plant Tomato have?":                    {"2"},
		"Who are the mentors of Ona?":                                        {"Pia", "Rob"},
		"How many mentors does Ona have?":                                    {"2"},
		"Find the names of the gardeners who have the mentor Ona.":           {"Rob"},
		"What are the bed code and description of the plant Tomato?":         {"S by the pond"},
		"What is the total amount of money of the plants?":                   {"15"},
	} {
		t.Run(question, func(t *testing.T) {
			got, sql := rowsOf(t, db, m, p, question)
			if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
				t.Errorf("%s\n%s", sql, diff)
			}
		})
	}
}

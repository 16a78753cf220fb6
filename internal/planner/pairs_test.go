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
CREATE TABLE sage (sage_id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT);
CREATE TABLE pupil (pupil_id INTEGER PRIMARY KEY, first_name TEXT, date_joined TEXT, advisor INTEGER);
CREATE TABLE essay (essay_id INTEGER PRIMARY KEY, essay_date TEXT, pupil_id INTEGER);
INSERT INTO sage VALUES (1,'Ira','Moss'),(2,'Joy','Reed');
INSERT INTO pupil VALUES (1,'Kit','2020-02-03',2),(2,'Lou','2021-04-05',1);
INSERT INTO essay VALUES (1,'2022-06-07',1);
CREATE TABLE person (person_id INTEGER PRIMARY KEY, last_name TEXT);
CREATE TABLE ward (ward_id INTEGER PRIMARY KEY, ward_name TEXT, person_id INTEGER);
CREATE TABLE warden (warden_id INTEGER PRIMARY KEY, hut TEXT, person_id INTEGER, ward_id INTEGER);
INSERT INTO person VALUES (1,'Ivy'),(2,'Oak');
INSERT INTO ward VALUES (1,'Outer Mount. Slope',2),(2,'Glade',1);
INSERT INTO warden VALUES (1,'H1',1,1),(2,'H2',2,2);
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
			{Name: "sage", Physical: "sage", PrimaryKey: []string{"sage_id"}, Columns: []semantic.Column{col("sage_id", num, semantic.Key), word("first_name"), word("last_name")}},
			{Name: "pupil", Physical: "pupil", PrimaryKey: []string{"pupil_id"}, Columns: []semantic.Column{
				col("pupil_id", num, semantic.Key), word("first_name"), col("date_joined", semantic.Date, semantic.Time), col("advisor", num, semantic.Foreign)}},
			{Name: "essay", Physical: "essay", PrimaryKey: []string{"essay_id"}, Columns: []semantic.Column{
				col("essay_id", num, semantic.Key), col("essay_date", semantic.Date, semantic.Time), col("pupil_id", num, semantic.Foreign)}},
			{Name: "person", Physical: "person", PrimaryKey: []string{"person_id"}, Columns: []semantic.Column{col("person_id", num, semantic.Key), word("last_name")}},
			{Name: "ward", Physical: "ward", PrimaryKey: []string{"ward_id"}, Columns: []semantic.Column{col("ward_id", num, semantic.Key), word("ward_name"), col("person_id", num, semantic.Foreign)}},
			{Name: "warden", Physical: "warden", PrimaryKey: []string{"warden_id"}, Columns: []semantic.Column{
				col("warden_id", num, semantic.Key), word("hut"), col("person_id", num, semantic.Foreign), col("ward_id", num, semantic.Foreign)}},
			{Name: "gardener", Physical: "gardener", PrimaryKey: []string{"name"}, Columns: []semantic.Column{col("name", text, semantic.Key), col("age", num, semantic.Measured)}},
			{Name: "gardener_mentor", Physical: "gardener_mentor", Columns: []semantic.Column{col("name", text, semantic.Foreign), col("mentor", text, semantic.Foreign)}},
		},
		Joins: []semantic.Join{
			join("pupil_advisor", "pupil", "advisor", "sage", "sage_id"), join("essay_pupil", "essay", "pupil_id", "pupil", "pupil_id"),
			join("ward_head", "ward", "person_id", "person", "person_id"), join("warden_is", "warden", "person_id", "person", "person_id"), join("warden_of", "warden", "ward_id", "ward", "ward_id"),
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
	for _, v := range []string{"Kit", "Lou"} {
		d.Add("pupil", "first_name", v)
	}
	for _, v := range []string{"Outer Mount. Slope", "Glade"} {
		d.Add("ward", "ward_name", v)
	}
	for _, v := range []string{"Ivy", "Oak"} {
		d.Add("person", "last_name", v)
	}
	m := allotmentModel()
	p := planner.New(m, d)
	for question, want := range map[string][]string{
		"What is the title of the companion of the plant Tomato?":              {"Basil", "Leek"},
		"What are the titles of the plants that are a companion for Tomato?":   {"Basil", "Leek"},
		"Find the title of the plant whose companion is the plant Leek.":       {"Tomato"},
		"What is the title of the plant with Leek as a companion?":             {"Tomato"},
		"How many companions does the plant Tomato have?":                      {"2"},
		"Who are the mentors of Ona?":                                          {"Pia", "Rob"},
		"How many mentors does Ona have?":                                      {"2"},
		"Find the names of the gardeners who have the mentor Ona.":             {"Rob"},
		"What is the last name of Kit's advisor?":                              {"Reed"},
		"Who is Lou's advisor?":                                                {"Ira Moss"},
		"Who is the advisor of Lou? Give me the last name.":                    {"Moss"},
		"What is the date of the pupil Kit?":                                   {"2020-02-03"},
		"On which day was the essay with essay id 1 written?":                  {"2022-06-07"},
		"What are the ward name and hut of the warden whose last name is Ivy?": {"Outer Mount. Slope H1"},
		"How many wardens are in the ward Outer Mountain Slope?":               {"1"},
		"What are the bed code and description of the plant Tomato?":           {"S by the pond"},
		"What is the total amount of money of the plants?":                     {"15"},
	} {
		t.Run(question, func(t *testing.T) {
			got, sql := rowsOf(t, db, m, p, question)
			if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
				t.Errorf("%s\n%s", sql, diff)
			}
		})
	}
}

package planner_test

import (
	"database/sql"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const lodges = `
CREATE TABLE lodge (lodge_id INTEGER PRIMARY KEY, name TEXT, location TEXT);
CREATE TABLE ranger (ranger_id INTEGER PRIMARY KEY, name TEXT, hired_on TEXT, lodge_id INTEGER);
CREATE TABLE climb (climb_id INTEGER PRIMARY KEY, title TEXT, lodge_id INTEGER);
CREATE TABLE outing (outing_id INTEGER PRIMARY KEY, guide TEXT, weather TEXT, climb_id INTEGER);
CREATE TABLE roster (roster_id INTEGER PRIMARY KEY, ranger_id INTEGER, outing_id INTEGER);
CREATE TABLE visit (visit_id INTEGER PRIMARY KEY, ranger TEXT, month TEXT, lodge_id INTEGER);
INSERT INTO visit VALUES (1,'Zed','May',1),(2,'Yan','June',2);
INSERT INTO lodge VALUES (1,'Alp','the ridge'),(2,'Fen','the marsh');
INSERT INTO ranger VALUES (1,'Ada','2019-01-02',1),(2,'Ben','2020-03-04',1),(3,'Cat','2021-05-06',2);
INSERT INTO climb VALUES (1,'Needle',1),(2,'Chimney',1),(3,'Arch',2);
INSERT INTO outing VALUES (1,'Ilse','rain',1),(2,'Jon','sun',2),(3,'Kim','sun',3);
INSERT INTO roster VALUES (1,1,1),(2,2,2),(3,3,1);`

func lodgeModel() *semantic.Model {
	num, text := semantic.Numeric, semantic.Text
	word := func(name string) semantic.Column { return col(name, text, semantic.Dimension) }
	key := func(name string) semantic.Column { return col(name, num, semantic.Foreign) }
	table := func(name string, cols ...semantic.Column) semantic.Table {
		return semantic.Table{Name: name, Physical: name, PrimaryKey: []string{name + "_id"}, Columns: append([]semantic.Column{col(name+"_id", num, semantic.Key)}, cols...)}
	}
	join := func(from, to string) semantic.Join {
		return semantic.Join{Name: from + "_" + to, From: from, Columns: []string{to + "_id"}, To: to, RefColumns: []string{to + "_id"}, Cardinality: semantic.ManyToOne}
	}
	return &semantic.Model{
		Tables: []semantic.Table{
			table("lodge", word("name"), word("location")),
			table("ranger", word("name"), col("hired_on", semantic.Date, semantic.Time), key("lodge_id")),
			table("climb", word("title"), key("lodge_id")),
			table("outing", word("guide"), word("weather"), key("climb_id")),
			table("roster", key("ranger_id"), key("outing_id")),
			table("visit", word("ranger"), word("month"), key("lodge_id")),
		},
		Joins: []semantic.Join{join("ranger", "lodge"), join("climb", "lodge"), join("outing", "climb"), join("roster", "ranger"), join("roster", "outing"), join("visit", "lodge")},
	}
}

func TestTablesMeetWhereRowsBelongTogether(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(lodges); err != nil {
		t.Fatal(err)
	}
	d := &planner.Dictionary{}
	for _, v := range []string{"Needle", "Chimney", "Arch"} {
		d.Add("climb", "title", v)
	}
	for _, v := range []string{"sun", "rain"} {
		d.Add("outing", "weather", v)
	}
	for _, v := range []string{"May", "June"} {
		d.Add("visit", "month", v)
	}
	for _, v := range []string{"Alp", "Fen"} {
		d.Add("lodge", "name", v)
	}
	d.Add("ranger", "name", "Ben")
	m := lodgeModel()
	p := planner.New(m, d)
	for name, c := range map[string]struct {
		question string
		want     []string
	}{
		"by way of a table of pairs, not of a common parent": {"What are the names of the rangers who did the climb Needle?", []string{"Ada", "Cat"}},
		"and the other way round":                            {"What are the titles of the climbs that ranger Ben did?", []string{"Chimney"}},
		"what trails is shown":                               {"Find the names of the rangers who have an outing and the climb title.", []string{"Ada Needle", "Ben Chimney", "Cat Needle"}},
		"a column in the plural is its rows":                 {"Which climbs have guides with weather sun?", []string{"Arch", "Chimney"}},
		"a column says all of a table that is called so":     {"Show the month, the ranger and the name of the lodge that the ranger was at.", []string{"May Zed Alp", "June Yan Fen"}},
		"shown of each":                                      {"Show the names of rangers and of lodges.", []string{"Ada Alp", "Ben Alp", "Cat Fen"}},
		"where":                                              {"Where is the lodge Alp?", []string{"the ridge"}},
		"and when":                                           {"What are the names of the rangers, and when were they hired?", []string{"Ada 2019-01-02", "Ben 2020-03-04", "Cat 2021-05-06"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, sql := rowsOf(t, db, m, p, c.question)
			if diff := cmp.Diff(slices.Sorted(slices.Values(c.want)), slices.Sorted(slices.Values(got))); diff != "" {
				t.Errorf("%s\n%s\n%s", c.question, sql, diff)
			}
		})
	}
}

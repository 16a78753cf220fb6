package planner_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
	_ "modernc.org/sqlite"
)

const ddl = `
CREATE TABLE gardener (gardener_id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, town TEXT, age INTEGER, wage REAL);
CREATE TABLE plant (plant_id INTEGER PRIMARY KEY, name TEXT, colour TEXT, height REAL, price REAL, planted_date TEXT, gardener_id INTEGER);
CREATE TABLE watering (watering_id INTEGER PRIMARY KEY, plant_id INTEGER, litres REAL);
INSERT INTO gardener VALUES (1,'Ann','Reed','Oslo',31,100),(2,'Bo','Lind','Bergen',45,200),(3,'Cy','Moe','Oslo',60,300);
INSERT INTO plant VALUES (1,'fern','green',40,5,'2019-05-01',1),(2,'rose','red',90,12,'2021-03-02',1),(3,'tulip','red',30,3,'2021-06-01',2),(4,'ivy','green',200,8,'2023-01-01',2);
INSERT INTO watering VALUES (1,1,2),(2,1,1),(3,2,4);`

func col(name string, class semantic.Class, role semantic.Role) semantic.Column {
	return semantic.Column{Name: name, Class: class, Role: role, Distinct: -1}
}

func garden() *semantic.Model {
	num, text := semantic.Numeric, semantic.Text
	return &semantic.Model{
		Tables: []semantic.Table{
			{Name: "gardener", Physical: "gardener", PrimaryKey: []string{"gardener_id"}, Columns: []semantic.Column{
				col("gardener_id", num, semantic.Key), col("first_name", text, semantic.Dimension), col("last_name", text, semantic.Dimension),
				col("town", text, semantic.Dimension), col("age", num, semantic.Measured), col("wage", num, semantic.Measured)}},
			{Name: "plant", Physical: "plant", PrimaryKey: []string{"plant_id"}, Columns: []semantic.Column{
				col("plant_id", num, semantic.Key), col("name", text, semantic.Dimension), col("colour", text, semantic.Dimension),
				col("height", num, semantic.Measured), col("price", num, semantic.Measured), col("planted_date", semantic.Date, semantic.Time),
				col("gardener_id", num, semantic.Foreign)}},
			{Name: "watering", Physical: "watering", PrimaryKey: []string{"watering_id"}, Columns: []semantic.Column{
				col("watering_id", num, semantic.Key), col("plant_id", num, semantic.Foreign), col("litres", num, semantic.Measured)}},
		},
		Joins: []semantic.Join{
			{Name: "plant_gardener", From: "plant", Columns: []string{"gardener_id"}, To: "gardener", RefColumns: []string{"gardener_id"}, Cardinality: semantic.ManyToOne},
			{Name: "watering_plant", From: "watering", Columns: []string{"plant_id"}, To: "plant", RefColumns: []string{"plant_id"}, Cardinality: semantic.ManyToOne},
		},
		Verified: []semantic.VerifiedQuery{{Name: "thirst", Question: "Which plants are thirsty?", SQL: "SELECT 1"}},
	}
}

func values() *planner.Dictionary {
	d := &planner.Dictionary{}
	for _, v := range []string{"Ann", "Bo", "Cy"} {
		d.Add("gardener", "first_name", v)
	}
	for _, v := range []string{"Reed", "Lind", "Moe"} {
		d.Add("gardener", "last_name", v)
	}
	d.Add("gardener", "town", "Oslo")
	d.Add("gardener", "town", "Bergen")
	for _, v := range []string{"fern", "rose", "tulip", "ivy"} {
		d.Add("plant", "name", v)
	}
	d.Add("plant", "colour", "red")
	d.Add("plant", "colour", "green")
	return d
}

func open(t testing.TB) *sql.DB { return filled(t, ddl) }

// filled is a database that statements have filled.
func filled(t testing.TB, ddl string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(ddl); err != nil {
		t.Fatal(err)
	}
	return db
}

// rows runs an answer and gives its rows, each as one text.
func rows(t testing.TB, db *sql.DB, a planner.Answer) []string {
	t.Helper()
	s, err := semantic.Compile(a.Query, garden(), semantic.SQLite)
	if err != nil {
		t.Fatalf("compile: %v", err)
	}
	return texts(t, db, s.SQL)
}

// texts runs a statement and gives each row as one text.
func texts(t testing.TB, db *sql.DB, statement string) []string {
	t.Helper()
	r, err := db.Query(statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer r.Close()
	cols, err := r.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for r.Next() {
		vals, ptrs := make([]any, len(cols)), make([]any, len(cols))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		if err := r.Scan(ptrs...); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.TrimSuffix(fmt.Sprintln(vals...), "\n"))
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestQuestionsAreRead(t *testing.T) {
	db, p := open(t), planner.New(garden(), values())
	for _, c := range []struct {
		question string
		want     []string
	}{
		{"How many plants are there?", []string{"4"}},
		{"How many plants are red?", []string{"2"}},
		{"What are the names of all plants?", []string{"fern", "rose", "tulip", "ivy"}},
		{"What are the names of plants taller than 50?", []string{"rose", "ivy"}},
		{"List the name and price of red plants.", []string{"rose 12", "tulip 3"}},
		{"What is the average price of plants?", []string{"7"}},
		{"What is the average price of plants for each colour?", []string{"6.5 green", "7.5 red"}},
		{"Show the names of plants ordered by price in descending order.", []string{"rose", "ivy", "fern", "tulip"}},
		{"What is the name of the most expensive plant?", []string{"rose"}},
		{"What is the name of the plant with the lowest height?", []string{"tulip"}},
		{"List the names of the 2 cheapest plants.", []string{"tulip", "fern"}},
		{"What are the last names of gardeners who are older than 40?", []string{"Lind", "Moe"}},
		{"Find the last names of gardeners from Oslo.", []string{"Reed", "Moe"}},
		{"Show the different colours of plants.", []string{"green", "red"}},
		{"How many different towns are there?", []string{"2"}},
		{"What are the last names of gardeners without any plants?", []string{"Moe"}},
		{"What are the names of plants with a price above the average?", []string{"rose", "ivy"}},
		{"What are the names of plants with price between 4 and 9?", []string{"fern", "ivy"}},
		{"What is the town of the gardener Ann Reed?", []string{"Oslo"}},
		{"Which towns have at least 2 gardeners?", []string{"Oslo"}},
		{"What are the names of plants whose name contains 'o'?", []string{"rose"}},
		{"What is the maximum and minimum height of plants?", []string{"200 30"}},
		{"How many plants does each gardener have? Show the last name and the count.", []string{"Lind 2", "Reed 2"}},
		{"Count the plants planted after 2020.", []string{"3"}},
		{"Find the names of plants that are not red.", []string{"fern", "ivy"}},
		{"Find the names of plants that are not planted by Ann Reed.", []string{"tulip", "ivy"}},
		{"What are the names of plants that are not kept by Bo Lind?", []string{"fern", "rose"}},
		{"What is the last name of the oldest gardener?", []string{"Moe"}},
		{"Show the average price of plants for each colour.", []string{"green 6.5", "red 7.5"}},
		{"How many plants does each gardener have? List the last name and the number of plants.", []string{"Lind 2", "Reed 2"}},
	} {
		t.Run(c.question, func(t *testing.T) {
			a := p.Plan(c.question)
			if !a.Read {
				t.Fatalf("not read: %s %v (%s)", a.Reason, a.Unplaced, a.Trace)
			}
			got := rows(t, db, a)
			if !strings.Contains(c.question, "order") {
				sortBoth(got, c.want)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s(%s)", diff, a.Trace)
			}
		})
	}
}

func TestWhatTheDataCannotAnswerIsDeclined(t *testing.T) {
	p := planner.New(garden(), values())
	for _, q := range []string{
		"", "?", "How many invoices are there?", "What is the blood pressure of each gardener?",
		"Delete all plants", "Please drop the table plant", "What is the weather today?", "Hello",
		"What is the name of", "Show the plants and", "How many gardeners logged in?",
		"Which gardeners hate roses?", "How many plants were stolen by foxes?", "Predict the price of plants next year",
		"What is the name of the gardener who works in the same town as Ann Reed?",
		"Which plants cost more than the fern?", "Show the plants in Atlantis.",
	} {
		if a := p.Plan(q); a.OK {
			t.Errorf("%q is answered: %+v (%s)", q, a.Query, a.Trace)
		} else if a.Reason == "" {
			t.Errorf("%q is declined without a reason", q)
		}
	}
}

func TestUnplacedWordsAreNamed(t *testing.T) {
	a := planner.New(garden(), values()).Plan("How many plants were eaten by dragons?")
	if a.OK || !strings.Contains(strings.Join(a.Unplaced, " "), "dragons") {
		t.Fatalf("want dragons unplaced, got %+v", a)
	}
	if len(a.Nearest) == 0 {
		t.Error("no near question is offered")
	}
	for _, q := range a.Nearest {
		if n := planner.New(garden(), values()).Plan(q); !n.OK {
			t.Errorf("the offered question %q is not answered: %s", q, n.Reason)
		}
	}
}

func TestVerifiedQueryIsTakenFirst(t *testing.T) {
	a := planner.New(garden(), values()).Plan("which plant is thirsty")
	if a.Verified != nil && a.Verified.Name != "thirst" {
		t.Fatalf("got %+v", a)
	}
	if a = planner.New(garden(), values()).Plan("which plants are thirsty"); a.Verified == nil {
		t.Fatalf("the verified query is not found: %+v", a)
	}
}

func TestAValueThatIsNotGivenIsNotRecognised(t *testing.T) {
	if a := planner.New(garden(), nil).Plan("How many plants are red?"); a.OK {
		t.Fatalf("answered without values: %+v", a.Query)
	}
}

func TestTheSameQuestionGivesTheSameQuery(t *testing.T) {
	p := planner.New(garden(), values())
	question := "How many plants does each gardener have? Show the last name and the count."
	want, err := semantic.Compile(p.Plan(question).Query, garden(), semantic.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				got, err := semantic.Compile(p.Plan(question).Query, garden(), semantic.SQLite)
				if err != nil || got.SQL != want.SQL {
					t.Errorf("got %q, %v", got.SQL, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestSeveralGroupsAreShownInTheOrderOfTheQuestion(t *testing.T) {
	db, p := open(t), planner.New(garden(), values())
	a := p.Plan("How many plants are there for each colour and name?")
	if !a.Read {
		t.Fatal(a.Reason, a.Trace)
	}
	if got := rows(t, db, a); len(got) != 4 || !slices.Contains(got, "1 red rose") {
		t.Error(got)
	}
}

func mustTable(t *testing.T, m *semantic.Model, name string) *semantic.Table {
	t.Helper()
	table, ok := m.Table(name)
	if !ok {
		t.Fatal(name)
	}
	return table
}

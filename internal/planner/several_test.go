package planner_test

import (
	"database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const theatre = `
CREATE TABLE troupe (troupe_id INTEGER PRIMARY KEY, name TEXT, home_page TEXT);
CREATE TABLE genre (genre_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE play (play_id INTEGER PRIMARY KEY, title TEXT, acts INTEGER, scenes INTEGER, genre INTEGER, troupe_id INTEGER);
CREATE TABLE hall (hall_id INTEGER PRIMARY KEY, name TEXT, seats INTEGER, warden INTEGER);
CREATE TABLE steward (steward_id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO steward VALUES (1,'Uma'),(2,'Vic'),(3,'Wes');
CREATE TABLE showing (showing_id INTEGER PRIMARY KEY, play_id INTEGER, hall_id INTEGER, price INTEGER);
CREATE TABLE guest (patron_id INTEGER PRIMARY KEY, gname TEXT);
CREATE TABLE ticket (ticket_id INTEGER PRIMARY KEY, showing_id INTEGER, patron_id INTEGER);
CREATE TABLE ballot (ballot_id INTEGER PRIMARY KEY, season TEXT, voter_id INTEGER, chair_vote INTEGER, clerk_vote INTEGER);
INSERT INTO ballot VALUES (1,'spring',1,2,3),(2,'autumn',2,2,1);
INSERT INTO troupe VALUES (1,'Larks','l.example'),(2,'Owls','o.example');
INSERT INTO genre VALUES (1,'comedy'),(2,'drama'),(3,'opera');
INSERT INTO play VALUES (1,'Storm',3,9,2,1),(2,'Masks',2,1,1,1),(3,'Ice',5,4,2,2);
INSERT INTO hall VALUES (1,'Red',40,2),(2,'Blue',90,3);
INSERT INTO showing VALUES (1,1,1,20),(2,1,2,15),(3,2,1,30),(4,3,2,10),(5,1,1,25);
INSERT INTO guest VALUES (1,'Ada'),(2,'Ben'),(3,'Cat');
INSERT INTO ticket VALUES (1,1,1),(2,3,1),(3,4,2),(4,2,2),(5,5,1);`

func theatreModel() *semantic.Model {
	num, text := semantic.Numeric, semantic.Text
	id := func(name string) semantic.Column { return col(name, num, semantic.Key) }
	key := func(name string) semantic.Column { return col(name, num, semantic.Foreign) }
	word := func(name string) semantic.Column { return col(name, text, semantic.Dimension) }
	size := func(name string) semantic.Column { return col(name, num, semantic.Measured) }
	table := func(name string, cols ...semantic.Column) semantic.Table {
		return semantic.Table{Name: name, Physical: name, PrimaryKey: []string{name + "_id"}, Columns: append([]semantic.Column{id(name + "_id")}, cols...)}
	}
	join := func(from, by, to string) semantic.Join {
		return semantic.Join{Name: from + "_" + by, From: from, Columns: []string{by}, To: to, RefColumns: []string{to + "_id"}, Cardinality: semantic.ManyToOne}
	}
	toGuest := func(from, by string) semantic.Join {
		return semantic.Join{Name: from + "_" + by, From: from, Columns: []string{by}, To: "guest", RefColumns: []string{"patron_id"}, Cardinality: semantic.ManyToOne}
	}
	return &semantic.Model{
		Tables: []semantic.Table{
			table("troupe", word("name"), word("home_page")),
			table("genre", word("name")),
			table("play", word("title"), size("acts"), size("scenes"), key("genre"), key("troupe_id")),
			table("hall", word("name"), size("seats"), key("warden")),
			table("steward", word("name")),
			table("showing", key("play_id"), key("hall_id"), size("price")),
			{Name: "guest", Physical: "guest", PrimaryKey: []string{"patron_id"}, Columns: []semantic.Column{id("patron_id"), word("gname")}},
			table("ballot", word("season"), key("voter_id"), key("chair_vote"), key("clerk_vote")),
			table("ticket", key("showing_id"), key("patron_id")),
		},
		Joins: []semantic.Join{
			join("hall", "warden", "steward"), toGuest("ballot", "voter_id"), toGuest("ballot", "chair_vote"), toGuest("ballot", "clerk_vote"), toGuest("ticket", "patron_id"),
			join("play", "genre", "genre"), join("play", "troupe_id", "troupe"), join("showing", "play_id", "play"), join("showing", "hall_id", "hall"),
			join("ticket", "showing_id", "showing"),
		},
	}
}

// rowsOf gives what a question's reading gives, and its statement.
func rowsOf(t *testing.T, db *sql.DB, m *semantic.Model, p *planner.Planner, question string) ([]string, string) {
	t.Helper()
	a := p.Plan(question)
	if !a.Read {
		t.Fatalf("%s %v (%s)", a.Reason, a.Unplaced, a.Trace)
	}
	s, err := semantic.Compile(a.Query, m, semantic.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	return texts(t, db, s.SQL), s.SQL + " (" + a.Trace + ")"
}

func TestQuestionsOverSeveralTables(t *testing.T) {
	db := filled(t, theatre)
	m := theatreModel()
	d := &planner.Dictionary{}
	for _, v := range []string{"comedy", "drama", "opera"} {
		d.Add("genre", "name", v)
	}
	for _, v := range []string{"Ada", "Ben", "Cat"} {
		d.Add("guest", "gname", v)
	}
	for _, v := range []string{"Larks", "Owls"} {
		d.Add("troupe", "name", v)
	}
	d.Add("ballot", "season", "spring")
	d.Add("ballot", "season", "autumn")
	p := planner.New(m, d)
	for question, want := range map[string][]string{
		// a key to another table is shown and grouped by what it leads to
		"What is the average number of acts of plays for each genre?": {"2 comedy", "4 drama"},
		// far apart, but in line: a guest's tickets, their showings and plays
		"How many plays did the guest Ada watch?":           {"2"},
		"What are the names of halls that Ben has been to?": {"Blue"},
		// what is common about a row of its own is counted elsewhere
		"What is the name of the most common genre?":                      {"drama"},
		"Which hall has the most showings and how many does it have?":     {"Red 3"},
		"Which hall has the most showings? List the name and the number.": {"Red 3"},
		// an extreme of each group: a number of it, or rows of it
		"Show the title and the highest price for each play.":              {"Storm 25", "Masks 30", "Ice 10"},
		"What is the title of the play with the most acts in each troupe?": {"Storm Larks", "Ice Owls"},
		"What are the total seats and the number of halls?":                {"130 2"},
		// without such, and the most of such
		"What are the names of guests who did not watch the play with the most acts?": {"Ada", "Cat"},
		// conditions joined by or, over several tables
		"What are the titles of plays that have more than 4 acts or are watched by the guest Ada?": {"Storm", "Masks", "Ice"},
		"What are the titles of plays that have 3 showings or 1 showing?":                          {"Storm", "Masks", "Ice"},
		// two columns of a row
		"What are the titles of plays whose acts are more than the scenes?": {"Masks", "Ice"},
		// a key to the rows, as what those have
		"What are the names of guests who have clerk votes?":               {"Ada", "Cat"},
		"What are the names of guests who have clerk votes in the spring?": {"Cat"},
		"What is the name of the warden of the hall with the most seats?":  {"Wes"},
		"What are the names of halls where no opera is shown?":             {"Blue", "Red"},
		"What is the name of the hall that held the most showings?":        {"Red"},
		// a column by its name in quotes
		`Show the "home page" of the troupe Owls.`: {"o.example"},
		// a name that its table or its key gives
		"What are the names of patrons?": {"Ada", "Ben", "Cat"},
	} {
		t.Run(question, func(t *testing.T) {
			got, sql := rowsOf(t, db, m, p, question)
			sortBoth(got, want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s%s", diff, sql)
			}
		})
	}
}
